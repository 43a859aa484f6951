"""The command as a process of its own: exit codes, what it prints, what it remembers."""

import json
import re

import pytest

from pipelines import ROOT
from pipelines.cli.summing import worst
from pipelines.cli.terminal import TerminalReporter, speed
from pipelines.feeds import list_feeds
from pipelines.progress import Step

DIRTY = ROOT / "sample_data" / "dirty" / "receipts.csv"


def test_a_load_prints_what_it_did_and_remembers_it(api, cli, cli_here) -> None:
    ran = cli("run", "receipts_csv")
    assert (ran.code, ran.err) == (0, f"into  {api.base_url.removeprefix('http://')} (sandbox)\n")
    lines = ran.out.splitlines()
    assert re.match(r"receipts_csv: finished in \d+\.\d s \(run [0-9a-f-]{36}\)$", lines[0])
    assert "  rows      204 read, 0 rejected" in lines
    total = "89 = 89 accepted + 0 rejected + 0 unchanged + 0 in doubt + 0 unsent"
    assert f"  records   {total}" in lines
    run_id = lines[0][-37:-1]
    assert lines[-1] == f"Next: loyalty-etl runs show {run_id}"
    assert api.facts()["receipts"] == 89

    listed = cli_here("runs", "list")
    assert listed.code == 0
    assert re.search(rf"{run_id}  \S+  receipts_csv +finished +204 rows +0 rejected", listed.out)
    shown = cli_here("runs", "show", run_id[:8])
    assert shown.out.startswith("receipts_csv: finished\n")
    assert re.search(r"accepted_records +89", shown.out)
    told = cli_here("runs", "show", run_id, "--json").json()
    assert (told["run_id"], told["accepted_records"]) == (run_id, 89)
    assert cli_here("runs", "list", "--json", "--feed", "members_csv").out == ""


@pytest.mark.usefixtures("dagster_forgets")
def test_a_load_with_rejects_ends_with_3_when_they_are_too_many(api, cli_here) -> None:
    ran = cli_here("run", "receipts_csv", "--source", DIRTY)
    assert (ran.code, ran.out, len(ran.errors)) == (3, "", 1)
    assert "nothing was sent; most often Header.ReceiptId: may-lack-a-line (" in ran.errors[0]
    assert api.facts()["requests"] == 0


@pytest.mark.usefixtures("dagster_forgets")
def test_a_load_with_rejects_ends_with_4_and_one_json_object(api, cli_here, write_feed) -> None:
    feed = write_feed("lenient", ("  mapping:", "  rejects: {max_percent: 90}\n  mapping:"))
    ran = cli_here("run", feed, "--source", DIRTY, "--json")
    assert (ran.code, ran.errors) == (4, [])
    told = ran.json()
    assert (told["exit_code"], told["feed"], told["state"]) == (4, "lenient", "finished")
    assert told["accepted_records"] == api.facts()["receipts"] > 0
    assert told["rejected_rows"] > 0


@pytest.mark.usefixtures("dagster_forgets")
def test_a_stopped_server_ends_with_2(cli_here) -> None:
    ran = cli_here("run", "members_csv", "--json")
    assert (ran.code, len(ran.errors)) == (2, 1)
    assert "not reached" in ran.errors[0]
    assert ran.json()["exit_code"] == 2


@pytest.mark.slow
def test_a_wrong_key_ends_with_1(api, cli) -> None:
    ran = cli("run", "members_csv", TRIGG_API_KEY="another-key")
    assert (ran.code, len(ran.errors)) == (1, 1)
    assert "401" in ran.errors[0]
    assert ran.out.splitlines()[-1].startswith("Next: loyalty-etl resume --run ")
    assert api.facts()["customers"] == 0


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["json", "xml"])
def test_a_cut_file_ends_with_3(kind: str, api, cli) -> None:
    source = ROOT / "sample_data" / "hostile" / f"truncated.{kind}"
    ran = cli("run", f"receipts_{kind}", "--source", source)
    assert (ran.code, ran.out, len(ran.errors)) == (3, "", 1)
    assert f"truncated.{kind}" in ran.errors[0]
    assert api.facts()["requests"] == 0


@pytest.mark.slow
def test_an_export_prints_where_it_lies(api, cli, tmp_path) -> None:
    ran = cli("export", "customers_report", "-o", tmp_path / "out")
    assert (ran.code, ran.err) == (0, f"from  {api.base_url.removeprefix('http://')} (sandbox)\n")
    assert re.search(rf"Parquet +{tmp_path}/out/[0-9a-f-]+/data", ran.out)
    unwritable = cli("export", "customers_report", "-o", "/dev/null/out")
    assert (unwritable.code, len(unwritable.errors)) == (1, 1)
    assert "/dev/null/out cannot be written" in unwritable.err


