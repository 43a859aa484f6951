"""What Dagster loads: assets, order, the check, the job, the schedule; and who may import it."""

import subprocess
import sys
from pathlib import Path

import dagster as dg
import pytest

import validators
from pipelines import ROOT
from pipelines.assets import last_asset
from pipelines.definitions import build_definitions, pick_executor
from pipelines.feeds import list_feeds
from pipelines.progress import Reporter

MEMBERS = ["members_csv", "members_json", "members_xml"]
RECEIPTS = ["receipts_csv", "receipts_json", "receipts_xml"]
REPORTS = ["customers_report", "transactions_report"]
KEYS = {
    *(f"{feed}/{step}" for feed in MEMBERS + RECEIPTS for step in ("prepared", "delivered")),
    *(f"{feed}/report" for feed in REPORTS),
}


@pytest.fixture(scope="module")
def definitions() -> dg.Definitions:
    return build_definitions(Reporter())


@pytest.fixture(scope="module")
def graph(definitions: dg.Definitions):
    return definitions.resolve_asset_graph()


def names(keys) -> set[str]:
    return {key.to_user_string() for key in keys}


def test_every_feed_is_a_group_of_assets(graph) -> None:
    assert names(graph.get_all_asset_keys()) == KEYS
    assert {graph.get(key).group_name for key in graph.get_all_asset_keys()} == {*list_feeds()}
    assert {key.path[0] for key in graph.get_all_asset_keys()} == {*list_feeds()}


def test_members_come_before_receipts_and_reports_last(graph) -> None:
    parents = {
        key.to_user_string(): names(graph.get(key).parent_keys)
        for key in graph.get_all_asset_keys()
    }
    for feed in MEMBERS:
        assert parents[f"{feed}/prepared"] == set()
    for feed in RECEIPTS:
        assert parents[f"{feed}/prepared"] == {f"{name}/delivered" for name in MEMBERS}
    for feed in MEMBERS + RECEIPTS:
        assert parents[f"{feed}/delivered"] == {f"{feed}/prepared"}
    for feed in REPORTS:
        assert parents[f"{feed}/report"] == {f"{name}/delivered" for name in RECEIPTS}


def test_the_share_of_rejects_blocks_and_every_record_is_accounted_for(graph) -> None:
    found: dict[str, dict[str, bool]] = {}
    for key in graph.asset_check_keys:
        if key.asset_key.path[-1] != "report":
            of_asset = found.setdefault(key.asset_key.to_user_string(), {})
            of_asset[key.name] = graph.get_check_spec(key).blocking
    prepared = {"rejects_within_limit": True, "columns_as_before": False}
    delivered = {"records_accounted_for": False, "nothing_in_doubt": False}
    assert found == {f"{feed}/prepared": prepared for feed in MEMBERS + RECEIPTS} | {
        f"{feed}/delivered": delivered for feed in MEMBERS + RECEIPTS
    }


def test_exports_are_checked_for_proof_and_columns(graph) -> None:
    found = {feed: set() for feed in REPORTS}
    for key in graph.asset_check_keys:
        if key.asset_key.path[-1] == "report":
            found[key.asset_key.path[0]].add(key.name)
            assert not graph.get_check_spec(key).blocking
    assert all(found[feed] == {"proven_complete", "columns_unchanged"} for feed in REPORTS)


def test_every_feed_has_a_job_and_nightly_takes_them_all(definitions) -> None:
    jobs = {job.name: job for job in definitions.resolve_all_job_defs()}
    assert {*jobs} >= {*list_feeds(), "nightly"}
    nightly = jobs["nightly"].asset_layer.executable_asset_keys
    assert names(nightly) == KEYS
    for feed in list_feeds():
        assert {key.path[0] for key in jobs[feed].asset_layer.executable_asset_keys} == {feed}


def test_the_schedule_is_at_night_in_norway_and_off(definitions) -> None:
    (schedule,) = definitions.schedules
    assert (schedule.cron_schedule, schedule.execution_timezone) == ("30 2 * * *", "Europe/Oslo")
    assert schedule.job_name == "nightly"
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED


def test_the_last_asset_of_a_feed_is_the_one_others_wait_for() -> None:
    assert last_asset("members_csv") == dg.AssetKey(["members_csv", "delivered"])
    assert last_asset("customers_report") == dg.AssetKey(["customers_report", "report"])


def test_the_executor_is_chosen_by_name(definitions) -> None:
    assert definitions.executor is dg.in_process_executor
    assert pick_executor("multiprocess") is dg.multiprocess_executor
    with pytest.raises(ValueError, match="ETL_EXECUTOR=dask: use one of in_process, multiprocess"):
        pick_executor("dask")


def test_our_validators_win_over_the_public_package() -> None:
    assert Path(validators.__file__).is_relative_to(ROOT)


def imported(code: str, *modules: str) -> set[str]:
    """Tell which of some modules a fresh interpreter has after running a text."""
    script = f"import sys\ntry:\n {code}\nexcept SystemExit: pass\n"
    script += f"print(); print('LOADED', *[m for m in {modules} if m in sys.modules])"
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return {*done.stdout.splitlines()[-1].split()[1:]}


def test_small_commands_import_nothing_slow() -> None:
    words = [["--help"], ["feeds"], ["runs", "list"], ["sandbox", "--help"], ["run", "--help"]]
    code = f"""from pipelines.cli import main
 for sys.argv[1:] in {words}:
  try: main()
  except SystemExit as ended: assert ended.code == 0, sys.argv"""
    slow = ("dagster", "polars", "pyarrow", "pandera", "httpx", "uvicorn", "lxml")
    assert imported(code, *slow) == set()


def test_the_rooms_below_do_not_import_dagster() -> None:
    rooms = ("connectors", "validators", "transforms", "delivery", "sandbox", "sample_data")
    files = [file for room in rooms for file in sorted((ROOT / room).rglob("*.py"))]
    modules = [".".join(f.relative_to(ROOT).with_suffix("").parts) for f in files]
    needs_the_year = {"sample_data.year", "sample_data.source", "sample_data.make_small"}
    wanted = ", ".join(m for m in modules if m not in needs_the_year)
    assert imported(f"import {wanted}", "dagster", "pipelines") == set()


def test_the_work_below_the_assets_does_not_import_dagster() -> None:
    modules = (
        "pipelines.loading, pipelines.exports.exporting, pipelines.load_run, pipelines.exports.run"
    )
    assert imported(f"import {modules}", "dagster") == set()
