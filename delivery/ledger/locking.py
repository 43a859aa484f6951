"""Waiting for a lock."""

from collections.abc import Callable
from threading import Event
from time import monotonic, sleep

from delivery.ledger.errors import LedgerBusy
from delivery.ledger.store import Store

PAUSE = 0.2  # seconds between two tries


def take_lock(
    store: Store,
    name: str,
    wait: float,
    waiting: Callable[[str], None] | None,
    stop: Event | None,
) -> None:
    """Take a lock, or wait for its holder; see `Ledger.hold`."""
    until, told = monotonic() + wait, False
    while (holder := store.lock(name)) is not None:
        left = until - monotonic()
        if left <= 0 or (stop is not None and stop.is_set()):
            raise LedgerBusy(
                f"{name} is held by {holder} in {store.where}: wait for that run to end, or stop it"
            )
        if waiting is not None and not told:
            waiting(holder)
            told = True
        pause = min(PAUSE, left)
        if stop is None:
            sleep(pause)
        else:
            stop.wait(pause)
