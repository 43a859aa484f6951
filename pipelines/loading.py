"""Road 1, files to the API: `prepare` reads, judges and encodes; `deliver` sends.

Between the two everything lies in one Arrow file, so nothing is sent before the whole source
has been read and the share of rejects is known. Plain functions; Dagster calls them.
"""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

import polars as pl

from connectors.files import FileSource, SourceError, read
from delivery.batches import Batch, Envelope, Limits, cut_batches
from delivery.records import RecordWriter, drop_records, find_repeats, read_records
from delivery.rejects import RejectWriter
from delivery.sending import send_batches
from pipelines.ahead import map_ahead
from pipelines.feeds import ImportTarget, LoadFeed
from pipelines.progress import Progress, quiet
from pipelines.shaping import amount_text, make_shaper, source_columns, whole_records

RECORDS, REJECTS = "records.arrow", "rejects.csv"


@dataclass(frozen=True)
class Prepared:
    """What a source held.

    Attributes:
        rows, records: what was read; records are receipts or members, rejected ones included.
        rejected_rows, rejected_records: what is not sent, and lies in rejects.csv.
        reasons: how often each fault was found, by field and code.
        totals: sums of what is to be sent, exact.
        warnings: what is odd without being a fault, a line each.
    """

    rows: int
    records: int
    rejected_rows: int
    rejected_records: int
    reasons: dict[str, int]
    totals: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    @property
    def rejected_percent(self) -> float:
        """Rejected records, in percent of all."""
        return 100 * self.rejected_records / self.records if self.records else 0.0


@dataclass(frozen=True)
class Delivered:
    """What the platform has taken."""

    records: int
    requests: int
    bytes: int


class HasStatus(Protocol):
    """Any answer of a client."""

    @property
    def status(self) -> int: ...


def prepare(feed: LoadFeed, source: Path, folder: Path, progress: Progress = quiet) -> Prepared:
    """Read a source whole and write what is to be sent to `folder`, and the rejects beside it.

    Raises:
        SourceError: the source cannot be read to its end, or holds nothing.
    """
    file_source = file_source_of(feed, source)
    size = source.stat().st_size if source.exists() else 0
    shape = make_shaper(feed)
    rows = rejected_rows = records = rejected = gross = 0
    counts: Counter[str] = Counter()
    odd: Counter[str] = Counter()
    lost: list[pl.DataFrame] = []
    rejects = RejectWriter(folder / REJECTS, str(source))
    done = 0

    def at(consumed: int) -> None:
        nonlocal done
        done = consumed

    with RecordWriter(folder / RECORDS) as writer:
        frames = whole_records(read(file_source, progress=at), feed)
        for frame, shaped in map_ahead(shape, frames):
            writer.write(shaped.records)
            rows += frame.height
            records += shaped.records.height + shaped.rejected
            rejected += shaped.rejected
            lost += [shaped.lost] if shaped.rejected else []
            odd.update(shaped.warnings)
            gross += int(shaped.records["amount"].sum())
            if not shaped.reasons.is_empty():
                rejected_rows += _reject(rejects, frame, shaped.reasons, counts)
            progress("reading", done, size, rows, rejected_rows)
    if not rows and not feed.source.allow_empty:
        todo = "if that can happen, set source.allow_empty: true"
        raise SourceError(source, "no records in it, nothing was sent", todo)
    repeats = find_repeats(folder / RECORDS, pl.concat(lost) if lost else None)
    if not repeats.is_empty():
        rejected += repeats.height
        rejected_rows += _reject_repeats(rejects, file_source, repeats, counts)
        gross -= int(repeats["amount"].sum())
        drop_records(folder / RECORDS, repeats["row"])
    warnings = [f"{times:,} {what}" for what, times in odd.items()]
    totals = {} if isinstance(feed.target, ImportTarget) else {"gross": amount_text(gross)}
    return Prepared(rows, records, rejected_rows, rejected, dict(counts), totals, warnings)


def deliver(
    feed: LoadFeed, prepared: Path, post: Callable[[str, bytes], HasStatus]
) -> Iterator[Delivered]:
    """Send what `prepare` wrote; each batch is sent once.

    Args:
        feed: the feed.
        prepared: the folder that `prepare` was given.
        post: sends one body to a path.

    Yields:
        After each answer, what the platform has taken so far.

    Raises:
        What `post` raises, for the first batch that is not taken.
    """
    path = feed.target.endpoint.removeprefix("POST ")
    accepted = size = 0
    for batch, _answer in send_batches(
        plan(feed, prepared), lambda body: post(path, body), in_flight=feed.target.in_flight
    ):
        accepted += batch.records
        size += len(batch.body)
        yield Delivered(accepted, batch.number, size)


def plan(feed: LoadFeed, prepared: Path) -> Iterator[Batch]:
    """Cut what `prepare` wrote into the requests that `deliver` would send."""
    target = feed.target
    if isinstance(target, ImportTarget):
        envelope = Envelope(target.envelope)
        limits = Limits(target.max_members, None, target.max_bytes)
    else:
        envelope = Envelope("ReceiptRequests")
        limits = Limits(target.max_receipts, target.max_lines, target.max_bytes)
    return cut_batches(read_records(prepared / RECORDS), envelope, limits)


def file_source_of(feed: LoadFeed, path: Path) -> FileSource:
    """Say how to read a file of this feed."""
    words = feed.source
    return FileSource(
        path=path,
        format=words.kind,
        columns=source_columns(feed),
        record=words.record,
        items=words.items,
        delimiter=words.delimiter,
    )


def _reject(
    rejects: RejectWriter, frame: pl.DataFrame, reasons: pl.DataFrame, counts: Counter[str]
) -> int:
    counts.update(reasons["code"].drop_nulls().to_list())
    texts = reasons.group_by("index", maintain_order=True).agg(pl.col("text").str.join(" | "))
    texts = texts.sort("index")
    rejects.write(frame[texts["index"]], texts["text"])
    return texts.height


def _reject_repeats(
    rejects: RejectWriter, source: FileSource, repeats: pl.DataFrame, counts: Counter[str]
) -> int:
    """Read the source once more for the rows of receipts that it holds more than once."""
    counts.update({"Header.ReceiptId: receipt-repeats": repeats.height})
    written = 0
    for frame in read(source):
        found = frame.select("_row").join_asof(
            repeats.select("row", "last_row", "first"), left_on="_row", right_on="row"
        )
        inside = (found["_row"] <= found["last_row"]).fill_null(value=False)
        text = pl.concat_str(
            pl.lit("the receipt stands in the file more than once, first at row "),
            pl.col("first"),
            pl.lit("; its rows must stand together, and differ from no other receipt of its id"),
        )
        rejects.write(frame.filter(inside), found.filter(inside).select(text).to_series())
        written += int(inside.sum())
    return written
