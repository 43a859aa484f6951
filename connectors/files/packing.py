"""Packed files (gzip, bzip2, Zstandard), unpacked as they are read, and within limits."""

import bz2
import os
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import IO, Any, Protocol

import pyarrow as pa

from connectors.files.source import Limits, SourceError, Stamp

_MAGIC = {
    b"\x1f\x8b": "gzip",
    b"\x28\xb5\x2f\xfd": "Zstandard",
    b"BZh": "bzip2",
    b"PK\x03\x04": "zip",
    b"PK\x05\x06": "zip",
}
_SUFFIXES = {".gz": "gzip", ".zst": "Zstandard", ".bz2": "bzip2", ".zip": "zip"}
_BZIP2 = (b"1AY&SY", b"\x17rE8P\x90")  # behind BZh and a digit: a text may begin with BZh
HEAD = 512
"""Bytes that tell what a file is."""
_AT_ONCE = 128 << 10
_FREE = 16 << 20
"""Bytes that may come out before their ratio to those read is looked at."""
_AGAIN = "have it packed again, it is damaged or cut off"


class Stream(Protocol):
    """Bytes to read front to back."""

    @property
    def consumed(self) -> int:
        """Bytes read of the file as it lies there."""

    def read(self, size: int) -> bytes:
        """Return so many bytes, fewer only at the end."""

    def stamp(self) -> Stamp:
        """Say what the file is now."""

    def close(self) -> None:
        """Close the file."""


class Allowance:
    """What the files of one source may still unpack to.

    Args:
        limits: of the source.
        inside: the packing that a file itself may be of: a workbook is a zip.
    """

    def __init__(self, limits: Limits, inside: str = "") -> None:
        self.limits = limits
        self._inside = inside
        self._out = 0

    def check(self, path: Path, begin: bytes) -> None:
        """See by its beginning that what comes out of a file is no archive.

        Raises:
            SourceError: it is.
        """
        if (kind := kind_of(begin)) and kind != self._inside:
            what = f"what is packed in it is packed itself ({kind})"
            raise SourceError(path, what, "have it packed once")

    def take(self, path: Path, count: int, out: int, consumed: int) -> None:
        """Count bytes that came out of a file, `out` of them in all out of `consumed` packed ones.

        Raises:
            SourceError: they are too many.
        """
        self._out += count
        if self._out > self.limits.unpacked_bytes:
            what = f"it unpacks to more than {self.limits.unpacked_bytes >> 20:,} MB"
            hint = "if that is right, raise source.limits.unpacked_mb"
            raise SourceError(path, what, hint)
        if out > _FREE and out > self.limits.ratio * consumed:
            what = f"it unpacks to more than {self.limits.ratio} times its size"
            raise SourceError(path, what, "if that is right, raise source.limits.ratio")


def kind_of(head: bytes) -> str:
    """Tell by its first bytes how a file is packed; empty if it is not."""
    for magic, kind in _MAGIC.items():
        if head.startswith(magic) and (kind != "bzip2" or _is_bzip2(head)):
            return kind
    return "tar" if head[257:262] == b"ustar" else ""


def _is_bzip2(head: bytes) -> bool:
    return head[3:4].isdigit() and any(begin.startswith(head[4:10]) for begin in _BZIP2)


def open_stream(path: Path, allowance: Allowance) -> Stream:
    """Open a file, plain or packed.

    Raises:
        SourceError: its suffix promises a packing that it has not, or it is one of another kind.
        OSError: it cannot be opened.
    """
    file = path.open("rb", buffering=0)
    try:
        plain = Plain(file)
        if not file.seekable():
            return plain
        head = file.read(HEAD)
        file.seek(0)
        kind = kind_of(head)
        check_suffix(path, head, kind)
        if kind not in _OPENERS:
            return plain
        return Unpacked(path, kind, plain, _OPENERS[kind], allowance)
    except BaseException:
        file.close()
        raise


def check_suffix(path: Path, head: bytes, kind: str) -> None:
    """See that a file is what its name says, and nothing that can never be read.

    Raises:
        SourceError: it is not.
    """
    promised = _SUFFIXES.get(path.suffix.lower())
    if promised and head and kind != promised:
        what = f"the name says {promised}, and the file is not that"
        raise SourceError(path, what, "have it sent again, or name it as it is", byte=0)
    if kind == "tar":
        raise SourceError(path, "this is a tar archive", "pack the files as zip, or one by one")


