"""Old runs are forgotten, here and in Dagster; young ones are not."""

import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from pipelines.feeds import read_feed
from pipelines.materializing import open_instance, prune_runs, run_feed
from pipelines.progress import Reporter
from pipelines.runs import list_summaries, write_summary


@pytest.mark.usefixtures("api")
def test_old_runs_are_forgotten(state: Path) -> None:
    young = run_feed("members_csv", read_feed("members_csv"), Reporter())
    old = write_summary(young.add(run_id="old", started="2020-01-01T00:00:00.000+00:00"))
    assert {s.run_id for s in list_summaries()} == {young.run_id, old.run_id}
    assert prune_runs(90) == 1
    assert [s.run_id for s in list_summaries()] == [young.run_id]
    assert not (state / "runs" / "old").exists()
    with open_instance() as instance:
        assert instance.get_run_by_id(young.run_id) is not None


@pytest.mark.usefixtures("api")
def test_nothing_of_a_forgotten_run_is_left_in_dagsters_memory(state: Path) -> None:
    """It has left a file for each run, of a third of a megabyte, and what its checks have found."""
    gone = run_feed("members_csv", read_feed("members_csv"), Reporter()).run_id
    (state / "dagster" / "logs" / gone / "compute_logs").mkdir(parents=True)
    with open_instance() as instance:
        assert instance.get_run_by_id(gone)
    assert prune_runs(0) == 1
    assert [path for path in state.rglob("*") if gone in str(path)] == []
    for file in (state / "dagster").rglob("*.db"):
        with closing(sqlite3.connect(file)) as memory:
            tables = memory.execute("SELECT name FROM sqlite_master WHERE type = 'table'")
            for (table,) in tables.fetchall():
                columns = [row[1] for row in memory.execute(f"PRAGMA table_info({table})")]
                if "run_id" in columns:
                    count = f"SELECT count(*) FROM {table} WHERE run_id = ?"
                    assert memory.execute(count, [gone]).fetchone() == (0,), table