@pytest.mark.usefixtures("dagster_forgets")
def test_a_dry_run_says_what_it_would_send(cli_here) -> None:
    ran = cli_here("run", "receipts_csv", "--dry-run")
    assert (ran.code, ran.err) == (0, "")
    assert "receipts_csv: would send (looked for " in ran.out
    assert "  records   89 = 89 to send + 0 unchanged + " in ran.out
    assert "  requests  1, " in ran.out
    assert ran.out.endswith("Next: loyalty-etl run receipts_csv\n")


@pytest.mark.slow
def test_the_demo_runs_everything(cli) -> None:
    ran = cli("demo", TRIGG_API_KEY=None, TRIGG_BASE_URL=None)
    assert (ran.code, ran.errors) == (0, [])
    for feed in list_feeds():
        assert re.search(rf"^{feed} +\d+ rows +0 rejected", ran.out, re.MULTILINE)


@pytest.mark.usefixtures("api")
def test_check_goes_from_the_feeds_to_the_key(cli_here, monkeypatch: pytest.MonkeyPatch) -> None:
    ran = cli_here("check")
    assert (ran.code, ran.err) == (0, "")
    words = [line.split()[0] for line in ran.out.splitlines()]
    assert words == ["feeds", "settings", "ledger", "health", "key", "Next:"]
    monkeypatch.setenv("TRIGG_API_KEY", "another-key")
    wrong = cli_here("check")
    assert (wrong.code, len(wrong.errors)) == (1, 1)
    assert "another-key" not in wrong.out + wrong.err
    monkeypatch.setenv("TRIGG_BASE_URL", "http://127.0.0.1:9/v4")
    assert cli_here("check").code == 2


def test_feeds_are_listed_for_people_and_for_scripts(cli_here) -> None:
    listed = cli_here("feeds").out.splitlines()
    assert [line.split()[0] for line in listed] == [*list_feeds(), "Next:"]
    told = [json.loads(line) for line in cli_here("feeds", "--json").out.splitlines()]
    assert [feed["feed"] for feed in told] == list_feeds()
    assert told[1] == {
        "feed": "members_csv",
        "kind": "load",
        "from": "sample_data/members.csv",
        "to": "POST /import",
        "description": "Members who joined in the stores, as CSV",
    }


def test_without_words_the_help_is_shown(cli_here) -> None:
    ran = cli_here()
    assert ran.code == 1
    assert ran.err.startswith("Usage: loyalty-etl [OPTIONS] COMMAND [ARGS]...")


def test_progress_says_speed_and_what_is_left() -> None:
    assert (
        speed(Step("", 250, 1000, 5000), seconds=2.0, before=Step(""))
        == "2,500 rows/s, 25 %, ETA 0:06"
    )
    assert speed(Step("", rows=10), seconds=0.0, before=Step("")) == "0 rows/s"
    # What was done before the load went on counts for nothing.
    before = Step("", 500, 1000, 500)
    line = speed(Step("", 600, 1000, 600), seconds=2.0, before=before)
    assert line == "50 rows/s, 60 %, ETA 0:08"
    assert speed(before, seconds=2.0, before=before) == "0 rows/s, 50 %"


def test_progress_of_sending_says_what_became_of_the_records(
    capsys: pytest.CaptureFixture[str],
) -> None:
    reporter = TerminalReporter()
    reporter.seconds = 0
    with reporter.following(print) as progress:
        progress(Step("waiting 3 s: 429 Too Many Requests", 1, 4, 2_000, 1, 5))
    assert capsys.readouterr().err.startswith(
        "waiting 3 s: 429 Too Many Requests: 2,000 accepted, 1 rejected, 5 in doubt, 0 rows/s, 25 %"
    )


def test_the_worst_of_several_loads_counts() -> None:
    assert worst([]) == 0
    assert worst([0, 4]) == 4
    assert worst([2, 4, 3]) == 3
    assert worst([3, 5, 0]) == 5


def test_progress_goes_to_stderr_now_and_then(capsys: pytest.CaptureFixture[str]) -> None:
    reporter = TerminalReporter()
    with reporter.following(print) as progress:
        for done in range(1000):
            progress(Step("reading", done, 1000, done))
    assert capsys.readouterr() == ("", "")  # ten seconds have not passed
    reporter.seconds = 0
    with reporter.following(print) as progress:
        progress(Step("reading", 1, 2, 3))
    out, err = capsys.readouterr()
    assert (out, err.startswith("reading: 3 rows, 0 rejects")) == ("", True)
    silent = TerminalReporter(silent=True)
    silent.seconds = 0
    with silent.following(print) as progress:
        progress(Step("reading", 1, 2, 3))
    assert capsys.readouterr() == ("", "")
