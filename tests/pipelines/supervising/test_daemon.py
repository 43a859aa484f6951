"""Runs in Dagster's own hands: a real daemon and code location, a killed worker, a cancel."""

import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import dagster as dg
import pytest
from dagster._core.instance.ref import InstanceRef

from pipelines.runs import list_summaries, read_summary

POST = {"method": "POST", "path": "/transactions"}
Status = dg.DagsterRunStatus
FEED = "receipts_csv"
MODULE = ["-m", "pipelines.definitions", "-d", "."]


@pytest.fixture
def home(shop, checkout, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A checkout with a feed that sends four receipts a request, and Dagster's memory."""
    shop.write(range(80))
    feed = shop.feed(FEED, target={"max_receipts": 4}) / "defs.yaml"
    shutil.copy(feed, checkout.checkout / "pipelines" / "defs" / FEED)
    monkeypatch.chdir(checkout.checkout)
    monkeypatch.setenv("DAGSTER_HOME", str(checkout.checkout))
    monkeypatch.setenv("PYTHONPATH", str(checkout.checkout))
    (checkout.checkout / ".state").mkdir()
    return Path(checkout.checkout)


def dagster(tool: str, *words: str) -> list[str]:
    return [str(Path(sys.executable).with_name(tool)), *words]


@pytest.fixture
def platform(shop):
    """A platform that takes a second for an answer."""
    return shop.serve({**POST, "fault": "hang", "stored": "all", "seconds": 1.0})


@pytest.fixture
def daemon(home: Path, platform) -> Iterator[None]:
    """The daemon, which starts a code location of its own, whose runs lead to the platform."""
    del platform
    with (home / "daemon.log").open("wb") as log:
        process = subprocess.Popen(
            dagster("dagster-daemon", "run", *MODULE),
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
        try:
            yield
        finally:
            os.killpg(process.pid, signal.SIGTERM)
            try:
                process.wait(20)
            except subprocess.TimeoutExpired:
                os.killpg(process.pid, signal.SIGKILL)


@pytest.fixture
def instance(home: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.from_ref(InstanceRef.from_dir(str(home))) as opened:
        yield opened


def wait_for(what: Callable[[], object], seconds: float = 180) -> None:
    until = time.monotonic() + seconds
    while not what():
        assert time.monotonic() < until, Path("daemon.log").read_text()[-3000:]
        time.sleep(0.2)


def process_of(instance: dg.DagsterInstance, run_id: str) -> int:
    events = (entry.dagster_event for entry in instance.all_logs(run_id))
    told = " ".join(event.message or "" for event in events if event)
    found = re.search(r"Started process for run \(pid: (\d+)\)", told)
    assert found
    return int(found[1])


@pytest.mark.slow
@pytest.mark.usefixtures("daemon")
def test_a_killed_worker_goes_on_by_itself_and_a_cancelled_one_drains(
    platform, checkout, instance: dg.DagsterInstance
) -> None:
    launched = subprocess.run(
        dagster("dagster", "job", "launch", *MODULE, "-j", FEED),
        capture_output=True, text=True, check=False,
    )  # fmt: skip
    assert launched.returncode == 0, launched.stderr
    # Killed while requests are in flight.
    wait_for(lambda: platform.seen() >= 5)
    (first,) = instance.get_runs()
    os.kill(process_of(instance, first.run_id), signal.SIGKILL)
    seen = platform.seen()
    # Dagster retries it: the run goes on with the records of the first, and reads nothing again.
    wait_for(lambda: platform.seen() > seen + 2)
    second = instance.get_runs()[0]
    assert second.parent_run_id == first.run_id
    assert state_of(instance, first.run_id) is Status.FAILURE
    assert read_summary(second.run_id, FEED) is None
    # Cancelled while requests are in flight: these are waited for.
    assert instance.run_launcher.terminate(second.run_id)
    wait_for(lambda: state_of(instance, second.run_id) is Status.CANCELED)
    (told,) = [s for s in list_summaries() if s.run_id == first.run_id]
    assert (told.state, told.resumable) == ("failed", True)
    assert told.in_doubt_records <= 16  # the four requests that the kill met
    assert told.error.startswith("told to stop; ")
    landed = len(platform.held())
    assert told.accepted_records <= landed <= told.accepted_records + told.in_doubt_records < 80
    platform.fail()
    done = checkout("resume", "--json", "--run", told.run_id)
    assert (done.code, done.json()["accepted_records"]) == (0, 80), done.err
    held = platform.held()
    assert (len(held), {*held.values()}) == (80, {1})


def state_of(instance: dg.DagsterInstance, run_id: str) -> Status:
    run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status
