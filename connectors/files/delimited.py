"""CSV: polars reads a block in columns; a block that leaves a doubt is read record by record."""

import csv
import io
import re
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import polars as pl

from connectors.files.blocks import BOM, Blocks
from connectors.files.faults import Fault, add_faults
from connectors.files.mended import find_delimiter, mend_rows, unescape_name
from connectors.files.source import ADDED, READERS, FileSource, SourceError

_FAULTS = {
    "expected after": "a closing quote is not followed by a delimiter",
    "new-line character": "a carriage return in an unquoted field",
}
_CLOSE_QUOTE = "close the quote, or double a quote that belongs to a value"


class Header(NamedTuple):
    """What the first line of a file says.

    Attributes:
        names: its columns; of a file of rejects without what protects them.
        delimiter: what stands between fields.
        line_end: what ends the line.
        mended: whether this is a file of rejects.
        rest: the bytes behind it, as far as they were read.
        line: the line on which they begin.
    """

    names: list[str]
    delimiter: str
    line_end: str
    mended: bool
    rest: bytes
    line: int


def read_delimited(source: FileSource, blocks: Blocks) -> Iterator[pl.DataFrame]:
    """Yield a frame per block: `_row`, every column of the header, perhaps `_fault` and `_raw`.

    Fields are as RFC 4180 has them; a quote inside an unquoted field is an ordinary character.
    Blank lines are skipped. A field of more than 131,072 characters that holds line ends is
    taken for an unclosed quote. A file with the columns that rejects have is one of rejects, even
    if the source does not say so.

    Raises:
        SourceError: a header that lacks a column or names one twice, an unclosed quote, no UTF-8.
    """
    header = read_header(source, blocks)
    rows = _read_rows(source, blocks, header)
    return mend_rows(source, rows) if header.mended else rows


def _read_rows(source: FileSource, blocks: Blocks, header: Header) -> Iterator[pl.DataFrame]:
    table = _Table(source, blocks, header)
    rest = header.rest
    more: bytes | None = rest
    while more is not None:
        rest = more
        if end := rest.rfind(b"\n") + 1:
            frame, used = table.parse(rest[:end], blocks.offset - len(rest))
            yield from [frame] if frame.height else []
            rest = rest[used:]
        more = blocks.more(rest)
    if rest:  # the file's last line lacks its end, or lies inside a quote
        whole = rest if rest.endswith(b"\n") else rest + b"\n"
        frame, used = table.parse(whole, blocks.offset - len(rest))
        yield from [frame] if frame.height else []
        if used < len(rest):
            raise _unclosed(source, table.line, "is never closed")


def _unclosed(source: FileSource, line: int, what: str) -> SourceError:
    where = f"a quote in the record that starts on line {line:,} {what}"
    return SourceError(source.path, where, _CLOSE_QUOTE, row=line)


def read_header(source: FileSource, blocks: Blocks) -> Header:
    """Read and judge the first line.

    Raises:
        SourceError: it lacks a column or names one twice, has an unclosed quote, or is not UTF-8.
    """
    data, end = b"", 0
    while not end and (more := blocks.more(data)) is not None:
        data, end = more, _first_record(more)
    end = end or len(data)
    text = blocks.decode(data[:end], blocks.offset - len(data))
    found = find_delimiter(data[:end])
    delimiter = found or source.delimiter
    try:
        lines = io.StringIO(text, newline="\n")
        names = next(csv.reader(lines, delimiter=delimiter, strict=True), [])
    except csv.Error:
        raise _unclosed(source, 1, "is not closed properly") from None
    mended = source.mended or found is not None
    if mended:
        names = [unescape_name(name) for name in names]
    _check_header(source, names, mended=mended)
    line_end = "\r\n" if text.endswith("\r\n") else "\n"
    return Header(names, delimiter, line_end, mended, data[end:], 1 + text.count("\n"))


def is_mended(path: Path) -> bool:
    """Tell by its header whether a file is a rejects.csv or unsent.csv; False if there is none."""
    if not path.is_file():
        return False
    try:
        with Blocks(path, 64 << 10) as blocks:
            data = blocks.more(b"") or b""
    except SourceError:  # whoever reads it will say so
        return False
    return find_delimiter(data[: _first_record(data) or len(data)]) is not None


def _first_record(data: bytes) -> int:
    """Return where the first line ends that leaves no quote open; 0 if there is none."""
    quotes = end = 0
    while line := data.find(b"\n", end) + 1:
        quotes += data.count(b'"', end, line)
        end = line
        if quotes % 2 == 0:
            return end
    return 0


def _check_header(source: FileSource, names: list[str], *, mended: bool) -> None:
    there = ", ".join(map(repr, names[:50])) or "nothing"
    missing = [name for name in source.columns if name not in names]
    if lacks := " or ".join(repr(name) for name in missing if name in ADDED):
        what = f"the header (line 1) has no column {lacks}, so it is no file of rejects"
        hint = "name a rejects.csv or unsent.csv that a run wrote"
    elif missing:
        what = f"the header (line 1) lacks {', '.join(map(repr, missing))}; it has {there}"
        hint = "correct the feed's columns or delimiter, or the file"
    elif doubled := sorted({name for name in names if names.count(name) > 1}):
        what = f"the header (line 1) names {', '.join(map(repr, doubled))} twice; it has {there}"
        hint = "give each column a name of its own"
    elif taken := set(names) & set(READERS[:2] if mended else READERS):
        what = f"the header (line 1) names {', '.join(map(repr, sorted(taken)))}"
        hint = "rename it: that name is the reader's own"
    else:
        return
    raise SourceError(source.path, what, hint, row=1)


