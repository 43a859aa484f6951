"""A load into production: nothing is read or sent without leave."""

import json
import os
from pathlib import Path

import dagster as dg
import pytest

from connectors.trigg.account import AccountError
from pipelines import beginning, load_run
from pipelines.feeds import find_feed
from pipelines.materializing import open_instance
from pipelines.progress import Step

ALLOW = "LOYALTY_ETL_ALLOW_PRODUCTION"
REFUSED = "to load there say --allow-production, or set LOYALTY_ETL_ALLOW_PRODUCTION=1"


def quiet(_: Step) -> None:
    """Follow nothing."""


@pytest.fixture
def production(shop, brand):
    """A sandbox that is said to be production."""
    platform = shop.serve()
    brand("", ENVIRONMENT="production")
    return platform


@pytest.fixture
def till(shop) -> Path:
    shop.write(range(10))
    return shop.feed()


def test_nothing_is_read_or_sent_without_leave(production, cli, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)  # whoever opens it waits for ever
    ran = cli("run", "members_csv", "--source", pipe)
    assert (ran.code, ran.out) == (1, "")
    host = production.base_url.removeprefix("http://")
    (line,) = ran.err.splitlines()
    assert line == f"loyalty-etl: nothing was sent into {host} (production): {REFUSED} [account]"
    assert production.facts()["requests"] == 0


@pytest.mark.usefixtures("dagster_forgets")
def test_it_is_sent_with_leave_for_this_command_only(production, till, cli_here) -> None:
    host = production.base_url.removeprefix("http://")
    ran = cli_here("run", till, "--allow-production")
    assert (ran.code, ran.err) == (0, f"into  {host} (production)\n")
    to = f"  to        POST /transactions at {host} (production)"
    assert to in ran.out.splitlines()
    assert len(production.held()) == 10
    assert cli_here("run", till).code == 1
    (run_id,) = [line.split()[0] for line in cli_here("runs", "list").out.splitlines()]
    shown = cli_here("runs", "show", run_id).out
    assert "  environment       production\n" in shown
    assert f"  target            POST /transactions at {host}\n" in shown


@pytest.mark.usefixtures("dagster_forgets")
def test_the_variable_gives_leave_too(production, till, cli_here, monkeypatch) -> None:
    monkeypatch.setenv(ALLOW, "1")
    assert cli_here("run", till).code == 0
    assert len(production.held()) == 10


@pytest.mark.usefixtures("dagster_forgets")
def test_looking_needs_no_leave(production, till, cli_here, tmp_path) -> None:
    assert cli_here("check").code == 0
    assert "(production), a key of" in cli_here("check").out
    planned = cli_here("plan", till, "-o", tmp_path / "plan.json")
    assert planned.code == 0
    assert f"  to        {production.base_url}/transactions (production)\n" in planned.out
    told = json.loads((tmp_path / "plan.json").read_text())
    assert (told["environment"], told["profile"]) == ("production", "")
    assert cli_here("run", till, "--dry-run").code == 0
    exported = cli_here("export", "customers_report", "-o", tmp_path / "out")
    assert (exported.code, exported.errors) == (0, [])
    host = production.base_url.removeprefix("http://")
    assert f"  from      GET /reports/customers at {host} (production)\n" in exported.out
    assert production.seen() == 0
    ran = cli_here("run", till, "--plan", tmp_path / "plan.json")
    assert (ran.code, len(ran.errors)) == (1, 1)
    plan = ("--plan", tmp_path / "plan.json", "--allow-production")
    assert cli_here("run", till, *plan).code == 0


@pytest.mark.usefixtures("dagster_forgets")
def test_resume_and_retry_ask_for_it(production, till, cli_here) -> None:
    production.fail({"fault": "unauthorized", "path": "/transactions"})
    run_id = cli_here("run", till, "--allow-production", "--json").json()["run_id"]
    production.fail({"fault": "poison", "ids": ["R3"]})
    before = production.facts()["requests"]
    ran = cli_here("resume")
    (line,) = ran.err.splitlines()
    assert (ran.code, ran.out) == (1, "")
    assert f"run {run_id} of till stays unfinished: nothing was sent into " in line
    assert line.endswith(REFUSED)
    assert production.facts()["requests"] == before
    resumed = cli_here("resume", "--allow-production", "--json")
    assert (resumed.code, resumed.errors) == (4, [])
    rejects = Path(resumed.json()["folder"]) / "rejects.csv"
    production.fail()
    ran = cli_here("retry", rejects)
    assert (ran.code, ran.out, len(ran.err.splitlines())) == (1, "", 1)
    assert "R3" not in production.held()
    assert cli_here("retry", rejects, "--allow-production").code == 0
    assert len(production.held()) == 10


def test_what_cannot_be_known_is_production(till, cli_here, brand) -> None:
    brand("", BASE_URL="https://loyalty.invalid/v4")
    ran = cli_here("run", till)
    assert (ran.code, len(ran.err.splitlines())) == (1, 1)
    assert "say what it is in TRIGG_ENVIRONMENT" in ran.err


def test_dagster_is_refused_as_a_command_is(production, till, shop, monkeypatch) -> None:
    refused = shop.run(till)
    assert (refused.state, refused.exit_code) == ("failed", 1)
    assert refused.error.endswith(REFUSED)
    assert (refused.rows, production.facts()["requests"]) == (0, 0)
    monkeypatch.setenv(ALLOW, "1")
    summary = shop.run(till)
    assert (summary.exit_code, summary.environment) == (0, "production")
    with open_instance() as instance:
        failed = instance.get_run_by_id(refused.run_id)
        assert failed is not None
        assert failed.status is dg.DagsterRunStatus.FAILURE
        done = instance.get_latest_materialization_event(dg.AssetKey(["till", "delivered"]))
    assert done is not None
    assert done.asset_materialization is not None
    told = done.asset_materialization.metadata
    assert told["environment"].value == "production"
    assert told["target"].value == summary.target
    assert "profile" not in told


def test_leave_that_ended_before_the_sending_is_none(production, till, monkeypatch) -> None:
    name, feed = find_feed(str(till))
    monkeypatch.setenv(ALLOW, "1")
    begun = beginning.begin("r1", name, feed, "", dry_run=False)
    assert load_run.prepare_step(feed, begun, quiet).state == "prepared"
    monkeypatch.setenv(ALLOW, "0")
    with pytest.raises(AccountError, match="nothing was sent"):
        load_run.deliver_step(feed, "r1", name, quiet)
    with pytest.raises(AccountError, match="nothing was sent"):
        load_run.resume_step(feed, "r1", name, quiet)
    assert production.facts()["requests"] == 0
