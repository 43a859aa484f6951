"""What a run that Dagster retries goes on with: the records that the run before it made ready."""

from typing import TYPE_CHECKING

from pipelines.runs import read_summary

if TYPE_CHECKING:
    import dagster as dg

__all__ = ["run_of_records"]


def run_of_records(instance: "dg.DagsterInstance", run: "dg.DagsterRun", feed: str) -> str:
    """Name the run whose records of a feed this run delivers: itself, or one that it retries.

    A run that is retried from its failure reads no source again, so it has no records of its own.
    """
    at: dg.DagsterRun | None = run
    while at is not None:
        if read_summary(at.run_id, feed) is not None:
            return at.run_id
        at = instance.get_run_by_id(at.parent_run_id) if at.parent_run_id else None
    return run.run_id
