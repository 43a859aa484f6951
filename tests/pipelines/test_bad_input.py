"""Bad input, wrong settings, a dead server: one clear line, the right code, nothing half done."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from pipelines import ROOT
from pipelines.runs import Summary
from sandbox import running

SAMPLES = ROOT / "sample_data"
HOSTILE = SAMPLES / "hostile"
Run = Callable[..., Summary]

# Refused whole: the feed, the file, what the line says.
REFUSED = {
    "empty": ("receipts_csv", "empty.csv", "is empty"),
    "header only": ("receipts_csv", "header_only.csv", "no records in it"),
    "cut JSON": ("receipts_json", "truncated.json", "cut off"),
    "cut XML": ("receipts_xml", "truncated.xml", "cut off"),
    "DOCTYPE": ("receipts_xml", "doctype.xml", "DOCTYPE"),
    "XML for JSON": ("receipts_json", "truncated.xml", "not a JSON array"),
    "other columns": ("receipts_csv", "../members.csv", "store_id"),
}


def is_one_line(text: str) -> bool:
    return 20 < len(text) < 700 and "\n" not in text


@pytest.mark.usefixtures("dagster_forgets")
def test_rows_of_an_encoding_that_nobody_named_are_rejected(run: Run) -> None:
    summary = run("receipts_csv", source=HOSTILE / "not_utf8.csv")
    assert (summary.state, summary.exit_code) == ("failed", 3), summary.error
    assert "nothing was sent; most often row: not-readable" in summary.error
    rejects = (Path(summary.folder) / "rejects.csv").read_text(encoding="utf-8")
    assert "is not UTF-8" in rejects
    assert "say source.encoding: cp1252" in rejects


@pytest.mark.usefixtures("dagster_forgets")
@pytest.mark.parametrize("case", REFUSED)
def test_a_hostile_file_is_refused_whole(case: str, api, run: Run) -> None:
    feed, file, said = REFUSED[case]
    summary = run(feed, source=HOSTILE / file)
    assert (summary.state, summary.exit_code) == ("failed", 3), summary.error
    assert is_one_line(summary.error)
    assert said in summary.error
    assert Path(file).name in summary.error
    assert api.facts()["requests"] == 0
    left = {path.name for path in Path(summary.folder).iterdir()}
    assert left <= {"summary.json", "rejects.csv", "report.html"}


@pytest.mark.usefixtures("dagster_forgets")
def test_a_source_that_is_gone_is_told(api, run: Run, write_feed) -> None:
    feed = write_feed("gone", ("sample_data/receipts.csv", "sample_data/gone.csv"))
    summary = run(f"{feed}/")
    assert (summary.exit_code, is_one_line(summary.error)) == (3, True)
    assert "sample_data/gone.csv" in summary.error
    assert api.facts()["requests"] == 0


@pytest.mark.usefixtures("dagster_forgets")
@pytest.mark.parametrize("feed", ["receipts_csv", "members_csv", "customers_report"])
def test_a_wrong_key_stops_the_run(
    feed: str, api, run: Run, state: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TRIGG_API_KEY", "another-key")
    summary = run(feed)
    assert (summary.exit_code, is_one_line(summary.error)) == (1, True)
    assert "401" in summary.error
    assert "check TRIGG_API_KEY" in summary.error
    assert "another-key" not in summary.error
    assert (api.facts()["requests"], api.facts()["imports"]) == (0, 0)
    assert not list(state.glob("exports/*/*/data/*"))


@pytest.mark.usefixtures("dagster_forgets")
@pytest.mark.parametrize("feed", ["receipts_csv", "customers_report"])
def test_a_stopped_server_is_told_and_what_to_do(feed: str, run: Run, state: Path) -> None:
    summary = run(feed)
    assert (summary.exit_code, is_one_line(summary.error)) == (2, True)
    assert "127.0.0.1:9 not reached" in summary.error
    assert "check TRIGG_BASE_URL" in summary.error
    assert not list(state.glob("exports/*/*/data/*"))
    left = {path.name for path in Path(summary.folder).iterdir()}
    assert left <= {"summary.json", "profile.json", "report.html"}  # and no records


@pytest.mark.usefixtures("dagster_forgets")
def test_what_the_platform_has_from_elsewhere_is_rejected_with_its_reason(
    run: Run, state: Path, tmp_path: Path, monkeypatch
) -> None:
    with running(tmp_path / "strict", duplicate_receipt="conflict") as strict:
        monkeypatch.setenv("TRIGG_BASE_URL", strict.base_url)
        monkeypatch.setenv("TRIGG_API_KEY", strict.api_key)
        assert run("receipts_csv").exit_code == 0
        monkeypatch.setenv("LOYALTY_ETL_LEDGER", f"sqlite:///{state}/other.sqlite")
        summary = run("receipts_csv")
    assert (summary.state, summary.exit_code) == ("finished", 4)
    assert (summary.rejected_records, summary.rejected_rows) == (89, 204)
    assert all("409" in reason for reason in summary.reasons)


@pytest.mark.usefixtures("dagster_forgets")
def test_an_unwritable_output_is_told_before_anything_is_asked(run: Run, tmp_path: Path) -> None:
    (tmp_path / "out").write_text("a file")
    summary = run("customers_report", output=tmp_path / "out")
    assert (summary.exit_code, is_one_line(summary.error)) == (1, True)
    assert f"{tmp_path}/out cannot be written" in summary.error
    assert (tmp_path / "out").read_text() == "a file"


# The command's words, and what the line says; told before anything is read.
USAGE = {
    "no such feed": (
        "run receipt_csv",
        "no feed is called receipt_csv; did you mean receipts_csv?",
    ),
    "run an export": ("run customers_report", "use: loyalty-etl export customers_report"),
    "export a load": ("export members_csv", "use: loyalty-etl run members_csv"),
    "no source": ("run members_csv --source gone.csv", "'gone.csv' does not exist"),
    "no option": ("run members_csv --dryrun", "No such option '--dryrun'"),
    "no command": ("load", "No such command 'load'"),
    "no word": ("run", "Missing argument 'FEED'"),
    "no run": ("runs show 0a1b", "no run begins with 0a1b"),
    "no feed at path": ("run ./nowhere", "nowhere: cannot be read: No such file or directory"),
    "no number": ("runs list --limit 0", "0 is not in the range x>=1"),
}
SETTINGS = {
    "no key": ({"TRIGG_API_KEY": None}, "TRIGG_API_KEY is not set"),
    "no address": ({"TRIGG_BASE_URL": None}, "TRIGG_BASE_URL is not set"),
    "in the clear": ({"TRIGG_BASE_URL": "http://api.oculos.no/v4"}, "use https://"),
    "bad key": ({"TRIGG_API_KEY": "two words"}, "the API key holds a space"),
}


@pytest.mark.parametrize("case", USAGE)
def test_wrong_usage_is_told_in_one_line(case: str, cli_here) -> None:
    words, said = USAGE[case]
    ran = cli_here(*words.split())
    assert ran.code == 1
    (line,) = ran.err.splitlines()
    assert line.startswith("loyalty-etl: ")
    assert said in line


# One process for all of them, away from any .env of this checkout.
EACH_SETTING = """
import json, os, sys
from pipelines.cli import main

