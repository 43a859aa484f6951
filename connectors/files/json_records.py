"""JSON arrays and NDJSON: polars reads a block at once, the json module judges a doubtful one."""

import re
from collections.abc import Iterator

import polars as pl

from connectors.files.blocks import Blocks
from connectors.files.json_columns import Columns
from connectors.files.json_envelope import Envelope
from connectors.files.json_judge import Judge
from connectors.files.nested import Layout
from connectors.files.source import FileSource, SourceError

BLANKS = b" \t\r\n"
"""Those of JSON; to Python a vertical tab is one too."""
_BORDER = re.compile(rb"\}[ \t\r\n]*,[ \t\r\n]*(?=\{)")
_TAIL = 16 << 10
_WRITE_AGAIN = "have it written again, it is damaged or cut off"


def read_lines(source: FileSource, blocks: Blocks) -> Iterator[pl.DataFrame]:
    """Yield a frame per block of NDJSON; blank lines are skipped, a line in error is a fault.

    Raises:
        SourceError: the file is a JSON array, or not UTF-8.
    """
    layout = Layout.of(source)
    columns, judge = Columns(layout, source.limits), Judge(layout, source.limits)
    rest, line, at_end, begun = b"", 1, False, False
    while not at_end:
        more = blocks.more(rest)
        at_end = more is None
        rest = rest + b"\n" if more is None else more
        if not begun and (start := rest.lstrip(BLANKS)[:1]):
            begun = True
            if start == b"[":
                hint = 'set the feed\'s format to "json"'
                raise SourceError(source.path, "the file is a JSON array, not NDJSON", hint, row=1)
        end = rest.rfind(b"\n") + 1
        block, rest = rest[:end], rest[end:]
        lines = block.count(b"\n")
        records = columns.read(b"[" + block[:-1].replace(b"\n", b",") + b"]")
        if records is not None and records.height == lines:
            yield layout.flatten(records, _count(line, lines))
        elif block.strip(BLANKS):
            yield judge.read_lines(block.decode(), line)
        line += lines


def read_array(source: FileSource, blocks: Blocks) -> Iterator[pl.DataFrame]:
    """Yield a frame per block of a JSON array of objects; a record of another shape is a fault.

    Raises:
        SourceError: not an array of objects, malformed, cut off, or more behind its end.
    """
    layout = Layout.of(source)
    columns, judge = Columns(layout, source.limits), Judge(layout, source.limits)
    envelope = Envelope(source, blocks) if source.record else None
    rest = envelope.open() if envelope else _open_array(source, blocks)
    done, closed, at_end = 0, False, False
    while not closed:
        records, used = _whole(rest, columns) if at_end else _up_to_border(rest, columns)
        if records is not None:
            yield layout.flatten(records, _count(done + 1, records.height))
            done += records.height
            closed = at_end
        else:
            start = blocks.offset - len(rest)
            text = rest.decode()
            verdict = judge.read_array(text, done + 1, at_end=at_end)
            if verdict.records:
                yield verdict.frame
            done += verdict.records
            if verdict.error:
                byte = start + len(text[: verdict.at].encode())
                raise _broken(source, verdict.error, done + 1, byte, cut=verdict.at == len(text))
            used, closed = len(text[: verdict.used].encode()), verdict.closed
        rest = rest[used:]
        if not closed:
            more = blocks.more(rest)
            rest, at_end = (rest, True) if more is None else (more, False)
    if envelope:
        envelope.close(rest)
    else:
        _check_end(source, blocks, rest)


def _open_array(source: FileSource, blocks: Blocks) -> bytes:
    """Return what stands behind the opening bracket in the first block that has something."""
    data = b""
    while not data.lstrip(BLANKS):
        more = blocks.more(data)
        if more is None:
            what, hint = "the file holds only white space", "have it written again"
            raise SourceError(source.path, what, hint, byte=0)
        data = more
    text = data.lstrip(BLANKS)
    if text[:1] == b"[":
        return text[1:]
    kinds = {b"{": "an object", b'"': "a text", b"<": "XML or HTML"}
    what = f"the file holds {kinds.get(text[:1], 'something else')}, not a JSON array of objects"
    lines = text[:1] == b"{" and re.search(rb"\}[ \t\r]*\n\s*\{", text)
    hint = 'set the feed\'s format to "ndjson"' if lines else "name the format the file has"
    raise SourceError(source.path, what, hint, row=1, byte=0)


def _check_end(source: FileSource, blocks: Blocks, rest: bytes | None) -> None:
    while rest is not None:
        if rest.strip(BLANKS):
            byte = blocks.offset - len(rest.lstrip(BLANKS))
            what = f"something follows the end of the JSON array (byte {byte:,})"
            raise SourceError(source.path, what, _WRITE_AGAIN, byte=byte)
        rest = blocks.more(b"")


def _broken(source: FileSource, why: str, row: int, byte: int, *, cut: bool) -> SourceError:
    what = "the JSON array is cut off" if cut else f"malformed JSON: {why}"
    return SourceError(
        source.path, f"{what} (record {row:,}, byte {byte:,})", _WRITE_AGAIN, row=row, byte=byte
    )


def _whole(rest: bytes, columns: Columns) -> tuple[pl.DataFrame | None, int]:
    """Read the array's end, unless that is the bracket alone, where a record may be missing."""
    return None if rest.strip(BLANKS) == b"]" else columns.read(b"[" + rest), len(rest)


def _up_to_border(rest: bytes, columns: Columns) -> tuple[pl.DataFrame | None, int]:
    """Read the records before the last border between two, and say where the next begins.

    A border is looked for near the end, then everywhere. A block that parses was cut at the
    top level: it began there, and its brackets balance.
    """
    for tail in sorted({min(_TAIL, len(rest)), len(rest)}):
        if border := last_border(rest, len(rest) - tail):
            records = columns.read(b"[" + rest[: border.start() + 1] + b"]")
            if records is not None:
                return records, border.end()
    return None, 0


def last_border(data: bytes, begin: int) -> re.Match[bytes] | None:
    """Return the last `},{` of those in the fewest arrays: not one between two items."""
    best, depth, lowest, at = None, 0, 0, begin
    for spot in _BORDER.finditer(data, begin):
        piece = data[at : spot.end()]
        depth += piece.count(b"[") - piece.count(b"]")
        at = spot.end()
        if best is None or depth <= lowest:
            best, lowest = spot, depth
    return best


def _count(first: int, count: int) -> pl.Series:
    return pl.int_range(first, first + count, dtype=pl.Int64, eager=True)
