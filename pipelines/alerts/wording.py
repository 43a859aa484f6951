"""What an alert says, for a person and for a program."""

import socket
from collections.abc import Sequence
from dataclasses import asdict
from datetime import datetime, timedelta
from typing import Any

from connectors.notifying import Notice
from pipelines.alerts.facts import Condition

__all__ = ["VERSION", "lines_of", "make_notice", "make_test", "tell_cause"]

VERSION = 1
"""Of the JSON; it grows when a word of it changes its meaning."""
_MOST = 20
"""Conditions that a text tells at length."""


def make_notice(
    new: Sequence[Condition], over: Sequence[Condition], left: int, now: datetime
) -> Notice:
    """Tell what is new and what is over since the last notice.

    Args:
        new: what was not told yet.
        over: what was told and is no more.
        left: how many were told before and are there still.
        now: with a zone.
    """
    first = (new or over)[0]
    more = len(new) + len(over) - 1
    what = tell_cause(first) if new else f"over: {tell_cause(first)}"
    title = f"loyalty-etl: {what}" + (f", and {more:,} more" if more else "")
    lines: list[str] = []
    for each in new[:_MOST]:
        lines += [*lines_of(each), ""]
    for each in over[:_MOST]:
        lines += [f"over   {tell_cause(each)}, after {_lasted(each, now)}", ""]
    if (unsaid := len(new[_MOST:]) + len(over[_MOST:])) > 0:
        lines += [f"and {unsaid:,} more: loyalty-etl alerts list", ""]
    if left:
        lines.append(f"still there: {left:,}, told before; see loyalty-etl alerts list")
    lines.append(f"told by {socket.gethostname()}, {now:%Y-%m-%d %H:%M %Z}")
    facts = {
        "version": VERSION,
        "host": socket.gethostname(),
        "at": now.isoformat(timespec="milliseconds"),
        "new": [_facts(each) for each in new],
        "over": [_facts(each) for each in over],
        "still": left,
    }
    return Notice(title, "\n".join(lines), bool(new), facts)


def make_test(now: datetime) -> Notice:
    """Say that nothing is the matter, and that this way works."""
    host = socket.gethostname()
    facts: dict[str, Any] = {"version": VERSION, "host": host, "at": now.isoformat(), "test": True}
    facts |= {"new": [], "over": [], "still": 0}
    text = f"This is a test by {host}: alerts arrive here. Nothing is the matter."
    return Notice("loyalty-etl: a test", text, bad=False, facts=facts)


def tell_cause(condition: Condition) -> str:
    """Name a condition in words: `members_csv: columns`."""
    cause = condition.cause.replace("_", " ")
    return f"{condition.feed}: {cause}" if condition.feed else cause


def lines_of(condition: Condition) -> list[str]:
    """Tell a condition in a few lines."""
    counts = ", ".join(f"{n:,} {name.replace('_', ' ')}" for name, n in condition.counts.items())
    account = ", profile ".join(filter(None, (condition.environment, condition.profile)))
    since = condition.since[:16].replace("T", " ")
    return [
        f"new    {tell_cause(condition)}" + (f" ({account})" if account else ""),
        f"       {condition.text}",
        *([f"       {counts}"] if counts else []),
        *([f"       since {since} UTC"] if since else []),
        f"  Next: {condition.command}",
    ]


def _facts(condition: Condition) -> dict[str, Any]:
    facts = asdict(condition)
    del facts["to"]
    return facts | {"counts": dict(condition.counts)}


def _lasted(condition: Condition, now: datetime) -> str:
    if not condition.since:
        return "some time"
    seconds = max(timedelta(), now - datetime.fromisoformat(condition.since)).total_seconds()
    minutes = round(seconds / 60)
    if minutes < 120:
        return f"{minutes} min"
    return f"{minutes // 60} h" if minutes < 72 * 60 else f"{minutes // 1440} days"
