"""Hearing of the steps of a run."""

import time
from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.observing.telling import Fact, flush, listeners, tell
from pipelines.runs import Summary, read_summary

__all__ = ["observing"]

OUTCOMES = (*("accepted", "rejected", "quarantined", "unchanged", "merged", "in_doubt", "unsent"),)


@contextmanager
def observing(begun: Summary, step: str, dagster_run: str = "") -> Iterator[None]:
    """Tell that a step begins and, by the summary it leaves, how it ended."""
    if not listeners():
        yield
        return
    run, feed, started = begun.run_id, begun.feed, time.time()
    said: dict[str, Fact] = {"step": step}
    if dagster_run and dagster_run != run:
        said["dagster_run"] = dagster_run
    tell("step.begun", run, feed, **said)
    try:
        yield
    finally:
        summary = read_summary(run, feed) or begun
        said |= {"began": started, "wall_seconds": round(time.time() - started, 3)}
        tell("step.ended", run, feed, **said, **facts_of(summary))
        flush()


def facts_of(summary: Summary) -> dict[str, Fact]:
    """Tell a run in numbers and closed words."""
    counts = {name: getattr(summary, f"{name}_records") for name in OUTCOMES}
    facts: dict[str, Fact] = {
        "kind": summary.kind,
        "state": summary.state,
        "exit_code": summary.exit_code,
        "started": summary.started,
        "rows": summary.rows,
        "records": summary.records,
        **counts,
        "requests": summary.requests,
        "bytes": summary.bytes,
        "seconds": summary.seconds,
        "dry_run": summary.dry_run,
        "resumable": summary.resumable,
    }
    if summary.error:
        facts["error"] = summary.error
    return facts
