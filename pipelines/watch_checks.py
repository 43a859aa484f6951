"""Checks that Dagster shows of a run: warnings to look at, none of which stops anything."""

from collections.abc import Iterator

import dagster as dg

from pipelines.feeds import LoadFeed
from pipelines.feeds.watching import RowsDeviation
from pipelines.runs import Summary, list_summaries
from pipelines.usual import compare_columns, compare_rows, runs_before

__all__ = [
    "COLUMNS",
    "DOUBT",
    "ROWS",
    "judge_delivered",
    "judge_prepared",
    "judge_rows",
    "specs_of_delivered",
    "specs_of_prepared",
    "tell_rows",
]

ROWS, COLUMNS, DOUBT = "rows_as_usual", "columns_as_before", "nothing_in_doubt"


def specs_of_prepared(key: dg.AssetKey, feed: LoadFeed) -> list[dg.AssetCheckSpec]:
    """Declare what is held against the runs before once a source is read."""
    told = {COLUMNS: "The columns of the source are those of the runs before."}
    if feed.rows_deviation:
        told[ROWS] = tell_rows(feed.rows_deviation)
    return [dg.AssetCheckSpec(name, asset=key, description=text) for name, text in told.items()]


def specs_of_delivered(key: dg.AssetKey) -> list[dg.AssetCheckSpec]:
    """Declare what is looked at once a load has ended."""
    text = "It is known of every record what became of it, and none is held back."
    return [dg.AssetCheckSpec(DOUBT, asset=key, description=text)]


def judge_prepared(feed: LoadFeed, summary: Summary) -> Iterator[dg.AssetCheckResult]:
    """Hold a source that was read against the runs before."""
    before = [*runs_before(summary, list_summaries(summary.feed))]
    change = compare_columns(summary, before)
    yield dg.AssetCheckResult(
        passed=not change,
        check_name=COLUMNS,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "gone": ", ".join(change.gone) or "none",
            "added": ", ".join(change.added) or "none",
            "runs_compared": len(before),
        },
    )
    if feed.rows_deviation:
        yield judge_rows(feed.rows_deviation, summary)


def judge_delivered(summary: Summary) -> Iterator[dg.AssetCheckResult]:
    """Say whether anything is left that somebody must see to."""
    yield dg.AssetCheckResult(
        passed=not summary.in_doubt_records and not summary.held_records,
        check_name=DOUBT,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "in_doubt_records": summary.in_doubt_records,
            "held_records": summary.held_records,
        },
    )


def judge_rows(words: RowsDeviation, summary: Summary) -> dg.AssetCheckResult:
    """Say whether as many rows were read as usual: as the middle of the runs before.

    Args:
        words: how far they may lie apart, and how many runs are looked at.
        summary: the run; where an export is read day by day, the rows of a day are compared.
    """
    usual = compare_rows(words, summary, runs_before(summary, list_summaries(summary.feed)))
    return dg.AssetCheckResult(
        passed=usual.passed,
        check_name=ROWS,
        severity=dg.AssetCheckSeverity.WARN,
        metadata={
            "rows": round(usual.rows, 1),
            "usual_rows": round(usual.middle, 1),
            "off_percent": round(usual.percent, 1),
            "allowed_percent": words.percent,
            "runs_compared": usual.compared,
        },
    )


def tell_rows(words: RowsDeviation) -> str:
    """Say what is asked of the rows."""
    return f"At most {words.percent:g} % from the middle of the last {words.of} runs."
