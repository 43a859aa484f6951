"""Files that others put into a folder: which are whole, what is in them, and moving them on.

Every step here is one that a kill leaves done or not done, never half: a move is a rename, and
across file systems a copy under another name, then a rename, then the removal.
"""

import hashlib
import os
import shutil
import stat
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from connectors.files.source import HIDDEN, SourceError, Stamp, cannot_open

__all__ = ["Arrival", "hash_file", "last_written", "list_arrivals", "move", "stamp_or_none"]

_MOVED = "moving"
"""Ends the name of a copy that is not whole yet."""


@dataclass(frozen=True, slots=True)
class Arrival:
    """A file in a folder.

    Attributes:
        path: where it lies.
        stamp: its size and time.
        changed: when anything last happened to it, in seconds since 1970. Unlike its time no
            program can set that, so a copy that keeps the time of the original is seen to grow.
    """

    path: Path
    stamp: Stamp
    changed: float

    @property
    def name(self) -> str:
        """Its name in the folder."""
        return self.path.name


def list_arrivals(folder: Path, fits: Callable[[str], bool]) -> list[Arrival]:
    """List the plain files directly in a folder, oldest first; none where there is no folder.

    Links, folders, and names that begin with a dot or with `~$` are left out.

    Raises:
        SourceError: the folder cannot be read.
    """
    found = []
    try:
        with os.scandir(folder) as entries:
            for entry in entries:
                if entry.name.startswith(HIDDEN) or not fits(entry.name):
                    continue
                with suppress(FileNotFoundError):  # gone meanwhile
                    told = entry.stat(follow_symlinks=False)
                    if stat.S_ISREG(told.st_mode):
                        found.append(Arrival(Path(entry.path), Stamp.of(told), told.st_ctime))
    except FileNotFoundError:
        return []
    except OSError as error:
        raise cannot_open(folder, error) from error
    return sorted(found, key=lambda each: (each.stamp.mtime_ns, each.name))


def stamp_or_none(path: Path) -> Stamp | None:
    """Give the size and time of a file, None if there is none.

    Raises:
        SourceError: nobody can tell, such as for lack of rights.
    """
    try:
        return Stamp.of(path.stat())
    except (FileNotFoundError, NotADirectoryError):
        return None
    except OSError as error:
        raise cannot_open(path, error) from error


def last_written(path: Path) -> float | None:
    """Give when the newest file of a path was written, in seconds since 1970; None without any.

    Args:
        path: a file, a folder (what lies directly in it), or a pattern of either.

    Raises:
        SourceError: nobody can tell.
    """
    signs = [at for at, step in enumerate(path.parts) if {*"*?["} & {*step}]
    if signs and not path.exists():
        folder, pattern = path.parts[: signs[0]], path.parts[signs[0] :]
        found = sorted(Path(*folder).glob(str(Path(*pattern))))
    else:
        found = [path]
    times: list[float] = []
    for each in found:
        if each.is_dir():
            inside = list_arrivals(each, lambda _: True)
            times += [file.stamp.mtime_ns / 1e9 for file in inside]
        elif not each.name.startswith(HIDDEN) and (stamp := stamp_or_none(each)):
            times.append(stamp.mtime_ns / 1e9)
    return max(times, default=None)


def hash_file(path: Path) -> tuple[str, Stamp]:
    """Give the SHA-256 of a file's bytes, and its stamp.

    Raises:
        SourceError: it cannot be read, or was changed meanwhile.
    """
    try:
        with path.open("rb") as file:
            before = Stamp.of(os.fstat(file.fileno()))
            told = hashlib.file_digest(file, "sha256").hexdigest()
            after = Stamp.of(os.fstat(file.fileno()))
    except OSError as error:
        raise cannot_open(path, error) from error
    if before != after:
        raise SourceError(path, "the file is being written", "it is taken when it is whole")
    return told, after


def move(path: Path, to: Path) -> None:
    """Move a file where there is none of that name, durably; what is there already stays moved.

    A move that a kill broke off is gone on with by the same call.

    Args:
        path: the file; it may have been moved already.
        to: its new path; the folder is made, for its owner only.

    Raises:
        SourceError: it cannot be moved, or another file has that name.
    """
    try:
        to.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        if not path.exists():
            if to.exists():
                return
            raise SourceError(path, "the file is gone", f"put it back, or at {to}")
        if to.exists() and not _is_copy(path, to):
            raise SourceError(to, "another file has this name", "move it away")
        if not to.exists():
            _rename(path, to)
        if path.exists():  # a copy on another file system
            path.unlink()
        _sync(to.parent)
        _sync(path.parent)
    except OSError as error:
        raise SourceError(
            path,
            f"it cannot be moved to {to} ({error.strerror or type(error).__name__})",
            "mend the rights or the space there",
        ) from error


def _is_copy(path: Path, to: Path) -> bool:
    same = path.stat().st_size == to.stat().st_size
    return same and hash_file(path)[0] == hash_file(to)[0]


def _rename(path: Path, to: Path) -> None:
    if path.stat().st_dev == to.parent.stat().st_dev:
        path.rename(to)
        return
    part = to.with_name(f".{to.name}.{_MOVED}")
    shutil.copy2(path, part)
    _sync(part)
    part.rename(to)


def _sync(path: Path) -> None:
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
