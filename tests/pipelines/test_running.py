"""Every shipped feed, run against a sandbox: what arrives, what is told, what is kept."""

import csv
import json
import stat
from collections.abc import Callable
from decimal import Decimal
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl
import pytest

from pipelines import ROOT
from pipelines.feeds import list_feeds
from pipelines.materializing import open_instance, run_nightly
from pipelines.progress import Reporter
from pipelines.runs import Summary, list_summaries, read_summary, run_folder

DIRTY = ROOT / "sample_data" / "dirty"
# feed: rows, records and gross of its sample, returns counted as they are written
SENT = {
    "members_csv": (28, 28, None),
    "members_json": (28, 28, None),
    "members_xml": (22, 22, None),
    "receipts_csv": (204, 89, "5507.60"),
    "receipts_json": (192, 85, "5900.98"),
    "receipts_xml": (132, 64, "4730.89"),
}
Facts = dict[str, Any]

Run = Callable[..., Summary]


def read_json(path: Path) -> dict:
    return json.loads(path.read_text(encoding="utf-8"))


def told_to_dagster(run_id: str) -> tuple[dict[str, dict], dict[str, bool]]:
    """Give a run's metadata for each asset, and whether all its checks passed."""
    with open_instance() as instance:
        records = instance.get_records_for_run(run_id).records
        events = [r.event_log_entry.dagster_event for r in records]
    metadata, checks = {}, {}
    for event in filter(None, events):
        if event.is_step_materialization:
            found = event.step_materialization_data.materialization
            metadata[found.asset_key.to_user_string()] = {
                name: [r.data for r in value.records]
                if isinstance(value, dg.TableMetadataValue)
                else value.value
                for name, value in found.metadata.items()
            }
        if event.event_type is dg.DagsterEventType.ASSET_CHECK_EVALUATION:
            found = event.event_specific_data
            asset = found.asset_key.to_user_string()
            checks[asset] = checks.get(asset, True) and found.passed
    return metadata, checks


def turnover(facts: Facts) -> str:
    """Take the returned amounts, which stand without a sign, off the sum of all."""
    return str(Decimal(facts["gross"]) - 2 * Decimal(facts["returns"]["gross"]))


@pytest.mark.parametrize("feed", SENT)
def test_a_load_arrives_whole(feed: str, api, run: Run) -> None:
    rows, records, gross = SENT[feed]
    summary = run(feed)
    assert (summary.state, summary.exit_code, summary.error) == ("finished", 0, "")
    assert (summary.rows, summary.records, summary.accepted_records) == (rows, records, records)
    assert (summary.rejected_rows, summary.rejected_records, summary.requests) == (0, 0, 1)
    facts = api.facts()
    if gross is None:
        assert facts["customers"] == records
    else:
        assert (facts["receipts"], facts["lines"], str(facts["gross"])) == (records, rows, gross)
        assert summary.totals == {"gross": turnover(facts)}
    folder = run_folder(summary.run_id, feed)
    assert {path.name for path in folder.iterdir()} == {
        "summary.json",
        "profile.json",
        "report.html",
        "outcomes.parquet",
        "accepted.parquet",
    }
    told = pl.read_parquet(folder / "outcomes.parquet")
    assert (told.height, told["rows"].sum()) == (records, rows)
    assert told["outcome"].unique().to_list() == ["accepted"]
    assert told.equals(pl.read_parquet(folder / "accepted.parquet"))
    assert read_summary(summary.run_id, feed) == summary
    assert read_json(folder / "summary.json") == summary.__dict__


@pytest.mark.usefixtures("api")
def test_a_load_tells_dagster_its_counts(run: Run) -> None:
    summary = run("receipts_csv")
    metadata, checks = told_to_dagster(summary.run_id)
    assert {*metadata} == {"receipts_csv/prepared", "receipts_csv/delivered"}
    assert checks == {"receipts_csv/prepared": True, "receipts_csv/delivered": True}
    delivered = metadata["receipts_csv/delivered"]
    wanted = {"rows": 204, "dagster/row_count": 204, "records": 89, "accepted_records": 89,
              "rejected_rows": 0, "rejected_records": 0, "unchanged_records": 0,
              "in_doubt_records": 0, "unsent_records": 0, "batches": 1, "bytes": summary.bytes,
              "total_gross": "5167.84"}  # fmt: skip
    assert {name: delivered[name] for name in wanted} == wanted
    assert delivered["rows_per_second"] > 0
    sample = metadata["receipts_csv/prepared"]["sample"]
    assert len(sample) == 5
    assert {*sample[0]} == {"StoreId", "ReceiptId", "TimeStamp", "GrossAmount", "lines"}


