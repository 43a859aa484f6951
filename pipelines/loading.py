"""Road 1, its first half: `prepare` reads, judges and encodes a whole source.

What comes of it lies in one Arrow file, so nothing is sent before the share of rejects is known,
and a load that was broken off goes on from it. Plain functions; Dagster calls them.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl

from connectors.files import (
    FileSource,
    SourceError,
    Stamp,
    is_mended,
    pick_rows,
    read,
    read_dialect,
    take_stamp,
)
from connectors.files import Limits as FileLimits
from delivery.batches import Batch, Envelope, Limits, cut_batches
from delivery.outcomes import REFUSED
from delivery.records import RecordWriter, drop_records, find_repeats
from delivery.rejects import RejectWriter
from pipelines.ahead import map_ahead
from pipelines.feeds import ImportTarget, LoadFeed
from pipelines.progress import Progress, quiet
from pipelines.runs import Summary
from pipelines.shaping import amount_text, make_shaper, source_columns, whole_records

RECORDS, REFUSALS = "records.arrow", "refused.arrow"
REJECTS, UNSENT, OUTCOMES = "rejects.csv", "unsent.csv", "outcomes.parquet"


@dataclass(frozen=True)
class Prepared:
    """What a source held.

    Attributes:
        rows, records: what was read; records are receipts or members, rejected ones included.
        rejected_rows, rejected_records: what is not sent, and lies in rejects.csv.
        rejects_size: bytes of rejects.csv.
        stamp: what the source was.
        reasons: how often each fault was found, by field and code.
        totals: sums of what is to be sent, exact.
        warnings: what is odd without being a fault, a line each.
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

    @property
    def rejected_percent(self) -> float:
        """Rejected records, in percent of all."""
        return 100 * self.rejected_records / self.records if self.records else 0.0


def prepare(
    feed: LoadFeed, source: Path, folder: Path, run: str = "", progress: Progress = quiet
) -> Prepared:
    """Read a source whole and write what is to be sent to `folder`, and the rejects beside it.

    Raises:
        SourceError: the source cannot be read to its end, or holds nothing.
    """
    file_source = file_source_of(feed, source)
    stamp = take_stamp(source)
    shape = make_shaper(feed)
    rows = rejected_rows = records = gross = 0
    counts: Counter[str] = Counter()
    odd: Counter[str] = Counter()
    refused = [pl.DataFrame(schema=REFUSED)]
    rejects = reject_writer(file_source, folder / REJECTS, run)
    done = 0

    def at(consumed: int) -> None:
        nonlocal done
        done = consumed

    with RecordWriter(folder / RECORDS) as writer:
        frames = whole_records(read(file_source, progress=at, stamp=stamp), feed)
        for frame, shaped in map_ahead(shape, frames):
            writer.write(shaped.records)
            rows += frame.height
            records += shaped.records.height + shaped.refused.height
            refused.append(shaped.refused)
            odd.update(shaped.warnings)
            gross += int(shaped.records["amount"].sum())
            if not shaped.reasons.is_empty():
                rejected_rows += _reject(rejects, frame, shaped.reasons, counts)
            progress("reading", done, stamp.size, rows, rejected_rows)
    if not rows and not feed.source.allow_empty:
        todo = "if that can happen, set source.allow_empty: true"
        raise SourceError(source, "no records in it, nothing was sent", todo)
    repeats = find_repeats(folder / RECORDS, pl.concat(refused))
    if not repeats.is_empty():
        repeats = _explain_repeats(feed, repeats)
        what = "member" if isinstance(feed.target, ImportTarget) else "Header.ReceiptId"
        counts.update({f"{what}: repeats": repeats.height})
        rejected_rows += write_rows(rejects, file_source, repeats, stamp)
        refused.append(repeats.select(list(REFUSED)))
        gross -= int(repeats["amount"].sum())
        drop_records(folder / RECORDS, repeats["row"])
    turned_away = pl.concat(refused)
    _write_refused(folder, turned_away)
    return Prepared(
        rows,
        records,
        rejected_rows,
        turned_away.height,
        _size(rejects.path),
        stamp,
        reasons=dict(counts),
        totals={} if isinstance(feed.target, ImportTarget) else {"gross": amount_text(gross)},
        warnings=[f"{times:,} {what}" for what, times in odd.items()],
    )


def cut(feed: LoadFeed, records: Iterator[pl.DataFrame]) -> Iterator[Batch]:
    """Cut records into the requests that would be sent."""
    return cut_batches(records, envelope_of(feed), limits_of(feed))


def envelope_of(feed: LoadFeed) -> Envelope:
    """Say what stands around the records of a request."""
    target = feed.target
    return Envelope(target.envelope if isinstance(target, ImportTarget) else "ReceiptRequests")


def limits_of(feed: LoadFeed) -> Limits:
    """Say what a request may hold."""
    target = feed.target
    if isinstance(target, ImportTarget):
        return Limits(target.max_members, None, target.max_bytes)
    return Limits(target.max_receipts, target.max_lines, target.max_bytes)


