"""Old runs are forgotten, here and in Dagster; young ones are not."""

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
