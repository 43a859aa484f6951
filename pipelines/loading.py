"""Road 1, its first half: `prepare` reads, judges and encodes a whole source.

What comes of it lies in one Arrow file, so nothing is sent before the share of rejects is known,
and a load that was broken off goes on from it. Plain functions; Dagster calls them.
"""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from connectors.files import (
    FileSource,
    SourceError,
    Stamp,
    is_mended,
    locate,
    read,
    take_stamp,
)
from delivery.batches import Batch, Limits, cut_batches
from delivery.outcomes import REFUSED
from delivery.records import RecordWriter, drop_records, find_repeats
from delivery.traces import TraceWriter
from pipelines.ahead import map_ahead
from pipelines.controlling import Found, compare_totals
from pipelines.counting import totals_of
from pipelines.encoding import envelope_of
from pipelines.feeds import ImportTarget, LoadFeed, TransactionsTarget
from pipelines.merging import TRACES, Merged, merge_duplicates
from pipelines.progress import Progress, Step, quiet
from pipelines.refusing import explain_repeats, rule_of_repeats
from pipelines.rejecting import reject_writer, size_of, write_faulty, write_rows
from pipelines.shaped import Look, looking
from pipelines.shaping import make_shaper, source_columns, whole_records
from pipelines.sourcing import file_source, forget_copies, keep_labels, label_parts
from pipelines.usual import name_columns

RECORDS, REFUSALS = "records.arrow", "refused.arrow"
REJECTS = "rejects.csv"


@dataclass(frozen=True)
class Prepared:
    """What a source held.

    Attributes:
        rows, records: what was read; records are receipts or members, rejected ones included.
        rejected_rows, rejected_records: what is not sent, and lies in rejects.csv.
        merged_records: what is not sent, for another record stands for it, and lies in merged.csv.
        merged_by: how many of these share what with that one.
        waiting_records: what is not sent before the member is known whom it names.
        rejects_size: bytes of rejects.csv.
        stamp: what the source was.
        reasons: how often each fault was found, by field and code.
        totals: sums of what is to be sent, exact.
        warnings: what is odd without being a fault, a line each.
        declared: the totals that the source tells of itself, by name.
        mismatches: those that are not as declared, or cannot be proven, a line each.
        empty: the source columns that no row fills.
        columns: the source's: of a CSV all of its header, else those wanted that a row fills.
    """

    rows: int
    records: int
    rejected_rows: int
    rejected_records: int
    rejects_size: int
    stamp: Stamp
    reasons: dict[str, int]
    totals: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    declared: dict[str, str] = field(default_factory=dict)
    mismatches: list[str] = field(default_factory=list)
    empty: list[str] = field(default_factory=list)
    columns: list[str] = field(default_factory=list)
    merged_records: int = 0
    merged_by: dict[str, int] = field(default_factory=dict)
    waiting_records: int = 0

    @property
    def rejected_percent(self) -> float:
        """Rejected records, in percent of all."""
        return 100 * self.rejected_records / self.records if self.records else 0.0


Notice = Callable[[pl.Series, pl.DataFrame], None]
"""Told, with the source rows, the reasons that `pipelines.shaping.Shaped` has."""


