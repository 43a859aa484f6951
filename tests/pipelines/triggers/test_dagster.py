"""Hours, days and the sensor of an inbox, with a real Dagster instance and the real sandbox."""

from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
from dagster._core.storage.tags import PARTITION_NAME_TAG

from pipelines.materializing import open_instance, run_feed
from pipelines.progress import Reporter
from pipelines.runs import list_summaries
from pipelines.triggers.book import Book
from pipelines.triggers.claiming import TAG

OSLO = ZoneInfo("Europe/Oslo")
YESTERDAY = datetime.now(OSLO).date() - timedelta(days=1)
DAYS = {"by": "day", "start": str(YESTERDAY - timedelta(days=9))}


def tick(definitions: dg.Definitions, name: str, instance: dg.DagsterInstance, **more):
    """Let a schedule or a sensor look once."""
    repository = definitions.get_repository_def()
    if repository.has_schedule_def(name):
        now = {"scheduled_execution_time": datetime.now(UTC), **more}
        context = dg.build_schedule_context(instance, repository_def=repository, **now)
        return repository.get_schedule_def(name).evaluate_tick(context)
    context = dg.build_sensor_context(instance, repository_def=repository)
    return repository.get_sensor_def(name).evaluate_tick(context)


def execute(definitions: dg.Definitions, job: str, request, instance: dg.DagsterInstance):
    """Do what the daemon would do with a request."""
    tags = dict(request.tags)
    if request.partition_key:
        tags[PARTITION_NAME_TAG] = request.partition_key
    return definitions.resolve_job_def(job).execute_in_process(
        instance=instance,
        run_config=request.run_config,
        tags=tags,
        asset_selection=request.asset_selection,
        raise_on_error=False,
    )


def test_a_feed_has_hours_of_its_own(project) -> None:
    project.feed("members", schedule={"cron": "*/10 6-18 * * 1-5", "zone": "Europe/Stockholm"})
    schedule = project.definitions().get_repository_def().get_schedule_def("members")
    found = schedule.cron_schedule, schedule.execution_timezone, schedule.default_status
    off = dg.DefaultScheduleStatus.STOPPED
    assert found == ("*/10 6-18 * * 1-5", "Europe/Stockholm", off)
    nightly = project.definitions().resolve_job_def("nightly")
    assert nightly.asset_layer.executable_asset_keys == set()


def test_a_schedule_loads_the_days_that_were_missed_too(project) -> None:
    feed = project.feed(
        "members", "in/m_{date:%Y%m%d}.csv", partitions=DAYS, schedule={"cron": "0 3 * * *"}
    )
    definitions = project.definitions()
    early, missed = (YESTERDAY - timedelta(days=n) for n in (3, 2))
    for day in (early, missed, YESTERDAY):
        project.write(f"in/m_{day:%Y%m%d}.csv", day.day)
    with open_instance() as instance:
        first = tick(definitions, "members", instance).run_requests
        assert [each.partition_key for each in first] == [str(YESTERDAY)]
        from pipelines.runs import Summary, write_summary

        write_summary(Summary("r", "members", "load", state="finished", day=str(early)))
        later = tick(definitions, "members", instance).run_requests
        assert [each.partition_key for each in later] == [str(missed), str(YESTERDAY)]
    assert feed.partitions.newest_day(datetime.now(UTC)) == YESTERDAY


@pytest.mark.slow
def test_each_day_is_a_partition(project, api, cli_here) -> None:
    feed = project.feed("members", "in/m_{date}.csv", partitions=DAYS)
    days = [YESTERDAY - timedelta(days=n) for n in (2, 1, 0)]
    for day in days:
        project.write(f"in/m_{day}.csv", day.day)
    definitions = project.definitions()
    job = definitions.resolve_job_def("members")
    with open_instance() as instance:
        done = job.execute_in_process(instance=instance, partition_key=str(days[0]))
        assert done.success
        run_feed("members", feed, Reporter())  # of the newest day
        assert cli_here("run", "members", "--day", days[1]).code == 0
        key = dg.AssetKey(["members", "delivered"])
        assert instance.get_materialized_partitions(key) == {*map(str, days)}
    assert [run.day for run in list_summaries("members")] == [str(days[n]) for n in (1, 2, 0)]
    assert api.facts()["customers"] == 3
    policy = definitions.resolve_asset_graph().get(key).backfill_policy
    assert policy is None or policy.max_partitions_per_run == 1


def test_a_day_that_is_none_is_refused(project, cli_here) -> None:
    project.feed("members", "in/m_{date}.csv", partitions=DAYS)
    project.feed("plain")
    told = cli_here("run", "members", "--day", "2020-01-01")
    assert (told.code, len(told.errors)) == (1, 1)
    assert "2020-01-01 is none of this feed's days" in told.err
    assert cli_here("run", "plain", "--day", "2026-01-01").code == 1
    file = project.write("other.csv", 1)
    told = cli_here("run", "members", "--day", YESTERDAY, "--source", file)
    assert (told.code, "choose one" in told.err) == (1, True)


