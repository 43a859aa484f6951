"""Text in any encoding, to UTF-8; what cannot be decoded is one character, and a row's fault."""

import codecs
import csv
import io
import json
import re
from itertools import groupby
from operator import itemgetter
from pathlib import Path

import polars as pl

from connectors.files.faults import KEPT, with_raw
from connectors.files.source import FileSource, SourceError

UNREADABLE = "\U0010fffd"
"""Stands for a byte that could not be decoded, until its row is rejected."""
SHOWN = "\ufffd"
"""Stands for it in what a person sees."""
_ERRORS = "loyalty-etl-unreadable"
_BOMS = {
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF32_LE: "utf-32-le",
    codecs.BOM_UTF32_BE: "utf-32-be",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
}
_DECLARED = re.compile(rb"""<\?xml\s[^>]*?encoding\s*=\s*["']([^"'>]{1,40})["']""")
_KNOWN = re.compile(r"ascii|utf-8|utf-(16|32)(-[lb]e)?|iso8859-\d+|cp\d+|koi8-[ru]|mac-roman")
_HEAD = 1024


def _mark(error: UnicodeError) -> tuple[str, int]:
    assert isinstance(error, UnicodeDecodeError)
    return UNREADABLE, error.end


codecs.register_error(_ERRORS, _mark)


def needs_more(head: bytes, form: str) -> bool:
    """Tell whether a file's first bytes do not say yet how it is encoded."""
    if len(head) < len(codecs.BOM_UTF32_LE):
        return True
    begun = form == "xml" and head.lstrip(codecs.BOM_UTF8).startswith(b"<?xml")
    return begun and b"?>" not in head and len(head) < _HEAD


def find_encoding(path: Path, head: bytes, named: str | None, form: str) -> tuple[str, int]:
    """Tell by a file's first bytes, and what its feed says, how it is encoded.

    Args:
        path: the file, for the message.
        head: its first bytes.
        named: the encoding that the feed names.
        form: the format: XML may tell its encoding itself.

    Returns:
        The encoding, and how many bytes its byte order mark has.

    Raises:
        SourceError: the two contradict each other, or the encoding is not known.
    """
    name = _name(path, named) if named else ""
    for mark, encoding in _BOMS.items():
        if head.startswith(mark):
            if not encoding.startswith(name):
                what = f"it begins with the byte order mark of {encoding}, not of {named}"
                raise SourceError(path, what, "correct source.encoding, or the file", byte=0)
            return encoding, len(mark)
    if name in {"utf-16", "utf-32"}:
        what = f"it has no byte order mark, so {name} may be one of two"
        raise SourceError(path, what, f"say source.encoding: {name}-le (or -be)", byte=0)
    if not name and form == "xml":
        name = _declared(path, head)
    return name or "utf-8", 0


def _declared(path: Path, head: bytes) -> str:
    """Tell an XML document's encoding as appendix F of XML 1.0 has it."""
    for start, encoding in ((b"<\0?\0", "utf-16-le"), (b"\0<\0?", "utf-16-be")):
        if head.startswith(start):
            return encoding
    found = _DECLARED.match(head.lstrip())
    name = _name(path, found[1].decode("latin-1"), "the XML declares") if found else "utf-8"
    # Whoever declares UTF-16 in single bytes has converted the file and not the declaration.
    return "utf-8" if name == "ascii" or name.startswith(("utf-16", "utf-32")) else name


def _name(path: Path, encoding: str, who: str = "the feed names") -> str:
    """Give Python's name of an encoding."""
    try:
        name = codecs.lookup(encoding).name.removesuffix("-sig")
    except (LookupError, ValueError):
        name = ""
    if not _KNOWN.fullmatch(name):
        what = f"{who} the encoding {encoding!r}, which is not known"
        raise SourceError(path, what, "say source.encoding, or write it as UTF-8", byte=0)
    return name


class Decoder:
    """Bytes of one encoding to UTF-8, block by block."""

    def __init__(self, encoding: str) -> None:
        self.unreadable = False
        self._decoder = codecs.getincrementaldecoder(encoding)(_ERRORS)

    def decode(self, block: bytes, *, at_end: bool) -> bytes:
        """Return the block as UTF-8, without a character that its end cuts in two."""
        text = self._decoder.decode(block, at_end)
        self.unreadable |= UNREADABLE in text
        return text.encode("utf-8", "replace")


