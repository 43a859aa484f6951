"""Runs whose process was killed: Dagster is told, the summary says so, nothing is left lying."""

import signal
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest

from pipelines.materializing import open_instance
from pipelines.runs import Summary, list_summaries, read_summary, run_folder, write_summary
from pipelines.supervising.dead_runs import find_dead, reap
from pipelines.supervising.marks import MARK, running

POST = {"method": "POST", "path": "/transactions"}


def state_of(run_id: str) -> dg.DagsterRunStatus:
    with open_instance() as instance:
        run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


@pytest.fixture
def begin() -> Iterator[Callable[..., subprocess.Popen[bytes]]]:
    """Return what starts a process."""
    begun: list[subprocess.Popen[bytes]] = []

    def start(line: list[str], **options: object) -> subprocess.Popen[bytes]:
        begun.append(subprocess.Popen(line, **options))
        return begun[-1]

    yield start
    for process in begun:
        process.kill()
        process.wait()


@pytest.mark.slow
def test_a_run_that_was_killed_is_found_by_the_next_one(shop, cli, begin) -> None:
    platform = shop.serve({**POST, "fault": "hang", "stored": "all", "seconds": 0.3})
    feed, source = shop.feed(target={"max_receipts": 4}), shop.write(range(100))
    line = cli.line("run", feed, "--source", source)
    process = begin(line, cwd=cli.checkout, env=cli.environment())
    until = time.monotonic() + 120
    while platform.seen() < 5:
        assert time.monotonic() < until
        time.sleep(0.05)
    (dead,) = list_summaries()
    with open_instance() as instance:
        assert find_dead(instance) == []
        process.send_signal(signal.SIGKILL)
        process.wait()
        (found,) = find_dead(instance)
    assert (found.run_id, found.job, found.feeds) == (dead.run_id, "till", ("till",))
    assert state_of(dead.run_id) is dg.DagsterRunStatus.STARTED
    platform.fail()
    other = shop.feed("other", source={"path": str(shop.write([500], name="other.csv"))})
    assert shop.run(other).exit_code == 0
    assert state_of(dead.run_id) is dg.DagsterRunStatus.FAILURE
    told = read_summary(dead.run_id, "till")
    assert told is not None
    assert (told.state, told.exit_code, told.resumable) == ("failed", 2, True)
    assert told.error == (
        "its process ended without a word: killed, or the machine went down;"
        f" go on with: loyalty-etl resume --run {dead.run_id}"
    )
    done = shop.resume(feed, dead.run_id)
    assert (done.exit_code, done.accepted_records) == (0, 100)
    assert {*platform.held().values()} == {1}


def begun(run_id: str, **facts: object) -> Path:
    """Write down a run that was killed: its summary, its mark, half of a source."""
    folder = run_folder(run_id, "till")
    write_summary(Summary(run_id, "till", "load", started="2026-01-01", folder=str(folder)))
    write_summary(Summary(run_id, "till", "load", folder=str(folder), **facts))
    (folder / "records.arrow").write_bytes(b"people")
    (folder / MARK).write_text(run_id)
    return folder


@pytest.mark.usefixtures("run")
def test_of_a_source_that_was_read_by_half_nothing_is_kept() -> None:
    folder = begun("r1", state="running")
    prepared = begun("r2", state="prepared")
    with open_instance() as instance:
        assert reap(instance) == []  # Dagster knows nothing of these
    for each, run_id in ((folder, "r1"), (prepared, "r2")):
        told = read_summary(run_id, "till")
        assert told is not None
        assert told.state == "failed"
        assert told.error.endswith("nothing was sent: run it again")
        assert sorted(file.name for file in each.iterdir()) == ["summary.json"]


@pytest.mark.usefixtures("run")
def test_what_is_alive_or_comes_again_is_left_alone() -> None:
    folder = begun("r1", state="running")
    with running("r1", "till"), open_instance() as instance:
        reap(instance)
        assert (folder / "records.arrow").exists()
    again = begun("r2", state="prepared")
    with open_instance() as instance:
        reap(instance)
    assert not (again / "records.arrow").exists()
    assert [s.run_id for s in list_summaries() if s.state == "failed"] == ["r2"]
