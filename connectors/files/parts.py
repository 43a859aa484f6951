"""The files that a source consists of: one, those of a folder or a glob, members of an archive."""

import hashlib
import os
import re
import stat
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from connectors.files.packing import HEAD, Allowance, Plain, Stream, kind_of, open_stream
from connectors.files.source import (
    HIDDEN,
    FileSource,
    Limits,
    NoFile,
    SourceError,
    Stamp,
    cannot_open,
    changed,
    is_pipe,
)
from connectors.files.zips import Archive, too_many

ROW_BITS = 40
"""Bits of a `_row` below the number of its part."""
_COPIED = 1 << 20
_SIGNS = {*"*?["}
_PIPE = re.compile(r"(pipe|socket):\[\d+\]")
"""What Linux calls a pipe where it tells what a path such as /dev/fd/63 leads to."""


@dataclass(frozen=True)
class Part:
    """One file of a source, or one member of an archive.

    Attributes:
        label: what a person finds it by: its path, and behind a `!` the member.
        file: the file that it is or lies in.
        stamp: what that file was when it was listed.
        size: its bytes as they lie there, packed or not.
    """

    label: str
    file: Path
    stamp: Stamp
    size: int
    _opener: Callable[[], Stream] = field(repr=False, compare=False)

    @property
    def path(self) -> Path:
        """The label, as errors name it."""
        return Path(self.label)

    @classmethod
    def of(cls, path: Path, allowance: Allowance | None = None) -> "Part":
        """Take a file by itself.

        Raises:
            SourceError: there is none.
        """
        stamp = take_file_stamp(path)
        opener = partial(open_stream, path, allowance or Allowance(Limits()))
        return cls(str(path), path, stamp, stamp.size, opener)

    def open(self) -> Stream:
        """Open what is in it, unpacked.

        Raises:
            SourceError: it cannot be read.
        """
        try:
            return self._opener()
        except OSError as error:
            raise cannot_open(self.path, error) from error

    @contextmanager
    def seekable(self) -> Iterator[Path]:
        """Give a file that can be read from any place: itself, or a copy of what is in it.

        Raises:
            SourceError: it cannot be read, or was changed meanwhile.
        """
        stream = self.open()
        try:
            if stream.stamp() != self.stamp:
                raise changed(self.path)
            if isinstance(stream, Plain):
                yield self.file
            else:
                with tempfile.NamedTemporaryFile(suffix=self.path.suffix) as copy:
                    while block := stream.read(_COPIED):
                        copy.write(block)
                    copy.flush()
                    yield Path(copy.name)
            if stream.stamp() != self.stamp:
                raise changed(self.path)
        finally:
            stream.close()


def list_parts(source: FileSource) -> list[Part]:
    """List the files of a source, in the order of their names.

    Of a folder those directly in it whose names match `source.member`, or further down where that
    holds `**`; of a glob those that it finds; of an archive, wherever it lies, its members. What is
    hidden is left out.

    Raises:
        SourceError: there is none, they are too many or too large, or an archive is not to be
            trusted.
    """
    limits = source.limits
    allowance = Allowance(limits, "zip" if source.format == "xlsx" else "")
    found = _find_files(source)
    in_folder = len(found) != 1 or found[0] != source.path
    parts: list[Part] = []
    sizes = 0
    for file in found:
        part = Part.of(file, allowance)
        sizes += part.stamp.size
        if sizes > limits.file_bytes:
            what = f"it holds more than {limits.file_bytes >> 20:,} MB"
            hint = "if that is right, raise source.limits.file_mb"
            raise SourceError(source.path, what, hint)
        of_folder = in_folder and source.path.is_dir()
        pattern = "*" if of_folder else source.member
        parts += _members(source, part, allowance, pattern) or [part]
        if len(parts) > limits.members:
            raise too_many(source.path, limits)
    return parts


