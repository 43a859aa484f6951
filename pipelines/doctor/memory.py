"""The ledger: that it is there and whole, and what was left in it."""

import time
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from delivery.ledger import LedgerBusy, open_ledger
from pipelines.doctor.findings import Finding, ok, warn
from pipelines.settings import ledger_url

if TYPE_CHECKING:
    from delivery.ledger.book import Ledger

SQLITE = "sqlite:///"
SLOW = 10.0
"""Seconds to open a ledger."""


def ledger() -> Iterator[Finding]:
    """Open it, which sees that it is whole and not older than it was; then look what is left."""
    url = ledger_url()
    file = Path(url.removeprefix(SQLITE))
    of_file = url.startswith(SQLITE)
    if of_file and not file.exists() and not file.with_name(f"{file.name}.mark").exists():
        yield ok("ledger", f"none yet: the first load makes {file}")
        return
    started = time.perf_counter()
    with open_ledger(url) as opened:
        seconds = time.perf_counter() - started
        size = f", {file.stat().st_size / 1024**2:,.0f} MiB" if of_file else ""
        told = f"whole, {opened.loads_begun:,} loads begun{size}"
        if seconds > SLOW:
            todo = "a slow disk: loads wait for it at each batch"
            yield warn("ledger", f"{told}, opened in {seconds:.0f} s", todo)
        else:
            yield ok("ledger", told)
        yield from _left(opened)


def _left(opened: "Ledger") -> Iterator[Finding]:
    doubts = opened.doubts()
    idle = [x for x in opened.loads(state="open") if not _at_work(opened, x.feed)]
    if doubts:
        yield warn("doubts", f"{len(doubts):,} loads hold records in doubt", "loyalty-etl status")
    if idle:
        names = ", ".join(sorted({load.feed for load in idle}))
        told = f"{len(idle):,} are unfinished and nobody works on them: {names}"
        yield warn("loads", told, "loyalty-etl resume")
    if not doubts and not idle:
        yield ok("loads", "none is unfinished or in doubt")


def _at_work(opened: "Ledger", feed: str) -> bool:
    try:
        with opened.hold(f"feed {feed}"):  # for this moment only
            return False
    except LedgerBusy:
        return True
