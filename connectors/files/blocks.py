"""Bytes in by blocks, frames out by chunks: what every format shares."""

import codecs
import errno
import os
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import IO, Self

import polars as pl

from connectors.files.source import SourceError, Stamp

MAX_RECORD = 64 << 20
"""Bytes that may pass without the end of a record: more is a damaged file."""

BOM = b"\xef\xbb\xbf"


class Blocks:
    """A file read front to back in unbuffered blocks, each joined to what the last one left.

    Args:
        path: the file.
        size: bytes a block; a longer rest makes the next block as long as itself, so that
            a record of n bytes is looked at O(n) times, not O(n²).
        progress: told the number of bytes read so far.
        stamp: the file's stamp when it was first read, where it must be the same still.

    Attributes:
        offset: bytes read so far.
        bom: whether the file begins with a byte order mark; known once a block has been read.

    Raises:
        SourceError: the file is missing, unreadable, a folder, empty or changed.
    """

    def __init__(
        self,
        path: Path,
        size: int,
        progress: Callable[[int], None] | None = None,
        stamp: Stamp | None = None,
    ) -> None:
        self.path = path
        self.offset = 0
        self.bom = False
        self._size = size
        self._progress = progress
        self._file = _open(path)
        self._stamp = Stamp.of(os.fstat(self._file.fileno()))
        if stamp not in {None, self._stamp}:
            self._file.close()
            raise changed(path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._file.close()

    def more(self, rest: bytes) -> bytes | None:
        """Return rest and the next block behind it; None at the end of the file.

        Raises:
            SourceError: the rest is longer than a record may be, the file is empty, or it was
                changed while it was read.
        """
        if len(rest) > MAX_RECORD:
            start = self.offset - len(rest)
            raise SourceError(
                self.path,
                f"no end of a record within {MAX_RECORD >> 20} MB after byte {start:,}",
                "check that the file is whole and of the format the feed names",
                byte=start,
            )
        at_start = self.offset == 0
        size = max(self._size, len(rest), len(BOM))
        block = self._read(size)
        if at_start:
            self.bom = block.startswith(BOM)
            block = block.removeprefix(BOM) or self._read(size)
            if not block:
                raise SourceError(
                    self.path, "the file is empty", "ask for it to be written again", byte=0
                )
        if not block:
            self._check_unchanged()
            return None
        if self._progress:
            self._progress(self.offset)
        return rest + block

    def _read(self, size: int) -> bytes:
        try:
            block = self._file.read(size)
        except OSError as error:
            raise _unreadable(self.path, error) from error
        self.offset += len(block)
        return block

    def _check_unchanged(self) -> None:
        if Stamp.of(os.fstat(self._file.fileno())) != self._stamp:
            what = "the file was changed while it was read"
            hint = "wait until it is written whole, then run again"
            raise SourceError(self.path, what, hint, byte=self.offset)

    def decode(self, data: bytes, start: int, *, whole: bool = True) -> str:
        """Decode bytes that lie at `start` in the file.

        Args:
            data: the bytes.
            start: where in the file they lie, for the message.
            whole: False leaves out a character that the data's end cuts in two.

        Raises:
            SourceError: a byte is not UTF-8; it is named.
        """
        try:
            return codecs.utf_8_decode(data, "strict", whole)[0]
        except UnicodeDecodeError as error:
            byte = start + error.start
            raise SourceError(
                self.path,
                f"byte {byte:,} is not UTF-8 (0x{data[error.start]:02x})",
                "write the file as UTF-8",
                byte=byte,
            ) from None


def take_stamp(path: Path) -> Stamp:
    """Take a file's stamp before it is read, to tell later whether it is the same still.

    Raises:
        SourceError: there is no such file, or it cannot be reached.
    """
    try:
        return Stamp.of(path.stat())
    except OSError as error:
        raise _unreadable(path, error) from error


def changed(path: Path) -> SourceError:
    """Say that a file is not what it was when it was first read."""
    what = "the file is not what it was when this load first read it"
    return SourceError(path, what, "put that file back, or load this one by a run of its own")


def _open(path: Path) -> IO[bytes]:
    try:
        return path.open("rb", buffering=0)
    except OSError as error:
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: OSError) -> SourceError:
    if error.errno == errno.ENOENT:
        return SourceError(path, "no such file", "check the path of the feed's source")
    if error.errno == errno.EISDIR:
        return SourceError(path, "this is a folder", "name a file in it")
    why = (error.strerror or "cannot be read").lower()
    return SourceError(path, f"the file cannot be read: {why}", "check its permissions")


def chunk(frames: Iterable[pl.DataFrame], rows: int) -> Iterator[pl.DataFrame]:
    """Join or split frames into frames of at most `rows` rows, never inside a record.

    A record is what shares a `_row`; one that is longer than `rows` is a frame of its own.
    """
    held: list[pl.DataFrame] = []
    height = 0
    for frame in frames:
        held.append(frame)
        height += frame.height
        if height <= rows:
            continue
        joined = pl.concat(held, how="diagonal")
        while joined.height > rows:
            at = joined["_row"]
            cut = at.search_sorted(at[rows], "left") or at.search_sorted(at[0], "right")
            yield _drop_empty_fault(joined.head(cut))
            joined = joined.slice(cut)
        held, height = [joined], joined.height
    if height:
        yield _drop_empty_fault(pl.concat(held, how="diagonal"))


def _drop_empty_fault(frame: pl.DataFrame) -> pl.DataFrame:
    if "_fault" in frame.columns and frame["_fault"].null_count() == frame.height:
        return frame.drop("_fault", "_raw")
    return frame
