"""Persons in quarantine: whom the platform refused for now, run by run, until they are settled.

What each run left in quarantine stands in its outcomes.parquet, and its rows in quarantined.csv
beside it, in the same order. Nothing else is kept: whose latest outcome in a feed is `quarantined`
is in quarantine still.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from connectors.files import read, take_stamp
from delivery.erasing import FORGOTTEN
from delivery.outcomes import PARKED, QUARANTINED
from pipelines.feeds import LoadFeed
from pipelines.loading import file_source_of
from pipelines.rejecting import reject_writer, write_rows
from pipelines.runs import Summary, list_summaries

FILE, STILL = "quarantined.csv", "quarantined_still.csv"
_ENDS = ("accepted", "rejected", "quarantined", "unchanged", "merged")
"""Outcomes that say something new of a person."""


@dataclass(frozen=True)
class InQuarantine:
    """Those of one run who are in quarantine still.

    Attributes:
        summary: the run's.
        people: `place` (of their row in quarantined.csv, from 0), `key` and `since`, in order.
        of: how many rows that file has.
    """

    summary: Summary
    people: pl.DataFrame
    of: int

    @property
    def since(self) -> datetime:
        """When the first of them came into quarantine."""
        first = self.people["since"].min()
        assert isinstance(first, datetime)
        return first

    def older_than(self, moment: datetime) -> "InQuarantine":
        """Give those who were in quarantine before that."""
        return InQuarantine(self.summary, self.people.filter(pl.col("since") < moment), self.of)


def find_quarantined(feed: str | None = None, besides: str = "") -> list[InQuarantine]:
    """Find all who are in quarantine still, by run, the oldest first; one run may be left out."""
    groups: dict[tuple[str, str, str], list[Summary]] = defaultdict(list)
    for summary in list_summaries(feed):
        outcomes = Path(summary.folder) / "outcomes.parquet"
        if summary.run_id != besides and outcomes.exists():
            groups[summary.feed, summary.target, summary.profile].append(summary)
    return [each for runs in groups.values() if any(map(_has, runs)) for each in _still(runs)]


def quarantined_before(summary: Summary) -> pl.DataFrame:
    """Give whom other loads of this feed left in quarantine (`delivery.outcomes.PARKED`)."""
    into = (summary.target, summary.profile)
    frames = [
        each.people.select(list(PARKED))
        for each in find_quarantined(summary.feed, summary.run_id)
        if (each.summary.target, each.summary.profile) == into
    ]
    return pl.concat([pl.DataFrame(schema=PARKED), *frames])


def write_still(feed: LoadFeed, found: InQuarantine) -> Path:
    """Give a file with the rows of those who are in quarantine still, and of no others.

    That is the run's quarantined.csv, or a copy beside it without the rows of those who were
    settled since: to send these again would put an old content over a newer one.

    Raises:
        SourceError: the run's file is gone, or was changed.
    """
    path = Path(found.summary.folder) / FILE
    if found.people.height == found.of and path.exists():
        return path
    source = file_source_of(feed, path)
    stamp = take_stamp(source)
    rows = pl.concat([frame["_row"] for frame in read(source)])
    mine = rows.gather(found.people["place"])
    told = pl.DataFrame({"row": mine, "last_row": mine}).with_columns(
        reasons=pl.lit("in quarantine still")
    )
    writer = reject_writer(source, path.with_name(STILL), found.summary.run_id, [str(path)])
    write_rows(writer, source, told, stamp)
    return writer.path


def tell_moment(moment: datetime) -> str:
    """Write a time for a person: `2026-11-30 16:05 UTC`."""
    return f"{moment.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _has(summary: Summary) -> bool:
    return bool(summary.quarantined_records)


def _still(runs: Iterable[Summary]) -> Iterator[InQuarantine]:
    """Find those of the runs of one feed into one target whose latest outcome it is."""
    ordered = sorted(runs, key=lambda run: (run.finished or run.started, run.run_id))
    first = next(n for n, run in enumerate(ordered) if _has(run))
    ordered = ordered[first:]
    parked = {n: _read_parked(run) for n, run in enumerate(ordered) if _has(run)}
    keys = pl.concat([people["key"] for people in parked.values()]).unique()
    told = [
        _outcomes(run)
        .filter(pl.col("outcome").is_in(_ENDS), pl.col("key").is_in(keys.implode()))
        .select("key", run=pl.lit(n))
        .collect()
        for n, run in enumerate(ordered)
    ]
    last = pl.concat(told).group_by("key").agg(pl.col("run").max())
    for n, people in parked.items():
        mine = people.join(last.filter(pl.col("run") == n), on="key", maintain_order="left")
        if not mine.is_empty():
            yield InQuarantine(ordered[n], mine.select("place", *PARKED), people.height)


def _read_parked(run: Summary) -> pl.DataFrame:
    # Who was forgotten has no row in quarantined.csv any more.
    parked = (pl.col("outcome") == QUARANTINED) & (pl.col("key") != FORGOTTEN)
    people = _outcomes(run).filter(parked).select(list(PARKED))
    return people.collect().with_row_index("place")


def _outcomes(run: Summary) -> pl.LazyFrame:
    return pl.scan_parquet(Path(run.folder) / "outcomes.parquet")


__all__ = [
    "FILE",
    "InQuarantine",
    "find_quarantined",
    "quarantined_before",
    "tell_moment",
    "write_still",
]
