"""What Dagster knows of an export: checks, schema, shapes, a chart."""

from datetime import timedelta

import dagster as dg
import pytest

from pipelines.export_asset import export_assets
from pipelines.export_facts import judge_columns, judge_proof
from pipelines.exports.looking.charting import draw_bars
from pipelines.exports.manifest import Drift, Proof
from pipelines.feeds import read_feed
from pipelines.feeds.watching import Freshness, RowsDeviation
from pipelines.materializing import open_instance
from pipelines.runs import Summary, write_summary
from pipelines.watch_checks import judge_rows
from tests.pipelines.exports.looking.test_opening import ROWS


def events_of(run_id):
    with open_instance() as instance:
        made = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
        checks = instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_CHECK_EVALUATION)
    told = {
        event.dagster_event.asset_check_evaluation_data.check_name: (
            event.dagster_event.asset_check_evaluation_data.passed
        )
        for event in checks
    }
    return [event.asset_materialization for event in made], told


@pytest.mark.usefixtures("api")
def test_a_run_tells_schema_proof_shapes_and_chart(run, write_feed) -> None:
    run("members_csv")
    words = "  key: [id]\n  rows_deviation: {}\n  freshness: {within_hours: 26}\n"
    feed = write_feed("watched", ("  key: [id]\n", words), like="customers_report")
    summary = run(feed)
    assert summary.state == "finished", summary.error
    (made,), checks = events_of(summary.run_id)
    assert checks == {"proven_complete": True, "columns_unchanged": True, "rows_as_usual": True}
    told = made.metadata
    columns = {column.name: column for column in told["dagster/column_schema"].schema.columns}
    assert not columns["id"].constraints.nullable
    assert columns["email"].constraints.nullable
    assert told["dagster/row_count"].value == summary.rows
    rows = [record.data for record in told["sample_in_shapes"].records]
    assert all("@xxxxxxx." in row["email"] for row in rows if row["email"])
    assert told["rows_by_version"].value.startswith("![rows by version](data:image/svg+xml;base64,")


def test_the_rows_are_held_against_the_middle_of_the_runs_before(state) -> None:
    def ran(number, rows, **more):
        output = str(state / "exports" / "f" / f"run{number}")
        started = f"2026-03-{number:02}T00:00:00.000+00:00"
        facts = {"state": "finished", "started": started, "rows": rows, "output": output}
        return write_summary(Summary(f"run{number}", "f", "export", **facts | more))

    words = RowsDeviation(percent=20, of=3)
    assert judge_rows(words, ran(1, 5)).passed  # nothing to compare with
    for number, rows in ((2, 100), (3, 110), (4, 90)):
        ran(number, rows)
    ran(5, 1, state="failed")
    assert judge_rows(words, ran(6, 119)).passed
    assert not judge_rows(words, ran(7, 70)).passed
    assert judge_rows(words, ran(8, 630, days=7)).passed  # 90 a day


def test_checks_say_what_speaks_against_it(make_version) -> None:
    good = make_version(ROWS)
    assert judge_proof("p", good).passed
    assert judge_columns("c", good).passed
    doubts = ("2 rows of 3 came",)
    bad = make_version(
        ROWS,
        proof=Proof(complete=False, declared=3, rows=2, doubts=doubts),
        drift=Drift(added={"x": "Int64"}, retyped={"points": ("Int64", "String")}),
    )
    proof, columns = judge_proof("p", bad), judge_columns("c", bad)
    assert (proof.passed, proof.metadata["doubts"].value) == (False, "2 rows of 3 came")
    assert (columns.passed, columns.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert columns.metadata["retyped"].value == "points (Int64 → String)"


def test_freshness_is_dagsters_own() -> None:
    words = Freshness(within_hours=26)
    feed = read_feed("customers_report").model_copy(update={"freshness": words})
    (asset,) = export_assets("customers_report", feed)
    policy = asset.specs_by_key[asset.key].freshness_policy
    assert policy == dg.FreshnessPolicy.time_window(timedelta(hours=26))


@pytest.mark.parametrize("bars", [0, 1, 2, 30, 400])
def test_a_chart_of_any_number_of_bars(bars) -> None:
    from base64 import b64decode

    from lxml import etree

    counts = {f"<{number}>": number for number in range(bars)}
    text = draw_bars("rows & more", counts)
    svg = etree.fromstring(b64decode(text.partition("base64,")[2].rstrip(")")))
    assert len(svg.findall(".//{*}rect")) == min(bars, 60)
