"""A whole source judged without sending any of it: rejects by cause, and how each may be mended."""

import re
import tempfile
import time
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from shutil import move

import polars as pl

from pipelines.cases import Case
from pipelines.feeds import LoadFeed
from pipelines.feeds.mapping import columns_of
from pipelines.hashing import shape_of
from pipelines.loading import REJECTS, Prepared, file_source_of, prepare
from pipelines.merging import MERGED
from pipelines.noting import UNREAD, Note, Notes
from pipelines.previewing import tell_places
from pipelines.progress import Progress, quiet
from pipelines.settings import private_folder
from pipelines.sourcing import bring, label_parts, path_of, resolve_source
from pipelines.suggesting import suggest

NESTED = ("json", "ndjson", "xml")


@dataclass(frozen=True)
class Sample:
    """One value at fault. Attributes: how many rows have it, and where the first of them is."""

    value: str
    rows: int
    place: str


@dataclass(frozen=True)
class Cause:
    """What is wrong with some rows.

    Attributes:
        field: the wire name; `row` where a row could not be read.
        columns: the source columns that it is made of.
        code: a short name of the fault.
        message: the fault in words.
        rows, percent: how many rows have it, and of all rows.
        distinct: how many values, at most `DISTINCT`; 0 where no value is at fault.
        samples: the most frequent ones.
        fix: what would likely mend it.
    """

    field: str
    columns: tuple[str, ...]
    code: str
    message: str
    rows: int
    percent: float
    distinct: int
    samples: list[Sample]
    fix: str


@dataclass(frozen=True)
class Report:
    """What a source holds, and what is wrong with it.

    Attributes:
        source: what was read.
        rows, records: what it holds; of these `rejected_rows` and `rejected_records` would not
            be sent. More than `allowed_percent` of the records stop a load. `merged_records`
            would not be sent either, for others stand for them; `merged_by` says what they share.
            `waiting_records` would not be sent before a member is known.
        causes: the most frequent first.
        declared: the totals that the source tells of itself.
        mismatches: those that are not so, a line each.
        totals, warnings: as of a load.
        rejects, merged: the files that these rows were written to; empty if they were not.
        seconds: that it took.
    """

    source: str
    rows: int
    records: int
    rejected_rows: int
    rejected_records: int
    rejected_percent: float
    allowed_percent: float
    causes: list[Cause]
    declared: dict[str, str]
    mismatches: list[str]
    totals: dict[str, str]
    warnings: list[str]
    rejects: str
    merged_records: int
    merged_by: dict[str, int]
    merged: str
    seconds: float
    waiting_records: int = 0

    @property
    def exit_code(self) -> int:
        """0 all would be sent, 4 some of it would not, 3 a load would fail."""
        if self.mismatches or self.rejected_percent > self.allowed_percent:
            return 3
        return 4 if self.rejected_records or self.rejected_rows or self.waiting_records else 0


def validate(
    feed: LoadFeed,
    source: str = "",
    *,
    samples: int = 5,
    folder: Path | None = None,
    progress: Progress = quiet,
) -> Report:
    """Judge a whole source by the code of a load; nothing is sent and nothing is kept.

    Args:
        feed: its words.
        source: a path or URL instead of the feed's own; of a URL a copy is fetched, and removed.
        samples: how many values of a cause are told.
        folder: where to write rejects.csv and merged.csv, if they are wanted.
        progress: told how far it is.

    Raises:
        SourceError: the source cannot be read to its end, or holds nothing.
        OSError: the folder cannot be written.
    """
    started = time.perf_counter()
    notes = Notes()
    if folder is not None:
        private_folder(folder)
        for name in (REJECTS, MERGED):
            (folder / name).unlink(missing_ok=True)  # those of an earlier look
    written = dict.fromkeys((REJECTS, MERGED), "")
    source = resolve_source(source or path_of(feed.source, feed.partitions))
    with tempfile.TemporaryDirectory(prefix="loyalty-etl-") as temporary:
        here = Path(temporary)
        path = bring(source, here, feed.source.limits, progress)
        done = prepare(
            feed, path, here, "", progress, told_as=source, notice=notes.take, keep=False
        )
        causes = tell_causes(feed, path, source, notes, rows=done.rows, samples=samples)
        if folder is not None:
            written = {name: _keep(here / name, folder) for name in written}
    return Report(
        source=source,
        rows=done.rows,
        records=done.records,
        rejected_rows=done.rejected_rows,
        rejected_records=done.rejected_records,
        rejected_percent=round(done.rejected_percent, 4),
        allowed_percent=feed.rejects.max_percent,
        causes=causes,
        declared=done.declared,
        mismatches=done.mismatches,
        totals=done.totals,
        warnings=[*done.warnings, *_tell_empty(feed, done)],
        rejects=written[REJECTS],
        merged_records=done.merged_records,
        merged_by=done.merged_by,
        merged=written[MERGED],
        seconds=round(time.perf_counter() - started, 3),
        waiting_records=done.waiting_records,
    )


