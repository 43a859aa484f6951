"""The doctor, on real disks, sockets, ledgers and Dagster instances."""

import os
import sqlite3
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from delivery.ledger import open_ledger
from pipelines import ROOT
from pipelines.doctor import dagster, examine, machine, memory, platform
from pipelines.doctor.findings import Finding
from pipelines.runs import Summary, write_summary
from pipelines.settings import ledger_url, trigg_account


def by_name(check: Callable[[], object]) -> dict[str, Finding]:
    return {finding.name: finding for finding in check()}


@pytest.mark.usefixtures("api")
def test_a_fit_machine_is_told_so(cli_here, state: Path) -> None:
    ran = cli_here("doctor", "--json")
    told = {finding["name"]: finding for finding in ran.json()["findings"]}
    assert {*told} >= {"clock", "disk", "rights", "file system", "feeds", "account", "platform"}
    assert {*told} >= {"key", "ledger", "dagster"}
    assert {each["verdict"] for name, each in told.items() if name != "versions"} == {"ok"}
    assert (ran.code, ran.json()["ok"]) == (0, True)
    assert not (state / "ledger").exists()  # looking makes none


def test_a_platform_that_is_not_there_fails(cli_here) -> None:
    ran = cli_here("doctor")
    assert ran.code == 1
    assert "fail  platform     GET /health/ping: 127.0.0.1:9 not reached" in ran.out
    assert cli_here("doctor", "--offline").code == 0


@pytest.mark.usefixtures("api")
def test_a_key_that_is_refused_fails(cli_here, monkeypatch) -> None:
    monkeypatch.setenv("TRIGG_API_KEY", "another")
    ran = cli_here("doctor", "--json")
    (key,) = [each for each in ran.json()["findings"] if each["name"] == "key"]
    assert (ran.code, key["verdict"], "401" in key["said"]) == (1, "fail", True)


def test_settings_that_are_missing_hide_nothing_else(monkeypatch) -> None:
    monkeypatch.setenv("TRIGG_BASE_URL", "http://example.com/v4")
    told = by_name(lambda: examine(offline=True))
    assert told["account"].verdict == "fail"
    assert "would send the key in the clear" in told["account"].said
    assert told["ledger"].verdict == "ok"


@pytest.mark.parametrize(
    ("seconds", "verdict"), [(0, None), (40, None), (100, "warn"), (-100, "warn"), (-400, "fail")]
)
@pytest.mark.usefixtures("api")
def test_the_clock_is_held_against_the_platform(seconds: int, verdict: str | None) -> None:
    from connectors.trigg.client import Client

    with Client(trigg_account(), in_flight=1) as client:
        answer = client.ping()
    assert answer.date.endswith(" GMT")
    found = [*platform._compare(answer, datetime.now(UTC) + timedelta(seconds=seconds))]
    assert [finding.verdict for finding in found] == ([verdict] if verdict else [])


def test_a_clock_that_went_back_fails() -> None:
    began = datetime.now(UTC) + timedelta(hours=2)
    write_summary(Summary("r1", "members_csv", "load", started=began.isoformat()))
    assert by_name(machine.clock)["clock"].verdict == "fail"


def test_old_runs_and_full_disks_are_told(monkeypatch) -> None:
    began = datetime.now(UTC) - timedelta(days=200)
    write_summary(Summary("r1", "members_csv", "load", started=began.isoformat()))
    told = by_name(machine.disk)
    assert (told["disk"].verdict, told["runs"].verdict) == ("ok", "warn")
    assert "1 of 1 runs" in told["runs"].said
    monkeypatch.setattr(machine, "LITTLE", 1 << 60)
    assert by_name(machine.disk)["disk"].verdict == "warn"
    monkeypatch.setattr(machine, "LEAST", 1 << 60)
    assert by_name(machine.disk)["disk"].verdict == "fail"


def test_rights_are_looked_at(state: Path) -> None:
    assert by_name(machine.rights)["rights"].verdict == "ok"
    state.chmod(0o750)
    assert f"chmod 700 {state}" in by_name(machine.rights)["rights"].todo
    state.chmod(0o700)
    if os.geteuid() == 0:
        (state / "left").write_text("by another user")
        os.chown(state / "left", 12345, 12345)
        told = by_name(machine.rights)["rights"]
        assert (told.verdict, "1 files belong to another user" in told.said) == ("fail", True)


