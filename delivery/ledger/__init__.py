"""The delivery ledger: what was sent, what became of it, and what the target holds.

A batch is written down before its request leaves, and its outcome before it counts as done, each
in one durable transaction. So whatever kills a load, the ledger knows every request that may have
reached the platform. It lives in one SQLite file, or in a PostgreSQL database.

It holds hashes and numbers only: no key, no content, no personal data.
"""

from typing import TYPE_CHECKING

from delivery.ledger.errors import LedgerBroken, LedgerBusy, LedgerError, LedgerLost
from delivery.ledger.words import QUARANTINE, Entry, Fate, Learned, Load, State, Tally

if TYPE_CHECKING:
    from delivery.ledger.book import Ledger


def open_ledger(url: str) -> "Ledger":
    """Open a ledger, and make it if there is none.

    Args:
        url: `sqlite:////absolute/path/ledger.sqlite` or `postgresql://user@host/database`.

    Raises:
        LedgerError: the URL is of no use, or the database refuses this user.
        LedgerBusy: another process holds the file for too long.
        LedgerBroken: the ledger is damaged, older than it was, of a newer version, on a network
            file system, or cannot be written. Nothing may be sent then.
        LedgerLost: the database server cannot be reached.
    """
    # SQLAlchemy takes 0.2 s to import: a command that sends nothing need not pay for it.
    from delivery.ledger.opening import connect  # noqa: PLC0415

    return connect(url)


__all__ = [
    "QUARANTINE",
    "Entry",
    "Fate",
    "Learned",
    "LedgerBroken",
    "LedgerBusy",
    "LedgerError",
    "LedgerLost",
    "Load",
    "State",
    "Tally",
    "open_ledger",
]