def _keep(file: Path, folder: Path) -> str:
    return str(move(file, folder / file.name)) if file.exists() else ""


def _tell_empty(feed: LoadFeed, done: Prepared) -> list[str]:
    """Tell the paths that lead nowhere, or to nothing in this source: no reader can know which.

    A column that a table lacks is refused by its reader.
    """
    if feed.source.kind not in NESTED:
        return []
    return [f"no row has {name}: is its path right?" for name in done.empty]


def tell_causes(
    feed: LoadFeed,
    path: Path,
    source: str,
    notes: Notes,
    *,
    rows: int,
    samples: int,
    masked: bool = False,
) -> list[Cause]:
    """Explain what was noticed, the most frequent first, with the places of the samples.

    Args:
        feed: its words.
        path: where its source was read.
        source: the URL or path that the user knows it by.
        notes: of all rows.
        rows: how many there were.
        samples: how many values of a cause are told.
        masked: tell values by their shape: letters as x, digits as 9.
    """
    causes = [_explain(feed, note, rows, samples, masked=masked) for note in notes.by_count()]
    return _place(feed, path, source, causes)


def _explain(feed: LoadFeed, note: Note, rows: int, samples: int, *, masked: bool) -> Cause:
    name, _, code = note.code.partition(": ")
    columns = columns_of(feed.mapping[name]) if name in feed.mapping else ()
    percent = 100 * note.rows / rows if rows else 0.0
    often = dict(sorted(note.values.items(), key=lambda value: -value[1][0]))
    case = Case(
        feed, name, columns, code, note.message, {v: n for v, (n, _) in often.items()}, percent
    )
    fix, message, shown = suggest(case), note.message, often
    if masked:
        shown = dict(sorted(note.looks.items(), key=lambda look: -look[1][0]))
        fix, message = _hide(fix, often), _unquote(message, note.code)
    told = [
        Sample(value, times, str(first)) for value, (times, first) in [*shown.items()][:samples]
    ]
    return Cause(
        name,
        columns,
        code,
        message,
        note.rows,
        round(percent, 4),
        len(often),
        told or [Sample("", note.rows, str(note.first))],
        fix,
    )


def _hide(fix: str, values: Iterable[str]) -> str:
    """Put shapes in the place of the values that a suggestion quotes, in whatever case."""
    there = [
        value for value in values if value.strip() and value.strip().casefold() in fix.casefold()
    ]
    for value in sorted(there, key=len, reverse=True):
        whole = rf"(?<!\w){re.escape(value.strip())}(?!\w)"
        fix = re.sub(whole, lambda found: shape_of(found[0]), fix, flags=re.IGNORECASE)
    return fix


def _unquote(message: str, code: str) -> str:
    """Leave out what a reader quotes of a row that it could not read."""
    return re.sub("'[^']*'|\"[^\"]*\"", "'…'", message) if code == UNREAD else message


def _place(feed: LoadFeed, path: Path, source: str, causes: Sequence[Cause]) -> list[Cause]:
    """Put the places of the samples, which are rows so far, into words."""
    file_source = file_source_of(feed, path)
    rows = sorted({int(sample.place) for cause in causes for sample in cause.samples})
    labels = label_parts(file_source, source)
    places = tell_places(file_source, pl.Series(rows, dtype=pl.Int64), labels)
    told = dict(zip(map(str, rows), places, strict=True))
    return [
        replace(cause, samples=[replace(s, place=told[s.place]) for s in cause.samples])
        for cause in causes
    ]


__all__ = ["Cause", "Report", "Sample", "tell_causes", "validate"]
