"""What is the matter, told from what is known of each feed. Pure: the same facts, the same answer.

A condition is a feed and a cause. It is there while its facts are, so that whoever compares two
looks knows what is new and what is over (`pipelines.alerts.telling`).
"""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from typing import Any

from pipelines.alerts.ends import cause_of_end
from pipelines.alerts.facts import Condition, FeedFacts
from pipelines.feeds import LoadFeed
from pipelines.feeds.alerting import Alerts, Cause
from pipelines.runs import Summary
from pipelines.usual import compare_columns, compare_rows, runs_before

__all__ = ["conditions_of"]

NOT_LOADED: set[Cause] = {
    *("missing_file", "columns", "rejects", "totals", "incomplete"),
    *("outage", "configuration", "failed", "unfinished", "ledger"),
}
"""Causes that explain why a feed is not fresh."""


def conditions_of(feed: FeedFacts, now: datetime) -> list[Condition]:
    """Say what is the matter with a feed, a condition for each cause, none that the feed mutes.

    Args:
        feed: what is known of it.
        now: with a zone.
    """
    alerts = feed.words.alerts if feed.words else Alerts()
    found: dict[Cause, Condition] = {}
    for cause, more in _all(feed, alerts, now):
        if cause not in found and cause not in alerts.off:
            found[cause] = Condition(feed=feed.name, cause=cause, to=alerts.to, **more)
    if NOT_LOADED & {*found}:
        found.pop("stale", None)
    return [*found.values()]


Told = tuple[Cause, dict[str, Any]]


def _all(feed: FeedFacts, alerts: Alerts, now: datetime) -> Iterator[Told]:
    if feed.broken:
        at = now.astimezone(UTC).isoformat(timespec="milliseconds")
        yield "configuration", {"text": feed.broken, "command": "loyalty-etl feeds", "since": at}
    for late in islice(feed.overdue, 1):
        more = f", and {len(feed.overdue) - 1:,} more" if len(feed.overdue) > 1 else ""
        due = late.due.isoformat(timespec="minutes")
        yield (
            "missing_file",
            {
                "text": f"{late.what} is not there{more}; it was due at {due}",
                "command": feed.again,
                "since": _utc(late.due),
                "counts": {"files": len(feed.overdue)},
            },
        )
    over = {run.run_id for run in feed.runs if run.state in {"finished", "failed"}} | {*feed.dead}
    ended = [run for run in feed.runs if not run.retry_of and run.run_id in over]
    lasts = [*_lasts(ended)]
    for last in lasts:
        yield from _of_last(feed, alerts, last)
    yield from _unfinished(feed, lasts)
    yield from _doubtful(feed, lasts)
    yield from _stale(feed, now)


def _lasts(ended: Sequence[Summary]) -> Iterator[Summary]:
    """Give the last run, and of a feed with a file a day those days whose last run has failed."""
    days: set[str] = set()
    for number, run in enumerate(ended):
        if not number or (run.day not in days and run.state != "finished"):
            yield run
        days.add(run.day)


def _of_last(feed: FeedFacts, alerts: Alerts, last: Summary) -> Iterator[Told]:
    """Judge the end of the last run, and what it has read."""
    before = [*runs_before(last, feed.runs)]
    change = compare_columns(last, before)
    about = _about(last)
    source = _source(feed, last)
    if last.state != "finished":
        cause, text, command = cause_of_end(
            last, change, killed=last.state != "failed", open_load=last.run_id in feed.idle
        )
        command = command.format(run=last.run_id, again=feed.again, feed=feed.word, source=source)
        yield cause, {"text": text, "command": command, **about}
        return
    mended = any(run.retry_of == last.run_id and not run.exit_code for run in feed.runs)
    look = {"command": f"loyalty-etl results {last.run_id}", **about}
    if last.kind == "export":
        look["command"] = f"loyalty-etl exports show {feed.word}"
        yield from _of_version(feed, look)
    if not last.as_declared:
        yield "totals", {"text": "less was taken than the source declares", **look}
    percent = 100 * last.rejected_records / last.records if last.records else 0.0
    if percent > alerts.rejects_percent and not mended:
        text = f"{last.rejected_records:,} of {last.records:,} records rejected ({percent:.1f} %)"
        yield "rejects", {"text": f"{text}, told above {alerts.rejects_percent:g} %", **look}
    if last.unsent_records > last.waiting_records and not mended:
        held = f", {last.held_records:,} of them changed and held" if last.held_records else ""
        yield "held", {"text": f"{last.unsent_records:,} records were not sent{held}", **look}
    if change:
        parts = [f"{'; '.join(_names(change.gone))} gone"] if change.gone else []
        parts += [f"{'; '.join(_names(change.added))} new"] if change.added else []
        command = f"loyalty-etl preview {feed.word}{source}"
        yield "columns", {"text": f"columns {', '.join(parts)}", **look, "command": command}
    deviation = feed.words.rows_deviation if feed.words else None
    if deviation and not (usual := compare_rows(deviation, last, before)).passed:
        text = f"{usual.rows:,.0f} rows, usually {usual.middle:,.0f}: {usual.percent:.0f} % off"
        yield "rows", {"text": f"{text}, told above {usual.allowed:g} %", **look}