sys.argv[1:], cases = sys.argv[2:], json.loads(sys.argv[1])
settings = dict(os.environ)
for case, env in cases.items():
    os.environ.clear()
    os.environ.update({k: v for k, v in (settings | env).items() if v is not None})
    try:
        main()
    except SystemExit as ended:
        print(f"{ended.code} ends {case}", file=sys.stderr, flush=True)
"""


def test_wrong_settings_are_told_before_the_source_is_opened(checkout, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe.csv"
    os.mkfifo(pipe)  # whoever opens it waits for ever
    cases = json.dumps({case: env for case, (env, _) in SETTINGS.items()})
    done = subprocess.run(
        [sys.executable, "-c", EACH_SETTING, cases, "run", "members_csv", "--source", pipe],
        cwd=checkout.checkout,
        env=checkout.environment(),
        capture_output=True,
        timeout=60,
        text=True,
        check=True,
    )
    lines = done.stderr.splitlines()
    assert len(lines) == 2 * len(SETTINGS), done.stderr
    for (case, (_, said)), line, end in zip(SETTINGS.items(), lines[::2], lines[1::2], strict=True):
        assert line.startswith("loyalty-etl: ")
        assert said in line
        assert end == f"1 ends {case}"


def test_a_report_needs_a_key_too(checkout) -> None:
    ran = checkout("export", "customers_report", TRIGG_API_KEY="")
    assert (ran.code, len(ran.err.splitlines())) == (1, 1)
    assert "TRIGG_API_KEY is not set" in ran.err


def test_a_typo_in_yaml_is_told_with_its_line(checkout) -> None:
    file = checkout.checkout / "pipelines" / "defs" / "members_csv" / "defs.yaml"
    file.write_text(file.read_text().replace("max_members", "max_member"))
    line = file.read_text().splitlines().index("    max_member: 400") + 1
    ran = checkout("run", "members_csv")
    assert ran.code == 1
    assert ran.err == (
        f"loyalty-etl: pipelines/defs/members_csv/defs.yaml:{line}: unknown word `max_member`"
        " under target; did you mean max_members?"
        " allowed: max_bytes, in_flight, endpoint, list_separator, format, envelope, element,"
        " delimiter, content_type, confirm, max_members [feed]\n"
    )


def test_a_state_folder_that_cannot_be_written_is_told(
    cli_here, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("LOYALTY_ETL_STATE", f"{tmp_path}/file/state")
    ran = cli_here("run", "members_csv", "--dry-run")
    assert (ran.code, len(ran.errors)) == (1, 1)
    assert f"{tmp_path}/file/state cannot be written (Not a directory)" in ran.err
    assert "set LOYALTY_ETL_STATE" in ran.err


def test_a_port_that_is_taken_is_told(cli_here, api) -> None:
    port = api.base_url.split(":")[2].split("/")[0]
    ran = cli_here("sandbox", "--port", port)
    assert (ran.code, len(ran.errors)) == (1, 1)
    assert f"cannot listen on 127.0.0.1 port {port}" in ran.err


def test_a_foreign_sandbox_folder_is_told(cli_here, tmp_path: Path) -> None:
    (tmp_path / "sandbox.sqlite").write_text("no database at all")
    ran = cli_here("sandbox", "--port", "0", "--data", tmp_path)
    assert (ran.code, len(ran.errors)) == (1, 1)
    assert "error.log" not in ran.err