def test_a_state_that_cannot_be_written_fails(monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LOYALTY_ETL_STATE", "/proc/self")
    told = {f.name: f for f in examine(offline=True)}
    assert told["rights"].verdict == "fail"


def test_a_network_disk_fails(monkeypatch) -> None:
    monkeypatch.setattr(machine, "remote_kind", lambda _: "nfs4")
    told = by_name(machine.file_system)["file system"]
    assert (told.verdict, "nfs4" in told.said) == ("fail", True)


def test_packages_are_held_against_what_was_tried(monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "constraints.txt").write_text("polars==0.0.1\nnobody-has-this==1\n")
    monkeypatch.setattr(machine, "ROOT", tmp_path)
    told = [*machine.versions()]
    assert [each.verdict for each in told] == ["fail", "warn"]  # validators is not of that checkout
    assert "(0.0.1)" in told[1].said
    monkeypatch.setattr(machine, "ROOT", ROOT)
    assert "fail" not in {each.verdict for each in machine.versions()}


def test_a_ledger_that_is_older_than_it_was_fails(state: Path) -> None:
    with open_ledger(ledger_url()):
        pass
    assert "whole, 0 loads begun" in by_name(memory.ledger)["ledger"].said
    file = state / "ledger" / "ledger.sqlite"
    (state / "ledger" / "ledger.sqlite.mark").write_text(f"{'a' * 32} {3:019d} {4:019d}\n")
    told = {f.name: f for f in examine(offline=True)}["ledger"]
    assert (told.verdict, "is older than it was" in told.said) == ("fail", True)
    file.unlink()  # gone, and its mark knows that there was one
    assert {f.name: f for f in examine(offline=True)}["ledger"].verdict == "fail"


def test_a_ledger_that_is_damaged_fails(state: Path) -> None:
    with open_ledger(ledger_url()):
        pass
    file = state / "ledger" / "ledger.sqlite"
    file.write_bytes(b"SQLite format 3\0" + bytes(200) + file.read_bytes()[216:])
    told = {f.name: f for f in examine(offline=True)}["ledger"]
    assert told.verdict == "fail"
    assert "runbook" in told.todo


def test_what_loads_left_is_told(cli_here, faults) -> None:
    faults({"fault": "unauthorized", "path": "/import"})
    assert cli_here("run", "members_csv").code == 1
    loads = by_name(memory.ledger)["loads"]
    assert (loads.verdict, loads.todo) == ("warn", "loyalty-etl resume")
    assert "members_csv" in loads.said


def test_a_home_of_dagster_that_is_none_fails(monkeypatch, tmp_path: Path) -> None:
    monkeypatch.setenv("DAGSTER_HOME", str(tmp_path))
    assert by_name(dagster.runs)["dagster"].verdict == "fail"


def hanging(run_id: str, status: str) -> None:
    """Have Dagster remember a run that began long ago."""
    import dagster as dg
    from dagster._core.remote_origin import (
        RegisteredCodeLocationOrigin,
        RemoteJobOrigin,
        RemoteRepositoryOrigin,
    )

    from pipelines.materializing import open_instance

    with open_instance() as instance:
        place = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("loyalty-etl"), "defs")
        run = dg.DagsterRun(
            job_name="nightly",
            run_id=run_id,
            status=dg.DagsterRunStatus(status),
            remote_job_origin=RemoteJobOrigin(place, "nightly"),
        )
        instance.run_storage.add_run(run)
        base = next(Path(instance.root_directory).rglob("runs.db"))
    with sqlite3.connect(base) as runs:
        runs.execute("UPDATE runs SET create_timestamp = '2026-01-01 00:00:00'")


@pytest.mark.usefixtures("cli_here")
def test_runs_that_wait_or_hang_are_told() -> None:
    hanging("11111111-0000-4000-8000-000000000000", "QUEUED")
    told = [*dagster.runs()]
    assert [each.verdict for each in told] == ["ok", "fail"]
    assert "1 wait, and nothing is at work" in told[1].said
    hanging("22222222-0000-4000-8000-000000000000", "STARTED")
    told = [*dagster.runs()]
    assert [each.verdict for each in told] == ["ok", "warn"]
    assert "22222222-" in told[1].said


@pytest.mark.usefixtures("cli_here")
def test_a_run_whose_process_is_gone_is_marked(state: Path) -> None:
    run_id = "33333333-0000-4000-8000-000000000000"
    hanging(run_id, "STARTED")
    write_summary(Summary(run_id, "members_csv", "load", started=datetime.now(UTC).isoformat()))
    (state / "runs" / run_id / "members_csv" / ".running").write_text(run_id)
    told = [*dagster.runs()]
    assert [each.verdict for each in told] == ["ok", "warn"]
    assert f"marked as failed now: {run_id} (members_csv)" in told[1].said
    assert [each.verdict for each in dagster.runs()] == ["ok"]


@pytest.mark.usefixtures("cli_here")
def test_a_schedule_that_no_daemon_sees_is_told() -> None:
    from dagster._core.definitions.run_request import InstigatorType
    from dagster._core.remote_origin import (
        RegisteredCodeLocationOrigin,
        RemoteInstigatorOrigin,
        RemoteRepositoryOrigin,
    )
    from dagster._core.scheduler.instigation import (
        InstigatorState,
        InstigatorStatus,
        ScheduleInstigatorData,
    )

    from pipelines.materializing import open_instance

    with open_instance() as instance:
        place = RemoteRepositoryOrigin(RegisteredCodeLocationOrigin("loyalty-etl"), "defs")
        instance.add_instigator_state(
            InstigatorState(
                RemoteInstigatorOrigin(place, "nightly"),
                InstigatorType.SCHEDULE,
                InstigatorStatus.RUNNING,
                ScheduleInstigatorData("0 2 * * *"),
            )
        )
    (told,) = dagster.runs()
    assert (told.verdict, told.said) == (
        "fail",
        "no daemon yet, and it is waited for: schedule nightly",
    )
