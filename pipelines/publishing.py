"""Publishing a folder in one step: a reader sees the last version or this one, never half.

    OUT/<version>/        a published version, touched by `loyalty-etl forget` alone
    OUT/latest            a link to the newest, replaced atomically
    OUT/.<version>-*.part one being written; what a crash leaves, the next export clears

Folders are 0700 and files 0600: exports hold personal data.
"""

import fcntl
import os
import re
import shutil
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from pipelines.settings import private_folder

__all__ = ["LATEST", "CannotWrite", "claim", "held", "point", "publish", "remove", "sync"]

LATEST = "latest"


class CannotWrite(Exception):  # noqa: N818  (says what happened)
    """The output folder cannot be used. One line: the folder, why, and what to do."""


@contextmanager
def claim(out: Path, version: str) -> Iterator[Path]:
    """Give an empty folder beside the target to write into, with nobody else writing there.

    That `out` can be written is tried before anything else. The folder is gone at the end
    unless `publish` took it.

    Raises:
        CannotWrite: `out` can't be written, the disk is full, or another export is at it.
        ValueError: the version is no plain file name.
    """
    if not re.fullmatch(r"[A-Za-z0-9][A-Za-z0-9._-]{0,127}", version) or version == LATEST:
        raise ValueError(f"run id {version!r}: use letters, digits, dots, dashes, underscores")
    try:
        private_folder(out)
        with _lock(out):
            part = _make_part(out, version)
            try:
                yield part
            finally:
                shutil.rmtree(part, ignore_errors=True)
    except BlockingIOError:
        raise CannotWrite(f"{out}: another export is writing here; wait for it") from None
    except OSError as error:
        raise CannotWrite(
            f"{out} cannot be written ({error.strerror or error}); choose another folder or"
            " mend its rights or space"
        ) from None


@contextmanager
def held(out: Path) -> Iterator[None]:
    """Keep exports out of a folder in which versions are changed.

    Raises:
        CannotWrite: an export is at work there.
    """
    try:
        with _lock(out):
            yield
    except BlockingIOError:
        raise CannotWrite(f"{out}: an export is writing here; wait for it") from None


@contextmanager
def _lock(out: Path) -> Iterator[None]:
    """Hold the folder's lock; the system frees it even after a kill."""
    lock = os.open(out / ".lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield
    finally:
        os.close(lock)


def _make_part(out: Path, version: str) -> Path:
    for left in out.glob(".*.part"):
        shutil.rmtree(left)
    latest = out / LATEST
    if latest.exists() and not latest.is_symlink():
        raise CannotWrite(f"{latest} is no link; move it away and export again")
    part = Path(tempfile.mkdtemp(prefix=f".{version}-", suffix=".part", dir=out))
    probe = part / "probe"
    probe.write_bytes(bytes(65536))
    sync(probe)
    probe.unlink()
    return part


def publish(part: Path, version: str) -> Path:
    """Make a written folder a version, then the newest one. Its files must be synced already."""
    folder = part.parent / version
    sync(part)
    part.rename(folder)
    sync(part.parent)
    point(folder)
    return folder


def point(folder: Path) -> None:
    """Let `latest` lead to a published version."""
    fresh = folder.parent / f".{LATEST}.new"
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(folder.name)
    fresh.replace(folder.parent / LATEST)
    sync(folder.parent)


def remove(folders: Sequence[Path]) -> None:
    """Remove versions, each out of sight first, so that no reader finds half of one."""
    for folder in folders:
        gone = folder.with_name(f".{folder.name}.part")
        folder.rename(gone)
        shutil.rmtree(gone)


def sync(path: Path) -> None:
    """Bring a file's bytes or a folder's names to the disk."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
