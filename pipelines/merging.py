"""Members that stand in a source more than once are one: the others are told, and not sent."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from connectors.files import FileSource, Stamp, locate
from delivery.matching import Matched, match_records
from delivery.outcomes import TURNED_AWAY
from delivery.records import RecordFile, drop_records
from pipelines.feeds import LoadFeed
from pipelines.filling import fill_members
from pipelines.refusing import PART
from pipelines.rejecting import reject_writer, write_rows

MERGED, TRACES = "merged.csv", "traces.arrow"
MANY = 20
"""Members of one group from which on a value that links them may be nobody's own."""


@dataclass(frozen=True)
class Merged:
    """What was merged.

    Attributes:
        losers: the members that are not sent (`delivery.outcomes.TURNED_AWAY`).
        by: how many of them share what with the one that stays, in words.
        warnings: what is odd about them, a line each.
    """

    losers: pl.DataFrame = field(default_factory=lambda: pl.DataFrame(schema=TURNED_AWAY))
    by: dict[str, int] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)


def merge_duplicates(
    feed: LoadFeed,
    source: FileSource,
    records: Path,
    stamp: Stamp,
    *,
    labels: Sequence[str],
    run: str = "",
    whole: bool = True,
) -> Merged:
    """Take the duplicates out of the records file, and write their rows to merged.csv beside it.

    Args:
        feed: its words.
        source: what was read.
        records: the records file; the traces lie beside it, and are removed.
        stamp: of the source when it was read.
        labels: of the source's parts.
        run: the run's id.
        whole: whether the records are there, not only a hash of each.

    Raises:
        SourceError: the source is not what it was.
    """
    words = feed.duplicates
    assert words is not None
    traces = records.with_name(TRACES)
    matched = match_records(traces, words.names, words.keep)
    traces.unlink(missing_ok=True)
    merged = reject_writer(source, records.with_name(MERGED), run, labels)
    if matched.losers.is_empty():
        return Merged()
    losers = _find(records, matched.losers)
    stands = locate(source, losers["survivor_row"], labels)
    place = pl.format(*(("{} of {}", "place", "file") if len(labels) > 1 else ("{}", "place")))
    where = stands.select(pl.lit("; that one stands at ") + place).to_series()
    told = losers.with_columns(reasons=losers["reasons"] + where)
    write_rows(merged, source, told, stamp)
    filled = fill_members(feed, records, losers) if words.fill and whole else None
    drop_records(records, losers["row"], filled)
    by = losers.group_by("by").len().sort("len", "by", descending=[True, False])
    return Merged(
        losers.with_columns(waits=pl.lit(value=False)).select(list(TURNED_AWAY)),
        dict(by.iter_rows()),
        list(_warnings(feed, matched)),
    )


def _find(records: Path, losers: pl.DataFrame) -> pl.DataFrame:
    """Put beside each loser what it is, and what the one that stays is; in the order of rows."""
    file = RecordFile(records)
    columns = ("key", "row", "last_row", "rows", "amount")
    found = losers.join(file.take(losers["place"], columns), on="place")
    stay = file.take(losers["survivor"].unique(), ("key", "row")).select(
        pl.col("place").alias("survivor"),
        pl.col("key").alias("merged_into"),
        pl.col("row").alias("survivor_row"),
    )
    key = pl.col("merged_into").str.replace_all(PART, " ", literal=True)
    reasons = pl.format("merged into {} by {}", key, pl.col("by"))
    return found.join(stay, on="survivor").with_columns(reasons.alias("reasons")).sort("row")


def _warnings(feed: LoadFeed, matched: Matched) -> list[str]:
    warnings = []
    words = feed.duplicates
    if matched.largest > MANY:
        warnings.append(
            f"{matched.largest:,} members are taken for one: is a value they share a stand-in for"
            f" none? see {MERGED}"
        )
    if words is not None and words.newest_by is not None and matched.undated:
        warnings.append(
            f"{matched.undated:,} members that stand more than once have no time in"
            f" {words.newest_by}, so they count as the oldest"
        )
    return warnings


__all__ = ["MERGED", "TRACES", "Merged", "merge_duplicates"]