def _members(source: FileSource, part: Part, allowance: Allowance, pattern: str) -> list[Part]:
    """List an archive's members; none if the file is no archive."""
    if part.stamp == Stamp(0, 0):  # a pipe can be read but once
        return []
    try:
        with part.file.open("rb") as file:
            if kind_of(file.read(HEAD)) != "zip":
                return []
        archive = Archive(part.file, source.limits)
        if archive.is_workbook:
            if source.format == "xlsx":
                return []
            hint = "save it as CSV" if source.mended else "set source.format: xlsx"
            raise SourceError(part.file, "this is an Excel workbook", hint)
        return [
            Part(
                label := f"{part.label}!{entry.filename}",
                part.file,
                archive.stamp,
                entry.compress_size,
                partial(archive.open, entry, Path(label), allowance),
            )
            for entry in archive.members(pattern)
        ]
    except OSError as error:
        raise cannot_open(part.file, error) from error


def _find_files(source: FileSource) -> list[Path]:
    path = source.path
    if "\0" in str(path):
        raise SourceError(path, "no file has such a name", "correct the path of the feed's source")
    try:
        mode = path.stat().st_mode
    except OSError as error:
        if _PIPE.fullmatch(path.name):
            raise is_pipe(path) from None
        signs = [at for at, step in enumerate(path.parts) if _SIGNS & {*step}]
        if not signs:
            raise cannot_open(path, error) from error
        folder, pattern = path.parts[: signs[0]], path.parts[signs[0] :]
        return _glob(source, Path(*folder), str(Path(*pattern)))
    return _glob(source, path, source.member) if stat.S_ISDIR(mode) else [path]


def _glob(source: FileSource, folder: Path, pattern: str) -> list[Path]:
    """Find the files below a folder that match a pattern."""
    if Path(pattern).is_absolute() or ".." in Path(pattern).parts:
        what = f"the pattern {pattern!r} leads out of the folder"
        raise SourceError(source.path, what, "name the folder itself")
    found: list[Path] = []
    try:
        for path in folder.glob(pattern):
            hidden = any(part.startswith(HIDDEN) for part in _matched(path, folder, pattern))
            if not hidden and path.is_file():
                found.append(path)
                if len(found) > source.limits.members:
                    raise too_many(source.path, source.limits)
    except ValueError:  # pathlib knows no such pattern: `a**`, or nothing
        what = f"{pattern!r} is no pattern such as *.csv"
        raise SourceError(source.path, what, "correct source.member") from None
    except OSError as error:
        raise cannot_open(source.path, error) from error
    if not found:
        what = f"no file has a name such as {pattern}"
        raise NoFile(source.path, what, "check the feed's source.path and source.member")
    return sorted(found)


def _matched(path: Path, folder: Path, pattern: str) -> tuple[str, ...]:
    """Give the names on the way to a file that the pattern does not spell out."""
    steps = path.relative_to(folder).parts
    spelt = set(Path(pattern).parts)
    return tuple(step for step in steps if step not in spelt)


def take_file_stamp(path: Path) -> Stamp:
    """Take the stamp of one file.

    Raises:
        SourceError: there is no such file, or it cannot be reached.
    """
    try:
        return Stamp.of(path.stat())
    except OSError as error:
        raise cannot_open(path, error) from error


def take_stamp(source: FileSource | Path) -> Stamp:
    """Take the stamp of all files of a source, to tell later whether they are the same still.

    Of one file it is that of the file; of several the sum of their sizes, and a number that
    follows from each one's name, size and time.

    Raises:
        SourceError: a file is missing, or cannot be reached.
    """
    if isinstance(source, Path):
        return take_file_stamp(source)
    return stamp_of(list_parts(source))


def stamp_of(parts: list[Part]) -> Stamp:
    """Put the stamps of the files of these parts together."""
    files = {part.file: part.stamp for part in parts}
    if len(files) == 1:
        return next(iter(files.values()))
    told = hashlib.sha256()
    for file, stamp in files.items():
        told.update(f"{os.fspath(file)}\0{stamp.size}\0{stamp.mtime_ns}\0".encode(errors="replace"))
    number = int.from_bytes(told.digest()[:8], "big") >> 1
    return Stamp(sum(stamp.size for stamp in files.values()), number)
