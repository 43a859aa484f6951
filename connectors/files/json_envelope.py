"""The objects around an array of records: `export.members` and what stands beside it.

What is not wanted is skipped, not built: of it only strings and brackets are looked at. A text is
whole before the array is opened, and the document must end as it should behind it.
"""

import json
import re
from collections.abc import Iterator

from connectors.files.blocks import Blocks
from connectors.files.paths import parse_names
from connectors.files.source import FileSource, SourceError

_SPACE = re.compile(rb"[ \t\r\n]*+")
_STRING = re.compile(rb'"((?:[^"\\]++|\\.)*)"', re.DOTALL)
_INSIDE = re.compile(rb'(?:[^"\\]++|\\.)*', re.DOTALL)
_BRACKET = re.compile(rb'[^"\[\]{}]*+')
_SCALAR = re.compile(rb"[^ \t\r\n,\[\]{}:\"]*+")
_LITERAL = re.compile(rb"-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?|true|false|null")
_SHOWN, _LONG = 12, 80  # names in a message, and their characters
_DAMAGED = "have it written again, it is damaged or cut off"


class Envelope:
    """One document on its way past: first up to the array, then from behind it to the end.

    Args:
        source: whose `record` is the path of the array, and `totals` those of what is told.
        blocks: the file.
    """

    def __init__(self, source: FileSource, blocks: Blocks) -> None:
        self._source = source
        self._blocks = blocks
        self._array = parse_names(source.record or "", "record")
        self._totals = {parse_names(p, "totals"): name for name, p in source.totals.items()}
        self._data = b""
        self._at = 0
        self._names: dict[str, None] = {}
        self._found = False
        self._walk = self._document()

    def open(self) -> bytes:
        """Go to the array's opening bracket, and return what was read of the file behind it.

        Raises:
            SourceError: there is no such array, or the document is malformed before it.
        """
        next(self._walk)
        return self._data[self._at :]

    def close(self, rest: bytes) -> None:
        """Go on behind the array's closing bracket, where `rest` stands, to the document's end.

        Raises:
            SourceError: the document is malformed, cut off, or does not end there.
        """
        self._data, self._at = rest, 0
        next(self._walk, None)

    def _document(self) -> Iterator[None]:
        """Walk through the document, with a stop behind the array's opening bracket."""
        if self._peek() != b"{":
            kinds = {b"[": "an array", b"<": "XML or HTML"}
            kind = kinds.get(self._peek(), "something else")
            what = f"the file holds {kind}, not an object with {self._source.record} in it"
            hint = "leave record out of the feed's source, or name the format the file has"
            raise SourceError(self._source.path, what, hint, row=1, byte=0)
        yield from self._object(())
        if self._peek():
            raise self._wrong("something follows the end of the JSON document")
        if not self._found:
            path, names = self._source.record, ", ".join(self._names)
            what = f"no {path} in it; there are {names or 'no names at all'}"
            raise SourceError(self._source.path, what, "correct the feed's record path")

    def _object(self, path: tuple[str, ...]) -> Iterator[None]:
        self._expect(b"{")
        if self._peek() == b"}":
            self._at += 1
            return
        seen: set[tuple[str, ...]] = set()
        while True:
            here = (*path, self._string())
            if here in seen:
                raise self._wrong(f"{'.'.join(here)[:_LONG]!r} stands twice")
            if self._leads_on(here):
                seen.add(here)
            if path == self._array[: len(path)] and len(self._names) < _SHOWN:
                self._names.setdefault(".".join(here)[:_LONG])
            self._expect(b":")
            yield from self._member(here)
            if self._peek() == b"}":
                self._at += 1
                return
            self._expect(b",")

    def _member(self, here: tuple[str, ...]) -> Iterator[None]:
        first = self._peek()
        if here == self._array:
            if first != b"[":
                raise self._wrong(f"{self._source.record} is no array")
            self._at += 1
            self._found = True
            yield
        elif first == b"{" and self._leads_on(here):
            yield from self._object(here)
        elif here in self._totals and first not in {b"{", b"["}:
            text = self._string() if first == b'"' else self._scalar()
            self._blocks.tell(self._totals[here], text)
        else:
            self._skip()

    def _leads_on(self, here: tuple[str, ...]) -> bool:
        return any(path[: len(here)] == here for path in (self._array, *self._totals))

    def _peek(self) -> bytes:
        """Return the byte behind white space, which is passed; none at the file's end."""
        while True:
            space = _SPACE.match(self._data, self._at)
            assert space is not None
            self._at = space.end()
            if self._at < len(self._data) or not self._more():
                return self._data[self._at : self._at + 1]

    def _more(self) -> bool:
        more = self._blocks.more(self._data[self._at :])
        if more is not None:
            self._data, self._at = more, 0
        return more is not None

    def _expect(self, mark: bytes) -> None:
        found = self._peek()
        if found != mark:
            raise self._wrong(f"expecting {mark.decode()!r}" if found else "")
        self._at += 1

    def _string(self) -> str:
        if self._peek() != b'"':
            raise self._wrong("expecting a name in quotes" if self._peek() else "")
        while not (found := _STRING.match(self._data, self._at)):
            if not self._more():
                raise self._wrong("")
        try:
            value = json.loads(found[0])
        except ValueError:
            raise self._wrong("a text that is none") from None
        self._at = found.end()
        return str(value)

    def _scalar(self) -> str:
        """Return a number, exactly as it stands, or true, false or null."""
        self._peek()
        while True:
            found = _SCALAR.match(self._data, self._at)
            assert found is not None
            if found.end() < len(self._data) or not self._more():
                break
        if not _LITERAL.fullmatch(found[0]):
            raise self._wrong("a value that is none")
        self._at = found.end()
        return found[0].decode()

    def _skip(self) -> None:
        """Pass a value by; nothing of it is kept."""
        if self._peek() not in {b'"', b"{", b"["}:
            self._scalar()
            return
        open_: bytearray = bytearray()
        while True:
            self._pass(_BRACKET)
            mark = self._data[self._at]
            self._at += 1
            if mark == ord('"'):
                self._pass(_INSIDE)
                self._at += 1
            elif mark in b"[{":
                open_.append(mark + 2)  # what closes it
                if len(open_) > self._deepest:
                    raise self._wrong(f"nested more than {self._deepest} deep")
            elif not open_ or open_.pop() != mark:
                raise self._wrong("a bracket closes another than the one last opened")
            if not open_:
                return

    @property
    def _deepest(self) -> int:
        return self._source.limits.depth

    def _pass(self, pattern: re.Pattern[bytes]) -> None:
        """Pass what a pattern matches, as far as a character that it does not."""
        while True:
            found = pattern.match(self._data, self._at)
            assert found is not None
            self._at = found.end()
            cut_escape = self._data[self._at :] == b"\\"
            if self._at < len(self._data) and not cut_escape:
                return
            if not self._more():
                raise self._wrong("")

    def _wrong(self, why: str) -> SourceError:
        """Say what is wrong here; that the file is cut off, if it has no more."""
        byte = self._blocks.offset - len(self._data) + self._at
        what = f"malformed JSON: {why}" if why else "the JSON is cut off"
        return SourceError(self._source.path, f"{what} (byte {byte:,})", _DAMAGED, byte=byte)
