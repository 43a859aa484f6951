"""The sandbox's memory: one SQLite file, one writer, and running totals kept in the same commit."""

import fcntl
import os
import sqlite3
import threading
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from decimal import Context, Decimal, Inexact
from pathlib import Path

from sandbox.tables import FACTS, SUMS, TABLES, VERSION

_EXACT = Context(prec=120, traps=[Inexact])


class StateError(RuntimeError):
    """The data directory cannot be used; the message says what to do."""


class Change:
    """One transaction under way: SQL, and what it adds to the facts."""

    def __init__(self, connection: sqlite3.Connection, facts: dict[str, Decimal]) -> None:
        self.sql = connection
        self.facts = facts
        self.moved: set[str] = set()

    def count(self, added: Mapping[str, Decimal | int]) -> None:
        """Add to the facts of these names."""
        for name, value in added.items():
            self.facts[name] = _EXACT.add(self.facts.get(name, Decimal(0)), Decimal(value))
            self.moved.add(name)


class State:
    """The durable state below one directory, held by one sandbox at a time.

    It holds personal data: the directory is made with mode 0700, the files with 0600.

    Raises:
        StateError: another sandbox holds the directory, or the file is not ours.
        OSError: the directory cannot be made or written.
    """

    def __init__(self, directory: Path) -> None:
        for folder in (*reversed(directory.parents), directory):
            folder.mkdir(mode=0o700, exist_ok=True)
        self._path = directory / "sandbox.sqlite"
        self._lock = threading.Lock()
        self._readers: list[sqlite3.Connection] = []
        self._seen: Counter[str] = Counter()
        self._held = _hold(directory)
        try:
            os.close(os.open(self._path, os.O_CREAT | os.O_RDWR, 0o600))
            self._writer = self._connect()
            try:
                self._facts = self._load()
            except BaseException:
                self._writer.close()
                raise
        except BaseException:
            os.close(self._held)
            raise

    def _connect(self) -> sqlite3.Connection:
        return sqlite3.connect(self._path, isolation_level=None, check_same_thread=False)

    def _load(self) -> dict[str, Decimal]:
        try:
            (version,) = self._writer.execute("PRAGMA user_version").fetchone()
            if version == 0:
                self._writer.execute("PRAGMA page_size = 16384")
                self._writer.execute("PRAGMA journal_mode = WAL")
                self._writer.executescript(
                    f"BEGIN; {TABLES} PRAGMA user_version = {VERSION}; COMMIT;"
                )
        except sqlite3.DatabaseError as error:
            raise StateError(f"{self._path} is not a sandbox's state ({error})") from None
        if version not in (0, VERSION):
            raise StateError(f"{self._path} is of another version: choose another directory")
        # A request is answered after its commit has reached the disk.
        self._writer.execute("PRAGMA synchronous = FULL")
        # What is deleted is overwritten: it was a person's.
        self._writer.execute("PRAGMA secure_delete = ON")
        stored = self._writer.execute("SELECT name, value FROM facts").fetchall()
        return dict.fromkeys(FACTS, Decimal(0)) | {name: Decimal(value) for name, value in stored}

    @contextmanager
    def write(self) -> Iterator[Change]:
        """Give the one transaction there is; it is committed at the end, or undone on any error."""
        with self._lock:
            self._writer.execute("BEGIN IMMEDIATE")
            try:
                change = Change(self._writer, dict(self._facts))
                yield change
                moved = [(name, str(change.facts[name])) for name in change.moved]
                self._writer.executemany("INSERT OR REPLACE INTO facts VALUES (?, ?)", moved)
                self._writer.execute("COMMIT")
            except BaseException:
                if self._writer.in_transaction:
                    self._writer.execute("ROLLBACK")
                raise
            self._facts = change.facts

    @contextmanager
    def read(self) -> Iterator[sqlite3.Connection]:
        """Give a view of the last commit that stays the same until it is closed."""
        # A reader is used again: to open one takes longer than most reads.
        try:
            connection = self._readers.pop()
        except IndexError:
            connection = self._connect()
        try:
            connection.execute("BEGIN")
            yield connection
            connection.execute("COMMIT")
        except BaseException:
            connection.close()
            raise
        self._readers.append(connection)

    def count_request(self, name: str) -> None:
        """Count a request that has come, under this name; kept until the state is closed."""
        self._seen[name] += 1

    def facts(self) -> dict[str, object]:
        """Return the totals: counts as integers, sums as exact decimal text, groups as objects.

        `seen` counts the requests since the state was opened, also those that were refused.
        """
        told: dict[str, object] = {}
        for name, value in self._facts.items():
            group, _, last = name.rpartition(".")
            shown = format(value, "f") if last in SUMS else int(value)
            if group:
                inner = told.setdefault(group, {})
                assert isinstance(inner, dict)
                inner[last] = shown
            else:
                told[last] = shown
        told["seen"] = dict(self._seen)
        return told

    def close(self) -> None:
        """Close the files and let the directory go."""
        for reader in self._readers:
            reader.close()
        self._writer.close()
        os.close(self._held)


def _hold(directory: Path) -> int:
    """Return a file held for this sandbox alone; the system lets it go when the process ends."""
    held = os.open(directory / "sandbox.lock", os.O_CREAT | os.O_RDWR, 0o600)
    try:
        fcntl.flock(held, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except OSError:
        os.close(held)
        raise StateError(f"another sandbox is using {directory}: choose another one") from None
    return held
