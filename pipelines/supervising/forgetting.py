"""Forgetting runs in Dagster: all of them, not only what its own call removes.

`delete_run` leaves the file of the run's events (empty, and a third of a megabyte), the results of
its checks, and what it has printed. That would grow for ever.
"""

import shutil
from collections.abc import Iterable
from pathlib import Path

import dagster as dg
from dagster._core.storage.event_log.schema import AssetCheckExecutionsTable
from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from pipelines.settings import state_dir

__all__ = ["forget_in_dagster"]


def forget_in_dagster(instance: dg.DagsterInstance, run_ids: Iterable[str]) -> None:
    """Remove every trace of runs from Dagster's memory."""
    events = instance.event_log_storage
    for run_id in run_ids:
        instance.delete_run(run_id)
        if isinstance(events, SqlEventLogStorage):
            with events.index_connection() as connection:
                table = AssetCheckExecutionsTable
                connection.execute(table.delete().where(table.c.run_id == run_id))
        if isinstance(events, SqliteEventLogStorage):
            for ending in ("", "-wal", "-shm"):
                Path(events.path_for_shard(run_id) + ending).unlink(missing_ok=True)
        for folder in (Path(instance.storage_directory()), state_dir() / "dagster" / "logs"):
            shutil.rmtree(folder / run_id, ignore_errors=True)