def test_another_file_of_a_feed_with_days_is_of_no_day(project, api, run) -> None:
    project.feed("members", "in/m_{date}.csv", partitions=DAYS)
    summary = run("members", source=project.write("other.csv", 1))
    assert (summary.state, summary.day) == ("finished", "")
    assert api.facts()["customers"] == 1


def test_the_sensor_takes_one_file_after_the_other(project, api) -> None:
    words = {"folder": str(project.folder / "in"), "stable_seconds": 0, "pattern": "m_{date}.csv"}
    project.feed("members", "in/m.csv", inbox=words, partitions=DAYS)
    older = YESTERDAY - timedelta(days=1)
    project.write(f"in/m_{YESTERDAY}.csv", 1, 2)
    project.write(f"in/m_{older}.csv", 1)
    definitions = project.definitions()
    with open_instance() as instance:
        (first,) = tick(definitions, "members_inbox", instance).run_requests
        assert first.partition_key == str(older)
        (again,) = tick(definitions, "members_inbox", instance).run_requests
        assert again.run_key == first.run_key  # which Dagster starts once
        assert execute(definitions, "members", first, instance).success
        late = execute(definitions, "members", first, instance)  # as if it had
        assert not late.success
        (second,) = tick(definitions, "members_inbox", instance).run_requests
        assert second.partition_key == str(YESTERDAY)
        assert execute(definitions, "members", second, instance).success
        last = tick(definitions, "members_inbox", instance)
        assert last.run_requests in (None, [])
        assert f"m_{YESTERDAY}.csv loaded: " in last.skip_message
    assert api.facts()["customers"] == 2
    names = sorted(path.name for path in (project.folder / "in" / "archive").iterdir())
    assert [name[:12] for name in names] == [f"m_{older}", f"m_{YESTERDAY}"]


@pytest.mark.usefixtures("api")
def test_the_sensor_leaves_a_cancelled_run_to_a_person(project, cli_here) -> None:
    words = {"folder": str(project.folder / "in"), "stable_seconds": 0}
    project.feed("members", "in/m.csv", inbox=words)
    project.write("in/a.csv", 1)
    definitions = project.definitions()
    with open_instance() as instance:
        (asked,) = tick(definitions, "members_inbox", instance).run_requests
        run = instance.create_run_for_job(
            definitions.resolve_job_def("members"), tags={TAG: asked.tags[TAG]}
        )
        waits = tick(definitions, "members_inbox", instance).skip_message
        assert waits == "a.csv its run waits for its turn"
        instance.report_run_canceled(run)
        waits = tick(definitions, "members_inbox", instance).skip_message
        assert "its run was cancelled" in waits
    assert cli_here("inbox", "members").code == 0
    assert [entry.ending for entry in Book("members").last(9)] == ["loaded"]


def test_a_run_that_failed_for_want_of_network_goes_on_by_itself(project, api, monkeypatch) -> None:
    words = {"folder": str(project.folder / "in"), "stable_seconds": 0}
    feed = project.feed("members", "in/m.csv", inbox=words)
    project.write("in/a.csv", 1)
    definitions = project.definitions()
    with open_instance() as instance:
        (asked,) = tick(definitions, "members_inbox", instance).run_requests
        with monkeypatch.context() as away:
            away.setenv("TRIGG_BASE_URL", "http://127.0.0.1:9/v4")
            assert not execute(definitions, "members", asked, instance).success
        waits = tick(definitions, "members_inbox", instance).skip_message
        assert "a.csv tried again at " in waits
        from pipelines.triggers.inbox import look
        from pipelines.triggers.sensing import ask_dagster

        soon = datetime.now(UTC) + timedelta(seconds=70)
        again = look("members", feed, ask_dagster(instance), soon).asked
        assert (again.entry.attempt, again.resume) == (2, False)
    assert api.facts()["customers"] == 0


def test_a_backfill_is_a_run_a_day(project) -> None:
    project.feed("members", "in/m_{date}.csv", partitions=DAYS)
    job = project.definitions().resolve_job_def("members")
    keys = job.partitions_def.get_partition_keys()
    assert (keys[0], keys[-1]) == (DAYS["start"], str(YESTERDAY))
    project.feed("members", "in/m_{date}.csv", partitions=DAYS | {"newest": "today"})
    keys = project.definitions().resolve_job_def("members").partitions_def.get_partition_keys()
    assert date.fromisoformat(keys[-1]) == YESTERDAY + timedelta(days=1)
