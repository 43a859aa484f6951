"""`loyalty-etl status` and `resolve`: what is in doubt, and what a person says of it."""

import json
import shutil
import subprocess
import sys
import time
from pathlib import Path

import httpx
import pytest

from delivery.ledger import open_ledger
from pipelines.runs import list_summaries
from pipelines.settings import ledger_url

pytestmark = pytest.mark.slow  # whole runs, together half a minute

DROP = {"fault": "drop_after", "path": "/transactions", "requests": [2, 5], "stored": "all"}


@pytest.fixture
def doubted(api, faults, cli_here, quick_feed) -> tuple[str, str]:
    """Leave two batches of ten in doubt; both have landed."""
    faults(DROP)
    told = cli_here("run", quick_feed(in_doubt="hold"), "--json").json()
    faults()
    assert (told["exit_code"], told["in_doubt_records"], told["accepted_records"]) == (5, 20, 69)
    assert api.facts()["receipts"] == 89
    return told["run_id"], told["folder"]


def numbers(cli_here) -> list[int]:
    return [each["batch"] for each in cli_here("status", "--json").json()["in_doubt"]]


def test_a_quiet_house(cli_here) -> None:
    ran = cli_here("status")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("No load is unfinished, and nothing is in doubt\n")
    told = cli_here("status", "--json").json()
    assert told.pop("time").endswith("+00:00")
    assert told == {"loads": [], "in_doubt": [], "quarantined": [], "ok": True, "feeds": []}


def test_what_is_in_doubt_is_settled_by_hand(api, doubted, cli_here) -> None:
    run_id, _ = doubted
    shown = cli_here("status")
    assert shown.code == 5
    assert "  records   69 accepted (7 batches), 20 in doubt (2 batches)" in shown.out.splitlines()
    first, second = numbers(cli_here)
    assert f"  in doubt  batch {first}: 10 records, unclear, sent 20" in shown.out
    assert cli_here("resume").code == 5  # the feed says hold
    assert "in doubt" in cli_here("runs", "list").out

    looked = cli_here("resolve", run_id[:8])
    assert looked.code == 5
    assert f"batch {first}: 10 records" in looked.out
    assert ": store " in looked.out
    at_once = cli_here("resolve", run_id, "--landed")
    assert (at_once.code, "2 batches at once" in at_once.errors[0]) == (1, True)
    one = cli_here("resolve", run_id, "--batch", first, "--landed")
    assert (one.code, "10 records: written down that they landed" in one.out) == (5, True)
    assert cli_here("resolve", run_id, "--batch", first, "--landed").code == 1
    # That is wrong, they did land: now they are sent once more, since a person said so.
    other = cli_here("resolve", run_id, "--batch", second, "--not-landed")
    assert other.code == 0
    assert other.out.endswith(f"Next: loyalty-etl resume --run {run_id}\n")
    assert cli_here("status").code == 0
    resumed = cli_here("resume", "--run", run_id)
    assert resumed.code == 0
    assert "= 89 accepted + 0 rejected " in resumed.out
    assert api.facts()["receipts"] == 99
    assert cli_here("status", "--json").json()["loads"] == []


def test_a_load_is_given_up(doubted, cli_here) -> None:
    run_id, folder = doubted
    refused = cli_here("resolve", run_id, "--abandon")
    assert (refused.code, len(refused.errors)) == (1, 1)
    given_up = cli_here("resolve", run_id, "--not-landed", "--yes", "--abandon")
    assert given_up.code == 0
    assert "= 69 accepted + 0 rejected + 0 unchanged + 0 in doubt + 20 unsent" in given_up.out
    assert (cli_here("status").code, cli_here("resume").out[:7]) == (0, "Nothing")
    assert {path.name for path in Path(folder).iterdir()} == {
        "profile.json",
        "report.html",
        *("accepted.parquet", "outcomes.parquet", "summary.json", "unsent.csv"),
    }
    assert cli_here("resolve", run_id, "--abandon").code == 1
    assert cli_here("retry", f"{folder}/unsent.csv").code == 0