class Plain:
    """A file as it is."""

    def __init__(self, file: IO[bytes]) -> None:
        self.consumed = 0
        self._file = file

    def read(self, size: int) -> bytes:
        """Return so many bytes, fewer only at the end."""
        block = self._file.read(size)
        if len(block) < size and block:  # a pipe gives what it has
            pieces = [block]
            while len(block) and (size := size - len(block)):
                block = self._file.read(size)
                pieces.append(block)
            block = b"".join(pieces)
        self.consumed += len(block)
        return block

    def stamp(self) -> Stamp:
        """Say what the file is now."""
        return Stamp.of(os.fstat(self._file.fileno()))

    def close(self) -> None:
        """Close the file."""
        self._file.close()


class Unpacked:
    """A packed file, as what comes out of it."""

    def __init__(
        self,
        path: Path,
        kind: str,
        packed: Plain,
        opener: Callable[[Plain], Callable[[int], bytes]],
        allowance: Allowance,
    ) -> None:
        self._path = path
        self._kind = kind
        self._packed = packed
        self._some = opener(packed)
        self._allowance = allowance
        self._out = 0

    @property
    def consumed(self) -> int:
        """Bytes read of the packed file."""
        return self._packed.consumed

    def read(self, size: int) -> bytes:
        """Return so many bytes, fewer only at the end.

        Raises:
            SourceError: the file is damaged, cut off, or holds more than it may.
        """
        pieces = []
        while size > 0 and (piece := self._piece(min(size, _FREE))):
            if not self._out:
                self._allowance.check(self._path, piece)
            self._out += len(piece)
            self._allowance.take(self._path, len(piece), self._out, self.consumed)
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _piece(self, size: int) -> bytes:
        try:
            return self._some(size)
        except EOFError:
            what = f"the {self._kind} file is cut off"
            raise SourceError(self._path, what, _AGAIN, byte=self.consumed) from None
        except (zlib.error, OSError, ValueError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            cut = "truncated" in str(error).lower()
            what = f"the {self._kind} file is {'cut off' if cut else 'damaged'}"
            where = f"{what} (before byte {self.consumed:,})"
            raise SourceError(self._path, where, _AGAIN, byte=self.consumed) from None

    def stamp(self) -> Stamp:
        """Say what the packed file is now."""
        return self._packed.stamp()

    def close(self) -> None:
        """Close the file."""
        self._packed.close()


class _Members:
    """Gzip or bzip2: one member behind another, as `cat` puts them together."""

    def __init__(self, packed: Plain, make: Callable[[], Any]) -> None:
        self._packed = packed
        self._make = make
        self._member: Any = None  # a decompressor of zlib or bz2, which share what is used here
        self._begun = False
        self._data = b""

    def __call__(self, size: int) -> bytes:
        while True:
            if self._member is None:
                if not self._data and not self._fill():
                    return b""
                if self._begun:
                    self._data = self._data.lstrip(b"\0")  # a tape's padding
                    if not self._data:
                        continue
                self._member, self._begun = self._make(), True
            out: bytes = self._member.decompress(self._data, size)
            self._data = getattr(self._member, "unconsumed_tail", b"")
            if self._member.eof:
                self._data = self._member.unused_data
                self._member = None
            elif not out and not self._data and not self._fill():
                raise EOFError
            if out:
                return out

    def _fill(self) -> bool:
        self._data = self._packed.read(_AT_ONCE)
        return bool(self._data)


def _open_gzip(packed: Plain) -> Callable[[int], bytes]:
    return _Members(packed, lambda: zlib.decompressobj(31))


def _open_bzip2(packed: Plain) -> Callable[[int], bytes]:
    return _Members(packed, bz2.BZ2Decompressor)


def _open_zstandard(packed: Plain) -> Callable[[int], bytes]:
    stream = pa.CompressedInputStream(pa.PythonFile(_Readable(packed), "r"), "zstd")

    def read(size: int) -> bytes:
        # Not stream.read: where the data is damaged, pyarrow loses so many bytes of memory there.
        data: bytes = stream.read_buffer(size).to_pybytes()
        return data

    return read


class _Readable:
    """What pyarrow takes for a file."""

    closed = False

    def __init__(self, packed: Plain) -> None:
        self._packed = packed

    def read(self, size: int) -> bytes:
        return self._packed.read(size)

    def close(self) -> None:
        self.closed = True


_OPENERS: dict[str, Callable[[Plain], Callable[[int], bytes]]] = {
    "gzip": _open_gzip,
    "bzip2": _open_bzip2,
    "Zstandard": _open_zstandard,
}
