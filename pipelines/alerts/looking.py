"""Looking at what is known: runs, the ledger, exports, files that are late. Nothing is changed."""

import time
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.alerts.conditions import conditions_of
from pipelines.alerts.facts import Condition, FeedFacts
from pipelines.exports.manifest import Manifest, read_manifest
from pipelines.feeds import ExportFeed, FeedError, LoadFeed, find_feed, list_feeds
from pipelines.runs import Summary, list_summaries
from pipelines.settings import ledger_url
from pipelines.supervising.marks import Mark, find_marks
from pipelines.triggers.late import Overdue, overdue

if TYPE_CHECKING:
    from delivery.ledger.book import Ledger

__all__ = ["SILENT", "look"]

SILENT = 900.0
"""Seconds without a sign of life after which a run without a mark is taken for killed."""


@dataclass(frozen=True)
class _Loads:
    """What the ledger says: of each feed its idle unfinished loads and its doubts; or why not."""

    idle: dict[str, dict[str, str]] = field(default_factory=lambda: defaultdict(dict))
    doubts: dict[str, dict[str, int]] = field(default_factory=lambda: defaultdict(dict))
    busy: set[str] = field(default_factory=set)
    broken: str = ""


def look(now: datetime) -> list[Condition]:
    """Give all that is the matter now, in the order of the feeds."""
    by_feed: dict[str, list[Summary]] = {name: [] for name in list_feeds()}
    for summary in list_summaries():
        if not summary.dry_run:
            by_feed.setdefault(summary.feed, []).append(summary)
    loads = _look_into_ledger(
        known=any(run.kind == "load" for runs in by_feed.values() for run in runs)
    )
    late: dict[str, list[Overdue]] = defaultdict(list)
    for each in overdue(now):
        late[each.feed].append(each)
    marks = {(mark.run_id, mark.feed): mark for mark in find_marks()}
    found = []
    if loads.broken:
        at = now.astimezone(UTC).isoformat(timespec="milliseconds")
        found.append(
            Condition(
                feed="", cause="ledger", text=loads.broken, command="loyalty-etl check", since=at
            )
        )
    for name, runs in by_feed.items():
        facts = _facts(name, runs, loads, late[name], marks)
        if facts:
            found += conditions_of(facts, now)
    return found


def _facts(
    name: str,
    runs: Sequence[Summary],
    loads: _Loads,
    late: Sequence[Overdue],
    marks: Mapping[tuple[str, str], Mark],
) -> FeedFacts | None:
    """Gather what is known of one feed; None of one that lies elsewhere and is there no more."""
    path = runs[0].feed_path if runs else ""
    facts = FeedFacts(
        name=name,
        path=path,
        runs=runs,
        idle=loads.idle[name],
        dead={
            run.run_id for run in runs if _is_dead(run, loads, marks.get((run.run_id, run.feed)))
        },
        doubts=loads.doubts[name],
        overdue=late,
    )
    try:
        words: LoadFeed | ExportFeed = find_feed(path or name)[1]
    except FeedError as error:
        own = not path and name in list_feeds()
        if not own:
            return facts if facts.idle or facts.doubts else None
        return replace(facts, broken=str(error))
    return replace(facts, words=words, manifest=_manifest(runs))


def _manifest(runs: Sequence[Summary]) -> Manifest | None:
    last = next((run for run in runs if run.kind == "export" and run.state == "finished"), None)
    if last:
        with suppress(OSError, ValueError, TypeError, KeyError):
            return read_manifest(Path(last.output))
    return None


def _is_dead(run: Summary, loads: _Loads, mark: Mark | None) -> bool:
    """Tell a run that was killed, by the mark of its process.

    One that is between two steps has none, nor has one whose disk was full: then nobody holds its
    feed, and it has long been silent.
    """
    if run.state not in {"running", "prepared"}:
        return False
    if mark is not None:
        return not mark.alive
    if run.feed in loads.busy:
        return False
    if run.run_id in loads.idle[run.feed]:
        return True
    folders = [Path(run.folder)]
    if run.kind == "export":
        folders.append(Path(run.output) / ".spool")
    return max(_last_touched(folders), default=0.0) < time.time() - SILENT


def _last_touched(folders: Sequence[Path]) -> Iterator[float]:
    for folder in folders:
        with suppress(OSError):
            yield folder.stat().st_mtime
            yield from (path.stat().st_mtime for path in folder.rglob("*"))


def _look_into_ledger(*, known: bool) -> _Loads:
    """Look for loads that are unfinished or in doubt while nobody is at work on them."""
    from delivery.ledger import LedgerError, open_ledger  # noqa: PLC0415  (SQLAlchemy is slow)

    found = _Loads()
    if not known:  # there is none yet, and looking is no reason to make one
        return found
    try:
        with open_ledger(ledger_url()) as ledger:
            doubts = ledger.doubts()
            for load in ledger.loads():
                if load.state != "open" and load.id not in doubts:
                    continue
                if _is_busy(ledger, load.feed):
                    found.busy.add(load.feed)
                    continue
                run_id = load.id.rpartition("/")[0]
                if load.state == "open":
                    found.idle[load.feed][run_id] = load.started
                if load.id in doubts:
                    found.doubts[load.feed][run_id] = doubts[load.id].records
    except LedgerError as error:
        return _Loads(broken=str(error))
    return found


def _is_busy(ledger: "Ledger", feed: str) -> bool:
    from delivery.ledger import LedgerBusy  # noqa: PLC0415

    try:
        # Held for this moment only: a process at work would not let go of it.
        with ledger.hold(f"feed {feed}"):
            return False
    except LedgerBusy:
        return True
