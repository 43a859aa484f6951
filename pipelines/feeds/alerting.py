"""The words of a feed that say what somebody is told of, and who."""

import re
from typing import Annotated, Literal, get_args

from pydantic import AfterValidator, Field

from pipelines.feeds.block import Words

Cause = Literal[
    "missing_file",
    "columns",
    "rejects",
    "totals",
    "rows",
    "stale",
    "incomplete",
    "outage",
    "configuration",
    "unfinished",
    "in_doubt",
    "held",
    "ledger",
    "failed",
]
"""What can be the matter: `pipelines.alerts.conditions` says when, docs/alerts.md what to do."""
CAUSES: tuple[Cause, ...] = get_args(Cause)


def check_team(name: str) -> str:
    """Give a name back that is part of a variable's.

    Raises:
        ValueError: it cannot be one.
    """
    if not re.fullmatch("[a-z][a-z0-9_]*", name):
        raise ValueError("who is told has a name of small letters, digits and _, such as tills")
    return name


class Alerts(Words):
    """Who is told when something is the matter with the feed, and of what nobody is told."""

    to: list[Annotated[str, AfterValidator(check_team)]] = []
    off: list[Cause] = []
    rejects_percent: Annotated[float, Field(ge=0, le=100)] = 1.0


__all__ = ["CAUSES", "Alerts", "Cause"]
