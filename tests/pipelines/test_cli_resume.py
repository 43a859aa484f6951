"""`loyalty-etl resume`: loads that were stopped go on, and nothing is sent twice."""

import signal
import subprocess
import time

import httpx
import pytest

from pipelines import ROOT

pytestmark = pytest.mark.slow  # whole runs, together half a minute

SOURCE = ROOT / "sample_data" / "receipts.csv"
UNAUTHORIZED = {"fault": "unauthorized", "path": "/transactions", "after": 3}
SLOWLY = {"fault": "hang", "path": "/transactions", "seconds": 0.2, "stored": "all"}


def stored_twice(api) -> str:
    url = api.facts_url.replace("/facts", "/receipts")
    return httpx.get(url, params={"times": 2}, trust_env=False).text


def test_a_load_that_was_refused_its_key_goes_on(api, faults, cli_here, quick_feed) -> None:
    feed = quick_feed()
    faults(UNAUTHORIZED)
    ran = cli_here("run", feed)
    (line,) = ran.errors
    assert ran.code == 1
    run_id = line[-36:]
    assert line.endswith(f"go on with: loyalty-etl resume --run {run_id}")
    assert ran.out.endswith(f"Next: loyalty-etl resume --run {run_id}\n")
    assert "unfinished" in cli_here("runs", "list").out
    assert cli_here("status").code == 0  # nothing of it is in doubt

    faults()
    resumed = cli_here("resume")
    assert (resumed.code, resumed.errors) == (0, [])
    total = "89 = 89 accepted + 0 rejected + 0 unchanged + 0 in doubt + 0 unsent"
    assert f"  records   {total}" in resumed.out.splitlines()
    assert f"(run {run_id})" in resumed.out
    assert (api.facts()["receipts"], stored_twice(api)) == (89, "")
    assert cli_here("resume").out == "Nothing to resume: no load is unfinished\n"
    assert cli_here("resume", "--run", run_id[:8]).code == 0
    assert cli_here("resume", "--run", "nonsense").code == 1


def test_the_next_run_finishes_it_first(api, faults, cli_here, quick_feed) -> None:
    feed = quick_feed()
    faults(UNAUTHORIZED)
    run_id = cli_here("run", feed, "--json").json()["run_id"]
    faults()
    ran = cli_here("run", feed)
    assert ran.code == 0
    assert f"  resumed   run {run_id}, before this one" in ran.out.splitlines()
    assert " 89 unchanged " in ran.out
    assert (api.facts()["receipts"], stored_twice(api)) == (89, "")


def test_a_load_into_another_target_waits_for_it(faults, cli_here, quick_feed, monkeypatch, api):
    faults(UNAUTHORIZED)
    cli_here("run", quick_feed())
    monkeypatch.setenv("TRIGG_BASE_URL", "http://127.0.0.1:9/v4")
    ran = cli_here("resume")
    assert (ran.code, ran.out, len(ran.errors)) == (1, "", 1)
    assert f"it goes into {api.base_url}/transactions, and TRIGG_BASE_URL leads to" in ran.errors[0]


def test_all_unfinished_loads_go_on_oldest_first(faults, cli_here, quick_feed) -> None:
    faults(UNAUTHORIZED)
    ids = [cli_here("run", quick_feed(name), "--json").json()["run_id"] for name in ("one", "two")]
    ran = cli_here("resume")  # the key is refused still, so the second is not tried
    assert (ran.code, len(ran.errors)) == (1, 2)
    assert f"run {ids[1]} of two stays unfinished: not tried any more" in ran.errors[1]
    faults()
    ran = cli_here("resume", "--json")
    assert ran.code == 0
    lines = ran.out.splitlines()
    assert [line.split('"run_id": "')[1][:36] for line in lines] == ids


@pytest.mark.usefixtures("api")
def test_what_a_run_said_of_changed_records_holds_when_it_goes_on(
    faults, cli_here, quick_feed, tmp_path
) -> None:
    feed, source = quick_feed(), tmp_path / "receipts.csv"
    assert cli_here("run", feed).code == 0
    source.write_text(SOURCE.read_text().replace("GROCERY", "GROCERIES"))
    faults({**UNAUTHORIZED, "after": 1})
    stopped = cli_here("run", feed, "--source", source, "--changed", "resend", "--json").json()
    assert (stopped["changed"], stopped["exit_code"]) == ("resend", 1)
    faults()
    told = cli_here("resume", "--json").json()
    assert (told["held_records"], told["unsent_records"]) == (0, 0)
    assert told["accepted_records"] + told["unchanged_records"] == 89


@pytest.mark.slow
def test_a_load_that_was_told_to_stop_goes_on(api, faults, cli, quick_feed) -> None:
    faults(SLOWLY)
    feed = quick_feed(receipts=1)
    process = subprocess.Popen(
        cli.line("run", feed),
        cwd=cli.checkout,
        env=cli.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        until = time.monotonic() + 40
        while api.facts()["receipts"] < 3 and time.monotonic() < until:
            time.sleep(0.1)
        process.send_signal(signal.SIGTERM)
        started = time.monotonic()
        out, err = process.communicate(timeout=30)
    finally:
        process.kill()
    assert time.monotonic() - started < 10
    assert process.returncode == 2, err
    assert "told to stop" in err
    assert out.splitlines()[-1].startswith("Next: loyalty-etl resume --run ")
    assert 3 <= api.facts()["receipts"] < 89
    faults()
    resumed = cli("resume")
    assert (resumed.code, resumed.errors) == (0, [])
    assert (api.facts()["receipts"], stored_twice(api)) == (89, "")
