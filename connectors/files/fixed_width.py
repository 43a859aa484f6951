"""Text of fixed width: each line is a record, each column stands at its place in it."""

from collections.abc import Iterator

import polars as pl

from connectors.files.blocks import Blocks
from connectors.files.faults import Fault, add_faults
from connectors.files.lines import NUL, Start, end_of_records, take_trailer
from connectors.files.source import FileSource

_BLANKS = " \t"
_SHOWN = "\ufffd"


def read_fixed(source: FileSource, blocks: Blocks) -> Iterator[pl.DataFrame]:
    """Yield a frame per block: `_row`, the source's columns, perhaps `_fault` and `_raw`.

    Places are counted in characters. Blanks around a value are taken off, and blank lines are
    skipped. A line that ends before the last of `source.fields` begins, or that goes on behind it
    with more than blanks, is a fault.

    Raises:
        ValueError: a column has no place in `source.fields`.
        SourceError: the last line is not the trailer, or the file ends within the lines to skip.
    """
    if missing := [name for name in source.columns if name not in source.fields]:
        raise ValueError(f"fields: {', '.join(missing)} has no place")
    start = Start(blocks)
    begin = start.skip(source, source.skip_lines)
    start.fill(lambda data: b"\n" in data[begin:])
    lines = _Lines(source)
    trailer = source.trailer is not None
    more: bytes | None = start.data[begin:]
    rest = b""
    while more is not None:
        rest = more.replace(b"\r", b"\n") if start.mac else more
        if end := end_of_records(rest, trailer=trailer):
            frame = lines.parse(blocks.decode(rest[:end]))
            yield from [frame] if frame.height else []
            rest = rest[end:]
        more = blocks.more(rest)
    if trailer:
        rest = take_trailer(source, blocks, rest, lines.line)
    frame = lines.parse(blocks.decode(rest))
    yield from [frame] if frame.height else []


class _Lines:
    """Whole lines of one file, to frames."""

    def __init__(self, source: FileSource) -> None:
        self._source = source
        ends = {name: first - 1 + length for name, (first, length) in source.fields.items()}
        last = max(ends, key=lambda name: ends[name])
        self._least = max([0, *(end for name, end in ends.items() if name != last)])
        self._most = ends[last]
        self._columns = []
        for name in source.columns:
            first, length = source.fields[name]
            text = pl.col("_line").str.slice(first - 1, length).str.strip_chars(_BLANKS)
            self._columns.append(pl.when(text != "").then(text).alias(name))
        self.line = 1 + source.skip_lines
        """The number of the next line."""

    def parse(self, text: str) -> pl.DataFrame:
        """Read whole lines."""
        lines = pl.Series("_line", [text]).str.split("\n").explode()
        if text.endswith("\n") or not text:
            lines = lines.head(len(lines) - 1)
        frame = lines.str.strip_suffix("\r").to_frame().with_row_index("_row", self.line)
        self.line += frame.height
        frame = frame.filter(pl.col("_line").str.strip_chars(_BLANKS) != "")
        faults = self._judge(frame["_line"])
        frame = frame.select(pl.col("_row").cast(pl.Int64), *self._columns)
        if faults:
            bad = pl.Series(faults.keys(), dtype=pl.UInt32)
            at = pl.int_range(frame.height, dtype=pl.UInt32, eager=True)
            good = ~at.is_in(bad.implode())
            frame = frame.with_columns(pl.when(good).then(pl.exclude("_row")))
        return add_faults(frame, faults)

    def _judge(self, lines: pl.Series) -> dict[int, Fault]:
        """Say which lines are not as the fields say, by their places."""
        length = lines.str.len_chars()
        checks = {
            "nul": lines.str.contains("\0", literal=True),
            "short": length < self._least,
            "long": (length > self._most)
            & (lines.str.slice(self._most).str.strip_chars(_BLANKS) != ""),
        }
        faults: dict[int, Fault] = {}
        for what, bad in checks.items():
            for at in bad.arg_true():
                faults.setdefault(at, self._fault(what, lines[at], length[at]))
        return faults

    def _fault(self, what: str, line: str, length: int) -> Fault:
        raw = line.replace("\0", _SHOWN)
        if what == "nul":
            return Fault(NUL, raw)
        if what == "short":
            return Fault(
                f"the line has {length:,} characters, its fields need {self._least:,}", raw
            )
        return Fault(f"the line goes on behind its last field, character {self._most:,}", raw)
