"""Running one step inside Dagster; a failure becomes one clean line there.

Exceptions of polars and others quote values, so none of them reaches Dagster's event log: the
trace of an unexpected one goes to `error.log` in the run's folder, readable by its owner only.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TypeVar

import dagster as dg

from pipelines.asset_facts import link_page
from pipelines.codes import Kind, code_of
from pipelines.exports.reading.spool import has_read
from pipelines.failures import classify, is_failure, keep_trace
from pipelines.observing.steps import observing
from pipelines.run_page import keep_page
from pipelines.runs import Summary, now, read_summary, run_folder, write_summary
from pipelines.stopping import heard
from pipelines.supervising.marks import running

Result = TypeVar("Result")


class StepEnded(Exception):  # noqa: N818  (no error: it has been written down already)
    """A step that came to its end without reaching it; its summary says why."""

    def __init__(self, summary: Summary) -> None:
        super().__init__(summary.error)
        self.summary = summary


def run_step(
    begun: Summary, step: Callable[[], Result], *, name: str = "", dagster_run: str = ""
) -> Result:
    """Run a step; a failure is written to the run's summary and raised as one clean line.

    A run that has come to its end leaves its page (`pipelines.run_page`).

    Args:
        begun: the summary of the run whose step it is.
        step: the work.
        name: what it is, for whoever observes runs.
        dagster_run: the run that does it, where that is another one.

    Raises:
        dg.Failure: with the one line, and nothing of the exception behind it.
        DagsterExecutionInterruptedError: a signal has ended it, in good order or not: what else
            there is in the run is not begun.
    """
    with observing(begun, name, dagster_run):
        return _run(begun, step, dagster_run)


def _run(begun: Summary, step: Callable[[], Result], dagster_run: str) -> Result:
    try:
        _refuse_after_signal()
        with running(begun.run_id, begun.feed, dagster_run):
            result = step()
    except StepEnded as ended:
        line = ended.summary.error
    except BaseException as error:
        if not is_failure(error):  # cancelled: say so, and let it go on
            _fail(begun, "stopped before it was finished", "network", "stopped")
            raise
        folder = run_folder(begun.run_id, begun.feed)
        line, kind = classify(error) or (keep_trace(error, folder), "run")
        line = _fail(begun, line, kind, code_of(error))
    else:
        keep_page(begun.run_id, begun.feed)
        return result
    keep_page(begun.run_id, begun.feed)
    # Outside the handler, so that the exception is not attached to the failure as its context.
    if heard.is_set():
        raise dg.DagsterExecutionInterruptedError(line)
    raise dg.Failure(description=line, metadata=link_page(begun), allow_retries=False)


def _refuse_after_signal() -> None:
    """Begin nothing once the process was told to end, if only while the last step ended."""
    if heard.is_set():
        raise dg.DagsterExecutionInterruptedError


def _fail(begun: Summary, line: str, kind: Kind, code: str) -> str:
    """Write the failure down; the batches of a load that had begun are in the ledger."""
    summary = read_summary(begun.run_id, begun.feed) or begun
    if summary.resumable:
        line += f"; go on with: loyalty-etl resume --run {summary.run_id}"
    elif summary.kind == "export" and kind == "network" and has_read(Path(summary.output)):
        line += "; what was read is kept: export it again, and it goes on from there"
    told = {"error": line, "error_kind": kind, "error_code": code}
    write_summary(summary.add(state="failed", finished=now(), **told))
    return line
