"""Running one step inside Dagster; a failure becomes one clean line there.

Exceptions of polars and others quote values, so none of them reaches Dagster's event log: the
trace of an unexpected one goes to `error.log` in the run's folder, readable by its owner only.
"""

from collections.abc import Callable
from typing import TypeVar

import dagster as dg

from pipelines.failures import Kind, classify, is_failure, keep_trace
from pipelines.runs import Summary, now, read_summary, run_folder, write_summary

Result = TypeVar("Result")


class StepEnded(Exception):  # noqa: N818  (no error: it has been written down already)
    """A step that came to its end without reaching it; its summary says why."""

    def __init__(self, summary: Summary) -> None:
        super().__init__(summary.error)
        self.summary = summary


def run_step(begun: Summary, step: Callable[[], Result]) -> Result:
    """Run a step; a failure is written to the run's summary and raised as one clean line.

    Raises:
        dg.Failure: with the one line, and nothing of the exception behind it.
    """
    try:
        return step()
    except StepEnded as ended:
        line = ended.summary.error
    except BaseException as error:
        if not is_failure(error):  # cancelled: say so, and let it go on
            _fail(begun, "stopped before it was finished", "network")
            raise
        folder = run_folder(begun.run_id, begun.feed)
        line, kind = classify(error) or (keep_trace(error, folder), "run")
        line = _fail(begun, line, kind)
    # Outside the handler, so that the exception is not attached to the failure as its context.
    raise dg.Failure(description=line, allow_retries=False)


def _fail(begun: Summary, line: str, kind: Kind) -> str:
    """Write the failure down; the batches of a load that had begun are in the ledger."""
    summary = read_summary(begun.run_id, begun.feed) or begun
    if summary.resumable:
        line += f"; go on with: loyalty-etl resume --run {summary.run_id}"
    write_summary(summary.add(state="failed", error=line, error_kind=kind, finished=now()))
    return line