def _of_version(feed: FeedFacts, look: Mapping[str, Any]) -> Iterator[Told]:
    """Judge what an export says of itself."""
    made = feed.manifest
    if made is None:
        return
    if not made.proof.complete:
        yield "incomplete", {**look, "text": f"may be incomplete: {'; '.join(made.proof.doubts)}"}
    drift = made.drift
    told = ((drift.gone, "gone"), (drift.added, "new"), (drift.retyped, "of another type"))
    if parts := [f"{'; '.join(_names([*names]))} {what}" for names, what in told if names]:
        command = f"loyalty-etl exports diff {feed.word}"
        yield "columns", {**look, "text": f"columns {', '.join(parts)}", "command": command}


def _unfinished(feed: FeedFacts, last: Sequence[Summary]) -> Iterator[Told]:
    """Tell of loads that are unfinished, but those whose end was told."""
    by = {run.run_id: run for run in feed.runs}
    told = {run.run_id for run in last}
    # One that is finished but for what is in doubt is told as such.
    left = [n for n in feed.idle if n not in told and not (n in by and by[n].state == "finished")]
    for run_id in left[:1]:
        text = "a load is unfinished, and nobody is at work on it"
        about = _about_run(feed, run_id) | {"counts": {"loads": len(left)}}
        yield "unfinished", {**about, "text": text, "command": f"loyalty-etl resume --run {run_id}"}


def _doubtful(feed: FeedFacts, last: Sequence[Summary]) -> Iterator[Told]:
    """Tell what is in doubt, but where the last run did not end: the resume asks about that."""
    goes_on = {run.run_id for run in last if run.state != "finished"}
    held = {run: records for run, records in feed.doubts.items() if run not in goes_on}
    for run_id in [*held][:1]:
        counts = {"records": sum(held.values()), "loads": len(held)}
        about = _about_run(feed, run_id) | {"counts": counts}
        text = f"nobody knows whether {sum(held.values()):,} records have arrived"
        yield "in_doubt", {**about, "text": text, "command": f"loyalty-etl resolve {run_id}"}


def _stale(feed: FeedFacts, now: datetime) -> Iterator[Told]:
    hours = feed.words.freshness.within_hours if feed.words and feed.words.freshness else None
    done = next((run for run in feed.runs if run.state == "finished" and not run.retry_of), None)
    if hours is None or done is None:
        return
    until = datetime.fromisoformat(done.finished or done.started) + timedelta(hours=hours)
    if until < now:
        text = (
            f"not {'exported' if done.kind == 'export' else 'loaded'} for more than {hours} hours"
        )
        about = {**_about(done), "since": _utc(until), "counts": {}}
        yield "stale", {"text": text, "command": feed.again, **about}


def _about_run(feed: FeedFacts, run_id: str) -> dict[str, Any]:
    run = next((run for run in feed.runs if run.run_id == run_id), None)
    return _about(run) if run else {"since": feed.idle.get(run_id, ""), "run_id": run_id}


def _about(run: Summary) -> dict[str, Any]:
    counts = {
        "rows": run.rows,
        "records": run.records,
        "accepted": run.accepted_records,
        "rejected": run.rejected_records,
        "in_doubt": run.in_doubt_records,
        "unsent": run.unsent_records,
        "held": run.held_records,
    }
    return {
        "since": run.finished or run.started,
        "counts": {name: count for name, count in counts.items() if count},
        "run_id": run.run_id,
        "environment": run.environment,
        "profile": run.profile,
    }


def _source(feed: FeedFacts, run: Summary) -> str:
    """Give the words that have a command read what the run has read, if that is not the feed's."""
    own = feed.words.source.path if isinstance(feed.words, LoadFeed) else ""
    return "" if not own or run.source.endswith(own) else f" --source {shlex.quote(run.source)}"


def _names(names: Sequence[str]) -> list[str]:
    more = [f"{len(names) - 10:,} more"] if len(names) > 10 else []
    return [*names[:10], *more]


def _utc(moment: datetime) -> str:
    return moment.astimezone(UTC).isoformat(timespec="milliseconds")