def test_a_load_whose_folder_is_lost_is_given_up(doubted, cli_here) -> None:
    run_id, folder = doubted
    shutil.rmtree(folder)
    lost = cli_here("resume", "--feed", "quick")
    assert (lost.code, len(lost.errors)) == (1, 1)  # its YAML lies elsewhere, as nobody knows now
    looked = cli_here("resolve", run_id)
    assert "which they are is known no more" in looked.out
    assert cli_here("resolve", run_id, "--landed", "--yes", "--abandon").code == 0
    (summary,) = list_summaries()
    assert (summary.accepted_records, summary.records, summary.accounted_for) == (89, 89, True)
    assert cli_here("status").code == 0


def test_old_runs_are_kept_while_they_are_unfinished(doubted, cli_here, state: Path) -> None:
    run_id, folder = doubted
    path = Path(folder, "summary.json")
    path.write_text(json.dumps({**json.loads(path.read_text()), "started": "2020-01-01T00:00Z"}))
    assert cli_here("runs", "prune").out == "0 runs forgotten\n"
    assert path.exists()
    cli_here("resolve", run_id, "--landed", "--yes")
    assert cli_here("resume").code == 0
    assert cli_here("runs", "prune").out == "1 runs forgotten\n"
    assert not (state / "runs" / run_id).exists()
    with open_ledger(ledger_url()) as ledger:
        assert ledger.loads() == []


def test_a_summary_that_cannot_be_read_breaks_no_list(doubted, cli_here, state: Path) -> None:
    folder = state / "runs" / "broken" / "quick"
    folder.mkdir(parents=True)
    (folder / "summary.json").write_text("{")
    ran = cli_here("runs", "list")
    assert (ran.code, doubted[0] in ran.out) == (0, True)
    assert ran.errors == [
        f"loyalty-etl: {folder}/summary.json cannot be read, that run is left out"
    ]


HOLD = """
import sys, time
from delivery.ledger import open_ledger
with open_ledger(sys.argv[1]) as ledger, ledger.hold("feed quick"):
    print("held", flush=True)
    time.sleep(60)
"""


def test_a_load_under_way_is_left_alone(doubted, cli_here, cli) -> None:
    run_id, _ = doubted
    line = [sys.executable, "-c", HOLD, ledger_url()]
    with subprocess.Popen(line, cwd=cli.checkout, stdout=subprocess.PIPE, text=True) as other:
        try:
            assert other.stdout.readline() == "held\n"
            shown = cli_here("status")
            assert (shown.code, "quick  under way, begun" in shown.out) == (5, True)
            ran = cli_here("resolve", run_id, "--landed", "--yes")
            assert (ran.code, len(ran.errors)) == (2, 1)
            assert f"held by process {other.pid}" in ran.errors[0]
        finally:
            other.kill()
    assert len(numbers(cli_here)) == 2


@pytest.mark.slow
def test_a_killed_load_is_in_doubt_at_once(api, faults, cli, cli_here, quick_feed) -> None:
    faults({"fault": "hang", "path": "/transactions", "after": 2, "seconds": 30, "stored": "none"})
    process = subprocess.Popen(
        cli.line("run", quick_feed()),
        cwd=cli.checkout,
        env=cli.environment(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    until = time.monotonic() + 40
    url = api.facts_url.replace("/facts", "/faults")
    while time.monotonic() < until:
        time.sleep(0.1)
        if httpx.get(url, trust_env=False).json()["rules"][0]["fired"] == 4:
            break
    process.kill()
    process.wait()
    shown = cli_here("status", "--json")
    assert shown.code == 5
    told = shown.json()
    assert {each["cause"] for each in told["in_doubt"]} == {"killed"}
    assert [each["running"] for each in told["loads"]] == [False]
    faults()
    resumed = cli_here("resume", "--json").json()  # it asks, as receipts do
    # Nobody can ask about a receipt without a customer.
    assert resumed["accepted_records"] + resumed["in_doubt_records"] == 89
    assert resumed["in_doubt_records"] < 20
    for each in cli_here("status", "--json").json()["in_doubt"]:
        cli_here("resolve", resumed["run_id"], "--batch", each["batch"], "--not-landed")
    cli_here("resume")
    assert cli_here("status").code == 0
    assert api.facts()["receipts"] == 89
