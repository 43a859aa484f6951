"""Files of lines: how they begin, where their lines end, and what their last line says."""

import re
from collections.abc import Callable
from functools import cache

from connectors.files.blocks import Blocks
from connectors.files.decoding import UNREADABLE
from connectors.files.source import FileSource, SourceError

SKIP = "skip"
"""The name in a trailer that matches anything and is not told."""
_HEAD = 64 << 10
_LONGEST_TRAILER = 4096
NUL = "the row holds a NUL byte"


class Start:
    """The bytes that a file begins with, as many as are needed.

    Attributes:
        data: them.
        mac: whether a carriage return alone ends a line; `data` has line feeds in their place.
    """

    def __init__(self, blocks: Blocks) -> None:
        self.data = b""
        self.mac = False
        self._blocks = blocks
        self._ended = False

    def fill(self, enough: Callable[[bytes], object]) -> None:
        """Read on until there is enough, or the file ends."""
        while not self._ended and not enough(self.data):
            more = self._blocks.more(self.data)
            self._ended = more is None
            self.data = more if more is not None else self.data
            # Files of old Macs, and of some tills: it takes a while to be sure of it.
            if not self.mac and (self._ended or len(self.data) >= _HEAD):
                self.mac = b"\r" in self.data and b"\n" not in self.data
            if self.mac:
                self.data = self.data.replace(b"\r", b"\n")

    def skip(self, source: FileSource, lines: int) -> int:
        """Return the offset behind so many lines.

        Raises:
            SourceError: there are not so many.
        """
        if not lines:
            return 0
        self.fill(lambda data: end_of_lines(data, lines))
        if end := end_of_lines(self.data, lines):
            return end
        what = f"the file ends within the {lines:,} lines before its rows"
        hint = "correct the feed's skip_lines, or ask for the whole file"
        raise SourceError(source.path, what, hint, row=self.data.count(b"\n") + 1)

    def decode(self, source: FileSource, begin: int, end: int, line: int, *, nul: bool) -> str:
        """Decode a part of it, which names the columns; NUL may be among them only if said.

        Raises:
            SourceError: it is no text, or not in the encoding.
        """
        if not nul and b"\0" in self.data[begin:end]:
            what = f"line {line:,} holds NUL bytes, so this is no text that could be read"
            hint = "check the feed's format, or say source.encoding: utf-16"
            raise SourceError(source.path, what, hint, row=line)
        text = self._blocks.decode(self.data[begin:end])
        if UNREADABLE in text:
            what = f"line {line:,} holds a byte that is not {source.encoding or 'UTF-8'}"
            hint = "say source.encoding, such as cp1252"
            raise SourceError(source.path, what, hint, row=line)
        return text


def end_of_lines(data: bytes, lines: int, begin: int = 0) -> int:
    """Return the offset behind so many lines; 0 if there are fewer."""
    end = begin
    for _ in range(lines):
        end = data.find(b"\n", end) + 1
        if not end:
            return 0
    return end


def end_of_records(rest: bytes, *, trailer: bool) -> int:
    """Return where the whole lines end; with a trailer the last line that is not blank is left."""
    if trailer:
        rest = rest.rstrip(b" \r\n")
    return rest.rfind(b"\n") + 1


def take_trailer(source: FileSource, blocks: Blocks, rest: bytes, line: int) -> bytes:
    """Tell what a file's last line says, and return what stands before it.

    Args:
        source: what `trailer` it has.
        blocks: where to tell it.
        rest: the end of the file, from the start of a line.
        line: the number of that line.

    Raises:
        SourceError: the last line is not as the trailer says.
    """
    assert source.trailer is not None
    end = end_of_records(rest, trailer=True)
    text = rest[end:].strip(b" \r\n")
    said = match_trailer(source.trailer, blocks.decode(text))
    if said is None:
        last = line + rest.count(b"\n", 0, end)
        what = f"the last line (line {last:,}) is not the trailer {source.trailer!r}"
        hint = "ask for the whole file if it is cut off, or correct the feed's trailer"
        raise SourceError(source.path, what, hint, row=last)
    for name, value in said.items():
        blocks.tell(name, value)
    return rest[:end]


def match_trailer(pattern: str, text: str) -> dict[str, str] | None:
    """Tell what a last line says, by the names in the pattern; None if it is no such line."""
    found = None
    if len(text) <= _LONGEST_TRAILER:
        found = compile_trailer(pattern).fullmatch(text)
    return {name: value.strip() for name, value in found.groupdict().items()} if found else None


@cache
def compile_trailer(pattern: str) -> re.Pattern[str]:
    """Make a regular expression of a trailer such as `T;{rows};{amount}`.

    What stands in braces is a name, `{skip}` matches anything, all else stands for itself.

    Raises:
        ValueError: a name stands there twice.
    """
    parts = re.split(r"\{([A-Za-z_]\w*)\}", pattern)
    names = [name for name in parts[1::2] if name != SKIP]
    if len(set(names)) < len(names):
        raise ValueError(f"trailer: {pattern!r} names something twice")
    parts[::2] = map(re.escape, parts[::2])
    parts[1::2] = [".*?" if name == SKIP else f"(?P<{name}>.*?)" for name in parts[1::2]]
    return re.compile("".join(parts))
