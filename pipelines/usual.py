"""What a feed usually holds: a run is held against those before it."""

import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from statistics import median

from connectors.files import READERS
from pipelines.feeds.watching import RowsDeviation
from pipelines.runs import Summary

__all__ = [
    "REMEMBERED",
    "Change",
    "Usual",
    "compare_columns",
    "compare_rows",
    "name_columns",
    "runs_before",
]

_NAMES = 500
"""Names of columns that are kept of a source."""
_VALUE = re.compile(r"[0-9]{4}|@")
REMEMBERED = 7
"""Runs that are looked at to know which columns a source has."""


@dataclass(frozen=True)
class Usual:
    """How the rows of a run compare with the middle of those before.

    Attributes:
        rows, middle: of the run and of those before; of an export by day, the rows of one day.
        percent, allowed: how far they lie apart, and how far they may.
        compared: how many runs were looked at.
    """

    rows: float
    middle: float
    percent: float
    allowed: float
    compared: int

    @property
    def passed(self) -> bool:
        """Whether they are as usual; the first run always is."""
        return self.percent <= self.allowed


@dataclass(frozen=True)
class Change:
    """Columns that all runs before had and this one lacks, and those that none of them had."""

    gone: Sequence[str] = ()
    added: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.gone or self.added)


def runs_before(summary: Summary, others: Iterable[Summary]) -> Iterator[Summary]:
    """Give the runs of the same feed that a run can be held against, in the order they come."""
    for other in others:
        alike = other.state == "finished" and other.feed == summary.feed and not other.dry_run
        if summary.kind == "export":
            alike = alike and Path(other.output).parent == Path(summary.output).parent
        else:
            alike = alike and not other.retry_of
        if alike and other.run_id != summary.run_id and other.started <= summary.started:
            yield other


def compare_rows(words: RowsDeviation, summary: Summary, before: Iterable[Summary]) -> Usual:
    """Say whether as many rows were read as in the middle of the runs before.

    Args:
        words: how far they may lie apart, and how many runs are looked at.
        summary: the run.
        before: the others, the latest first, as `runs_before` gives them.
    """
    usual = [_rows(other) for other in islice(before, words.of)]
    rows = _rows(summary)
    middle = median(usual) if usual else rows
    off = 100 * abs(rows - middle) / middle if middle else (100.0 if rows else 0.0)
    return Usual(rows, middle, off, words.percent, len(usual))


def compare_columns(summary: Summary, before: Iterable[Summary]) -> Change:
    """Say which columns of a source came or went, by the last few runs before.

    A column counts as gone only if each of them had it: of JSON and XML a column is there when
    some row fills it.
    """
    told = [{*other.columns} for other in islice(before, REMEMBERED) if other.columns]
    if not told or not summary.columns:
        return Change()
    now = {*summary.columns}
    ever: set[str] = set().union(*told)
    return Change(sorted(set.intersection(*told) - now), sorted(now - ever))


def name_columns(there: Iterable[str], empty: Collection[str]) -> list[str]:
    """Name the columns of a source, to know when they change; never what could be a value.

    Args:
        there: those that were read.
        empty: those of them that do not count, for no row fills them.
    """
    names = (name for name in there if name not in READERS and name not in empty)
    return [*islice((name for name in names if not _VALUE.search(name)), _NAMES)]


def _rows(summary: Summary) -> float:
    return summary.rows / max(1, summary.days)
