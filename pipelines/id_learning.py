"""Learning which customer each member is: whom to ask for, and what to make of the answers."""

import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import polars as pl

from connectors.trigg.customer_ids import fetch_changed, find_ids, read_changed
from connectors.trigg.questions import Patience
from delivery.ledger import open_ledger
from pipelines.id_members import BESIDE, MERGED
from pipelines.id_store import IDS, KEY, add_ids, ids_file, read_ids, write_ids
from pipelines.platforms import platform_of
from pipelines.progress import Progress, Step
from pipelines.settings import ledger_url

if TYPE_CHECKING:
    from connectors.trigg.client import Client

FEW = 100
"""So many members are looked up one after the other rather than by a list of all that changed."""
OVERLAP = timedelta(days=1)
"""How much earlier than the load a list begins: in which zone times are, nobody says (T07)."""
AT_ONCE = 8
ROUND = 1_000  # look-ups between two tellings of how far it is
KEPT_AFTER = 30.0  # seconds, between two writes of what was learned


@dataclass(frozen=True)
class Learned:
    """What was learned of the members of a feed.

    Attributes:
        feed, account, file: whose members, of which account, and where their ids are kept.
        since: the UTC time from which changed customers were listed; empty if they were not.
        members: in the source, those merged into others among them.
        known: of these, before.
        new: ids that were not kept before, also of customers that are not in the source.
        listed: customers in the list.
        looked_up: members that were asked for one after the other.
        unknown: members of the source whom the platform does not know.
        conflicts: kept ids that turned out to be of two customers.
        ids: all that is kept.
        warnings: a line each.
        seconds: that it took.
    """

    feed: str
    account: str
    file: str
    since: str = ""
    members: int = 0
    known: int = 0
    new: int = 0
    listed: int = 0
    looked_up: int = 0
    unknown: int = 0
    conflicts: int = 0
    ids: int = 0
    warnings: tuple[str, ...] = ()
    seconds: float = 0.0

    @property
    def exit_code(self) -> int:
        """0 all are known, 4 some are not, or are two."""
        return 4 if self.unknown or self.conflicts else 0


