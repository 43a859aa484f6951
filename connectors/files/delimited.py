"""CSV: polars reads a block in columns; a block that leaves a doubt is read record by record."""

import csv
import io
import re
from collections.abc import Iterator

import polars as pl

from connectors.files.blocks import BOM, Blocks
from connectors.files.csv_header import Header, csv_reader, is_mended, read_header, unclosed
from connectors.files.faults import Fault, add_faults
from connectors.files.lines import NUL, end_of_lines, end_of_records, take_trailer
from connectors.files.mended import mend_rows
from connectors.files.source import FileSource

__all__ = ["is_mended", "read_delimited", "read_header"]

_LARGE = 3 << 20  # no pattern is matched with more: it remembers each quote
_FAULTS = {
    "expected after": "a closing quote is not followed by a delimiter",
    "new-line character": "a carriage return in an unquoted field",
}


def read_delimited(source: FileSource, blocks: Blocks) -> Iterator[pl.DataFrame]:
    """Yield a frame per block: `_row`, every column of the header, perhaps `_fault` and `_raw`.

    Fields are as RFC 4180 has them, between the source's delimiter and quotes; a quote inside an
    unquoted field is an ordinary character. Lines end with LF, CRLF or, all of them, with CR.
    Blank lines are skipped. A field of more than `limits.field_chars` that holds line ends is
    taken for an unclosed quote. A file with the columns that rejects have is one of rejects, even
    if the source does not say so: a CSV with a header and nothing before or behind its rows.

    Raises:
        SourceError: a header that lacks a column or names one twice, an unclosed quote, a last
            line that is not the trailer.
    """
    header = read_header(source, blocks)
    rows = _read_rows(source, blocks, header)
    return mend_rows(source, rows) if header.mended else rows


def _read_rows(source: FileSource, blocks: Blocks, header: Header) -> Iterator[pl.DataFrame]:
    table = _Table(source, blocks, header)
    trailer = source.trailer is not None and not header.mended
    rest = header.rest
    more: bytes | None = rest
    while more is not None:
        rest = more.replace(b"\r", b"\n") if header.mac else more
        if end := end_of_records(rest, trailer=trailer):
            frame, used = table.parse(rest[:end])
            yield from [frame] if frame.height else []
            rest = rest[used:]
        more = blocks.more(rest)
    if trailer:
        rest = take_trailer(source, blocks, rest, table.line)
    if rest:  # the file's last line lacks its end, or lies inside a quote
        whole = rest if rest.endswith(b"\n") else rest + b"\n"
        frame, used = table.parse(whole)
        yield from [frame] if frame.height else []
        if used < len(rest):
            raise unclosed(source, table.line, "is never closed")


