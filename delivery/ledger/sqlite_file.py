"""A ledger in one SQLite file.

FILE                the database (0600), with FILE-wal and FILE-shm while it is open
FILE.mark           the batch added last, which an older copy, or one without its WAL, lacks
FILE.<name>.lock    held while <name> is at work; it stays, and means nothing by itself
FILE.v<n>           a copy from before the tables were changed
"""

import fcntl
import os
import sqlite3
from contextlib import suppress
from pathlib import Path
from urllib.parse import quote

from sqlalchemy import URL, create_engine, select
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from delivery.ledger.errors import LedgerBroken, LedgerBusy, LedgerError
from delivery.ledger.mounts import remote_kind
from delivery.ledger.store import BUSY_SECONDS, Store
from delivery.ledger.tables import batches, known, loads, meta, metadata

CACHE_KIB = 16 * 1024  # what is looked up comes sorted, so a page is read once
SMALL = 64 << 20  # bytes that are checked whole in a tenth of a second
_SETTINGS = (
    "journal_mode=WAL",
    "synchronous=FULL",  # a commit is on the disk before it is one
    "foreign_keys=ON",
    f"cache_size=-{CACHE_KIB}",
)
_MEANINGS = {
    sqlite3.SQLITE_FULL: "the disk is full: make room, then resume",
    sqlite3.SQLITE_READONLY: "it cannot be written: check owner and mode of file and folder",
    sqlite3.SQLITE_CANTOPEN: "it cannot be opened: check owner and mode of file and folder",
    sqlite3.SQLITE_PERM: "it cannot be opened: check owner and mode of file and folder",
    sqlite3.SQLITE_IOERR: "the disk refuses: check space, quota and its health, then resume",
}


