"""What the pages of a Parquet file say of their size, before room is made for what they hold.

The library takes as much memory as a page's header says. Headers and the footer are in Thrift's
compact protocol, of which there is as much here as it takes to find those numbers:
https://github.com/apache/thrift/blob/master/doc/specs/thrift-compact-protocol.md
"""

import mmap
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

_DEPTH, _FOOTER, _MOST = 32, 16 << 20, 1_000_000
_TRUE, _FALSE, _BYTE, _DOUBLE, _BINARY, _LIST, _SET, _STRUCT = 1, 2, 3, 7, 8, 9, 10, 12


class Page(NamedTuple):
    """Bytes that a page has in the file, and that its header says it unpacks to."""

    packed: int
    unpacked: int


def list_pages(path: Path) -> Iterator[Page]:
    """List the pages of a Parquet file, as far as they can be made out: it may be damaged.

    One that says it is longer than the rest of the file is the last of its column.
    """
    with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
        size = int.from_bytes(data[-8:-4], "little")
        if size > _FOOTER:
            return
        try:
            footer = _Thrift(data, len(data) - 8 - size).struct()
        except (IndexError, ValueError):
            return
        for group in _some(footer, 4):
            for chunk in _some(group, 1):
                yield from _pages_of(data, chunk.get(3))


def _some(fields: dict[int, object], number: int) -> list[dict[int, object]]:
    found = fields.get(number)
    return [each for each in found if isinstance(each, dict)] if isinstance(found, list) else []


def _pages_of(data: mmap.mmap, chunk: object) -> Iterator[Page]:
    if not isinstance(chunk, dict):
        return
    begins = [chunk.get(number) for number in (9, 11)]  # of its data, and of its dictionary
    at = min((at for at in begins if isinstance(at, int) and at > 0), default=0)
    packed = chunk.get(7)
    end = min(at + packed, len(data)) if at and isinstance(packed, int) else 0
    while at < end:
        try:
            thrift = _Thrift(data, at)
            header = thrift.struct()
        except (IndexError, ValueError):
            return
        unpacked, packed = header.get(2), header.get(3)
        if not isinstance(unpacked, int) or not isinstance(packed, int) or packed < 0:
            return
        yield Page(packed, unpacked)
        at = thrift.at + packed


class _Thrift:
    """Reads values one after the other; raises IndexError or ValueError where there are none."""

    def __init__(self, data: mmap.mmap, at: int) -> None:
        if at < 0:
            raise IndexError
        self._data = data
        self.at = at

    def struct(self, depth: int = 0) -> dict[int, object]:
        """Read the numbers, lists and structs of a struct, by the numbers of its fields."""
        if depth > _DEPTH:
            raise ValueError
        fields: dict[int, object] = {}
        number = 0
        while (head := self._byte()) != 0:
            number = number + (head >> 4) if head >> 4 else self._integer()
            kind = head & 15
            fields[number] = kind == _TRUE if kind <= _FALSE else self._value(kind, depth)
        return fields

    def _value(self, kind: int, depth: int) -> object:
        if kind in {_TRUE, _FALSE, _BYTE}:
            return self._byte()
        if kind < _DOUBLE:
            return self._integer()
        if kind == _DOUBLE:
            self._skip(8)
            return None
        if kind == _BINARY:
            self._skip(self._unsigned())
            return None
        if kind in {_LIST, _SET}:
            head = self._byte()
            count = head >> 4 if head >> 4 < 15 else self._unsigned()
            if count > _MOST:
                raise ValueError
            return [self._value(head & 15, depth + 1) for _ in range(count)]
        if kind == _STRUCT:
            return self.struct(depth + 1)
        raise ValueError  # Parquet has no maps

    def _byte(self) -> int:
        byte = self._data[self.at]
        self.at += 1
        return byte

    def _unsigned(self) -> int:
        number = shift = 0
        while (byte := self._byte()) & 128:
            number |= (byte & 127) << shift
            shift += 7
            if shift > 70:
                raise ValueError
        return number | byte << shift

    def _integer(self) -> int:
        number = self._unsigned()
        return (number >> 1) ^ -(number & 1)

    def _skip(self, count: int) -> None:
        self.at += count
        if self.at > len(self._data):
            raise IndexError
