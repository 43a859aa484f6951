"""Running one step inside Dagster; a failure becomes one clean line there.

Exceptions of polars and others quote values, so none of them reaches Dagster's event log: the
trace of an unexpected one goes to `error.log` in the run's folder, readable by its owner only.
"""

from collections.abc import Callable
from typing import TypeVar

import dagster as dg

from pipelines.failures import Kind, classify, keep_trace
from pipelines.runs import Summary, now, read_summary, run_folder, write_summary

Result = TypeVar("Result")


def run_step(summary: Summary, step: Callable[[], Result]) -> Result:
    """Run a step; a failure is written to the run's summary and raised as one clean line.

    Raises:
        dg.Failure: with the one line, and nothing of the exception behind it.
    """
    try:
        return step()
    except Exception as error:  # noqa: BLE001  (nothing may reach the event log as it is)
        folder = run_folder(summary.run_id, summary.feed)
        line, kind = classify(error) or (keep_trace(error, folder), "run")
    except BaseException:  # cancelled: say so, and let it go on
        _fail(summary, "stopped before it was finished", "run")
        raise
    # Outside the handler, so that the exception is not attached to the failure as its context.
    raise dg.Failure(description=_fail(summary, line, kind), allow_retries=False)


def _fail(begun: Summary, line: str, kind: Kind) -> str:
    """Write the failure down, and say how much had been sent: a repeat sends it again."""
    summary = read_summary(begun.run_id, begun.feed) or begun
    if summary.accepted_records:
        line += (
            f"; at least {summary.accepted_records:,} records had been taken before, and running"
            " it again sends them again"
        )
    write_summary(summary.add(state="failed", error=line, error_kind=kind, finished=now()))
    return line