@pytest.mark.usefixtures("api")
def test_members_are_shown_to_dagster_by_their_shape_only(run: Run) -> None:
    metadata, _ = told_to_dagster(run("members_csv").run_id)
    first = metadata["members_csv/prepared"]["sample"][0]
    assert (first["firstName"], first["mobilePhone"]) == ("xxx", "+9999999999")
    assert first["email"] == "xxx.xxxx.999@xxxxxxx.xx"


@pytest.mark.usefixtures("api")
def test_a_report_is_published_whole(run: Run, state: Path) -> None:
    run("members_csv")
    run("receipts_csv")
    for feed, rows in (("customers_report", 28), ("transactions_report", 204)):
        summary = run(feed)
        assert (summary.state, summary.exit_code, summary.rows) == ("finished", 0, rows)
        published = state / "exports" / feed / "latest"
        assert published.resolve() == Path(summary.output).resolve()
        assert pl.read_parquet(published / "data").height == rows
        assert read_json(published / "manifest.json")["run_id"] == summary.run_id
        metadata, _ = told_to_dagster(summary.run_id)
        told = metadata[f"{feed}/report"]
        assert (told["rows"], told["folder"]) == (rows, summary.output)
        columns = pl.read_parquet_schema(published / "data")
        assert [column.name for column in told["dagster/column_schema"].columns] == [*columns]


@pytest.mark.usefixtures("api", "dagster_forgets")
def test_an_export_goes_where_it_is_told(run: Run, tmp_path: Path) -> None:
    run("members_csv")
    summary = run("customers_report", output=tmp_path / "out")
    assert summary.output == str(tmp_path / "out" / summary.run_id)
    assert (tmp_path / "out" / "latest" / "data").exists()


def test_nightly_runs_every_feed_in_order(api) -> None:
    summaries = run_nightly(Reporter())
    assert {s.feed: s.exit_code for s in summaries} == dict.fromkeys(list_feeds(), 0)
    assert len({s.run_id for s in summaries}) == 1
    kinds = [s.feed.split("_")[0] if s.kind == "load" else "report" for s in summaries]
    assert kinds == ["members"] * 3 + ["receipts"] * 3 + ["report"] * 2
    rows = {s.feed: s.rows for s in summaries}
    assert (rows["customers_report"], rows["transactions_report"]) == (78, 528)
    facts = api.facts()
    assert (facts["customers"], facts["receipts"], facts["lines"]) == (78, 238, 528)


@pytest.mark.usefixtures("api")
def test_nightly_stops_at_what_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIGG_API_KEY", "another-key")
    summaries = run_nightly(Reporter())
    assert {s.feed: s.exit_code for s in summaries} == {
        name: 1 for name in list_feeds() if name.startswith("members")
    }


@pytest.mark.usefixtures("dagster_forgets")
def test_a_dry_run_sends_nothing_and_counts_what_a_run_sends(api, run: Run, write_feed) -> None:
    feed = write_feed("small", ("max_receipts: 400", "max_receipts: 20\n    max_bytes: 8192"))
    dry = run(f"{feed}/", dry_run=True)
    assert (dry.state, dry.exit_code, dry.dry_run, dry.accepted_records) == ("prepared", 0, True, 0)
    assert api.facts()["requests"] == 0
    left = {path.name for path in Path(dry.folder).iterdir()}
    assert left == {"summary.json", "plan.json", "profile.json", "report.html"}
    assert stat.S_IMODE((Path(dry.folder) / "plan.json").stat().st_mode) == 0o600
    sent = run(f"{feed}/")
    assert (sent.requests, sent.bytes, sent.totals) == (dry.requests, dry.bytes, dry.totals)
    assert api.facts()["requests"] == dry.requests > 5
    assert api.facts()["receipts"] == 89
    again = run(f"{feed}/", dry_run=True)
    assert (again.unchanged_records, again.requests, again.bytes) == (89, 0, 0)


