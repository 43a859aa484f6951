"""CSV: polars reads a block in columns; a block that leaves a doubt is read record by record."""

import csv
import io
import re
from collections.abc import Iterator

import polars as pl

from connectors.files.blocks import Blocks
from connectors.files.nested import with_raw
from connectors.files.source import RESERVED, FileSource, SourceError

_FAULTS = {
    "expected after": "a closing quote is not followed by a delimiter",
    "new-line character": "a carriage return in an unquoted field",
}
_CLOSE_QUOTE = "close the quote, or double a quote that belongs to a value"


def read_delimited(source: FileSource, blocks: Blocks) -> Iterator[pl.DataFrame]:
    """Yield a frame per block: `_row`, every column of the header, perhaps `_fault`.

    Fields are as RFC 4180 has them; a quote inside an unquoted field is an ordinary character.
    Blank lines are skipped. A field of more than 131,072 characters that holds line ends is
    taken for an unclosed quote.

    Raises:
        SourceError: a header that lacks a column or names one twice, an unclosed quote, no UTF-8.
    """
    names, rest, line = _read_header(source, blocks)
    table = _Table(source, blocks, names, line)
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


def _read_header(source: FileSource, blocks: Blocks) -> tuple[list[str], bytes, int]:
    """Return the names of the columns, the bytes behind the header and their first line."""
    data, end = b"", 0
    while not end and (more := blocks.more(data)) is not None:
        data, end = more, _first_record(more)
    end = end or len(data)
    text = blocks.decode(data[:end], blocks.offset - len(data))
    try:
        lines = io.StringIO(text, newline="\n")
        names = next(csv.reader(lines, delimiter=source.delimiter, strict=True), [])
    except csv.Error:
        raise _unclosed(source, 1, "is not closed properly") from None
    _check_header(source, names)
    return names, data[end:], 1 + data.count(b"\n", 0, end)


def _first_record(data: bytes) -> int:
    """Return where the first line ends that leaves no quote open; 0 if there is none."""
    quotes = end = 0
    while line := data.find(b"\n", end) + 1:
        quotes += data.count(b'"', end, line)
        end = line
        if quotes % 2 == 0:
            return end
    return 0


def _check_header(source: FileSource, names: list[str]) -> None:
    there = ", ".join(map(repr, names[:50])) or "nothing"
    if missing := [name for name in source.columns if name not in names]:
        what = f"the header (line 1) lacks {', '.join(map(repr, missing))}; it has {there}"
        hint = "correct the feed's columns or delimiter, or the file"
    elif doubled := sorted({name for name in names if names.count(name) > 1}):
        what = f"the header (line 1) names {', '.join(map(repr, doubled))} twice; it has {there}"
        hint = "give each column a name of its own"
    elif taken := set(names) & set(RESERVED):
        what = f"the header (line 1) names {', '.join(map(repr, sorted(taken)))}"
        hint = "rename it: that name is the reader's own"
    else:
        return
    raise SourceError(source.path, what, hint, row=1)


class _Table:
    """Whole lines of one CSV file, to frames."""

    def __init__(self, source: FileSource, blocks: Blocks, names: list[str], line: int) -> None:
        self._source = source
        self._blocks = blocks
        self._delimiter = source.delimiter
        self._width = len(names)
        self._schema = dict.fromkeys(names, pl.String)
        # Text without quotes, and quoted fields that begin and end where a field does.
        field = rb'"[^"]*+(?:""[^"]*+)*+"'
        ends = re.escape(self._delimiter.encode())
        self._quotes = re.compile(
            rb'(?:[^"]*+(?<![^%b\n])%b(?=[%b\r\n]))*+[^"]*+' % (ends, field, ends)
        )
        self.line = line
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
        # polars reads "5" x 7" frame" as 5 x 7 frame: quotes are checked before.
        if quoted and not self._quotes.fullmatch(block):
            return None
        if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
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

    def _by_record(self, block: bytes, start: int) -> tuple[pl.DataFrame, int]:
        """Read a block with the csv module, which judges each record by itself."""
        lines = io.StringIO(self._blocks.decode(block, start), newline="\n")
        reader = csv.reader(lines, delimiter=self._delimiter, strict=True)
        width = self._width
        rows: list[int] = []
        values: list[list[str | None]] = []
        faults: list[str | None] = []
        used = len(block)
        while True:
            row = self.line + reader.line_num
            fault = None
            try:
                fields = next(reader)
            except StopIteration:
                break
            except csv.Error as error:
                if "unexpected end" in str(error):
                    used = _end_of_lines(block, row - self.line)
                    break
                if "larger than field limit" in str(error):
                    what = f"is not closed within {csv.field_size_limit():,} characters"
                    raise _unclosed(self._source, row, what) from None
                why = (text for word, text in _FAULTS.items() if word in str(error))
                raw = block.split(b"\n", row - self.line + 1)[row - self.line]
                fault = with_raw(next(why, "not a CSV record"), raw.decode(errors="replace"))
                fields = [""] * width
            if not fields:
                continue
            if len(fields) != width:
                what = f"expected {width} fields, found {len(fields)}"
                fault = with_raw(what, self._delimiter.join(fields))
            rows.append(row)
            values.append([None] * width if fault else [field or None for field in fields])
            faults.append(fault)
        frame = pl.DataFrame(values, schema=self._schema, orient="row")
        frame = frame.insert_column(0, pl.Series("_row", rows, dtype=pl.Int64))
        if any(faults):
            frame = frame.with_columns(pl.Series("_fault", faults, dtype=pl.String))
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