class Learning:
    """One time of learning; `ids` is all that is known by now."""

    def __init__(
        self,
        feed: str,
        client: "Client",
        members: pl.DataFrame,
        stop: Event,
        progress: Progress,
        *,
        again: bool,
    ) -> None:
        self._feed = feed
        self._client = client
        self._members = members
        self._keys = members.select(pl.col("key_name").alias("name"), legacy_id="key").unique()
        self._stop = stop
        self._progress = progress
        self._again = again
        self._began = datetime.now(UTC)
        self._kept = self.ids = read_ids(client.account)
        self._kept_at = time.monotonic()

    def learn(self, names: list[str], since: datetime | None, folder: Path) -> Learned:
        """Learn who is not known, by these names."""
        before, warnings, listed = self.ids, [], 0
        known = self._own().join(before, on=KEY, how="semi").height
        if since is None and self._unknown().height > FEW:
            since = self._since()
        if since is not None:
            self._progress(Step("listing"))
            file = folder / "changed.json"
            if fetch_changed(self._client, since, file, self._stop):
                listed = self._take_list(file, names)
            elif not self._stop.is_set():
                since = None
                warnings.append("the platform lists no changed customers: each was looked up")
        looked_up = self._look_up(self._unknown())
        self._take_others()
        unknown = self._own().join(self.ids, on=KEY, how="anti").height
        if self._stop.is_set():
            raise KeyboardInterrupt
        account = self._client.account
        return Learned(
            self._feed,
            account.where,
            str(ids_file(account)),
            since=f"{since:%Y-%m-%dT%H:%M:%S}" if since else "",
            members=self._own().height,
            known=known,
            new=self.ids.height - before.height,
            listed=listed,
            looked_up=looked_up,
            unknown=unknown,
            conflicts=self.ids["conflict"].count(),
            ids=self.ids.height,
            warnings=tuple(warnings),
        )

    def keep(self) -> None:
        """Write what was learned; a file that would be the same stays as it is."""
        if self.ids is not self._kept:
            write_ids(self._client.account, self.ids)
            self._kept, self._kept_at = self.ids, time.monotonic()

    def _own(self) -> pl.DataFrame:
        """Give what members are sent as, merged ones among them."""
        return self._members.filter(pl.col("how").ne_missing(BESIDE)).select(KEY)

    def _unknown(self) -> pl.DataFrame:
        """Give what members are to be asked for."""
        settled = self.ids
        if self._again:
            settled = settled.filter(
                pl.col("conflict").is_null() | (pl.col("learned") == self._began)
            )
        return self._keys.join(settled, on=KEY, how="anti")

    def _since(self) -> datetime | None:
        """Say when the first load of this feed began of which nothing was learned yet."""
        mine = self.ids.filter(pl.col("feed") == self._feed)["learned"]
        last = mine.max() if len(mine) else None
        assert last is None or isinstance(last, datetime)
        platform = platform_of(self._client.account)
        with open_ledger(ledger_url()) as ledger:
            loads = [x for x in ledger.loads(self._feed) if x.target.startswith(f"{platform}/")]
        begun = [
            datetime.fromisoformat(load.started)
            for load in loads
            if last is None or datetime.fromisoformat(load.finished or load.started) >= last
        ]
        first = min(begun, default=last)
        return first and first - OVERLAP

    def _take_list(self, file: Path, names: list[str]) -> int:
        """Take the ids of a list of customers; say how many there are.

        Of the external ids all are taken, of phones and e-mails those of the source.
        """
        listed, found = 0, [self._found()]
        for customers in read_changed(file):
            listed += customers.height
            self._progress(Step("listing", rows=listed))
            there = customers.filter(pl.col("id").is_not_null())
            for name in names:
                told = there.filter(pl.col(name).is_not_null()).select(
                    name=pl.lit(name), legacy_id=name, customer_id="id"
                )
                if name != "externalId":
                    told = told.join(self._keys, on=KEY, how="semi")
                found.append(self._found(told, "changed"))
        self._take(pl.concat(found))
        return listed

    def _look_up(self, members: pl.DataFrame) -> int:
        """Look members up one after the other; say how many were asked for."""
        asked = 0
        for asking in members.iter_slices(ROUND):
            if self._stop.is_set():
                break
            told = find_ids(self._client, asking.iter_rows(), self._stop, Patience(workers=AT_ONCE))
            asked += told.customers.height
            there = told.customers.filter(pl.col("id").is_not_null())
            there = there.select("name", legacy_id="value", customer_id="id")
            self._take(self._found(there, "looked up"))
            self._progress(Step("looking up", asked, members.height, asked))
            if told.error is not None:
                raise told.error
            if time.monotonic() - self._kept_at >= KEPT_AFTER:
                self.keep()
        return asked

    def _take_others(self) -> None:
        """Give whoever was merged the customer of its survivor, and each further name its own."""
        whose = self.ids.select("name", "legacy_id", "customer_id", "conflict")
        others = (
            self._members.filter(pl.col("how").is_not_null())
            .join(whose, left_on=("key_name", "key"), right_on=KEY)
            .select(*KEY, "customer_id", "conflict", "how")
        )
        # What the platform itself says of a merged one is truer than what this source says.
        merged = others.filter(pl.col("how") == MERGED).join(self.ids, on=KEY, how="anti")
        for told in (merged, others.filter(pl.col("how") == BESIDE)):
            self._take(self._found(told, pl.col("how")))

    def _found(self, told: pl.DataFrame | None = None, how: str | pl.Expr = "") -> pl.DataFrame:
        if told is None:
            return pl.DataFrame(schema=IDS)
        facts = {
            "how": pl.lit(how) if isinstance(how, str) else how,
            "learned": pl.lit(self._began, IDS["learned"]),
            "feed": pl.lit(self._feed),
        }
        whole = told.with_columns(**facts)
        if "conflict" not in told.columns:
            whole = whole.with_columns(conflict=pl.lit(None, pl.String))
        return whole.select(list(IDS))

    def _take(self, found: pl.DataFrame) -> None:
        if not found.is_empty():
            self.ids = add_ids(self.ids, found, replace=self._again)


__all__ = ["AT_ONCE", "Learned", "Learning"]