def file_source_of(feed: LoadFeed, path: Path) -> FileSource:
    """Say how to read a file of this feed, or a file of rejects that one of its runs wrote."""
    words, limits = feed.source, feed.source.limits
    return FileSource(
        path=path,
        format=words.kind,
        columns=source_columns(feed),
        record=words.record,
        items=words.items,
        delimiter=words.delimiter,
        quote=words.quote,
        header=tuple(words.header) if words.header else None,
        skip_lines=words.skip_lines,
        fields=words.fields,
        sheet=words.sheet,
        member=words.member,
        encoding=words.encoding,
        limits=FileLimits(
            file_bytes=limits.file_mb << 20,
            unpacked_bytes=limits.unpacked_mb << 20,
            ratio=limits.ratio,
            members=limits.members,
            record_bytes=limits.record_mb << 20,
            field_chars=limits.field_chars,
            depth=limits.depth,
            attributes=limits.attributes,
        ),
        mended=is_mended(path),
    )


def reject_writer(source: FileSource, path: Path, run: str, *, keep: int = 0) -> RejectWriter:
    """Open a file for rows of this source, keeping the first bytes of one that is there."""
    dialect = read_dialect(source)
    return RejectWriter(
        path,
        str(source.path),
        run,
        columns=dialect.columns,
        delimiter=dialect.delimiter,
        line_end=dialect.line_end,
        bom=dialect.bom,
        keep=keep,
    )


def write_rows(
    rejects: RejectWriter, source: FileSource, records: pl.DataFrame, since: Stamp
) -> int:
    """Write the source rows of records (`row`, `last_row`, `reasons`); say how many rows.

    Raises:
        SourceError: the source is not what it was.
    """
    written = 0
    for rows, told in pick_rows(source, records.select("row", "last_row", "reasons"), since):
        rejects.write(rows, told["reasons"])
        written += rows.height
    return written


def write_back(feed: LoadFeed, summary: Summary, folder: Path) -> Summary:
    """Write what was refused, and what was not sent, as rows of the source.

    What the platform refused follows the rejects of the checks in rejects.csv; the rest goes to
    unsent.csv. Both are written anew each time, so doing it again does no harm.
    """
    not_sent = pl.col("outcome").is_in(["rejected", "unsent"])
    outcomes = pl.scan_parquet(folder / OUTCOMES).filter(not_sent)
    told = outcomes.select("row", "last_row", "outcome", "reasons").collect()
    of_checks = read_refused(folder).select("row")
    refused = told.filter(pl.col("outcome") == "rejected").join(of_checks, on="row", how="anti")
    unsent = told.filter(pl.col("outcome") == "unsent")
    (folder / UNSENT).unlink(missing_ok=True)
    if refused.is_empty() and unsent.is_empty():
        return summary
    since = Stamp(*summary.source_stamp)
    try:
        _see_unmended(folder / REJECTS, summary)
        source = file_source_of(feed, Path(summary.source))
        rejects = reject_writer(source, folder / REJECTS, summary.run_id, keep=summary.rejects_size)
        rows = write_rows(rejects, source, refused, since)
        rest = reject_writer(source, folder / UNSENT, summary.run_id)
        write_rows(rest, source, unsent, since)
    except SourceError as error:
        line = f"rows that were not sent are named in {OUTCOMES} only: {error}"
        return summary.add(warnings=[*summary.warnings, line])
    return summary.add(
        rejected_rows=summary.checked_rows + rows, rejects_end=_size(folder / REJECTS)
    )


def _see_unmended(rejects: Path, summary: Summary) -> None:
    if _size(rejects) != summary.rejects_end:
        raise SourceError(rejects, "it was changed since the run wrote it", "mend a copy of it")


def _size(path: Path) -> int:
    return path.stat().st_size if path.exists() else 0


def read_refused(folder: Path) -> pl.DataFrame:
    """Read the records that did not pass the checks (`delivery.outcomes.REFUSED`)."""
    return pl.read_ipc((folder / REFUSALS).read_bytes())


def forget_records(folder: Path) -> None:
    """Remove the prepared records: they hold personal data and are of no more use."""
    for name in (RECORDS, REFUSALS):
        for file in folder.glob(f"{name}*"):
            file.unlink()


def _write_refused(folder: Path, refused: pl.DataFrame) -> None:
    path = folder / REFUSALS
    path.unlink(missing_ok=True)
    path.touch(mode=0o600)
    refused.write_ipc(path, compression="lz4")


def _reject(
    rejects: RejectWriter, frame: pl.DataFrame, reasons: pl.DataFrame, counts: Counter[str]
) -> int:
    counts.update(reasons["code"].drop_nulls().to_list())
    texts = reasons.group_by("index", maintain_order=True).agg(pl.col("text").str.join(" | "))
    texts = texts.sort("index")
    rejects.write(frame[texts["index"]], texts["text"])
    return texts.height


def _explain_repeats(feed: LoadFeed, repeats: pl.DataFrame) -> pl.DataFrame:
    """Say of records that stand in a source more than once where the first is."""
    what, rule = "receipt", "its rows must stand together, and differ from no other of its id"
    if isinstance(feed.target, ImportTarget):
        what, rule = "member", "keep the row that is right"
    text = pl.concat_str(
        pl.lit(f"the {what} stands in the file more than once, first at row "),
        pl.col("first"),
        pl.lit(f"; {rule}"),
    )
    return repeats.with_columns(text.alias("reasons"))
