"""An export that is read day by day: a day takes the place of itself, and of nothing else."""

from datetime import UTC, date, datetime

import dagster as dg
import polars as pl
import pytest

from pipelines.components import ExportFeedComponent
from pipelines.exports.versions import find_version, list_versions
from pipelines.exports.writing.days import day_of
from pipelines.feeds import FeedError, find_feed
from pipelines.feeds.watching import Days, Partitions
from pipelines.feeds.window import WindowError
from pipelines.materializing import open_instance
from pipelines.settings import exports_dir
from tests.pipelines.exports.paged import BY_DAY, KEY, sale, sell_by_day, serve_reports

DAYS = ["2026-03-01", "2026-03-02", "2026-03-03"]


SALES = [
    sale(1, "2026-02-28T23:30:00Z"),  # past midnight in Oslo
    sale(2, "2026-03-01T12:00:00Z"),
    sale(3, "2026-03-02T22:59:59Z"),
    sale(4, "2026-03-02T23:00:00Z"),
]


@pytest.fixture
def sales(monkeypatch):
    """A platform whose report takes a window of days; gives its rows, to be changed."""
    with serve_reports() as reports:
        monkeypatch.setenv("TRIGG_BASE_URL", reports.url)
        monkeypatch.setenv("TRIGG_API_KEY", KEY)
        sell_by_day(reports, [*SALES])
        yield reports


@pytest.fixture
def by_day(write_feed):
    return write_feed("by_day", text=BY_DAY)


def ids():
    version = find_version(exports_dir() / "by_day")
    found = pl.read_parquet(version.folder / "data" / "**/*.parquet", hive_partitioning=True)
    return {str(day): sorted(rows["id"]) for (day,), rows in found.sort("id").group_by("day")}


def test_a_day_takes_the_place_of_itself_only(sales, by_day, run) -> None:
    for day, until in zip(DAYS, [*DAYS[1:], "2026-03-04"], strict=True):
        summary = run(by_day, since=day, until=until)
        assert summary.state == "finished", summary.error
    assert ids() == dict(zip(DAYS, [["s1", "s2"], ["s3"], ["s4"]], strict=True))
    before = find_version(exports_dir() / "by_day")
    sales.rows[2:3] = [sale(5, "2026-03-02T10:00:00Z"), sale(6, "2026-03-02T11:00:00Z")]
    sales.rows[0:2] = []  # nobody asks for that day
    again = run(by_day, since="2026-03-02", until="2026-03-03")
    assert (again.rows, again.days) == (2, 1)
    assert ids() == dict(zip(DAYS, [["s1", "s2"], ["s5", "s6"], ["s4"]], strict=True))
    after = find_version(exports_dir() / "by_day")
    assert (after.manifest.rows, after.manifest.new_rows) == (5, 2)
    assert after.manifest.base == before.folder.name
    for one in (DAYS[0], DAYS[2]):
        file = f"data/day={one}/part-00001.parquet"
        assert (before.folder / file).samefile(after.folder / file)


def test_a_day_without_rows_is_empty_afterwards(sales, by_day, run) -> None:
    run(by_day, since=DAYS[0], until="2026-03-04")
    del sales.rows[2]
    assert run(by_day, since=DAYS[1], until=DAYS[2]).rows == 0
    assert ids() == {DAYS[0]: ["s1", "s2"], DAYS[2]: ["s4"]}


@pytest.mark.usefixtures("sales")
def test_several_days_are_one_run_and_each_a_partition(by_day, run) -> None:
    summary = run(by_day, since=DAYS[0], until="2026-03-04")
    assert (summary.rows, summary.days) == (4, 3)
    assert len(list_versions(exports_dir() / "by_day")) == 1
    with open_instance() as instance:
        key = dg.AssetKey(["by_day", "report"])
        assert instance.get_materialized_partitions(key) == {*DAYS}
        made = instance.all_logs(summary.run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION)
    rows = {
        event.asset_materialization.partition: event.asset_materialization.metadata[
            "dagster/partition_row_count"
        ].value
        for event in made
    }
    assert rows == dict(zip(DAYS, [2, 1, 1], strict=True))


def test_rows_of_other_days_are_left_out_and_told(sales, by_day, run) -> None:
    sales.later = True  # as if the end of the window were in it
    summary = run(by_day, since=DAYS[0], until=DAYS[1])
    assert ids() == {DAYS[0]: ["s1", "s2"]}
    assert summary.rows == 2
    said = "rows of days that were not asked for are left out (2026-03-02: 1)"
    assert said in summary.warnings


def test_a_column_that_comes_later_is_there_for_all_days(sales, by_day, run) -> None:
    run(by_day, since=DAYS[0], until=DAYS[1])
    sales.rows[2]["tag"] = "x"
    assert run(by_day, since=DAYS[1], until=DAYS[2]).state == "finished"
    version = find_version(exports_dir() / "by_day")
    for file in version.files():
        assert "tag" in pl.read_parquet_schema(file), file
    assert {day_of(file) for file in version.manifest.files} == {
        date(2026, 3, 1),
        date(2026, 3, 2),
    }


def test_it_has_a_schedule_of_its_own(by_day) -> None:
    name, feed = find_feed(str(by_day))
    made = ExportFeedComponent(name, feed).build_defs(None)
    (schedule,) = made.schedules
    assert schedule.name == "by_day"


OCTOBER = datetime(2026, 10, 26, 1, tzinfo=UTC)


def test_the_days_of_a_window() -> None:
    words = Partitions(by="day", start=date(2026, 3, 1))
    yesterday = date(2026, 10, 25)
    assert words.asked(OCTOBER) == Days(yesterday, yesterday)
    assert words.asked(OCTOBER, "7 days ago") == Days(date(2026, 10, 19), yesterday)
    days = words.asked(OCTOBER, "2026-03-01", "2026-03-04")
    assert [day.isoformat() for day in days] == DAYS
    assert (days.since, days.until) == ("2026-03-01", "2026-03-04")
    for since, until in (("2026-02-28", "2026-03-02"), ("2026-03-01T08:00", "2026-03-02")):
        with pytest.raises(WindowError):
            words.asked(OCTOBER, since, until)


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("    window: {zone: Europe/Oslo}\n", "    window: {zone: UTC}\n", "same zone"),
        ("  required: [at]\n", "", "at among `required`"),
        ("  layout: {partition_by: at, zone: Europe/Oslo}\n", "", "layout.partition_by"),
        ("{partition_by: at,", "{partition_by: at, partition: month,", "partition `day`"),
        ("{partition_by: at,", "{partition_by: at, mode: append,", "mode: replace"),
        ("start: 2026-03-01", "start: soon", "start"),
        ("by: day, start", "by: day, zone: Mars, start", "time zone"),
    ],
)
def test_words_that_do_not_go_together_are_refused(write_feed, old, new, said) -> None:
    folder = write_feed("by_day", (old, new), text=BY_DAY)
    with pytest.raises(FeedError, match=said):
        find_feed(str(folder))
