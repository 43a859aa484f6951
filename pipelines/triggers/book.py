"""The book of an inbox: which contents were taken, by which run, and what became of them.

    .state/inbox/<feed>/open/<key>.json     taken, not moved away yet
    .state/inbox/<feed>/known/<key>.json    loaded or failed, and moved
    .state/inbox/<feed>/runs/<key>          held by the process that loads it
    .state/inbox/<feed>/.lock               held while somebody looks

A key is the hash of a file's bytes and of where they go: a file that was tried in a sandbox is
new to production. All files are for their owner only, and each is written in one step.
"""

import fcntl
import hashlib
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from pathlib import Path
from typing import Any, Literal, Self

from pipelines.publishing import sync
from pipelines.settings import private_folder, state_dir

__all__ = ["Book", "InboxBusy", "Taken", "forget_taken", "key_of"]

Ending = Literal["", "loaded", "failed", "again"]


class InboxBusy(Exception):  # noqa: N818  (says what is)
    """Somebody else is at it. One line: what, and what to do."""


@dataclass(frozen=True)
class Taken:
    """A file that was taken out of an inbox.

    Attributes:
        key: of its content, and of where that goes.
        name: what it was called in the inbox.
        content: the SHA-256 of its bytes.
        size: its bytes.
        mtime_ns: its time.
        day: the day that it is of, ISO; empty of a feed without days.
        taken: when, in UTC.
        attempt: which one is next, or the last one, from 1.
        begun: which one a run has begun with, 0 if none.
        not_before: when it may be tried again, in UTC; empty for now.
        run_id: of the run that loads it; empty until one has begun.
        ending: `loaded`, `failed`, or `again` of a content that was loaded before.
        place: where it is moved to.
        why: one line, where it is no success.
    """

    key: str
    name: str
    content: str
    size: int
    mtime_ns: int
    taken: str
    day: str = ""
    attempt: int = 1
    begun: int = 0
    not_before: str = ""
    run_id: str = ""
    ending: Ending = ""
    place: str = ""
    why: str = ""

    @property
    def tag(self) -> str:
        """What a run that loads it carries; each attempt has its own."""
        return f"{self.key}.{self.attempt}"

    def add(self, **changes: Any) -> Self:  # noqa: ANN401  (checked by `replace`)
        """Give a copy with some facts replaced."""
        return replace(self, **changes)


_NAMES = {each.name for each in fields(Taken)}


def key_of(content: str, target: str) -> str:
    """Give the key of a content, a SHA-256, and of where it goes."""
    return hashlib.sha256(f"{content}\n{target}".encode()).hexdigest()[:32]


class Book:
    """The book of one feed's inbox."""

    def __init__(self, feed: str) -> None:
        self.feed = feed
        self.folder = state_dir() / "inbox" / feed

    @contextmanager
    def alone(self, *, wait: bool = False) -> Iterator[None]:
        """Keep others from looking meanwhile; the system lets go when its holder dies.

        Raises:
            InboxBusy: somebody else is looking, and nobody waits.
        """
        private_folder(self.folder)
        busy = f"somebody else looks into the inbox of {self.feed}"
        with _hold(self.folder / ".lock", busy, wait=wait):
            yield

    @contextmanager
    def loading(self, key: str) -> Iterator[None]:
        """Say that this process loads a file, until the block ends or the process dies.

        Raises:
            InboxBusy: another one does.
        """
        folder = private_folder(self.folder / "runs")
        with _hold(folder / key, f"a file of the inbox of {self.feed} is being loaded"):
            yield

    def is_loading(self, key: str) -> bool:
        """Tell whether a process is at a file now."""
        try:
            with self.loading(key):
                return False
        except InboxBusy:
            return True

    def open(self) -> list[Taken]:
        """List what is taken and not moved away yet, oldest first."""
        found = map(_read, (self.folder / "open").glob("*.json"))
        return sorted((e for e in found if e), key=lambda e: (e.taken, e.day, e.mtime_ns, e.name))

    def find_open(self, key: str) -> Taken | None:
        """Find what is taken, by its key."""
        return _read(self._path("open", key))

    def known(self, key: str) -> Taken | None:
        """Find what was loaded, or failed, before."""
        return _read(self._path("known", key))

    def write(self, entry: Taken) -> Taken:
        """Write down what is taken."""
        _write(self._path("open", entry.key), entry)
        return entry

    def close(self, entry: Taken) -> None:
        """Remember what became of a file that is moved away, and that it is open no more."""
        if entry.ending != "again":
            _write(self._path("known", entry.key), entry)
        self.drop(entry)

    def drop(self, entry: Taken) -> None:
        """Take out what was taken, as if it never had been."""
        self._path("open", entry.key).unlink(missing_ok=True)
        sync(self._path("open", entry.key).parent)
        (self.folder / "runs" / entry.key).unlink(missing_ok=True)

    def last(self, count: int) -> list[Taken]:
        """List those that ended last, newest first."""
        paths = [(p.stat().st_mtime_ns, p) for p in (self.folder / "known").glob("*.json")]
        newest = [path for _, path in sorted(paths, reverse=True)[:count]]
        return [entry for entry in map(_read, newest) if entry]

    def taken_since(self, moment: datetime) -> list[Taken]:
        """List those that were taken at this time or later, ended or not."""
        since = moment.timestamp()
        known = [p for p in (self.folder / "known").glob("*.json") if p.stat().st_mtime >= since]
        found = [*self.open(), *(entry for entry in map(_read, known) if entry)]
        return [entry for entry in found if datetime.fromisoformat(entry.taken) >= moment]

    def has_day(self, day: str) -> bool:
        """Tell whether the file of a day was ever taken."""
        known = map(_read, (self.folder / "known").glob("*.json"))
        return any(entry is not None and entry.day == day for entry in (*self.open(), *known))

    def _path(self, part: str, key: str) -> Path:
        return self.folder / part / f"{key}.json"


def forget_taken(before: datetime) -> None:
    """Forget what inboxes took, if that ended before a time."""
    for path in (state_dir() / "inbox").glob("*/known/*.json"):
        if path.stat().st_mtime < before.timestamp():
            path.unlink(missing_ok=True)


@contextmanager
def _hold(path: Path, busy: str, *, wait: bool = False) -> Iterator[None]:
    handle = os.open(path, os.O_CREAT | os.O_RDWR, 0o600)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | (0 if wait else fcntl.LOCK_NB))
        except BlockingIOError:
            raise InboxBusy(f"{busy}: wait for it") from None
        yield
    finally:
        os.close(handle)


def _read(path: Path) -> Taken | None:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return Taken(**{name: fact for name, fact in told.items() if name in _NAMES})
    except FileNotFoundError:
        return None


def _write(path: Path, entry: Taken) -> None:
    private_folder(path.parent)
    made = path.with_suffix(".new")
    with os.fdopen(os.open(made, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        json.dump(asdict(entry), file, indent=2)
        file.flush()
        os.fsync(file.fileno())
    made.replace(path)
    sync(path.parent)
