"""A look into a file of which nothing is known yet: its beginning, and pieces further on."""

from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryFile
from typing import IO, Literal

from connectors.files.packing import Plain, Stream
from connectors.files.parts import Part, list_parts
from connectors.files.source import FileSource, Limits, SourceError, Stamp, cannot_open

HEAD, PIECE = 1 << 20, 256 << 10
UNPACKED = 64 << 20
"""Bytes of what is packed that are unpacked for a look, at most."""
_FORMS: dict[bytes, Literal["xlsx", "parquet"]] = {
    b"PK\x03\x04": "xlsx",
    b"\xd0\xcf\x11\xe0": "xlsx",
    b"PAR1": "parquet",
}


@dataclass(frozen=True)
class Sample:
    """Pieces of what is in a part, unpacked.

    Attributes:
        pieces: its first bytes, then some of its middle and its last ones, each from a multiple
            of four on; the first alone if that is all there is.
        ends: whether the last piece is the end of the part.
        form: "xlsx" or "parquet", if it begins as one; of these there is but the first piece.
        fault: why unpacking broke off; empty if it did not.
    """

    pieces: tuple[bytes, ...]
    ends: bool = True
    form: Literal["", "xlsx", "parquet"] = ""
    fault: str = ""


def list_unknown(path: Path) -> list[Part]:
    """List the parts of a source, whatever it is: a file, a folder, an archive, a workbook.

    Raises:
        SourceError: as `list_parts` does.
    """
    # A packed file is unpacked anew for a sample, for the names of columns and for rows.
    limits = Limits(unpacked_bytes=3 * UNPACKED)
    # A zip archive that is a workbook has no members only if that is what is asked for.
    return list_parts(FileSource(path, "xlsx", ("unknown",), limits=limits))


def take_sample(part: Part) -> Sample:
    """Read some of a part, whatever its size.

    Raises:
        SourceError: it is empty, no regular file, or cannot be read or unpacked at all.
    """
    if part.stamp == Stamp(0, 0):
        raise SourceError(part.path, "this is no regular file", "write it to a file first")
    try:
        with closing(part.open()) as stream:
            if isinstance(stream, Plain):
                with part.file.open("rb") as file:
                    sample = _pick(file, part.size)
            else:
                sample = _unpack(stream)
    except OSError as error:
        raise cannot_open(part.path, error) from error
    if not sample.pieces[0]:
        raise SourceError(part.path, "the file is empty", "ask for it to be written again", byte=0)
    return sample


def _unpack(stream: Stream) -> Sample:
    size, fault, ends = 0, "", False
    with TemporaryFile() as copy:
        try:
            while size < UNPACKED and not ends:
                block = stream.read(PIECE)
                ends = not block
                size += copy.write(block)
                if size == len(block) and _form_of(block):
                    break
        except SourceError as error:
            if not size:
                raise
            fault = str(error)
        sample = _pick(copy, size)
    return Sample(sample.pieces, ends, sample.form, fault)


def _pick(file: IO[bytes], size: int) -> Sample:
    file.seek(0)
    head = file.read(HEAD)
    form = _form_of(head)
    if form or size <= HEAD:
        return Sample((head,), form=form)
    tail = max(HEAD, size - PIECE) & ~3
    middle = max(HEAD, size // 2) & ~3
    pieces = [head]
    for begin, end in ((middle, min(middle + PIECE, tail)), (tail, size)):
        if begin < end:
            file.seek(begin)
            pieces.append(file.read(end - begin))
    return Sample(tuple(pieces))


def _form_of(head: bytes) -> Literal["", "xlsx", "parquet"]:
    return _FORMS.get(head[:4], "")
