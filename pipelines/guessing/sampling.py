"""Bytes from the head, the middle and the tail of a file, packed or not, whatever its size."""

import bz2
import gzip
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from pipelines.feeds.source import SUFFIXES
from pipelines.guessing.records import GuessError

HEAD, PIECE = 1 << 20, 256 << 10
UNPACKED = 64 << 20
"""How much of a packed file is unpacked, at most; its middle and tail are taken from there."""
SKIPPED = ("__MACOSX/", ".")


@dataclass(frozen=True)
class Sample:
    """Pieces of one file.

    Attributes:
        file: the file on disk.
        head: its first bytes, unpacked.
        middle: bytes from the middle, beginning at a multiple of four; empty if head is all.
        tail: its last bytes, likewise.
        whole: whether head is the whole file.
        ends: whether the end of the file was reached.
        packing: "", "gz", "zst", "bz2" or "zip".
        member: the member of an archive.
        members: how many there are.
        cut: why unpacking stopped early, empty if it did not.
    """

    file: Path
    head: bytes
    middle: bytes = b""
    tail: bytes = b""
    whole: bool = True
    ends: bool = True
    packing: str = ""
    member: str = ""
    members: int = 1
    cut: str = ""


def take_sample(path: Path) -> Sample:
    """Read a bounded part of a file, of the first file of a folder, or of an archive's first.

    Raises:
        GuessError: it cannot be read, or nothing is in it.
    """
    try:
        file = _first(path)
        with file.open("rb") as stream:
            start = stream.read(8)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or "no such path"
        raise GuessError(f"{path}: cannot be read: {reason}") from None
    if not start:
        raise GuessError(f"{file}: is empty; ask for a file with records")
    packing = _packing(start, file)
    if packing == "zip":
        return _from_zip(file)
    if packing:
        with _unpack(file, packing) as stream:
            return _stream(stream, file, packing=packing)
    return _plain(file)


def _first(path: Path) -> Path:
    if not path.is_dir():
        if path.exists() and not path.is_file():
            raise GuessError(f"{path}: is no regular file; write it to a file first")
        return path
    files = sorted(p for p in path.iterdir() if p.is_file() and not p.name.startswith("."))
    if not files:
        raise GuessError(f"{path}: no file is in this folder")
    return next((p for p in files if SUFFIXES.keys() & {*map(str.lower, p.suffixes)}), files[0])


def _packing(start: bytes, file: Path) -> str:
    if start.startswith(b"\x1f\x8b"):
        return "gz"
    if start.startswith(b"BZh") and start[4:8] == b"1AY&":
        return "bz2"
    if start.startswith(b"\x28\xb5\x2f\xfd"):
        return "zst"
    if start.startswith(b"PK\x03\x04") and not is_workbook(file):
        return "zip"
    return ""


def is_workbook(file: Path) -> bool:
    """Tell whether a zip archive is an Excel workbook."""
    try:
        with zipfile.ZipFile(file) as archive:
            return "xl/workbook.xml" in archive.NameToInfo
    except (zipfile.BadZipFile, OSError, ValueError):
        return False


def _plain(file: Path) -> Sample:
    size = file.stat().st_size
    with file.open("rb") as stream:
        head = stream.read(HEAD)
        if size <= HEAD:
            return Sample(file, head)
        stream.seek(max(HEAD, (size // 2) & ~3))
        middle = stream.read(PIECE)
        stream.seek(max(HEAD, (size - PIECE) & ~3))
        return Sample(file, head, middle, stream.read(PIECE + 4), whole=False)


@contextmanager
def _unpack(file: Path, packing: str) -> Iterator[IO[bytes]]:
    if packing == "gz":
        with gzip.open(file) as stream:
            yield stream  # type: ignore[misc]  # reads bytes as the others do
    elif packing == "bz2":
        with bz2.open(file) as stream:
            yield stream
    else:
        import pyarrow as pa  # noqa: PLC0415  (slow to import, and only this needs it)

        with pa.CompressedInputStream(pa.OSFile(str(file)), "zstd") as stream:
            yield stream


def _from_zip(file: Path) -> Sample:
    try:
        with zipfile.ZipFile(file) as archive:
            names = sorted(n for n in archive.namelist() if not n.endswith("/"))
            names = [n for n in names if not n.startswith(SKIPPED) and "/." not in n]
            safe = [n for n in names if not n.startswith(("/", "\\")) and ".." not in n.split("/")]
            if not safe:
                raise GuessError(f"{file}: the archive has no file with a safe name")
            with archive.open(safe[0]) as stream:
                return _stream(stream, file, packing="zip", member=safe[0], members=len(safe))
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, OSError, ValueError) as error:
        why = "it is encrypted" if isinstance(error, RuntimeError) else "it is damaged"
        raise GuessError(f"{file}: the archive cannot be read: {why}") from None


def _stream(
    stream: IO[bytes], file: Path, *, packing: str, member: str = "", members: int = 1
) -> Sample:
    """Read on as far as allowed, and keep what a sample has."""
    head, middle, tail, total, cut, ends = b"", b"", b"", 0, "", False
    try:
        while total < UNPACKED:
            block = stream.read(PIECE)
            if not block:
                ends = True
                break
            total += len(block)
            if len(head) < HEAD:
                head += block
            else:
                middle = block if total.bit_count() == 1 or not middle else middle
                tail = (tail + block)[-PIECE:] if total % 4 == 0 else (tail + block)[-PIECE & ~3 :]
    except (OSError, EOFError, zlib.error, zipfile.BadZipFile, ValueError, RuntimeError):
        cut = f"unpacking breaks off after {total:,} bytes"
        if not head:
            raise GuessError(f"{file}: cannot be unpacked; it is damaged or no {packing}") from None
    if not head:
        raise GuessError(f"{file}: is empty when unpacked; ask for a file with records")
    whole = ends and not tail
    return Sample(file, head, middle, tail, whole, ends, packing, member, members, cut)
