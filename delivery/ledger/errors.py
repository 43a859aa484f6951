"""What can go wrong with a ledger, by what to do next.

LedgerError         a fact that contradicts the ledger, or a setting that is wrong
├── LedgerBusy      another run holds it: wait, or come back later
├── LedgerBroken    the file cannot be trusted or written: mend it first
└── LedgerLost      the database server went away: start again once it is back

Each message is one line: what, where, what to do. None holds a password, a key or a value.
"""


class LedgerError(Exception):
    """The ledger cannot do what it was asked; nothing of that was written."""


class LedgerBusy(LedgerError):  # noqa: N818  (a state of the ledger, said as such)
    """Another process holds what is needed."""


class LedgerBroken(LedgerError):  # noqa: N818  (a state of the ledger, said as such)
    """The ledger is damaged, too new, or its disk refuses; nothing may be sent."""


class LedgerLost(LedgerError):  # noqa: N818  (a state of the ledger, said as such)
    """The connection to the database is gone, and with it every lock."""