class _Table:
    """Whole lines of one CSV file, to frames."""

    def __init__(self, source: FileSource, blocks: Blocks, header: Header) -> None:
        self._source = source
        self._blocks = blocks
        self._delimiter = header.delimiter
        self._quote = header.quote
        self._width = len(header.names)
        self._schema = dict.fromkeys(header.names, pl.String)
        self._nul = header.mended  # of a source that may have it, such as JSON
        self._field = source.limits.field_chars
        self._longest = min(self._field, source.limits.record_bytes)
        self._quotes = _quotes(header.delimiter, header.quote) if header.quote else None
        # The csv module has one limit for all: it stays as high as the highest asked for.
        csv.field_size_limit(max(csv.field_size_limit(), self._field))
        self.line = header.line
        """The line on which the next record starts."""

    def parse(self, block: bytes) -> tuple[pl.DataFrame, int]:
        """Read whole lines.

        Returns:
            The frame, and how many bytes it took: a record that goes on behind the block is left.
        """
        lines = block.count(b"\n")
        frame = self._in_columns(block, lines)
        if frame is None:
            text = self._blocks.decode(block)
            readable = text.encode()
            if readable != block:
                frame = self._in_columns(readable, lines)
            if frame is None:
                return self._by_record(block, text)
        self.line += lines
        return frame, len(block)

    def _in_columns(self, block: bytes, lines: int) -> pl.DataFrame | None:
        """Read a block with polars; None unless every record is proven to be as it should."""
        quoted = self._quote is not None and self._quote.encode() in block
        if self._is_doubtful(block, quoted=quoted):
            return None
        try:
            frame = pl.read_csv(
                block,
                has_header=False,
                schema=self._schema,
                separator=self._delimiter,
                quote_char=self._quote,
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
        if self._quote and quoted and (self._quote * 2).encode() in block:
            frame = frame.with_columns(pl.all().replace("", None))
        return frame.insert_column(0, row.alias("_row"))

    def _is_doubtful(self, block: bytes, *, quoted: bool) -> bool:
        """Tell whether polars might read something in a block other than it stands there."""
        # It reads "5" x 7" frame" as 5 x 7 frame.
        if quoted and self._quotes and (len(block) > _LARGE or not self._quotes.fullmatch(block)):
            return True
        if b"\r" in block and block.count(b"\r") != block.count(b"\r\n"):
            return True
        if b"\0" in block and not self._nul:
            return True
        if _has_long_line(block, self._longest):
            return True
        return block.startswith(BOM)  # which belongs to a value; it would drop it

    def _by_record(self, block: bytes, text: str) -> tuple[pl.DataFrame, int]:
        """Read a block with the csv module, which judges each record by itself."""
        lines = text.split("\n")
        reader = csv_reader(io.StringIO(text, newline="\n"), self._delimiter, self._quote)
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
                    used = end_of_lines(block, before)
                    break
                why = self._explain(error, row, lines[before : reader.line_num])
                fields = [""] * width
            if not fields:
                continue
            why = why or self._judge(fields, lines[before : reader.line_num])
            if why:
                raw = "\n".join(lines[before : reader.line_num]).replace("\0", "\ufffd")
                faults[len(rows)] = Fault(why, raw)
            rows.append(row)
            values.append([None] * width if why else [field or None for field in fields])
        frame = pl.DataFrame(values, schema=self._schema, orient="row")
        frame = frame.insert_column(0, pl.Series("_row", rows, dtype=pl.Int64))
        frame = add_faults(frame, faults)
        self.line += block.count(b"\n", 0, used)
        return frame, used

    def _explain(self, error: csv.Error, row: int, lines: list[str]) -> str:
        """Say why a record is none.

        Raises:
            SourceError: a quote is open, so that no record behind it can be told either.
        """
        if "larger than field limit" in str(error):
            # The rest of its line is gone, and a quote in it might be open.
            if self._quote and (len(lines) > 1 or lines[0].count(self._quote) % 2):
                what = f"is not closed within {csv.field_size_limit():,} characters"
                raise unclosed(self._source, row, what) from None
            return _too_long(self._field)
        return next((why for word, why in _FAULTS.items() if word in str(error)), "no CSV record")

    def _judge(self, fields: list[str], lines: list[str]) -> str | None:
        """Say what is wrong with a record, if anything is."""
        if len(fields) != self._width:
            return f"expected {self._width} fields, found {len(fields)}"
        if not self._nul and any("\0" in field for field in fields):
            return NUL
        if max(map(len, fields)) > self._field:
            return _too_long(self._field)
        most = self._source.limits.record_bytes
        if sum(map(len, lines)) * 4 > most and sum(len(line.encode()) for line in lines) > most:
            return f"the record is longer than {most:,} bytes (limits.record_mb)"
        return None


def _too_long(most: int) -> str:
    return f"a field is longer than {most:,} characters (limits.field_chars)"


def _quotes(delimiter: str, quote: str) -> re.Pattern[bytes]:
    """Match text without quotes, and quoted fields that begin and end where a field does."""
    ends, q = re.escape(delimiter.encode()), quote.encode()
    field = rb"%b[^%b]*+(?:%b%b[^%b]*+)*%b" % (q, q, q, q, q, q)
    return re.compile(rb"(?:[^%b]*+(?<![^%b\n])%b(?=[%b\r\n]))*[^%b]*+" % (q, ends, field, ends, q))


def _has_long_line(block: bytes, longest: int) -> bool:
    """Tell whether a line might be longer than so many bytes.

    Such a line covers a whole window of half its length.
    """
    window = max(longest // 2, 1)
    if len(block) < window:
        return False
    starts = range(0, len(block) - window + 1, window)
    return any(block.find(b"\n", at, at + window) < 0 for at in starts)


def _count_in_values(frame: pl.DataFrame, text: str) -> pl.Series:
    """Count a text in each row's values."""
    count = pl.all().str.count_matches(text, literal=True).fill_null(0)
    return frame.select(pl.sum_horizontal(count)).to_series()
