"""The one door: a file in, frames of text out."""

from collections.abc import Callable, Iterator

import polars as pl

from connectors.files.blocks import Blocks, chunk
from connectors.files.delimited import read_delimited
from connectors.files.json_records import read_array, read_lines
from connectors.files.source import FileSource
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

    A frame with rows that could not be read has a last column `_fault`: why and the row's raw
    text, up to 500 characters of it, or null for a good row. Such a row's other columns are null.

    Memory is bounded by a block and a chunk whatever the file's size.

    Args:
        source: the file and the columns wanted.
        progress: called with the number of bytes read so far, after each block.
        _block: bytes a block, for tests; 0 is the format's own.

    Yields:
        Frames in the order of the file; none for a file without records.

    Raises:
        SourceError: the file as a whole cannot be trusted: missing, empty, cut off, not UTF-8,
            not the format, a column missing. Frames may have come before it.
    """
    parse, size = _FORMATS[source.format]
    with Blocks(source.path, _block or size, progress) as blocks:
        yield from chunk(parse(source, blocks), source.rows_per_chunk)
