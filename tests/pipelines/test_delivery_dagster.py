"""What Dagster sees of a delivery: its check, its order, its cancel."""

import signal
import subprocess
import sys
import time

import dagster as dg
import pytest

from pipelines import ROOT
from pipelines.feeds import list_feeds
from pipelines.materializing import open_instance, run_nightly
from pipelines.progress import Reporter
from pipelines.runs import list_summaries

POST = {"method": "POST", "path": "/transactions"}


def check_of(run_id: str, name: str) -> dg.AssetCheckEvaluation | None:
    with open_instance() as instance:
        records = instance.get_records_for_run(run_id).records
    events = [record.event_log_entry.dagster_event for record in records]
    found = [
        event.event_specific_data
        for event in filter(None, events)
        if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION
    ]
    return next((check for check in found if check.check_name == name), None)


def state_of(run_id: str) -> dg.DagsterRunStatus:
    with open_instance() as instance:
        run = instance.get_run_by_id(run_id)
    assert run is not None
    return run.status


def counted(check: dg.AssetCheckEvaluation) -> dict[str, int]:
    return {name: value.value for name, value in check.metadata.items()}


def test_that_every_record_is_accounted_for_is_a_check(shop):
    platform = shop.serve()
    feed = shop.feed()
    shop.run(feed, shop.write(range(10)))
    platform.fail({"fault": "poison", "ids": ["R12"]})
    summary = shop.run(feed, shop.write(range(20), changed=[3]))
    check = check_of(summary.run_id, "records_accounted_for")
    assert check is not None
    assert (check.passed, check.asset_key) == (True, dg.AssetKey(["till", "delivered"]))
    assert counted(check) == {
        "read": 20, "accepted": 9, "rejected": 1, "quarantined": 0, "unchanged": 9,
        "merged": 0, "in_doubt": 0, "unsent": 1,
    }  # fmt: skip
    assert state_of(summary.run_id) is dg.DagsterRunStatus.SUCCESS


def test_what_is_in_doubt_is_accounted_for_too(shop):
    shop.serve({**POST, "first": 1, "fault": "drop_after"})
    summary = shop.run(shop.feed(), shop.write(range(10), nobody=range(10)))
    check = check_of(summary.run_id, "records_accounted_for")
    assert check is not None
    assert check.passed
    assert counted(check)["in_doubt"] == 10


def test_a_load_that_was_broken_off_is_a_failed_run(shop):
    platform = shop.serve({**POST, "fault": "unauthorized", "after": 1})
    feed = shop.feed()
    summary = shop.run(feed, shop.write(range(40)))
    assert state_of(summary.run_id) is dg.DagsterRunStatus.FAILURE
    assert check_of(summary.run_id, "records_accounted_for") is None
    platform.fail()
    assert shop.resume(feed, summary.run_id).exit_code == 0
    with open_instance() as instance:
        newest = instance.get_runs(limit=1)[0]
    assert newest.run_id != summary.run_id
    assert newest.is_success
    check = check_of(newest.run_id, "records_accounted_for")
    assert check is not None
    assert counted(check)["accepted"] == 40


@pytest.mark.slow
def test_every_further_night_sends_what_is_new(shop):
    platform = shop.serve()
    first = run_nightly(Reporter())
    assert {s.feed: s.exit_code for s in first} == dict.fromkeys(list_feeds(), 0)
    posts = platform.seen()
    second = run_nightly(Reporter())
    assert {s.feed: s.exit_code for s in second} == dict.fromkeys(list_feeds(), 0)
    loads = [s for s in second if s.kind == "load"]
    assert all((s.requests, s.unchanged_records) == (0, s.records) for s in loads)
    assert platform.seen() == posts
    assert {*platform.held().values()} == {1}


def run_in_dagster(command: list[str], env: dict[str, str]) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-m", "dagster", *command],
        cwd=ROOT,
        env=env,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.slow
@pytest.mark.parametrize("executor", ["in_process", "multiprocess"])
@pytest.mark.parametrize("kind", [signal.SIGTERM, signal.SIGINT])
def test_a_run_that_dagster_cancels_drains_and_can_go_on(
    executor, kind, shop, *, cli, monkeypatch, tmp_path, run
):
    """`terminate` of Dagster's launcher interrupts the process of the run, as a signal does."""
    platform = shop.serve({**POST, "fault": "hang", "stored": "all", "seconds": 1.5})
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    env = cli.environment(DAGSTER_HOME=str(home), ETL_EXECUTOR=executor)
    job = ["job", "execute", "-m", "pipelines.definitions", "-j", "receipts_csv"]
    process = run_in_dagster(job, env)
    try:
        until = time.monotonic() + 180
        while platform.seen() < 1:
            assert process.poll() is None, process.communicate()
            assert time.monotonic() < until
            time.sleep(0.05)
        process.send_signal(kind)
        started = time.monotonic()
        out, _ = process.communicate(timeout=30)
    finally:
        process.kill()
    assert time.monotonic() - started < 10, out
    (summary,) = list_summaries()
    assert (summary.feed, summary.in_doubt_records) == ("receipts_csv", 0), summary
    assert summary.accepted_records == 89  # one request, which was waited for
    platform.fail()
    monkeypatch.delenv("DAGSTER_HOME", raising=False)
    again = run("receipts_csv")
    assert (again.exit_code, again.unchanged_records) == (0, 89)
    assert {*platform.held().values()} == {1}