def prepare(
    feed: LoadFeed,
    source: Path,
    folder: Path,
    run: str = "",
    progress: Progress = quiet,
    *,
    told_as: str = "",
    notice: Notice | None = None,
    look: Look | None = None,
    keep: bool = True,
) -> Prepared:
    """Read a source whole and write what is to be sent to `folder`, and the rejects beside it.

    Args:
        feed: its words.
        source: where it reads.
        folder: where to write.
        run: the run's id.
        progress: told how far it is.
        told_as: the URL that the source is a copy of.
        notice: told every reason.
        look: shown all rows, by several threads.
        keep: whether it is to be sent; if not, of each record only a hash is written.

    Raises:
        SourceError: the source cannot be read to its end, or holds nothing.
    """
    file_source = file_source_of(feed, source)
    stamp = take_stamp(file_source)
    labels = label_parts(file_source, told_as)
    keep_labels(folder, labels)
    shape = looking(make_shaper(feed), look)
    done = rows = rejected_rows = records = gross = 0
    counts, odd = Counter[str](), Counter[str]()
    refused = [pl.DataFrame(schema=REFUSED)]
    rejects = reject_writer(file_source, folder / REJECTS, run, labels)
    told: dict[str, list[str]] = {}
    empty, header = list(file_source.columns), list[str]()

    def at(consumed: int) -> None:
        nonlocal done
        done = consumed

    with RecordWriter(folder / RECORDS) as writer, TraceWriter(folder / TRACES) as traces:
        frames = whole_records(read(file_source, progress=at, stamp=stamp, told=told), feed)
        for frame, shaped in map_ahead(shape, frames):
            writer.write(shaped.records if keep else _hashed(shaped.records))
            traces.write(shaped.traces)
            rows += frame.height
            records += shaped.records.height + shaped.refused.height
            refused.append(shaped.refused)
            odd.update(shaped.warnings)
            gross += int(shaped.records["amount"].sum())
            empty = [name for name in empty if frame[name].null_count() == frame.height]
            header = header or frame.columns
            if not shaped.reasons.is_empty():
                rejected_rows += write_faulty(rejects, frame, shaped.reasons, counts)
            if notice:
                notice(frame["_row"], pl.concat([shaped.reasons, shaped.asides]))
            progress(Step("reading", done, stamp.size, rows, rejected_rows))
    if not rows and not feed.source.allow_empty:
        todo = "if that can happen, set source.allow_empty: true"
        raise SourceError(source, "no records in it, nothing was sent", todo)
    merged, repeats = Merged(), pl.DataFrame()
    if feed.duplicates is None:
        repeats = _drop_repeats(feed, file_source, folder, pl.concat(refused), labels)
    else:
        merged = merge_duplicates(
            *(feed, file_source, folder / RECORDS, stamp),
            labels=labels,
            run=run,
            whole=keep,
        )
    if not repeats.is_empty():
        counts.update(repeats["code"])
        if notice:
            notice(repeats["row"], repeats)
        rejected_rows += write_rows(rejects, file_source, repeats, stamp)
        refused.append(repeats.select(list(REFUSED)))
        gross -= int(repeats["amount"].sum())
    turned_away = pl.concat(refused)
    _write_refused(folder, pl.concat([turned_away, merged.losers], how="diagonal"))
    found = Found(
        rows,
        records,
        gross + int(turned_away["amount"].sum()),
        turned_away["amount"].null_count(),
    )
    declared, wrong = compare_totals(feed, told, found) if not file_source.mended else ({}, [])
    return Prepared(
        rows,
        records,
        rejected_rows,
        int((~turned_away["waits"]).sum()),
        size_of(rejects.path),
        stamp,
        reasons=dict(counts),
        totals=totals_of(feed, gross),
        warnings=[*(f"{times:,} {what}" for what, times in odd.items()), *merged.warnings],
        declared=declared,
        mismatches=wrong,
        empty=empty,
        columns=name_columns(header, () if file_source.format == "csv" else empty),
        merged_records=merged.losers.height,
        merged_by=merged.by,
        waiting_records=int(turned_away["waits"].sum()),
    )


def _drop_repeats(
    feed: LoadFeed,
    source: FileSource,
    folder: Path,
    refused: pl.DataFrame,
    labels: Sequence[str],
) -> pl.DataFrame:
    """Take out the records whose key another one has; give them with their reasons."""
    repeats = find_repeats(folder / RECORDS, refused)
    if not repeats.is_empty():
        drop_records(folder / RECORDS, repeats["row"])
        repeats = explain_repeats(
            repeats,
            locate(source, repeats["first"], labels),
            several=len(labels) > 1,
            what=feed.target.noun,
            rule=rule_of_repeats(feed),
        )
    return repeats


def cut(feed: LoadFeed, records: Iterator[pl.DataFrame]) -> Iterator[Batch]:
    """Cut records into the requests that would be sent."""
    return cut_batches(records, envelope_of(feed), limits_of(feed))


def limits_of(feed: LoadFeed) -> Limits:
    """Say what a request may hold."""
    match feed.target:
        case TransactionsTarget(max_receipts=most, max_lines=lines, max_bytes=size):
            return Limits(most, lines, size)
        case ImportTarget(most=most, max_bytes=size):
            return Limits(most, None, size)
        case one:
            return Limits(1, None, one.max_bytes)


def file_source_of(feed: LoadFeed, path: Path) -> FileSource:
    """Say how to read a file of this feed, or a file of rejects that one of its runs wrote.

    Raises:
        SourceError: the feed's paths do not go together, or are none.
    """
    mended = is_mended(path)
    return file_source(
        feed.source,
        path,
        source_columns(feed),
        trailer=None if mended else feed.control.trailer,
        totals={} if mended else feed.control.paths,
        mended=mended,
    )


def read_refused(folder: Path) -> pl.DataFrame:
    """Read those that did not pass, wait or were merged (`delivery.outcomes.TURNED_AWAY`)."""
    return pl.read_ipc((folder / REFUSALS).read_bytes())


def forget_records(folder: Path) -> None:
    """Remove the prepared records: they hold personal data and are of no more use."""
    for name in (RECORDS, REFUSALS, TRACES):
        for file in folder.glob(f"{name}*"):
            file.unlink()
    forget_copies(folder)


def _write_refused(folder: Path, refused: pl.DataFrame) -> None:
    path = folder / REFUSALS
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    refused.write_ipc(path, compression="lz4")


def _hashed(records: pl.DataFrame) -> pl.DataFrame:
    """Put a hash in the place of each text: enough to tell whether two records differ."""
    return records.with_columns(json=pl.col("json").hash().cast(pl.String))
