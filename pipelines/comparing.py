"""What is to be sent of what was prepared: all that the target does not hold yet."""

import re
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from connectors.trigg.account import Account, AccountError
from delivery.ledger import Fate
from delivery.records import read_records
from pipelines.closing import changed_of
from pipelines.feeds import LoadFeed
from pipelines.platforms import platform_of

if TYPE_CHECKING:
    from delivery.ledger.book import Ledger

_COMPARED = 200_000
"""Records that the ledger is asked about at once."""


def target_of(feed: LoadFeed, account: Account) -> str:
    """Say what the ledger remembers records by: the platform's address and the path.

    A method that undoes another shares its memory, so that either is sent after the other.
    """
    method, path = feed.target.memory.split(" ")
    return platform_of(account) + path + ("" if method == "POST" else f" {method}")


def refuse_another_profile(ledger: "Ledger", name: str, feed: LoadFeed, account: Account) -> None:
    """See that a feed goes on into the place that it was loaded into before.

    Under another profile all of it would be new, and receipts would be there twice.

    Raises:
        AccountError: it has only ever gone to this address under another profile.
    """
    target = target_of(feed, account)
    before = list(dict.fromkeys(load.target for load in ledger.loads(feed=name)))
    others = [other for other in before if _without_profile(other) == _without_profile(target)]
    if others and target not in others:
        raise AccountError(
            f"{name} was loaded into {others[-1]} before, and into {target} all of it would be sent"
            " again: nothing was sent; put its `profile` back, or, if this is another brand, give"
            " the feed another name"
        )


def _without_profile(target: str) -> str:
    return re.sub("#[a-z0-9_]+", "", target)


def to_send(feed: LoadFeed, fates: pl.Series) -> pl.Series:
    """Mark the records that are to be sent, as the ledger knows them (`Fate`)."""
    resend = changed_of(feed) == "resend"
    return (fates == Fate.NEW) | ((fates == Fate.CHANGED) & resend)


def compare_records(
    ledger: "Ledger", target: str, records: Path, load: str | None = None
) -> pl.Series:
    """Ask the ledger what it knows of each record, in order (`Fate`).

    Args:
        ledger: open.
        target: where the records would go.
        records: the records file.
        load: the load that asks, if it has begun.
    """
    parts = [pl.Series(dtype=pl.UInt8)]
    waiting: list[pl.DataFrame] = []

    def ask() -> None:
        asked = pl.concat(waiting)
        keys, contents = asked["key_hash"], asked["content_hash"]
        parts.append(ledger.compare(target, keys, contents, load))
        waiting.clear()

    for frame in read_records(records, ("key_hash", "content_hash")):
        waiting.append(frame)
        if sum(each.height for each in waiting) >= _COMPARED:
            ask()
    if waiting:
        ask()
    return pl.concat(parts)


__all__ = [
    "compare_records",
    "refuse_another_profile",
    "target_of",
    "to_send",
]