class _Table:
    """Whole lines of one CSV file, to frames."""

    def __init__(self, source: FileSource, blocks: Blocks, header: Header) -> None:
        self._source = source
        self._blocks = blocks
        self._delimiter = header.delimiter
        self._width = len(header.names)
        self._schema = dict.fromkeys(header.names, pl.String)
        # Text without quotes, and quoted fields that begin and end where a field does.
        field = rb'"[^"]*+(?:""[^"]*+)*+"'
        ends = re.escape(self._delimiter.encode())
        self._quotes = re.compile(
            rb'(?:[^"]*+(?<![^%b\n])%b(?=[%b\r\n]))*+[^"]*+' % (ends, field, ends)
        )
        self.line = header.line
        """The line on which the next record starts."""

    def parse(self, block: bytes, start: int) -> tuple[pl.DataFrame, int]:
        """Read whole lines, which lie at byte `start` of the file.

        Returns:
            The frame, and how many bytes it took: a record that goes on behind the block is left.
        """
        lines = block.count(b"\n")
        frame = self._in_columns(block, lines)
        if frame is None:
            return self._by_record(block, start)
        self.line += lines
        return frame, len(block)

    def _in_columns(self, block: bytes, lines: int) -> pl.DataFrame | None:
        """Read a block with polars; None unless every record is proven to be as it should."""
        quoted = b'"' in block
        if self._is_doubtful(block):
            return None
        try:
            frame = pl.read_csv(
                block, has_header=False, schema=self._schema, separator=self._delimiter
            )
        except pl.exceptions.PolarsError:  # too many fields, not UTF-8
            return None
        height = frame.height
        row = pl.int_range(self.line, self.line + height, dtype=pl.Int64, eager=True)
        if height != lines:
            inner = _count_in_values(frame, "\n").cast(pl.Int64)
            if height + inner.sum() != lines:
                return None
            row = row + inner.cum_sum().shift(1, fill_value=0)
        # polars fills a row with too few fields with nulls, so the last one would be null:
        # where it is, the delimiters are counted. A blank line looks the same.
        if frame.to_series(-1).null_count():
            delimiters = block.count(self._delimiter.encode())
            if quoted:
                delimiters -= int(_count_in_values(frame, self._delimiter).sum())
            if self._width == 1 or delimiters != height * (self._width - 1):
                return None
        if quoted and b'""' in block:
            frame = frame.with_columns(pl.all().replace("", None))
        return frame.insert_column(0, row.alias("_row"))

    def _is_doubtful(self, block: bytes) -> bool:
        """Tell whether polars might read something in a block other than it stands there."""
        # It reads "5" x 7" frame" as 5 x 7 frame.
        if b'"' in block and not self._quotes.fullmatch(block):
            return True
        if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
            return True
        return block.startswith(BOM)  # which belongs to a value; it would drop it

    def _by_record(self, block: bytes, start: int) -> tuple[pl.DataFrame, int]:
        """Read a block with the csv module, which judges each record by itself."""
        text = self._blocks.decode(block, start)
        lines = text.split("\n")
        reader = csv.reader(io.StringIO(text, newline="\n"), delimiter=self._delimiter, strict=True)
        width = self._width
        rows: list[int] = []
        values: list[list[str | None]] = []
        faults: dict[int, Fault] = {}
        used = len(block)
        while True:
            before = reader.line_num
            row = self.line + before
            why = None
            try:
                fields = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                if "unexpected end" in str(error):
                    used = _end_of_lines(block, before)
                    break
                if "larger than field limit" in str(error):
                    what = f"is not closed within {csv.field_size_limit():,} characters"
                    raise _unclosed(self._source, row, what) from None
                known = (why for word, why in _FAULTS.items() if word in str(error))
                why = next(known, "not a CSV record")
                fields = [""] * width
            if not fields:
                continue
            if len(fields) != width:
                why = f"expected {width} fields, found {len(fields)}"
            if why:
                faults[len(rows)] = Fault(why, "\n".join(lines[before : reader.line_num]))
            rows.append(row)
            values.append([None] * width if why else [field or None for field in fields])
        frame = pl.DataFrame(values, schema=self._schema, orient="row")
        frame = frame.insert_column(0, pl.Series("_row", rows, dtype=pl.Int64))
        frame = add_faults(frame, faults)
        self.line += block.count(b"\n", 0, used)
        return frame, used


def _count_in_values(frame: pl.DataFrame, text: str) -> pl.Series:
    """Count a text in each row's values."""
    count = pl.all().str.count_matches(text, literal=True).fill_null(0)
    return frame.select(pl.sum_horizontal(count)).to_series()


def _end_of_lines(block: bytes, lines: int) -> int:
    """Return the offset behind so many lines."""
    end = 0
    for _ in range(lines):
        end = block.index(b"\n", end) + 1
    return end
