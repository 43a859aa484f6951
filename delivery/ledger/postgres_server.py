"""A ledger in a PostgreSQL database.

It must be reached directly, or through a pooler that keeps sessions (not PgBouncer's transaction
mode): locks belong to the session. The tables go where the user's `search_path` leads.
"""

import os
import socket
from contextlib import suppress
from hashlib import blake2b

from sqlalchemy import URL, create_engine, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.pool import NullPool

from delivery.ledger.errors import LedgerBroken, LedgerBusy, LedgerError, LedgerLost
from delivery.ledger.store import BUSY_SECONDS, Store

CONNECT_SECONDS = 10
CHANGING = 7021930451  # the lock of whoever makes or changes tables
DEAD_SECONDS = 30  # without an answer of the server's machine
_SETTINGS = (
    "synchronous_commit = on",
    f"lock_timeout = '{BUSY_SECONDS}s'",
    # Ten thousand look-ups in an index; read whole, a table of ten million would take seconds.
    "enable_hashjoin = off",
    "enable_mergejoin = off",
    "jit = off",
)
_HOLDER = text(
    "SELECT a.application_name FROM pg_locks l JOIN pg_stat_activity a USING (pid) "
    "WHERE l.locktype = 'advisory' AND l.granted AND l.objsubid = 1 "
    "AND l.classid = CAST(:high AS oid) AND l.objid = CAST(:low AS oid)"
)
_LOCK = text("SELECT pg_try_advisory_lock(:key)")
_UNLOCK = text("SELECT pg_advisory_unlock(:key)")
_BUSY = {"55P03", "40001", "40P01", "53300", "57014"}
_LOST = {"25006"}  # the server became a read-only copy


class PostgresServer(Store):
    """An open connection; see `Store`."""

    begin_write = "BEGIN"
    begin_change = f"SELECT pg_advisory_xact_lock({CHANGING})"
    begin_read = "BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY"

    def __init__(self, url: URL) -> None:
        host = url.host or url.query.get("host") or os.environ.get("PGHOST") or "localhost"
        self.where = f"PostgreSQL at {host}" + (f", {url.database}" if url.database else "")
        self._password = str(url.password or url.query.get("password") or "")
        self._locks: set[str] = set()
        with self.asking():
            engine = create_engine(
                url.set(drivername="postgresql+psycopg"),
                isolation_level="AUTOCOMMIT",
                poolclass=NullPool,
                hide_parameters=True,
                connect_args={
                    "connect_timeout": CONNECT_SECONDS,
                    "application_name": f"loyalty-etl {os.getpid()} on {socket.gethostname()}",
                    "keepalives_idle": DEAD_SECONDS // 3,
                    "keepalives_interval": DEAD_SECONDS // 3,
                    "keepalives_count": 2,
                    "tcp_user_timeout": DEAD_SECONDS * 1000,
                },
            )
            self.connection = engine.connect()
            for setting in _SETTINGS:
                self.connection.exec_driver_sql(f"SET {setting}")

    def lock(self, name: str) -> str | None:
        key = self._key(name)
        with self.asking():
            if name in self._locks:  # the server would count one session's locks
                return "this process"
            taken = self.connection.execute(_LOCK, {"key": key})
            if taken.scalar_one():
                self._locks.add(name)
                return None
            halves = {"high": key >> 32 & 0xFFFFFFFF, "low": key & 0xFFFFFFFF}
            holder = self.connection.execute(_HOLDER, halves).scalars().first()
        return f"process {holder.removeprefix('loyalty-etl ')}" if holder else "another process"

    def unlock(self, name: str) -> None:
        if name in self._locks:
            self._locks.discard(name)
            with suppress(LedgerError), self.asking():  # without a connection there is no lock
                self.connection.execute(_UNLOCK, {"key": self._key(name)})

    def close(self) -> None:
        self._locks.clear()
        super().close()

    def check(self) -> None:
        """Nothing to see: on a connection that is gone the write fails by itself."""

    def check_new(self) -> None:
        """Nothing to see: what a server lost, only its backups know."""

    def check_opened(self, *, in_use: bool) -> None:
        """Nothing to see: the server checks what it holds."""

    def mark(self, load: int, batch: int) -> None:
        """Nothing to do: the mark stands beside a file, and here there is none."""

    def save_copy(self, version: int) -> None:
        """Nothing to do: its tables change in one transaction, and backups are the server's."""

    def explain(self, error: Exception) -> LedgerError:
        cause = error.orig if isinstance(error, DBAPIError) else error
        state = getattr(cause, "sqlstate", None)
        if state in _BUSY:
            return LedgerBusy(
                f"ledger in {self.where} is busy (SQLSTATE {state}): let other runs end, then "
                "resume"
            )
        lost = isinstance(error, DBAPIError) and error.connection_invalidated
        if lost or state in _LOST:
            return LedgerLost(
                f"connection to {self.where} was lost, and nothing may be sent without it: "
                "once it is back, resume"
            )
        if not hasattr(self, "connection"):
            said = str(cause).splitlines()[0].rpartition("failed: ")[2]
            kind = LedgerError if said.startswith("FATAL") else LedgerLost
            if self._password:
                said = said.replace(self._password, "***")
            return kind(
                f"{self.where} cannot be reached ({said}): check that it runs, its address, and "
                "this user's password"
            )
        if state is not None and state[:2] in {"53", "58", "XX"}:
            return LedgerBroken(
                f"ledger in {self.where} fails (SQLSTATE {state}): see the server's log and its "
                "disk, then resume"
            )
        return LedgerError(
            f"ledger in {self.where} refuses a statement (SQLSTATE {state}): check this user's "
            "rights"
        )

    def _key(self, name: str) -> int:
        """Advisory locks are numbers, one space for a whole database."""
        digest = blake2b(f"{self.ledger_id}\x1f{name}".encode(), digest_size=8).digest()
        return int.from_bytes(digest, "big", signed=True)