class SqliteFile(Store):
    """An open file; see `Store`."""

    begin_write = "BEGIN IMMEDIATE"
    begin_read = "BEGIN"

    def __init__(self, path: Path) -> None:
        self.path = path
        self.where = str(path)
        self._locks: dict[str, int] = {}  # descriptors
        self._inodes: dict[str, int] = {}
        self._mark_file: int | None = None
        with self.asking():
            for folder in (*reversed(path.parent.parents), path.parent):
                folder.mkdir(exist_ok=True, mode=0o700)
            if kind := remote_kind(path.parent.resolve()):
                raise LedgerBroken(
                    f"ledger {path} lies on a network file system ({kind}), where locks do not "
                    "hold: move it to a local disk, or use PostgreSQL"
                )
            self._marked = self._read_mark()  # before its database, which others write first
            with suppress(FileExistsError):
                os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
            engine = create_engine(
                URL.create("sqlite+pysqlite", database=str(path)),
                isolation_level="AUTOCOMMIT",
                poolclass=NullPool,
                connect_args={"timeout": BUSY_SECONDS, "check_same_thread": False},
                hide_parameters=True,
            )
            self.connection = engine.connect()
            for setting in _SETTINGS:
                self.connection.exec_driver_sql(f"PRAGMA {setting}")

    def close(self) -> None:
        super().close()
        for name in list(self._locks):
            self.unlock(name)
        if self._mark_file is not None:
            os.close(self._mark_file)
            self._mark_file = None

    def lock(self, name: str) -> str | None:
        path = self._lock_file(name)
        with self.asking():
            file = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            except BlockingIOError:
                holder = os.pread(file, 20, 0).decode(errors="replace").strip()
                os.close(file)
                return f"process {holder}" if holder else "another process"
            if name in self._locks or not _is(path, os.fstat(file).st_ino):
                os.close(file)  # taken away in this moment: whoever asks again finds the new one
                return "another process"
            os.ftruncate(file, 0)
            os.pwrite(file, str(os.getpid()).encode(), 0)
            self._locks[name] = file
            self._inodes[str(path)] = os.fstat(file).st_ino
        return None

    def unlock(self, name: str) -> None:
        if (file := self._locks.pop(name, None)) is not None:
            self._inodes.pop(str(self._lock_file(name)), None)
            os.close(file)

    def check(self) -> None:
        """What is written into a file without a name is lost, and a lock there holds nobody."""
        for path, inode in self._inodes.items():
            if not _is(path, inode):
                raise LedgerBroken(
                    f"{path} was deleted or replaced while in use: stop all runs, put the newest "
                    "copy of the ledger back, then resume"
                )

    def check_new(self) -> None:
        if self._marked is not None:
            raise LedgerBroken(self._forgetful())

    def check_opened(self, *, in_use: bool) -> None:
        if self._marked is not None and not self._knows(*self._marked):
            raise LedgerBroken(self._forgetful())
        # The index of what targets hold takes 1.7 s for ten million records.
        whole = in_use or self.path.stat().st_size <= SMALL
        for which in ["1"] if whole else [x for x in metadata.tables if x != known.name]:
            found = self.connection.exec_driver_sql(f"PRAGMA quick_check({which})")
            if found.scalars().all() != ["ok"]:
                raise LedgerBroken(self._damaged())
        for path in (self.path, self._beside("-wal")):
            self._inodes[str(path)] = path.stat().st_ino

    def mark(self, load: int, batch: int) -> None:
        with self.asking():
            if self._mark_file is None:
                flags = os.O_RDWR | os.O_CREAT
                self._mark_file = os.open(self._beside(".mark"), flags, 0o600)
            # Not synced: after a power cut an older one may stand there, never a newer one.
            os.pwrite(self._mark_file, f"{self.ledger_id} {load:019d} {batch:019d}\n".encode(), 0)

    def save_copy(self, version: int) -> None:
        copy = self._beside(f".v{version}")
        copy.unlink(missing_ok=True)
        os.close(os.open(copy, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600))
        self.connection.exec_driver_sql("VACUUM INTO ?", (str(copy),))

    def explain(self, error: Exception) -> LedgerError:
        cause = error.orig if isinstance(error, DBAPIError) else error
        if isinstance(cause, OSError):
            return LedgerBroken(
                f"ledger {self.path} cannot be used ({os.strerror(cause.errno or 0)}): check "
                "space, owner and mode of its folder"
            )
        code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        if code in {sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED}:
            return LedgerBusy(
                f"ledger {self.path} is locked by another process for more than {BUSY_SECONDS} s: "
                "let that one end, then resume"
            )
        if code in {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB}:
            return LedgerBroken(self._damaged())
        if meaning := _MEANINGS.get(code):
            return LedgerBroken(f"ledger {self.path} fails, {meaning}")
        name = getattr(cause, "sqlite_errorname", type(error).__name__)
        return LedgerError(f"ledger {self.path} refuses a statement ({name}): report this")

    def _damaged(self) -> str:
        return (
            f"ledger {self.path} is damaged, and nothing may be sent without it: "
            "put its newest copy back"
        )

    def _beside(self, ending: str) -> Path:
        return self.path.with_name(self.path.name + ending)

    def _forgetful(self) -> str:
        return (
            f"ledger {self.path} is older than it was (deleted, its -wal file deleted, or put back "
            "from a backup), and would send again what it forgot: put the newest copy back, or "
            f"delete {self._beside('.mark').name} to do without"
        )

    def _lock_file(self, name: str) -> Path:
        return self._beside(f".{quote(name, safe='')}.lock")

    def _read_mark(self) -> tuple[str, int, int] | None:
        try:
            ledger_id, load, batch = self._beside(".mark").read_text("ascii").split()
            return ledger_id, int(load), int(batch)
        except (FileNotFoundError, ValueError):
            return None  # none yet, or cut by a power failure

    def _knows(self, ledger_id: str, load: int, batch: int) -> bool:
        """Say whether a batch is here, or was before its load was forgotten."""
        begun = select(meta.c.loads >= load, select(loads).where(loads.c.number == load).exists())
        was_begun, is_here = self.connection.execute(begun).one()
        added = select(batches.c.number).where(batches.c.load == load, batches.c.number == batch)
        return (
            ledger_id == self.ledger_id
            and was_begun
            and (not is_here or self.connection.execute(added).first() is not None)
        )


def _is(path: str | Path, inode: int) -> bool:
    try:
        return os.stat(path).st_ino == inode  # noqa: PTH116  (before each write: half of the time)
    except FileNotFoundError:
        return False
