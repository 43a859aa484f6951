"""The outcomes there are, and the tables that tell them."""

from typing import Literal, get_args

import polars as pl

Outcome = Literal[
    "accepted", "rejected", "quarantined", "unchanged", "merged", "in_doubt", "unsent"
]
OUTCOMES: tuple[Outcome, ...] = get_args(Outcome)
PARKED = pl.Schema([("key", pl.String()), ("since", pl.Datetime("ms", "UTC"))])
"""Records that are in quarantine, and since when."""
REFUSED = pl.Schema(
    {
        "key": pl.String,
        "row": pl.Int64,
        "last_row": pl.Int64,
        "rows": pl.UInt32,
        "reasons": pl.String,
        "amount": pl.Int64,  # as of a record that did; null where it cannot be read
        "waits": pl.Boolean,  # for another record to be there first: it is unsent, not rejected
    }
)
"""Records that did not pass the checks, or wait."""
TURNED_AWAY = pl.Schema({**REFUSED, "merged_into": pl.String()})
"""These, and records that another one of the source stands for: `merged_into` is its key."""
_TOLD = pl.Schema(
    {
        "file": pl.String,
        "row": pl.Int64,  # first and last, each in its own file
        "last_row": pl.Int64,
        "rows": pl.UInt32,
        "key": pl.String,
        "outcome": pl.String,
        "reasons": pl.String,
        "batch": pl.UInt32,
        "attempts": pl.UInt32,  # requests that carried it
        "status": pl.UInt16,  # of the last answer
        "seconds": pl.Float64,  # that the last answer took
        "merged_into": pl.String,  # the key of the record that stands for it
    }
)
TABLE = pl.Schema({**_TOLD, "since": PARKED["since"]})
"""One row for each record; `since` says when it was in quarantine first."""

__all__ = ["OUTCOMES", "PARKED", "REFUSED", "TABLE", "TURNED_AWAY", "Outcome"]