@pytest.mark.usefixtures("dagster_forgets")
def test_a_dry_run_needs_neither_key_nor_server(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TRIGG_API_KEY", "no good key\n")
    assert run("members_csv", dry_run=True).exit_code == 0


def test_too_many_rejects_send_nothing(api, run: Run) -> None:
    summary = run("receipts_csv", source=DIRTY / "receipts.csv")
    assert (summary.state, summary.exit_code) == ("failed", 3)
    assert "nothing was sent" in summary.error
    assert f"{summary.rejected_records} of {summary.records} records rejected" in summary.error
    assert "allowed 5 %" in summary.error
    assert (api.facts()["requests"], api.facts()["receipts"]) == (0, 0)
    metadata, checks = told_to_dagster(summary.run_id)
    assert checks == {"receipts_csv/prepared": False}
    assert {*metadata} == {"receipts_csv/prepared"}
    assert not (Path(summary.folder) / "records.arrow").exists()


@pytest.mark.parametrize(
    ("like", "source", "faults"),
    [
        (
            "receipts_csv",
            "receipts.csv",
            {"amount_letter", "no_store_id", "sum_wrong", "short_row"},
        ),
        ("members_csv", "members.csv", {"phone_letters", "email_no_at", "no_key", "long_row"}),
    ],
)
def test_faulty_records_are_kept_back_with_their_reasons(
    like: str, source: str, faults: set[str], *, api, run: Run, write_feed
) -> None:
    change = ("  mapping:", "  rejects: {max_percent: 60}\n  mapping:")
    feed = write_feed("lenient", change, like=like)
    summary = run(f"{feed}/", source=DIRTY / source)
    assert (summary.state, summary.exit_code) == ("finished", 4)
    assert summary.rejected_records >= len(faults)
    assert summary.accepted_records == summary.records - summary.rejected_records > 0
    facts = api.facts()
    kind = "customers" if like == "members_csv" else "receipts"
    assert facts[kind] == summary.accepted_records
    if kind == "receipts":
        assert summary.totals == {"gross": turnover(facts)}
    rejects = Path(summary.folder) / "rejects.csv"
    assert stat.S_IMODE(rejects.stat().st_mode) == 0o600
    with rejects.open(newline="") as file:
        rows = list(csv.DictReader(file))
    assert len(rows) == summary.rejected_rows
    assert all(row["_error"] and row["_source_row"] for row in rows)
    assert {row["_source_file"] for row in rows} == {str(DIRTY / source)}
    with (DIRTY / "faults.csv").open(newline="") as file:
        known = [row for row in csv.DictReader(file) if row["file"] == source]
    lines = {int(row["line"]) for row in known if row["fault"] in faults}
    assert len(lines) == len(faults)
    assert lines <= {int(row["_source_row"]) for row in rows}
    assert sum(summary.reasons.values()) >= len(faults)
    metadata, checks = told_to_dagster(summary.run_id)
    assert checks == {"lenient/prepared": True, "lenient/delivered": True}
    reasons = metadata["lenient/delivered"]["rejects_by_fault"]
    assert {r["fault"]: r["times"] for r in reasons} == summary.reasons


@pytest.mark.usefixtures("dagster_forgets")
def test_rejects_once_mended_can_be_loaded_again(api, run: Run, write_feed, tmp_path) -> None:
    change = ("  mapping:", "  rejects: {max_percent: 100}\n  mapping:")
    feed = write_feed("mending", change)
    source = tmp_path / "one.csv"
    lines = (ROOT / "sample_data" / "receipts.csv").read_text().splitlines(keepends=True)
    fields = lines[1].split(",")
    assert fields[3] == "684"
    source.write_text(lines[0] + ",".join(["300", fields[1], "someday", *fields[3:]]))
    broken = run(f"{feed}/", source=source)
    assert (broken.exit_code, broken.rejected_records) == (4, 1)
    rejects = Path(broken.folder) / "rejects.csv"
    assert "'someday'" in rejects.read_text()
    mended = tmp_path / "mended.csv"
    mended.write_text(rejects.read_text().replace("someday,", "2017-03-01T13:09:45,", 1))
    assert run(f"{feed}/", source=mended).exit_code == 0
    assert api.facts()["receipts"] == 1


@pytest.mark.usefixtures("api", "dagster_forgets")
def test_runs_are_remembered_newest_first(run: Run) -> None:
    ids = [run(feed).run_id for feed in ("members_csv", "members_xml", "members_csv")]
    assert [s.run_id for s in list_summaries()] == ids[::-1]
    assert [s.run_id for s in list_summaries("members_xml")] == [ids[1]]


@pytest.mark.usefixtures("api")
def test_a_run_with_an_instance_of_its_own_is_kept_there(
    run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    home.mkdir()
    (home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(home))
    summary = run("members_csv")
    assert summary.exit_code == 0
    with open_instance() as instance:
        assert instance.get_run_by_id(summary.run_id).is_success
    assert any(home.iterdir())