class Checker:
    """UTF-8 that is looked at, and decoded only where it is none."""

    def __init__(self) -> None:
        self.unreadable = False
        self._cut = b""

    def decode(self, block: bytes, *, at_end: bool) -> bytes:
        """Return the block, mended if need be, without a character that its end cuts in two."""
        data = self._cut + block if self._cut else block
        self._cut = b""
        if data.isascii():
            return data
        if not at_end and (cut := _cut_off(data)):
            data, self._cut = data[:-cut], data[-cut:]
        if is_utf8(data):
            return data
        self.unreadable = True
        return mend(data)


def is_utf8(data: bytes) -> bool:
    """Tell whether bytes are UTF-8; polars looks at many at once."""
    try:
        pl.Series([data], dtype=pl.Binary).cast(pl.String)
    except pl.exceptions.PolarsError:
        return False
    return True


def mend(data: bytes) -> bytes:
    """Put `UNREADABLE` in the place of what is not UTF-8."""
    return decode_utf8(data).encode()


def decode_utf8(data: bytes) -> str:
    """Decode UTF-8 with `UNREADABLE` for what is none."""
    return data.decode("utf-8", _ERRORS)


def _cut_off(data: bytes) -> int:
    """Count the bytes of a character that has begun at the end and is not whole."""
    for back in range(1, min(4, len(data) + 1)):
        byte = data[-back]
        if byte >= 0xC0:
            length = 2 if byte < 0xE0 else 3 if byte < 0xF0 else 4
            return back if back < length else 0
        if byte < 0x80:
            break
    return 0


def mark_unreadable(
    frame: pl.DataFrame, source: FileSource, encoding: str, delimiter: str = ""
) -> pl.DataFrame:
    """Make faults of the rows that hold `UNREADABLE`; their values become null.

    Args:
        frame: rows as a format's reader gives them, whole records where they have items.
        source: where they come from.
        encoding: what their bytes should have been.
        delimiter: of a CSV, so that `_raw` is a line; otherwise it is JSON.
    """
    own = [name for name in frame.columns if name not in {"_row", "_fault", "_raw"}]
    holds = pl.any_horizontal(pl.col(own).str.contains(UNREADABLE, literal=True).fill_null(False))
    if "_fault" in frame.columns:
        shown = pl.col("_fault", "_raw").str.replace_all(UNREADABLE, SHOWN, literal=True)
        frame = frame.with_columns(shown)
    if not own or not (bad := frame.select(holds).to_series()).any():
        return frame
    why = f"holds a byte that is not {encoding.upper()}"
    hint = ""
    if encoding == "utf-8" and not source.encoding:
        hint = "; if the file is cp1252, say source.encoding: cp1252"
    if source.items:
        marked = frame.select("_row", bad.alias("_bad"))
        bad = marked.select(pl.col("_bad").any().over("_row")).to_series()
    faults = []
    for row, rows in groupby(frame.filter(bad).select("_row", *own).iter_rows(), itemgetter(0)):
        lines = [line[1:] for line in rows]
        column, at = _first(own, lines)
        raw = _raw(own, lines, delimiter).replace(UNREADABLE, SHOWN)
        told = f"{why} (character {at:,} of {column!r}){hint}"
        faults.append((row, with_raw(told, raw), raw[:KEPT]))
    schema = {"_row": pl.Int64, "_fault": pl.String, "_raw": pl.String}
    marked = pl.DataFrame(faults, schema=schema, orient="row")
    whole = pl.concat([frame.filter(~bad), marked], how="diagonal")
    return whole.select("_row", *own, "_fault", "_raw").sort("_row", maintain_order=True)


def _first(names: list[str], lines: list[tuple[str | None, ...]]) -> tuple[str, int]:
    """Give the column, and the character in it, of the first byte that could not be decoded."""
    for line in lines:
        for name, value in zip(names, line, strict=True):
            if value and UNREADABLE in value:
                return name, value.index(UNREADABLE) + 1
    raise AssertionError("none of the rows holds one")


def _raw(names: list[str], lines: list[tuple[str | None, ...]], delimiter: str) -> str:
    """Write the values of a record as its source may have had them."""
    if not delimiter:
        records = [{n: v for n, v in zip(names, line, strict=True) if v is not None}
                   for line in lines]  # fmt: skip
        return json.dumps(records[0] if len(records) == 1 else records, ensure_ascii=False)
    text = io.StringIO()
    csv.writer(text, delimiter=delimiter, lineterminator="\n").writerows(lines)
    return text.getvalue().rstrip("\n")
