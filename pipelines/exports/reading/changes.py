"""Asking for what has changed since the last time.

How far the last time went is the *watermark*, a moment. It stands in the manifest of the version
that holds the changes up to it, so it moves when that is published, and only then.

It is never later than what the platform itself has told: the clock of this machine may be ahead
of the platform's. Nor is it later than this machine's clock: times of the answer may be of another
zone than the feed says. Each question goes back some minutes more; what comes again is the
table's to merge.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import polars as pl

from pipelines.exports.manifest import Proof
from pipelines.exports.reading.once import fetch_once
from pipelines.exports.reading.questions import OfMethod
from pipelines.exports.reading.spool import Spool
from pipelines.feeds.read import Since
from pipelines.progress import Progress, Step
from transforms.moments import SECOND, read_moments

__all__ = ["Changes", "spell_since"]

_NEVER = datetime(1, 1, 1, tzinfo=UTC)
_UNORDERED = "a customer came twice in a long answer, so that nobody knows which is the newest"
_AHEAD = timedelta(hours=3)
"""Clocks are never put back by more at once."""


@dataclass(frozen=True, slots=True)
class Changes(OfMethod):
    """Asks for what changed since the watermark, or since `first` where there is none yet.

    Attributes:
        since: how the time is told.
        watermark: where the last version ended; empty if there is none.
        now: this machine's time.
    """

    since: Since
    watermark: str
    now: datetime

    @property
    def asked(self) -> Mapping[str, Any]:
        """The method, and since when."""
        return {"method": self.name, "since": spell_since(self.since, self.watermark)}

    def read(self, spool: Spool, progress: Progress) -> Proof:
        """Ask anew, whatever the spool has; the customer that changed last is the last one.

        Raises:
            ApiError: the request failed for good.
            Stopped: told to stop.
        """
        since = spell_since(self.since, self.watermark)
        told = fetch_once(self.question, since, self.stop, spool)
        seen, last = _Seen(), _NEVER
        for came, total in self.question.read_fetched():
            rows = seen.drop_repeats(came, self.since.zone)
            told.keep(rows, total, left_out=came.height - rows.height)
            last = max(last, _last_update(rows, self.since.zone) or last)
            progress(Step("reading", 0, 0, told.rows, rejects=None))
        proof = told.prove()
        doubts = (*proof.doubts, *([_UNORDERED] if seen.unordered else []))
        return replace(
            proof, complete=not doubts, doubts=doubts, watermark=self._advance(told.rows, last)
        )

    def _advance(self, rows: int, last: datetime) -> str:
        """Say where the next run goes on; where nothing is new, it stays."""
        if not rows:
            return self.watermark
        moment = self.now if last == _NEVER else min(last, self.now)
        if self.watermark:
            moment = max(moment, datetime.fromisoformat(self.watermark))
        return moment.isoformat(timespec="seconds")


class _Seen:
    """The customers of an answer so far, by hashes: 16 bytes for each in memory.

    Attributes:
        unordered: whether one came after a newer change of itself, and another piece between.
    """

    def __init__(self) -> None:
        self._changes = pl.Series("change", [], dtype=pl.UInt64)
        self._customers = pl.Series("customer", [], dtype=pl.UInt64)
        self.unordered = False

    def drop_repeats(self, rows: pl.DataFrame, zone: str) -> pl.DataFrame:
        """Leave out what came before with the same time, and put the newest last."""
        updated, which = _field(rows, "metaData", "UpdatedAt"), _field(rows, "data", "id")
        if updated is None or which is None:
            return rows
        named = pl.DataFrame({"id": which, "at": updated})
        changes = named.hash_rows().rename("change")
        new = (
            ~changes.is_in(self._changes.implode()) & changes.is_first_distinct()
        ) | which.is_null()
        customers = which.filter(new & which.is_not_null()).hash()
        self.unordered |= bool(customers.is_in(self._customers.implode()).any())
        self._changes.append(changes.filter(new))
        self._customers.append(customers)
        moments = read_moments(updated, "iso", "iso", zone).alias("\0moment")
        ordered = rows.with_columns(moments).filter(new).sort("\0moment", maintain_order=True)
        return ordered.drop("\0moment")


def spell_since(since: Since, watermark: str) -> str:
    """Write the time to ask from, as the platform is told it.

    Local times of an hour that comes twice are those of an hour before: whoever compares them as
    they stand would else leave out what changes in the second one.
    """
    zone = ZoneInfo(since.zone)
    if watermark:
        moment = datetime.fromisoformat(watermark) - timedelta(minutes=since.overlap_minutes)
    else:
        first = since.first
        moment = first.astimezone(UTC) if first.tzinfo else first.replace(tzinfo=zone)
    moment = moment.astimezone(UTC)
    if since.format == "epoch":
        return str(int(moment.timestamp()))
    if since.format == "epoch_ms":
        return str(int(moment.timestamp() * 1000))
    local = moment.astimezone(zone)
    if "%z" in since.format or "%Z" in since.format:
        return local.strftime(since.format)
    return (local.replace(tzinfo=None) - _put_back(moment, zone)).strftime(since.format)


def _put_back(moment: datetime, zone: ZoneInfo) -> timedelta:
    """Say by how much clocks are put back in the hours after a moment."""
    hours = [moment + timedelta(hours=n) for n in range(1 + _AHEAD // timedelta(hours=1))]
    before, *after = [each.astimezone(zone).utcoffset() or timedelta() for each in hours]
    return max(timedelta(), before - min(after))


def _last_update(rows: pl.DataFrame, zone: str) -> datetime | None:
    """Give the time of the last change; of an hour that came twice the first. None if untold."""
    updated = _field(rows, "metaData", "UpdatedAt")
    if updated is None:
        return None
    last = read_moments(updated, "iso", "iso", zone).max()
    if not isinstance(last, int):
        return None
    local = datetime(1970, 1, 1, tzinfo=ZoneInfo(zone)) + timedelta(seconds=last // SECOND)
    return local.astimezone(UTC)


def _field(rows: pl.DataFrame, outer: str, inner: str) -> pl.Series | None:
    """Give a field as text, whose object may be left out; None if no record has it."""
    for name, column in ((outer, inner), ("", inner)):
        if not name and column in rows.columns:
            return rows[column].cast(pl.String)
        kind = rows.schema.get(name)
        if isinstance(kind, pl.Struct) and column in kind.to_schema():
            return rows[name].struct.field(column).cast(pl.String)
    return None
