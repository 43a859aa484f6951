"""Bytes in by blocks, frames out by chunks: what every format shares."""

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import Self

import polars as pl

from connectors.files.decoding import (
    UNREADABLE,
    Checker,
    Decoder,
    decode_utf8,
    find_encoding,
    mend,
    needs_more,
)
from connectors.files.parts import Part
from connectors.files.source import FileSource, Limits, SourceError, cannot_open, changed

MAX_RECORD = Limits.record_bytes
"""Bytes that may pass without the end of a record, where a source says nothing else."""

BOM = b"\xef\xbb\xbf"
_EOF = b"\x1a"
"""What DOS programs write behind the end of a text."""


CHUNK_BYTES = 128 << 20
"""What a frame may hold, so that long rows fill no memory."""


class Blocks:
    """A part of a source, front to back as UTF-8, each block joined to what the last one left.

    Args:
        part: what to read; a path is a file by itself.
        size: bytes a block; a longer rest makes the next block as long as itself, so that
            a record of n bytes is looked at O(n) times, not O(n²).
        progress: told the number of bytes read so far of the file as it lies there.
        source: the source that it is part of: its encoding, format and limits.
        sound: look at each block of UTF-8 and mend what is none; without it a block is given as
            it is, for a reader that finds out by itself and then calls `decode` or `mend`.
        told: what the part says of itself is added to it.

    Attributes:
        path: the part's name, for errors.
        offset: bytes given so far, and those of the byte order mark.
        bom: whether the file begins with a byte order mark; known once a block has been read.
        encoding: of the file; known then too.
        unreadable: whether a byte was met that could not be decoded.

    Raises:
        SourceError: the file is missing, unreadable, empty, damaged or changed.
    """

    def __init__(
        self,
        part: Part | Path,
        size: int,
        progress: Callable[[int], None] | None = None,
        *,
        source: FileSource | None = None,
        sound: bool = False,
        told: dict[str, list[str]] | None = None,
    ) -> None:
        part = Part.of(part) if isinstance(part, Path) else part
        self.path = part.path
        self.offset = 0
        self.bom = False
        self.encoding = "utf-8"
        self.told = {} if told is None else told
        self._unreadable = False
        self._source = source
        self._limit = source.limits.record_bytes if source else MAX_RECORD
        self._size = size
        self._sound = sound
        self._progress = progress
        self._decoder: Decoder | Checker | None = None
        self._at_end = False
        self._held = b""
        self._stamp = part.stamp
        self._stream = part.open()
        if self._stream.stamp() != part.stamp:
            self._stream.close()
            raise changed(part.path)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.close()

    @property
    def unreadable(self) -> bool:
        """Whether a byte was met that could not be decoded."""
        return self._unreadable or (self._decoder is not None and self._decoder.unreadable)

    def more(self, rest: bytes) -> bytes | None:
        """Return rest and the next block behind it; None at the end of the file.

        Raises:
            SourceError: the rest is longer than a record may be, the file is empty, or it was
                changed while it was read.
        """
        if len(rest) > self._limit:
            start = self.offset - len(rest)
            raise SourceError(
                self.path,
                f"no end of a record within {self._limit >> 20} MB after byte {start:,}",
                "check that the file is whole and of the format the feed names",
                byte=start,
            )
        at_start = self.offset == 0
        size = max(self._size, len(rest), len(BOM))
        block = self._begin(size) if at_start else self._next(size)
        if not block:
            if at_start:
                what, hint = "the file is empty", "ask for it to be written again"
                raise SourceError(self.path, what, hint, byte=0)
            self._check_unchanged()
            return None
        self.offset += len(block)
        if self._progress:
            self._progress(self._stream.consumed)
        return rest + block

    def _begin(self, size: int) -> bytes:
        """Find out how the file is encoded, and return its first block without the mark."""
        form = self._source.format if self._source else ""
        named = self._source.encoding if self._source and not self._source.mended else None
        head = self._read(size)
        while needs_more(head, form) and (block := self._read(size)):
            head += block
        self.encoding, mark = find_encoding(self.path, head, named, form)
        self.bom = mark > 0
        self.offset = mark
        if self.encoding != "utf-8":
            self._decoder = Decoder(self.encoding)
        elif self._sound:
            self._decoder = Checker()
        return self._decode(head[mark:]) or self._next(size)

    def _next(self, size: int) -> bytes:
        """Return what comes next as UTF-8; empty at the end."""
        block = b""
        while not block and not self._at_end:
            read = self._read(size)
            self._at_end = not read
            block = self._decode(read)
        return block

    def _decode(self, block: bytes) -> bytes:
        data = self._decoder.decode(block, at_end=self._at_end) if self._decoder else block
        if self._held:
            data, self._held = self._held + data, b""
        if data.endswith(_EOF):  # which belongs to the text if there is more of it
            data, self._held = data[:-1], b"" if self._at_end else _EOF
        return data

    def _read(self, size: int) -> bytes:
        try:
            return self._stream.read(size)
        except OSError as error:
            raise cannot_open(self.path, error) from error

    def _check_unchanged(self) -> None:
        if self._stream.stamp() != self._stamp:
            what = "the file was changed while it was read"
            hint = "wait until it is written whole, then run again"
            raise SourceError(self.path, what, hint, byte=self.offset)

    def decode(self, data: bytes) -> str:
        """Decode bytes of a block; what is not UTF-8 becomes `UNREADABLE`."""
        text = decode_utf8(data)
        self._unreadable |= UNREADABLE in text
        return text

    def mend(self, data: bytes) -> bytes:
        """Return bytes of a block as UTF-8 in any case: what is none becomes `UNREADABLE`."""
        mended = mend(data)
        self._unreadable |= len(mended) != len(data) or mended != data
        return mended

    def tell(self, name: str, text: str) -> None:
        """Note what the part says of itself, such as the number of its records."""
        self.told.setdefault(name, []).append(text)


def chunk(
    frames: Iterable[pl.DataFrame], rows: int, size: int = CHUNK_BYTES
) -> Iterator[pl.DataFrame]:
    """Join or split frames into frames of at most `rows` rows, and fewer where rows are long.

    Never inside a record, which is what shares a `_row`; one that is longer is a frame of its own.
    Each is one piece of memory, so that what is filtered out of it has no empty pieces.

    Args:
        frames: of any height.
        rows: how many at the most.
        size: about how many bytes at the most.
    """
    held: list[pl.DataFrame] = []
    height = held_bytes = 0
    for frame in frames:
        held.append(frame)
        height += frame.height
        held_bytes += int(frame.estimated_size())
        if height <= rows and held_bytes <= size:
            continue
        joined = pl.concat(held, how="diagonal")
        most = min(rows, max(1, height * size // max(held_bytes, 1)))
        while joined.height > most:
            at = joined["_row"]
            cut = at.search_sorted(at[most], "left") or at.search_sorted(at[0], "right")
            yield _in_one_piece(joined.head(cut))
            joined = joined.slice(cut)
        held_bytes = held_bytes * joined.height // max(height, 1)  # about: measuring costs
        held, height = [joined], joined.height
    if height:
        yield _in_one_piece(pl.concat(held, how="diagonal"))


def _in_one_piece(frame: pl.DataFrame) -> pl.DataFrame:
    if "_fault" in frame.columns and frame["_fault"].null_count() == frame.height:
        frame = frame.drop("_fault", "_raw")
    return frame.rechunk()
