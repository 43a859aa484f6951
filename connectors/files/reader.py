"""The doors: a source in, frames of text out."""

from collections.abc import Callable, Collection, Iterator
from dataclasses import replace
from pathlib import Path

import polars as pl

from connectors.files.blocks import Blocks, chunk
from connectors.files.csv_header import read_header
from connectors.files.decoding import mark_unreadable
from connectors.files.delimited import read_delimited
from connectors.files.fixed_width import read_fixed
from connectors.files.json_records import read_array, read_lines
from connectors.files.mended import Origin
from connectors.files.parts import ROW_BITS, Part, list_parts, stamp_of, take_stamp
from connectors.files.source import (
    ADDED,
    READERS,
    Dialect,
    FileSource,
    SourceError,
    Stamp,
    changed,
    is_pipe,
)
from connectors.files.workbook import read_workbook
from connectors.files.xml_records import read_elements

# A block and its columns should stay in the processor's cache. What polars reads as columns, it
# looks at itself: only what it refuses is looked at once more.
_TEXTS: dict[str, tuple[Callable[[FileSource, Blocks], Iterator[pl.DataFrame]], int, bool]] = {
    "csv": (read_delimited, 2 << 20, False),
    "fixed": (read_fixed, 2 << 20, True),
    "json": (read_array, 512 << 10, True),
    "ndjson": (read_lines, 512 << 10, True),
    "xml": (read_elements, 2 << 20, True),
}


def read(
    source: FileSource,
    *,
    progress: Callable[[int], None] | None = None,
    stamp: Stamp | None = None,
    told: dict[str, list[str]] | None = None,
    _block: int = 0,
) -> Iterator[pl.DataFrame]:
    """Read a source as frames of about `source.rows_per_chunk` rows, in its parts' order.

    A frame holds `_row` (Int64), then text columns exactly as in the source: of a CSV all
    columns of its header, otherwise `source.columns`. An empty CSV field or XML element and
    an absent or null JSON value are null. A JSON number is its shortest text (12.50 is "12.5";
    whole numbers keep every digit, fractions those of a 64-bit float), true is "true".

    `_row` is the line on which the row starts (CSV, where the header is line 1, fixed width and
    NDJSON), the row of a sheet, or the record's ordinal from 1 (JSON array, XML, Parquet); above
    it, from bit 40 on, is the number of its part (`locate` takes it apart). With `source.items` a
    record is one row per item, all with the record's `_row` and never in two frames; without any
    item it is one row.

    A frame with rows that could not be read has two more columns at the end: `_fault`, why and
    the beginning of the row's raw text, and `_raw`, that text (up to 32,000 characters). Both are
    null for a good row; the source's own columns are null for the others. So are those of a row
    with a byte that is not of the source's encoding; in `_raw` it is U+FFFD.

    Memory is bounded by a block and a chunk whatever the source's size.

    Args:
        source: the files and the columns wanted.
        progress: called with the number of bytes read so far, of the files as they lie there.
        stamp: what the source was when it was first read (`take_stamp`), if it must be that still.
        told: what the parts say of themselves (`source.trailer`, `source.totals`) is added to it:
            name → a text for each part.
        _block: bytes a block, for tests; 0 is the format's own.

    Yields:
        Frames in the order of the source; none for a source without records.

    Raises:
        SourceError: the source as a whole cannot be trusted: missing, empty, cut off, not the
            format, too much, a column missing, changed meanwhile. Frames may have come before it.
    """
    parts = list_parts(source)
    if stamp is not None and stamp_of(parts) != stamp:
        raise changed(source.path)
    reading = _Reading(source, progress, {} if told is None else told, _block)
    yield from chunk(reading.read(parts), source.rows_per_chunk)


