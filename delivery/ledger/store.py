"""One connection to a ledger's database: transactions, and errors in the ledger's words."""

from abc import ABC, abstractmethod
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import NoReturn

from sqlalchemy import Connection
from sqlalchemy.exc import SQLAlchemyError

from delivery.ledger.errors import LedgerBroken, LedgerError, LedgerLost

BUSY_SECONDS = 10  # how long one statement waits for another process
REFUSALS = (SQLAlchemyError, OSError)


class Store(ABC):
    """What differs between SQLite and PostgreSQL.

    The connection commits by itself; transactions are said in words, so that each begins as its
    database needs it. It is never made anew, for every lock would be gone without a word.

    Attributes:
        where: the path, or host and database, for messages.
        ledger_id: of the ledger that was found there.
        connection: the only one.
        failure: what made the store refuse everything.
    """

    where: str
    ledger_id: str
    connection: Connection
    failure: LedgerError | None = None
    begin_write: str
    begin_read: str
    begin_change: str | None = None  # of the tables themselves, after `begin_write`

    @abstractmethod
    def lock(self, name: str) -> str | None:
        """Take a lock; where another holds it, tell who."""

    @abstractmethod
    def unlock(self, name: str) -> None:
        """Let go of a lock, if it is held."""

    @abstractmethod
    def explain(self, error: Exception) -> LedgerError:
        """Say in one line what an error of the driver or the system means."""

    @abstractmethod
    def check(self) -> None:
        """See before each write that the ledger is still the one that was opened."""

    @abstractmethod
    def check_new(self) -> None:
        """See that there never was a ledger where none is found."""

    @abstractmethod
    def check_opened(self, *, in_use: bool) -> None:
        """See that the ledger is whole, and knows the last batch that was ever added.

        Args:
            in_use: a load of it is open.
        """

    @abstractmethod
    def mark(self, load: int, batch: int) -> None:
        """Remember outside of the database which batch was added last."""

    @abstractmethod
    def save_copy(self, version: int) -> None:
        """Save a copy of the ledger before its tables change."""

    def close(self) -> None:
        """Disconnect; every lock is let go."""
        with suppress(*REFUSALS):
            self.connection.close()

    @contextmanager
    def asking(self) -> Iterator[None]:
        """Turn what the driver raises into a `LedgerError`; after a failure, refuse all."""
        if self.failure is not None:
            raise type(self.failure)(str(self.failure))
        try:
            yield
        except REFUSALS as error:
            self._give_up(self.explain(error))
        except LedgerError as error:
            self._give_up(error)

    @contextmanager
    def reading(self) -> Iterator[Connection]:
        """Read in one snapshot."""
        with self.asking(), self.transaction(self.begin_read):
            yield self.connection

    @contextmanager
    def writing(self) -> Iterator[Connection]:
        """Write alone, in one durable transaction; nothing is written if the block raises."""
        with self.asking():
            self.check()
            with self.transaction(self.begin_write):
                yield self.connection

    @contextmanager
    def transaction(self, begin: str) -> Iterator[None]:
        """Commit what the block does, or nothing of it."""
        self.connection.exec_driver_sql(begin)
        try:
            yield
            self.connection.exec_driver_sql("COMMIT")
        except BaseException:
            with suppress(*REFUSALS):  # the first error is the one to tell
                self.connection.exec_driver_sql("ROLLBACK")
            raise

    def _give_up(self, error: LedgerError) -> NoReturn:
        if isinstance(error, (LedgerBroken, LedgerLost)):
            self.failure = error
        raise error from None  # what a driver says may quote values
