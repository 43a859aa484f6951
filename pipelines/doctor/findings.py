"""What a look at something found."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

Verdict = Literal["ok", "warn", "fail"]


@dataclass(frozen=True)
class Finding:
    """One line of the doctor's.

    Attributes:
        name: what was looked at.
        verdict: `ok`; `warn`, loads work, and it wants looking after; `fail`, loads may not work.
        said: what was found, without secrets and personal data.
        todo: what to do; empty where all is well.
    """

    name: str
    verdict: Verdict
    said: str
    todo: str = ""


Check = Callable[[], Iterator[Finding]]


def ok(name: str, said: str) -> Finding:
    """Say that all is well."""
    return Finding(name, "ok", said)


def warn(name: str, said: str, todo: str) -> Finding:
    """Say that something wants looking after."""
    return Finding(name, "warn", said, todo)


def fail(name: str, said: str, todo: str) -> Finding:
    """Say that something is wrong."""
    return Finding(name, "fail", said, todo)
