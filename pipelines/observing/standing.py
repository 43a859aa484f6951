"""How things stand, looked up in the state folder: for `status --json` and for Prometheus."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from pipelines.observing.steps import OUTCOMES
from pipelines.runs import Summary, list_summaries
from pipelines.supervising.marks import find_marks

__all__ = ["FeedStanding", "look"]


@dataclass(frozen=True)
class FeedStanding:
    """One feed, by the last of its runs that were no dry runs.

    Attributes:
        feed: its name.
        last: the newest run.
        last_good: the newest that ended with 0 or 4: all there was to do was done.
        runs: whether a process is at work on it.
        dead: whether a process died at work on it, and nobody has noted it yet.
    """

    feed: str
    last: Summary
    last_good: Summary | None
    runs: bool
    dead: bool

    def told(self) -> dict[str, Any]:
        """Tell it as one JSON object."""
        last = self.last
        return {
            "feed": self.feed,
            "kind": last.kind,
            "running": self.runs,
            "dead": self.dead,
            "run_id": last.run_id,
            "state": last.state,
            "exit_code": last.exit_code if last.finished else None,
            "started": last.started,
            "finished": last.finished,
            "seconds": last.seconds,
            "rows": last.rows,
            "records": last.records,
            **{f"{name}_records": getattr(last, f"{name}_records") for name in OUTCOMES},
            "requests": last.requests,
            "resumable": last.resumable,
            "error": last.error,
            "environment": last.environment,
            "profile": last.profile,
            "last_good": self.last_good.finished if self.last_good else None,
        }


def look() -> list[FeedStanding]:
    """Look at each feed that has ever run, by name."""
    by_feed: dict[str, list[Summary]] = {}
    for summary in list_summaries():  # newest first
        if not summary.dry_run:
            by_feed.setdefault(summary.feed, []).append(summary)
    marks = find_marks()
    return [
        FeedStanding(
            feed,
            runs[0],
            next((run for run in runs if run.finished and run.exit_code in {0, 4}), None),
            runs=any(mark.alive for mark in marks if mark.feed == feed),
            dead=any(not mark.alive for mark in marks if mark.feed == feed),
        )
        for feed, runs in sorted(by_feed.items())
    ]


def seconds_of(moment: str) -> float:
    """Give a summary's time as Unix seconds; 0 where there is none."""
    return datetime.fromisoformat(moment).timestamp() if moment else 0.0


def count_doubts() -> Mapping[str, tuple[int, int, int]]:
    """Count, by feed, open loads, and batches and records in doubt.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    from delivery.ledger import open_ledger  # noqa: PLC0415  (slow to import)
    from pipelines.settings import ledger_url  # noqa: PLC0415

    found: dict[str, tuple[int, int, int]] = {}
    with open_ledger(ledger_url()) as ledger:
        doubts = ledger.doubts()
        for load in ledger.loads():
            loads, batches, records = found.get(load.feed, (0, 0, 0))
            doubt = doubts.get(load.id)
            found[load.feed] = (
                loads + (load.state == "open"),
                batches + (doubt.batches if doubt else 0),
                records + (doubt.records if doubt else 0),
            )
    return found
