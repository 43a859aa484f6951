"""What was not sent, written back as rows of the source, when a load ends."""

from functools import partial
from itertools import chain
from pathlib import Path

import polars as pl

from connectors.files import SourceError, Stamp
from delivery.outcomes import QUARANTINED
from delivery.records import read_records
from pipelines.feeds import LoadFeed
from pipelines.loading import (
    RECORDS,
    REJECTS,
    file_source_of,
    read_refused,
)
from pipelines.quarantine import FILE
from pipelines.rejecting import reject_writer, size_of, write_rows
from pipelines.runs import Summary
from pipelines.sourcing import find_brought, read_labels

UNSENT, OUTCOMES = "unsent.csv", "outcomes.parquet"


def write_back(feed: LoadFeed, summary: Summary, folder: Path) -> Summary:
    """Write what was refused, and what was not sent, as rows of the source.

    What the platform refused follows the rejects of the checks in rejects.csv, who is in quarantine
    goes to quarantined.csv, the rest to unsent.csv. All are written anew each time, so doing it
    again does no harm.
    """
    not_sent = pl.col("outcome").is_in(["rejected", QUARANTINED, "unsent"])
    outcomes = pl.scan_parquet(folder / OUTCOMES).with_row_index("place").filter(not_sent)
    told = outcomes.select("place", "outcome", "reasons", "since").collect()
    of_checks = read_refused(folder).height  # those come first
    refused = told.filter(pl.col("outcome") == "rejected", pl.col("place") >= of_checks)
    rest = {UNSENT: told.filter(pl.col("outcome") == "unsent"), FILE: _quarantined(told)}
    for name in rest:
        (folder / name).unlink(missing_ok=True)
    if refused.is_empty() and all(rows.is_empty() for rows in rest.values()):
        return summary
    since = Stamp(*summary.source_stamp)
    try:
        _see_unmended(folder / REJECTS, summary)
        source = file_source_of(feed, find_brought(summary.source, folder))
        labels = read_labels(folder, summary.source)
        writer = partial(reject_writer, source, run=summary.run_id, labels=labels)
        rejects = writer(folder / REJECTS, keep=summary.rejects_size)
        rows = write_rows(rejects, source, _find_rows(folder, refused), since)
        for name, told_of in rest.items():
            write_rows(writer(folder / name), source, _find_rows(folder, told_of), since)
    except SourceError as error:
        line = f"rows that were not sent are named in {OUTCOMES} only: {error}"
        return summary.add(warnings=[*summary.warnings, line])
    return summary.add(
        rejected_rows=summary.checked_rows + rows, rejects_end=size_of(folder / REJECTS)
    )


def _quarantined(told: pl.DataFrame) -> pl.DataFrame:
    """Say of those in quarantine since when."""
    since = pl.col("since").dt.strftime("%Y-%m-%d %H:%M")
    reason = pl.format("in quarantine since {} UTC: {}", since, "reasons")
    return told.filter(pl.col("outcome") == QUARANTINED).with_columns(reason.alias("reasons"))


def _find_rows(folder: Path, told: pl.DataFrame) -> pl.DataFrame:
    """Give the source rows of outcomes, by their places: what is told of them is for a person."""
    columns = ("row", "last_row")
    found: list[pl.DataFrame] = []
    first = 0
    for rows in chain([read_refused(folder)], read_records(folder / RECORDS, columns)):
        end = first + rows.height
        begin, stop = (told["place"].search_sorted(at) for at in (first, end))
        mine = told.slice(begin, stop - begin)
        found.append(rows[mine["place"] - first].select(columns).hstack([mine["reasons"]]))
        first = end
    return pl.concat(found).sort("row")  # those that waited were noted before all others


def _see_unmended(rejects: Path, summary: Summary) -> None:
    if size_of(rejects) != summary.rejects_end:
        raise SourceError(rejects, "it was changed since the run wrote it", "mend a copy of it")