class _Reading:
    """One way through the parts of a source."""

    def __init__(
        self,
        source: FileSource,
        progress: Callable[[int], None] | None,
        told: dict[str, list[str]],
        block: int = 0,
    ) -> None:
        self._source = source
        self._progress = progress
        self._told = told
        self._block = block
        self._behind = 0
        self._first: tuple[str, list[str]] | None = None

    def read(
        self, parts: list[Part], wanted: Collection[int] | None = None
    ) -> Iterator[pl.DataFrame]:
        """Yield the rows of the parts, or of those with the wanted numbers."""
        for number, part in enumerate(parts):
            if wanted is None or number in wanted:
                for frame in self._read_part(part):
                    yield self._conform(part, frame, number << ROW_BITS)
            self._behind += part.size

    def _read_part(self, part: Part) -> Iterator[pl.DataFrame]:
        # Errors name the part; it is the path itself where there is but one.
        source = self._source
        source = source if part.path == source.path else replace(source, path=part.path)
        form = "csv" if source.mended else source.format
        if form == "xlsx":
            yield from read_workbook(source, part, self._told)
        elif form == "parquet":
            from connectors.files.parquet_rows import read_parquet  # noqa: PLC0415  (takes 70 ms)

            yield from read_parquet(source, part)
        else:
            parse, size, sound = _TEXTS[form]
            with Blocks(
                part,
                self._block or size,
                self._tell,
                source=source,
                sound=sound,
                told=self._told,
            ) as blocks:
                delimiter = source.delimiter if form == "csv" else ""
                for frame in parse(source, blocks):
                    if blocks.unreadable:
                        yield mark_unreadable(frame, source, blocks.encoding, delimiter)
                    else:
                        yield frame
            return
        self._tell(part.size)

    def _tell(self, consumed: int) -> None:
        if self._progress:
            self._progress(self._behind + consumed)

    def _conform(self, part: Part, frame: pl.DataFrame, above: int) -> pl.DataFrame:
        """Number the rows of a later part, and see that it has the columns of the first."""
        if self._first is None:
            self._first = part.label, [name for name in frame.columns if name not in READERS]
        if not above:
            return frame
        label, names = self._first
        own = {name for name in frame.columns if name not in READERS}
        if differing := sorted(own.symmetric_difference(names)):
            what = f"it and {label} do not have the same columns: {', '.join(differing[:20])}"
            raise SourceError(part.path, what, "have them written alike, or load them apart")
        faults = [name for name in READERS[1:] if name in frame.columns]
        return frame.select(pl.col("_row") + above, *names, *faults)


def read_dialect(source: FileSource) -> Dialect:
    """Say how a file of rejects of this source is written: as the source is, if that is a CSV.

    Raises:
        SourceError: the file is missing, empty, no regular file, or its header is wrong.
    """
    if source.path.is_fifo():
        raise is_pipe(source.path)
    part = list_parts(source)[0]
    if source.format != "csv" and not source.mended:
        return Dialect(source.columns)
    source = replace(source, path=part.path)
    with Blocks(part, 64 << 10, source=source) as blocks:
        header = read_header(source, blocks)
        own = tuple(name for name in header.names if name not in ADDED)
        # A file of rejects is UTF-8 in any case: a spreadsheet knows it by the mark alone.
        mark = blocks.bom or blocks.encoding != "utf-8"
        return Dialect(own, header.delimiter, header.line_end, mark)


def read_origin(path: Path) -> Origin:
    """Tell from its first row where the rows of a rejects.csv or unsent.csv come from.

    Raises:
        SourceError: it cannot be read, or does not say.
    """
    source = FileSource(path, "csv", ("_source_file", "_run"), mended=True, rows_per_chunk=1)
    for frame in read(source):
        file, run = frame.select("_source_file", "_run").row(0)
        if file:
            return Origin(file, run or "")
        break
    what = "its first row does not say by _source_file where it comes from"
    raise SourceError(path, what, "keep this column as it was written", row=2)


def pick_rows(
    source: FileSource, wanted: pl.DataFrame, since: Stamp
) -> Iterator[tuple[pl.DataFrame, pl.DataFrame]]:
    """Read a source once more for some of its rows, as far as the last of them.

    Args:
        source: as it was read before.
        wanted: the first and last `_row` of each range, `row` and `last_row`, and any other
            columns, such as a text for each; no two ranges share a row.
        since: the file's stamp when it was first read.

    Yields:
        Rows as `read` gives them, in the order of the file, and beside them a frame of the same
        height: the other columns of the range that each row lies in.

    Raises:
        SourceError: the file is not what it was then, or cannot be read.
    """
    wanted = wanted.sort("row")
    if wanted.is_empty():
        return
    last = wanted["last_row"].max()
    parts = list_parts(source)
    if stamp_of(parts) != since:
        raise changed(source.path)
    numbers = (wanted["row"] // (1 << ROW_BITS), wanted["last_row"] // (1 << ROW_BITS))
    holding = {n for pair in zip(*numbers, strict=True) for n in range(pair[0], pair[1] + 1)}
    frames = _Reading(source, None, {}).read(parts, holding)
    for frame in chunk(frames, source.rows_per_chunk):
        row = frame["_row"]
        begin = max(wanted["row"].search_sorted(row[0], "right") - 1, 0)
        near = wanted.slice(begin, wanted["row"].search_sorted(row[-1], "right") - begin)
        found = row.to_frame().join_asof(near, left_on="_row", right_on="row")
        inside = (found["_row"] <= found["last_row"]).fill_null(value=False)
        if inside.any():
            given = found.select(name for name in wanted.columns if name not in {"row", "last_row"})
            yield frame.filter(inside), given.filter(inside)
        if row[-1] >= last:
            break
    if take_stamp(source) != since:
        raise changed(source.path)
