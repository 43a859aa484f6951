"""`loyalty-etl preview`: the first records before and after the mapping, and the body, unsent."""

import json
import subprocess
import sys

import pytest

from delivery.records import read_records
from pipelines import ROOT
from pipelines.feeds import LoadFeed, read_feed
from pipelines.loading import RECORDS, cut, prepare
from pipelines.previewing import preview

SAMPLES = ROOT / "sample_data"
FEEDS = [
    f"{kind}_{ending}" for kind in ("receipts", "members") for ending in ("csv", "json", "xml")
]


@pytest.mark.parametrize("name", FEEDS)
def test_the_body_is_what_a_load_would_send(name, tmp_path) -> None:
    words = read_feed(name)
    assert isinstance(words, LoadFeed)
    source = ROOT / words.source.path
    done = prepare(words, source, tmp_path)
    sent = [batch.body.decode() for batch in cut(words, read_records(tmp_path / RECORDS))]
    seen = preview(words, str(source), limit=1000)
    assert seen.bodies == sent
    assert seen.rejected == done.rejected_records
    few = preview(words, str(source), limit=3)
    assert len(few.records) == 3
    assert few.records == seen.records[:3]
    (records,) = json.loads(few.bodies[0]).values()
    assert records == [record.sent for record in few.records]


def test_rows_are_shown_before_and_after_the_mapping() -> None:
    words = read_feed("receipts_csv")
    first, second = preview(words, str(SAMPLES / "receipts.csv"), limit=2).records
    assert (first.row, first.place, first.reasons) == (2, "line 2", [])
    assert first.before[0]["product_name"] == "MOLASSES & SYRUPS"
    assert first.after[0]["Items.ProductName"] == "MOLASSES & SYRUPS"
    assert first.after[0]["Header.Currency"] == "NOK"
    assert len(second.before) == len(second.after) == len(second.sent["Items"]) > 1


def test_what_clears_a_field_is_seen_and_counted(cli_here, tmp_path, monkeypatch) -> None:
    monkeypatch.setenv("COLUMNS", "160")
    (tmp_path / "m.csv").write_text("no,mail,terms\n1,#N/A,#N/A\n2,,1\n")
    words = {"externalId": "no", "email": "mail", "consents.acceptsTerms": "terms"}
    made = "\n".join(f"    {name}: {column}" for name, column in words.items())
    feed = tmp_path / "clearing" / "defs.yaml"
    feed.parent.mkdir()
    feed.write_text(
        "type: pipelines.components.LoadFeedComponent\nattributes:\n"
        f"  source: {{path: {tmp_path}/m.csv}}\n  target: {{endpoint: POST /import}}\n"
        f"  mapping:\n{made}\n"
    )
    lines = cli_here("preview", feed).out.splitlines()
    cleared = [line.split("|")[1].split()[0] for line in lines if "null: clears it" in line]
    assert cleared == ["email", "consents.acceptsTerms"]
    told = cli_here("validate", feed).out
    assert "  warning   2 times a value clears its field (values.clear)" in told


def test_what_would_be_rejected_says_why() -> None:
    words = read_feed("members_csv")
    seen = preview(words, str(SAMPLES / "dirty" / "members.csv"), limit=6)
    assert [record.place for record in seen.records if record.reasons] == [
        *("line 3", "line 5", "line 7")
    ]
    bad = seen.records[1]
    assert bad.sent is None
    why = "mobilePhone (mobile_phone) '+4712345': not a phone number such as +4712345678"
    assert bad.reasons == [why]
    assert bad.after[0]["mobilePhone"] == "+4712345"
    assert "+4712345" not in "".join(seen.bodies)
    assert seen.rejected == 3


def test_no_more_is_read_than_is_shown(tmp_path) -> None:
    header, *rows = (SAMPLES / "members.csv").read_text().splitlines()
    file = tmp_path / "a.csv"
    with file.open("w") as out:
        out.write(header + "\n")
        for n in range(60_000):
            out.write(rows[n % len(rows)].replace(rows[n % len(rows)].split(",")[0], f"{n}", 1))
            out.write("\n")
        out.write('broken,"\n')  # nobody comes that far
    seen = preview(read_feed("members_csv"), str(file), limit=5)
    assert [record.row for record in seen.records] == [2, 3, 4, 5, 6]


def test_columns_that_no_field_is_made_of_are_named(write_feed, cli_here) -> None:
    feed = write_feed("few", ("    city: city\n", ""), like="members_csv")
    ran = cli_here("preview", feed, "--limit", 1)
    assert "not mapped: city" in ran.out.splitlines()


def test_the_command_needs_no_account_and_writes_nothing(cli_here, monkeypatch, state) -> None:
    monkeypatch.delenv("TRIGG_API_KEY")
    monkeypatch.delenv("TRIGG_BASE_URL")
    before = sorted(state.rglob("*"))
    ran = cli_here("preview", "members_csv", "--limit", 2)
    assert (ran.code, ran.err) == (0, "")
    lines = ran.out.splitlines()
    assert lines[0].endswith("members.csv, 0 of them rejected; nothing is sent")
    assert lines[-1] == "Next: loyalty-etl validate members_csv"
    body = lines[-2]
    assert lines[-3] == f"POST /import, body, {len(body.encode()):,} bytes:"
    assert [member["externalId"] for member in json.loads(body)["members"]] == ["141", "165"]
    assert any(line.split() == ["zip", "0553", "|", "zip", "0553"] for line in lines)
    assert sorted(state.rglob("*")) == before


def test_the_command_knows_feeds_by_path_and_tells_scripts(cli_here, write_feed) -> None:
    feed = write_feed("mine", like="members_csv")
    dirty = SAMPLES / "dirty" / "members.csv"
    ran = cli_here("preview", feed, "--source", dirty, "--limit", 3, "--json")
    assert ran.code == 4
    told = ran.json()
    assert [record["place"] for record in told["records"]] == ["line 2", "line 3", "line 4"]
    assert told["records"][1]["sent"] is None
    assert told["endpoint"] == "POST /import"
    assert len(json.loads(told["bodies"][0])["members"]) == 2
    shown = cli_here("preview", feed, "--source", dirty, "--limit", 2).out
    assert "2  line 3  REJECTED" in shown
    assert cli_here("preview", "nothing").code == 1
    assert cli_here("preview", "customers_report").code == 1


def test_looking_imports_neither_dagster_nor_httpx() -> None:
    words = ["members_csv", "--source", str(SAMPLES / "dirty" / "members.csv")]
    script = (
        "import sys\n"
        "from pipelines.cli import main\n"
        "for command in ('preview', 'validate'):\n"
        f"    sys.argv[1:] = [command, *{words}]\n"
        "    try: main()\n"
        "    except SystemExit as ended: print(); print('ENDED', ended.code)\n"
        "    print('LOADED', *[m for m in ('dagster', 'httpx') if m in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    lines = done.stdout.splitlines()
    assert [line for line in lines if line.startswith("LOADED")] == ["LOADED"] * 2
    assert len([line for line in lines if line.startswith("ENDED")]) == 2
