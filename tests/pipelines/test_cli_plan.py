"""`loyalty-etl plan`, and `run --plan`, which sends exactly that or nothing."""

import json
import shutil
import stat
from pathlib import Path

import pytest

from pipelines import ROOT

pytestmark = pytest.mark.usefixtures("dagster_forgets")
SOURCE = ROOT / "sample_data" / "receipts.csv"


def test_a_plan_is_sent_as_it_is_and_once(api, cli_here, quick_feed, tmp_path: Path) -> None:
    feed, plan = quick_feed(), tmp_path / "plan.json"
    made = cli_here("plan", feed, "-o", plan)
    assert (made.code, made.err) == (0, "")
    line = "89 = 89 to send + 0 unchanged + 0 held + 0 in doubt + 0 rejected"
    assert f"  records   {line}" in made.out.splitlines()
    assert "  requests  9, " in made.out
    assert made.out.endswith(f"Next: loyalty-etl run {feed} --plan {plan}\n")
    assert api.facts()["receipts"] == 0
    assert stat.S_IMODE(plan.stat().st_mode) == 0o600
    assert "ReceiptRequests" in json.loads(plan.read_text())["example"]

    assert cli_here("run", feed, "--plan", plan).code == 0
    assert api.facts()["receipts"] == 89
    again = cli_here("run", feed, "--plan", plan)
    assert (again.code, again.out, len(again.errors)) == (3, "", 1)
    assert "0 records would be sent now, and not as planned" in again.errors[0]
    told = cli_here("plan", feed, "--json").json()
    assert (told["to_send"], told["unchanged"], told["requests"]) == (0, 89, 0)
    assert "example" not in told
    assert Path(told["file"]).exists()


def test_a_plan_of_a_source_that_has_changed_is_refused(api, cli_here, quick_feed, tmp_path):
    feed, source, plan = quick_feed(), tmp_path / "receipts.csv", tmp_path / "plan.json"
    shutil.copy(SOURCE, source)
    assert cli_here("plan", feed, "--source", source, "-o", plan).code == 0
    source.write_text(source.read_text().replace("MOLASSES", "TREACLE", 1))
    ran = cli_here("run", feed, "--plan", plan)
    assert (ran.code, len(ran.errors)) == (3, 1)
    assert "plan again" in ran.errors[0]
    assert api.facts()["receipts"] == 0
    shutil.copy(SOURCE, source)
    sent = cli_here("run", feed, "--plan", plan)  # the plan says which source
    assert (sent.code, f"  from      {source}" in sent.out.splitlines()) == (0, True)


@pytest.mark.usefixtures("api")
def test_a_plan_of_something_else_is_refused(cli_here, quick_feed, tmp_path, monkeypatch) -> None:
    feed, other, plan = quick_feed("one"), quick_feed("other"), tmp_path / "plan.json"
    cli_here("plan", feed, "-o", plan)
    ran = cli_here("run", other, "--plan", plan)
    assert (ran.code, ran.errors) == (1, [f"loyalty-etl: {plan} is a plan of one, not of other"])
    ran = cli_here("run", feed, "--plan", feed / "defs.yaml")
    assert (ran.code, len(ran.errors)) == (1, 1)
    assert "is no plan" in ran.errors[0]
    assert cli_here("run", feed, "--plan", plan, "--dry-run").code == 1
    monkeypatch.setenv("TRIGG_BASE_URL", "http://127.0.0.1:9/v4")
    ran = cli_here("run", feed, "--plan", plan)
    assert (ran.code, len(ran.errors)) == (1, 1)
    assert "is a plan into http://127.0.0.1:" in ran.errors[0]


def test_a_plan_cannot_be_written_anywhere(cli_here, quick_feed) -> None:
    ran = cli_here("plan", quick_feed(), "-o", "/proc/plan.json")
    assert (ran.code, len(ran.errors)) == (1, 1)
    assert "/proc/plan.json: " in ran.errors[0]
