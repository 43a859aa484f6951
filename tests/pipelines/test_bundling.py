"""A support bundle tells what happened, and nobody and no secret is in it."""

import json
import stat
import zipfile
from pathlib import Path
from typing import Any

import pytest

from pipelines.bundling import Leak, collect, prove
from pipelines.runs import Summary, list_summaries

KEY = "sandbox-key-7c41"
CANARIES = (KEY, "4791777321", "91777321", "kanari.fugl", "Kanarsen", "Kanarigata", "1987-03-09")
HEADER = (
    "member_no,first_name,last_name,mobile_phone,email,birth_date,gender,address,zip,city,"
    "country,accepts_terms,accepts_email,accepts_sms"
)
ROW = (
    "E{n},Kari,Kanarsen,+4791777321,kanari.fugl{n}@example.no,1987-03-09,Female,Kanarigata 7,"
    "0553,Oslo,NO,true,true,true"
)


@pytest.fixture
def ran(api, write_feed, tmp_path: Path, cli_here, faults) -> Summary:
    source = tmp_path / "members.csv"
    rows = [ROW.format(n=n) for n in range(5)]
    rows.append(ROW.format(n=6).replace("1987-03-09", "1987-13-09"))
    source.write_text("\n".join([HEADER, *rows, "E7,+4791777321,Kanarsen"]) + "\n")
    change = ("  mapping:", "  rejects: {max_percent: 90}\n  mapping:")
    feed = write_feed("lenient", change, like="members_csv")
    faults({"fault": "echo", "path": "/import"})
    assert cli_here("plan", feed, "--source", source).code == 4
    assert cli_here("run", feed, "--source", source).code == 4
    assert api.facts()["customers"] == 0
    return next(s for s in list_summaries() if not s.dry_run)


def read(path: Path) -> dict[str, Any]:
    with zipfile.ZipFile(path) as bundle:
        return {name: json.loads(bundle.read(name)) for name in bundle.namelist()}


@pytest.mark.slow
def test_a_bundle_tells_what_happened_and_of_nobody(
    ran: Summary, tmp_path: Path, cli_here, state: Path
) -> None:
    (Path(ran.folder) / "error.log").write_text(
        'Traceback:\n  File "/home/kari/pipelines/x.py", line 7, in read\nValueError: Kanarsen\n'
    )
    path = tmp_path / "help.zip"
    made = cli_here("support-bundle", "--run", ran.run_id[:8], "-o", path)
    assert made.code == 0, made.err
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    with zipfile.ZipFile(path) as bundle:
        everything = b"".join(bundle.read(name) for name in bundle.namelist()).decode()
    everything += made.out + made.err
    assert [canary for canary in CANARIES if canary in everything] == []
    told = read(path)
    first, second, *_ = (row for row in told["rejects.json"] if "last_name" in row)
    assert first["first_name"].startswith("xxxx #")
    assert first["last_name"] == second["last_name"]  # equal stays equal
    assert first["email"] != second["email"]
    assert told["summary.json"]["rejected_records"] == 7
    assert told["errors.json"] == [{"frames": ["pipelines/x.py:7 read"], "raised": ["ValueError"]}]
    assert any(e["event"] == "STEP_START" for e in told["dagster.json"])
    assert told["settings.json"]["TRIGG_API_KEY"] == f"set, {len(KEY)} characters"
    assert told["ledger.json"]["batches"][0]["status"] == 400
    assert (state / "hash.key").read_bytes().hex() not in everything
    planned = cli_here("support-bundle", "-o", path, "--run", list_summaries()[-1].run_id)
    assert planned.code == 0, planned.err
    assert read(path)["requests.json"]


@pytest.mark.usefixtures("dagster_forgets")
@pytest.mark.parametrize(
    ("value", "what"),
    [
        ("of Kanarsen", "a value of rejects.csv"),
        ("tlf 91 77 73 21 47 / +47 917 77 321", "a value of rejects.csv"),
        (KEY, "a secret of the settings"),
        ({"deep": ["KANARIGATA"]}, "a value of rejects.csv"),
        ("born 1987-03-09", "a value of rejects.csv"),
    ],
)
def test_a_bundle_with_anybody_is_not_written(ran: Summary, value: Any, what: str) -> None:
    from delivery.ledger import open_ledger
    from pipelines.settings import ledger_url

    with open_ledger(ledger_url()) as ledger:
        files = collect(ran, ledger)
    assert prove(files, ran) > 20
    with pytest.raises(Leak) as told:
        prove({**files, "extra.json": [value]}, ran)
    assert str(told.value) == f"extra.json would hold {what}: nothing was written"


def test_there_is_no_such_run(cli_here) -> None:
    asked = cli_here("support-bundle", "--run", "x")
    assert (asked.code, asked.errors) == (
        1,
        ["loyalty-etl: no run begins with x; see: loyalty-etl runs list"],
    )
