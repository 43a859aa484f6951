"""What stands before the rows of a CSV: a `sep=` line, lines to skip, and the header."""

import csv
import io
import re
from collections.abc import Collection
from pathlib import Path
from typing import TYPE_CHECKING, Literal, NamedTuple

from connectors.files.blocks import Blocks
from connectors.files.lines import Start, end_of_lines
from connectors.files.mended import find_delimiter, unescape_name
from connectors.files.source import ADDED, READERS, FileSource, NoColumns, SourceError

if TYPE_CHECKING:
    from _csv import Reader

CLOSE_QUOTE = "close the quote, or double a quote that belongs to a value"
_HEAD = 64 << 10
"""Bytes within which a file of rejects is known by its header."""
_SHOWN = 500
"""Characters of the names that are there, in a message."""
_SEP = re.compile(rb'"?sep=([^\r\n"])"?(?:\r?\n|$)', re.IGNORECASE)
_OTHER = "the columns are there if the delimiter is {!r}"
_USUAL = ","
_DELIMITERS = ",;\t|"
_PERSONAL = re.compile(r"[0-9]{4}|@")


class Header(NamedTuple):
    """What stands before the rows of a file.

    Attributes:
        names: its columns; of a file of rejects without what protects them.
        delimiter: what stands between fields.
        quote: what stands around fields that hold delimiters; None if nothing does.
        line_end: what ends a line, LF or CRLF.
        mac: whether a carriage return alone ends a line; `rest` has line feeds for them.
        mended: whether this is a file of rejects.
        rest: the bytes behind it, as far as they were read.
        line: the line on which they begin.
    """

    names: list[str]
    delimiter: str
    quote: str | None
    line_end: str
    mac: bool
    mended: bool
    rest: bytes
    line: int


def read_header(source: FileSource, blocks: Blocks) -> Header:
    """Read and judge what stands before the rows.

    Raises:
        SourceError: the header lacks a column or names one twice, has an unclosed quote or cannot
            be decoded; a `sep=` line contradicts the feed; the file ends before its rows begin.
    """
    start = Start(blocks)
    start.fill(lambda data: first_record(data) or len(data) >= _HEAD)
    marked = find_delimiter(start.data[: first_record(start.data) or _HEAD])
    mended = source.mended or marked is not None
    if mended:
        return _read_names(source, start, marked or source.delimiter, mended=True)
    told = _SEP.match(start.data)
    if told is None:
        return _read_names(source, start, source.delimiter, skip=source.skip_lines)
    delimiter = told[1].decode("latin-1")
    if source.delimiter not in {_USUAL, delimiter}:
        what = (
            f"line 1 says that {delimiter!r} stands between fields, the feed {source.delimiter!r}"
        )
        raise SourceError(source.path, what, "correct the feed's delimiter", row=1)
    return _read_names(source, start, delimiter, skip=max(source.skip_lines, 1))


def _read_names(
    source: FileSource, start: Start, delimiter: str, *, skip: int = 0, mended: bool = False
) -> Header:
    """Take the header out of the start of a file, or the feed's own names."""
    quote = '"' if mended else source.quote
    begin = start.skip(source, skip)
    given = None if mended else source.header
    if given:
        start.fill(lambda data: b"\n" in data[begin:])
        names, end, line = list(given), begin, skip + 1
        where = "`header` of the feed"
        first = start.data[begin : start.data.find(b"\n", begin) + 1]
    else:
        start.fill(lambda data: first_record(data, begin, quote))
        end = first_record(start.data, begin, quote) or len(start.data)
        first = start.data[begin:end]
        text = start.decode(source, begin, end, skip + 1, nul=mended)
        names = _split(source, text, delimiter, quote, skip + 1)
        line = skip + 1 + text.count("\n")
        where = f"the header (line {skip + 1:,})"
    names = [unescape_name(name) for name in names] if mended else _name_blanks(source, names)
    _check_header(source, names, where, delimiter, mended=mended, line=skip + 1)
    line_end = "\r\n" if first.endswith(b"\r\n") else "\n"
    rest = start.data[end:]
    return Header(names, delimiter, quote, line_end, start.mac, mended, rest, line)


