"""Telling whether whoever works at a run is alive: a mark that its process holds.

    .state/runs/<run>/<feed>/.running    there while a step is under way, and locked

The system lets go of the lock when the process dies, so a mark that nobody holds is one that a
dead process left. No clock, and no process number that another could have by now.
"""

import fcntl
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from pipelines.runs import run_folder
from pipelines.settings import state_dir

__all__ = ["Mark", "find_marks", "running", "taking_away"]

MARK = ".running"


@dataclass(frozen=True)
class Mark:
    """A step that is under way, or was when its process died.

    Attributes:
        run_id, feed: whose summary it is.
        dagster_run: the run that works at it; another one where a load goes on.
        alive: whether its process lives.
        path: the file.
    """

    run_id: str
    feed: str
    dagster_run: str
    alive: bool
    path: Path


@contextmanager
def running(run_id: str, feed: str, dagster_run: str = "") -> Iterator[None]:
    """Hold the mark of a run and feed; it is gone at the end, and stays if the process is killed.

    Where it cannot be written, there is none: the work itself says what is wrong with the disk.
    """
    path = run_folder(run_id, feed) / MARK
    file = _take(path, dagster_run or run_id)
    try:
        yield
    finally:
        if file is not None:
            with suppress(OSError):
                path.unlink(missing_ok=True)
            os.close(file)


def _take(path: Path, dagster_run: str) -> int | None:
    try:
        while True:
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            # Shared: whoever looks takes it alone for a moment, which must not fail a run.
            fcntl.flock(file, fcntl.LOCK_SH)
            if os.fstat(file).st_nlink:
                break
            os.close(file)  # taken away in this moment
        os.ftruncate(file, 0)
        os.pwrite(file, dagster_run.encode(), 0)
    except OSError:
        return None
    return file


def find_marks() -> list[Mark]:
    """Find all marks, of the living and the dead."""
    found = (_look(path) for path in sorted((state_dir() / "runs").glob(f"*/*/{MARK}")))
    return [mark for mark in found if mark is not None]


@contextmanager
def taking_away(mark: Mark) -> Iterator[bool]:
    """Take the mark of a dead process away at the end, unless something is raised.

    Gives whether it is still that.

    Who begins to work at the same run and feed waits so long.
    """
    file = _open_alone(mark.path)
    try:
        yield file is not None
        if file is not None:
            mark.path.unlink(missing_ok=True)
    finally:
        if file is not None:
            os.close(file)


def _look(path: Path) -> Mark | None:
    run_id, feed = path.parent.parent.name, path.parent.name
    try:
        told = path.read_text(encoding="utf-8", errors="replace").strip()
    except OSError:  # it has just ended
        return None
    file = _open_alone(path)
    if file is not None:
        os.close(file)
    return Mark(run_id, feed, told or run_id, file is None, path)


def _open_alone(path: Path) -> int | None:
    """Open a mark that nobody holds; None if somebody does, or the disk knows no locks."""
    try:
        file = os.open(path, os.O_RDWR)
    except OSError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(file)
        return None
    return file
