"""Zip archives: what lies in them, and each member as a stream; nothing is ever extracted."""

import errno
import lzma
import os
import stat
import struct
import zipfile
import zlib
from fnmatch import fnmatchcase
from pathlib import Path
from typing import IO

from connectors.files.packing import Allowance
from connectors.files.source import HIDDEN, Limits, SourceError, Stamp, changed

_AT_ONCE = 1 << 20
_AGAIN = "have it packed again, it is damaged or cut off"
_TAIL = 22 + (64 << 10)  # the end record, and the longest comment behind it
_ENTRY = 1 << 10  # bytes of the directory for an entry, more than any real name takes
WORKBOOK = "[Content_Types].xml"
"""The member that makes an Excel workbook of an archive."""


class Archive:
    """A zip file, open only while its directory or a member of it is read.

    A folder may hold more archives than a system lets a program have open.

    Attributes:
        stamp: what the file was when its directory was read.

    Raises:
        SourceError: it is damaged, or has more entries than the limits allow.
        OSError: it cannot be opened.
    """

    def __init__(self, path: Path, limits: Limits) -> None:
        self._path = path
        with path.open("rb") as file:
            _check_size(path, file, limits)
            self.stamp = Stamp.of(os.fstat(file.fileno()))
            try:
                self._zip = zipfile.ZipFile(file)
            except (zipfile.BadZipFile, NotImplementedError, ValueError, struct.error):
                raise SourceError(path, "the zip archive is damaged or cut off", _AGAIN) from None

    @property
    def is_workbook(self) -> bool:
        """Whether it is an Excel file."""
        return WORKBOOK in self._zip.namelist()

    def members(self, pattern: str) -> list[zipfile.ZipInfo]:
        """List the members whose names match, in the order of their names.

        Raises:
            SourceError: an entry is encrypted, stands twice, or could lie outside the archive.
        """
        found: dict[str, zipfile.ZipInfo] = {}
        for entry in self._zip.infolist():
            self._check(entry)
            parts = entry.filename.split("/")
            hidden = any(part.startswith(HIDDEN) for part in parts) or parts[0] == "__MACOSX"
            if entry.is_dir() or hidden or not fnmatchcase(entry.filename, pattern):
                continue
            if entry.flag_bits & 1:
                what = f"{entry.filename} in it is encrypted"
                raise SourceError(self._path, what, "have it packed without a password")
            if entry.filename in found:
                what = f"{entry.filename} stands in it twice"
                raise SourceError(self._path, what, "have it packed again, with each file once")
            found[entry.filename] = entry
        if not found:
            what = f"no file in it has a name such as {pattern}"
            raise SourceError(self._path, what, "correct source.member, or have it packed again")
        return [found[name] for name in sorted(found)]

    def _check(self, entry: zipfile.ZipInfo) -> None:
        name = entry.orig_filename
        steps = name.replace("\\", "/").split("/")
        outside = steps[0] == "" or steps[0].endswith(":") or ".." in steps or "\0" in name
        if outside or stat.S_ISLNK(entry.external_attr >> 16) or not name.isprintable():
            what = f"{name[:200]!r} in it is a link, or its name is not plain"
            raise SourceError(self._path, what, "have it packed again, with plain names")

    def open(self, entry: zipfile.ZipInfo, label: Path, allowance: Allowance) -> "Member":
        """Open a member.

        Raises:
            SourceError: it is packed in a way that is not known, or damaged, or the archive is not
                what it was.
            OSError: it cannot be opened.
        """
        file = self._path.open("rb")
        try:
            return Member(file, self._open(file, entry, label), entry, label, allowance)
        except BaseException:
            file.close()
            raise

    def _open(self, file: IO[bytes], entry: zipfile.ZipInfo, label: Path) -> IO[bytes]:
        if Stamp.of(os.fstat(file.fileno())) != self.stamp:
            raise changed(label)
        self._zip.fp = file
        try:
            return self._zip.open(entry)
        except (NotImplementedError, RuntimeError):
            what = "it is packed in a way that is not known"
            raise SourceError(label, what, "have it packed as plain zip (deflate)") from None
        except (zipfile.BadZipFile, ValueError, struct.error):
            raise SourceError(label, "the member is damaged", _AGAIN) from None
        except OSError as error:
            if error.errno != errno.EINVAL:  # a place before the file's beginning
                raise
            raise SourceError(label, "the member is damaged", _AGAIN) from None


class Member:
    """What comes out of a member of an archive."""

    def __init__(
        self,
        archive: IO[bytes],
        file: IO[bytes],
        entry: zipfile.ZipInfo,
        label: Path,
        allowance: Allowance,
    ) -> None:
        self.consumed = 0
        self._archive = archive
        self._file = file
        self._entry = entry
        self._label = label
        self._allowance = allowance
        self._out = 0

    def read(self, size: int) -> bytes:
        """Return so many bytes, fewer only at the end.

        Raises:
            SourceError: the member is damaged, cut off, or holds more than it may.
        """
        pieces = []
        while size > 0 and (piece := self._piece(min(size, _AT_ONCE))):
            if not self._out:
                self._allowance.check(self._label, piece)
            packed = self._entry.compress_size
            self._out += len(piece)
            self._allowance.take(self._label, len(piece), self._out, packed)
            self.consumed = packed * self._out // max(self._entry.file_size, self._out)
            pieces.append(piece)
            size -= len(piece)
        return b"".join(pieces)

    def _piece(self, size: int) -> bytes:
        try:
            piece = self._file.read(size)
        except (zipfile.BadZipFile, zlib.error, EOFError, lzma.LZMAError, OSError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise self._damaged() from None
        if not piece and self._out != self._entry.file_size:
            raise self._damaged()
        return piece

    def _damaged(self) -> SourceError:
        what = f"the member is damaged or cut off (after byte {self._out:,} of it)"
        return SourceError(self._label, what, _AGAIN)

    def stamp(self) -> Stamp:
        """Say what the archive's file is now."""
        return Stamp.of(os.fstat(self._archive.fileno()))

    def close(self) -> None:
        """Close the member, and the archive that was opened for it."""
        self._file.close()
        self._archive.close()


def _check_size(path: Path, file: IO[bytes], limits: Limits) -> None:
    """See how many entries an archive has before they are read into memory."""
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - _TAIL, 0))
    tail = file.read(_TAIL)
    at = tail.rfind(b"PK\x05\x06")
    if at < 0 or at + 22 > len(tail):
        return  # zipfile will say so
    count, directory = struct.unpack_from("<HI", tail, at + 10)
    if at >= 20 and tail[at - 20 : at - 16] == b"PK\x06\x07":  # zip64 has longer numbers
        file.seek(min(struct.unpack_from("<Q", tail, at - 12)[0], size))
        if len(end := file.read(56)) == 56:
            count, directory = struct.unpack_from("<QQ", end, 32)
    if count > limits.members or directory > (limits.members + 1) * _ENTRY:
        raise too_many(path, limits)


def too_many(path: Path, limits: Limits) -> SourceError:
    """Say that a source has more files than it may."""
    what = f"more than {limits.members:,} files in it"
    return SourceError(path, what, "if that is right, raise source.limits.members")
