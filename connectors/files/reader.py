"""The doors: a file in, frames of text out."""

from collections.abc import Callable, Iterator
from pathlib import Path

import polars as pl

from connectors.files.blocks import Blocks, changed, chunk, take_stamp
from connectors.files.delimited import read_delimited, read_header
from connectors.files.json_records import read_array, read_lines
from connectors.files.mended import Origin
from connectors.files.source import ADDED, Dialect, FileSource, SourceError, Stamp
from connectors.files.xml_records import read_elements

# A block and its columns should stay in the processor's cache.
_FORMATS: dict[str, tuple[Callable[[FileSource, Blocks], Iterator[pl.DataFrame]], int]] = {
    "csv": (read_delimited, 2 << 20),
    "json": (read_array, 512 << 10),
    "ndjson": (read_lines, 512 << 10),
    "xml": (read_elements, 2 << 20),
}


def read(
    source: FileSource,
    *,
    progress: Callable[[int], None] | None = None,
    stamp: Stamp | None = None,
    _block: int = 0,
) -> Iterator[pl.DataFrame]:
    """Read a file as frames of about `source.rows_per_chunk` rows, in the file's order.

    A frame holds `_row` (Int64), then text columns exactly as in the source: of a CSV all
    columns of its header, otherwise `source.columns`. An empty CSV field or XML element and
    an absent or null JSON value are null. A JSON number is its shortest text (12.50 is "12.5";
    whole numbers keep every digit, fractions those of a 64-bit float), true is "true".

    `_row` is the line on which the row starts (CSV, where the header is line 1, and NDJSON) or
    the record's ordinal from 1 (JSON array, XML). With `source.items` a record is one row per
    item, all with the record's `_row` and never in two frames; without any item it is one row.

    A frame with rows that could not be read has two more columns at the end: `_fault`, why and
    the beginning of the row's raw text, and `_raw`, that text (up to 32,000 characters). Both are
    null for a good row; the source's own columns are null for the others.

    Memory is bounded by a block and a chunk whatever the file's size.

    Args:
        source: the file and the columns wanted.
        progress: called with the number of bytes read so far, after each block.
        stamp: what the file was when it was first read (`take_stamp`), if it must be that still.
        _block: bytes a block, for tests; 0 is the format's own.

    Yields:
        Frames in the order of the file; none for a file without records.

    Raises:
        SourceError: the file as a whole cannot be trusted: missing, empty, cut off, not UTF-8,
            not the format, a column missing, changed meanwhile. Frames may have come before it.
    """
    parse, size = _FORMATS["csv" if source.mended else source.format]
    with Blocks(source.path, _block or size, progress, stamp) as blocks:
        yield from chunk(parse(source, blocks), source.rows_per_chunk)


def read_dialect(source: FileSource) -> Dialect:
    """Say how a file of rejects of this source is written: as the source is, if that is a CSV.

    Raises:
        SourceError: the file is missing, empty, no regular file, or its header is wrong.
    """
    if source.path.is_fifo():
        what = "this is a pipe, and a load may have to read its source more than once"
        raise SourceError(source.path, what, "write it to a file first")
    if source.format != "csv" and not source.mended:
        return Dialect(source.columns)
    with Blocks(source.path, 64 << 10) as blocks:
        header = read_header(source, blocks)
        own = tuple(name for name in header.names if name not in ADDED)
        return Dialect(own, header.delimiter, header.line_end, blocks.bom)


def read_origin(path: Path) -> Origin:
    """Tell from its first row where the rows of a rejects.csv or unsent.csv come from.

    Raises:
        SourceError: it cannot be read, or does not say.
    """
    source = FileSource(path, "csv", ("_source_file", "_run"), mended=True, rows_per_chunk=1)
    for frame in read(source):
        file, run = frame.select("_source_file", "_run").row(0)
        if file and run:
            return Origin(file, run)
        break
    what = "its first row does not say by _source_file and _run where it comes from"
    raise SourceError(path, what, "keep these columns as the run wrote them", row=2)


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
    for frame in read(source, stamp=since):
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
    if take_stamp(source.path) != since:
        raise changed(source.path)
