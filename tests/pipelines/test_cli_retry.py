"""`loyalty-etl retry` and `results`: what was rejected, mended by a person, and sent."""

import csv
import json
from pathlib import Path

import pytest

from pipelines import ROOT

pytestmark = pytest.mark.slow  # whole runs, together half a minute

SOURCE = ROOT / "sample_data" / "receipts.csv"
DIRTY = ROOT / "sample_data" / "dirty" / "receipts.csv"
BAD = "32065075076"
"""The first receipt of the source, of one line."""


def read_rows(path: Path) -> list[dict[str, str]]:
    with path.open(newline="") as file:
        return list(csv.DictReader(file))


def write_wrong(path: Path) -> Path:
    """Copy the source with two lines at fault, each in a receipt of its own."""
    lines = SOURCE.read_text().splitlines(keepends=True)
    lines[1] = lines[1].replace(",9.84,", ",nine,", 1)
    lines[-1] = lines[-1].replace(",NOK,3,", ",NOK,three,")
    path.write_text("".join(lines))
    return path


def test_rejects_are_mended_and_loaded_again(api, cli_here, quick_feed, tmp_path: Path) -> None:
    ran = cli_here("run", quick_feed(), "--source", write_wrong(tmp_path / "receipts.csv"))
    assert ran.code == 4
    assert "= 87 accepted + 2 rejected " in ran.out
    last = ran.out.splitlines()[-1]
    rejects = Path(last.rpartition(" ")[2])
    assert last == f"Next: mend {rejects}, then loyalty-etl retry {rejects}"

    mended = tmp_path / "mended.csv"
    mended.write_text(rejects.read_text().replace(",nine,", ",9.84,"))
    again = cli_here("retry", mended)
    assert again.code == 4  # the other one is at fault still, and does not keep this one back
    assert "= 1 accepted + 1 rejected " in again.out
    assert api.facts()["receipts"] == 88
    left = Path(again.out.splitlines()[-1].rpartition(" ")[2])
    left.write_text(left.read_text().replace(",NOK,three,", ",NOK,3,"))
    assert cli_here("retry", left).code == 0
    assert api.facts()["receipts"] == 89

    third, second, first = [
        json.loads(line)["run_id"] for line in cli_here("runs", "list", "--json").out.splitlines()
    ]
    shown = cli_here("runs", "show", second).out.splitlines()
    assert f"  retry of          {first}" in shown
    assert f"  retried by        {third}" in shown


def test_what_validate_wrote_is_loaded_with_its_feed(api, cli_here, quick_feed, tmp_path) -> None:
    feed = quick_feed()
    looked = cli_here(
        *("validate", feed, "--source", write_wrong(tmp_path / "r.csv"), "-o", tmp_path)
    )
    assert looked.code == 4
    rejects = tmp_path / "rejects.csv"
    rejects.write_text(rejects.read_text().replace(",nine,", ",9.84,"))
    unknown = cli_here("retry", rejects)
    assert (unknown.code, "no run wrote this file" in unknown.err) == (1, True)
    assert "= 1 accepted + 1 rejected " in cli_here("retry", rejects, "--feed", feed).out
    assert api.facts()["receipts"] == 1


def test_what_the_platform_refused_is_retried_as_well(api, faults, cli_here, quick_feed) -> None:
    faults({"fault": "poison", "ids": [BAD], "status": 400, "style": "list"})
    told = cli_here("run", quick_feed(), "--json").json()
    assert (told["exit_code"], told["rejected_records"], told["accepted_records"]) == (4, 1, 88)
    counted = cli_here("results", told["run_id"], "--json").json()
    (group,) = counted["reasons"]
    assert (group["outcome"], group["records"], group["rows"]) == ("rejected", 1, [2])
    assert "400 Bad Request" in group["reason"]
    faults()
    assert cli_here("retry", f"{told['folder']}/rejects.csv").code == 0
    assert api.facts()["receipts"] == 89


def test_a_changed_record_is_held_until_it_is_said_otherwise(api, cli_here, quick_feed, tmp_path):
    feed, source = quick_feed(), tmp_path / "receipts.csv"
    assert cli_here("run", feed).code == 0
    source.write_text(SOURCE.read_text().replace("MOLASSES", "TREACLE", 1))
    held = cli_here("run", feed, "--source", source)
    assert held.code == 5
    assert "  held      1 unsent, delivered before with other content" in held.out.splitlines()
    assert " 88 unchanged " in held.out
    *command, unsent, changed, resend = held.out.splitlines()[-1].split()
    assert (command, changed, resend) == (
        ["Next:", "loyalty-etl", "retry"],
        "--changed",
        "resend",
    )
    (row,) = read_rows(Path(unsent))
    assert (row["receipt_id"], row["_error"].startswith("held: ")) == (BAD, True)
    sent = cli_here("retry", unsent, "--changed", "resend")
    assert (sent.code, "= 1 accepted " in sent.out) == (0, True)
    assert api.facts()["receipts"] == 90  # this sandbox stores what it is sent


def test_results_quote_no_value(api, cli_here, quick_feed) -> None:
    told = cli_here("run", quick_feed(), "--source", DIRTY, "--json").json()
    assert api.facts()["receipts"] == told["accepted_records"]
    shown = cli_here("results", told["run_id"])
    assert shown.code == 0
    assert "  rejected        3  Header.GrossAmount: is not the sum of its lines'" in shown.out
    assert f"  file      {told['folder']}/rejects.csv" in shown.out.splitlines()
    counts = cli_here("results", told["run_id"], "--json").json()
    assert counts["accounted_for"]
    assert sum(counts["counts"].values()) == counts["records"] == 45
    listed = cli_here("results", told["run_id"], "--outcome", "rejected", "--limit", 1000).out
    assert listed.count("\n  row ") == told["rejected_records"]
    rejects = read_rows(Path(told["folder"], "rejects.csv"))
    values = {row[name] for row in rejects for name in ("receipt_id", "timestamp", "customer_id")}
    for value in filter(lambda text: len(text) > 5, values - {"2024-01-31T14:50:05"}):
        assert value not in shown.out + listed


def test_results_of_nothing(api, cli_here, quick_feed) -> None:
    run_id = cli_here("run", quick_feed(), "--dry-run", "--json").json()["run_id"]
    for word in (run_id, "nonsense"):
        ran = cli_here("results", word)
        assert (ran.code, ran.out, len(ran.errors)) == (1, "", 1)
    assert api.facts()["receipts"] == 0


@pytest.mark.usefixtures("api")
def test_a_file_that_no_run_wrote_is_refused(cli_here, quick_feed, tmp_path: Path) -> None:
    ran = cli_here("retry", SOURCE)
    assert (ran.code, ran.out, len(ran.errors)) == (3, "", 1)
    feed = quick_feed()
    run = cli_here("run", feed, "--source", write_wrong(tmp_path / "wrong.csv"), "--json").json()
    lost = tmp_path / "lost.csv"
    text = Path(run["folder"], "rejects.csv").read_text().replace(",nine,", ",9.84,")
    lost.write_text(text.replace(run["run_id"], "another"))
    ran = cli_here("retry", lost)
    assert (ran.code, ran.errors) == (
        1,
        ["loyalty-etl: run another is known no more; say --feed FEED"],
    )
    assert cli_here("retry", lost, "--feed", feed).code == 4