def _split(
    source: FileSource, text: str, delimiter: str, quote: str | None, line: int
) -> list[str]:
    lines = io.StringIO(text, newline="\n")
    try:
        return next(csv_reader(lines, delimiter, quote), [])
    except csv.Error as error:
        if "new-line" in str(error):
            what = f"a carriage return stands within the header (line {line:,})"
            raise SourceError(source.path, what, "take it out, or quote it", row=line) from None
        if "larger than field limit" in str(error) and "\n" not in text.rstrip("\r\n"):
            most = csv.field_size_limit()
            what = f"a name in the header (line {line:,}) is longer than {most:,} characters"
            hint = "check that the file has a header, and of what format it is"
            raise SourceError(source.path, what, hint, row=line) from None
        wrong = unclosed(source, line, "is not closed properly")
        if (other := _find_delimiter(source, text)) and other != delimiter:
            what = f"the header (line {line:,}) cannot be read"
            wrong = SourceError(source.path, what, _OTHER.format(other), row=line)
        raise wrong from None


def csv_reader(lines: io.StringIO, delimiter: str, quote: str | None) -> "Reader":
    """Make a reader that judges each record strictly."""
    quoting: Literal[0, 3] = csv.QUOTE_NONE if quote is None else csv.QUOTE_MINIMAL
    return csv.reader(lines, delimiter=delimiter, quotechar=quote, quoting=quoting, strict=True)


def unclosed(source: FileSource, line: int, what: str) -> SourceError:
    """Say that a quote is open: from there on nothing can be told apart."""
    where = f"a quote in the record that starts on line {line:,} {what}"
    return SourceError(source.path, where, CLOSE_QUOTE, row=line)


def is_mended(path: Path) -> bool:
    """Tell by its header whether a file is a rejects.csv or unsent.csv; False if there is none."""
    if not path.is_file():
        return False
    try:
        with Blocks(path, _HEAD) as blocks:
            data = blocks.more(b"") or b""
    except SourceError:  # whoever reads it will say so
        return False
    return find_delimiter(data[: first_record(data) or len(data)]) is not None


def first_record(data: bytes, begin: int = 0, quote: str | None = '"') -> int:
    """Return where the first line ends that leaves no quote open; 0 if there is none."""
    if quote is None:
        return end_of_lines(data, 1, begin)
    quotes, end, mark = 0, begin, quote.encode()
    while line := data.find(b"\n", end) + 1:
        quotes += data.count(mark, end, line)
        end = line
        if quotes % 2 == 0:
            return end
    return 0


def _name_blanks(source: FileSource, names: list[str]) -> list[str]:
    """Give the blank names, unless the feed has just them, a name by their place."""
    named = [
        name if name.strip() or name in source.columns else f"column_{at}"
        for at, name in enumerate(names, 1)
    ]
    missing = set(source.columns).difference(names)
    return names if missing.intersection(named) else named


def _check_header(
    source: FileSource, names: list[str], where: str, delimiter: str, *, mended: bool, line: int
) -> None:
    missing = [name for name in source.columns if name not in names]
    if lacks := " or ".join(repr(name) for name in missing if name in ADDED):
        what = f"{where} has no column {lacks}, so it is no file of rejects"
        hint = "name a rejects.csv or unsent.csv that a run wrote"
    elif missing:
        what = (
            f"{where} lacks {', '.join(map(repr, missing))}; it has {_show(names, source.columns)}"
        )
        hint = "correct the feed's columns or delimiter, or the file"
        if other := _find_delimiter(source, delimiter.join(names)):
            hint = _OTHER.format(other)
        raise NoColumns(source.path, what, hint, row=line)
    elif doubled := sorted({name for name in names if names.count(name) > 1}):
        twice = ", ".join(map(repr, doubled))
        what = f"{where} names {twice} twice; it has {_show(names, source.columns)}"
        hint = "give each column a name of its own, or name all by `header` and set `skip_lines: 1`"
    elif taken := set(names) & set(READERS[:2] if mended else READERS):
        what = f"{where} names {', '.join(map(repr, sorted(taken)))}"
        hint = "rename it: that name is the reader's own"
    else:
        return
    raise SourceError(source.path, what, hint, row=line)


def _show(names: list[str], wanted: Collection[str]) -> str:
    """List names, but none that, without a header, could be a value of a person."""
    personal = {name for name in names if _PERSONAL.search(name)}
    if not {*wanted} & {*names} and personal:  # a row, and no header
        personal = {*names}
    there = ", ".join("…" if name in personal else repr(name) for name in names[:50])
    return (there if len(there) <= _SHOWN else f"{there[:_SHOWN]}…") or "nothing"


def _find_delimiter(source: FileSource, header: str) -> str | None:
    """Tell which delimiter would give all the columns."""
    for other in _DELIMITERS:
        if {*source.columns} <= {name.strip('"\r\n') for name in header.split(other)}:
            return other
    return None
