"""Late files: what is overdue, what a night waits for, and what it goes on without."""

import json
import os
from datetime import UTC, date, datetime, timedelta
from zoneinfo import ZoneInfo

import dagster as dg
import pytest
import yaml

from pipelines.feeds import FeedError
from pipelines.materializing import open_instance
from pipelines.runs import Summary, write_summary
from pipelines.triggers.hours import MISSING, NIGHT
from pipelines.triggers.late import overdue
from pipelines.triggers.night import look_at_night
from tests.connectors.files.test_fetching import key, sftp

__all__ = ["key", "sftp"]

OSLO = ZoneInfo("Europe/Oslo")
DATED = {"partitions": {"by": "day", "start": "2026-11-25"}, "late": {"until": "05:00"}}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=OSLO).astimezone(UTC)


def loaded(feed: str, day: str) -> None:
    write_summary(Summary(f"run-{day}", feed, "load", state="finished", day=day))


def test_a_file_a_day_is_overdue_until_it_is_there_or_was_loaded(project) -> None:
    project.feed("members", "in/m_{date}.csv", **DATED)
    loaded("members", "2026-11-25")
    project.write("in/m_2026-11-26.csv", 1)
    found = overdue(at("2026-11-29T04:59"))
    assert [(each.feed, each.due) for each in found] == [("members", at("2026-11-28T05:00"))]
    assert found[0].what.endswith("in/m_2026-11-27.csv")
    days = [each.what[-14:-4] for each in overdue(at("2026-11-29T05:00"))]
    assert days == ["2026-11-27", "2026-11-28"]
    project.write("in/m_2026-11-27.csv", 1)
    project.write("in/m_2026-11-28.csv", 1)
    assert overdue(at("2026-11-29T05:00")) == []


def test_days_without_a_file_are_not_waited_for(project) -> None:
    late = {"until": "05:00", "weekdays": ["monday", "tuesday"]}
    project.feed("members", "in/m_{date}.csv", **DATED | {"late": late})
    # 30 November is a Monday; the file that comes then is of Sunday.
    assert [each.what[-14:-4] for each in overdue(at("2026-12-02T09:00"))] == [
        "2026-11-29",
        "2026-11-30",
    ]


def test_a_file_on_another_machine_is_asked_for_there(project, sftp) -> None:
    root, address, _ = sftp
    (root / "in").mkdir()
    project.feed("members", "in/m_{date}.csv", **DATED)
    path = f"{address}/in/m_{{date}}.csv"
    feed = project.folder / "pipelines" / "defs" / "members" / "defs.yaml"
    words = yaml.safe_load(feed.read_text())
    words["attributes"]["source"]["path"] = path
    feed.write_text(yaml.safe_dump(words))
    (missed,) = overdue(at("2026-11-29T05:00"))  # of the last day only: each is a question there
    assert missed.what == path.replace("{date}", "2026-11-28")
    (root / "in" / "m_2026-11-28.csv").write_text("no,phone\n1,+4790000001\n")
    assert overdue(at("2026-11-29T05:00")) == []
    (root / "in").rename(root / "out")
    (missed,) = overdue(at("2026-11-29T05:00"))
    assert "m_2026-11-28.csv" in missed.what


def test_a_file_without_a_date_must_be_of_that_night(project) -> None:
    project.feed("members", late={"until": "05:00"})
    (missed,) = overdue(at("2026-11-29T06:00"))
    assert missed.what.endswith("members.csv, written after 2026-11-28 17:00")
    file = project.write("members.csv", 1)
    os.utime(file, times=(at("2026-11-28T16:00").timestamp(),) * 2)
    assert overdue(at("2026-11-29T06:00")) == [missed]
    os.utime(file, times=(at("2026-11-29T03:00").timestamp(),) * 2)
    assert overdue(at("2026-11-29T06:00")) == []


@pytest.mark.usefixtures("api")
def test_an_inbox_is_overdue_until_a_file_was_taken(project, cli_here) -> None:
    folder = str(project.folder / "in")
    inbox = {"folder": folder, "done": "marker", "pattern": "m_{date}.csv"}
    project.feed("members", "in/m.csv", inbox=inbox, **DATED)
    now = at("2026-11-26T06:00")
    assert [each.what for each in overdue(now)] == [f"m_2026-11-25.csv in {folder}"]
    project.write("in/m_2026-11-25.csv", 1)
    said = f"m_2026-11-25.csv in {folder}, which waits for m_2026-11-25.csv.done"
    assert [each.what for each in overdue(now)] == [said]
    (project.folder / "in" / "m_2026-11-25.csv.done").touch()
    assert overdue(now) == []
    assert cli_here("inbox", "members").code == 0
    assert overdue(now) == []
    assert overdue(at("2026-11-27T06:00"))[0].what == f"m_2026-11-26.csv in {folder}"


def test_a_night_waits_then_goes_on(project) -> None:
    project.feed("members", "in/m_{date}.csv", **DATED)
    night = look_at_night(at("2026-11-29T02:30"))
    assert (night.name, len(night.awaited), night.missing) == ("2026-11-29", 1, ())
    night = look_at_night(at("2026-11-29T05:00"))
    assert (len(night.awaited), len(night.missing), night.runs()) == (0, 1, [(None, [])])
    project.write("in/m_2026-11-28.csv", 1)
    night = look_at_night(at("2026-11-29T03:00"))
    assert (night.awaited, night.missing) == ((), ())
    assert night.runs() == [(date(2026, 11, 28), ["members"])]


def test_days_that_were_missed_are_loaded_first(project) -> None:
    project.feed("members", "in/m_{date}.csv", **DATED)
    for day in (25, 26, 28, 29):
        project.write(f"in/m_2026-11-{day}.csv", day)
    assert look_at_night(at("2026-11-30T02:30")).behind == {}  # nothing was ever loaded
    loaded("members", "2026-11-25")
    night = look_at_night(at("2026-11-30T02:30"))
    days = (date(2026, 11, day) for day in (26, 28, 29))
    assert night.runs() == [(day, ["members"]) for day in days]


def tick(definitions: dg.Definitions, name: str, when: datetime, instance: dg.DagsterInstance):
    (schedule,) = [each for each in definitions.schedules if each.name == name]
    repository = definitions.get_repository_def()
    context = dg.build_schedule_context(
        instance, scheduled_execution_time=when, repository_def=repository
    )
    return schedule.evaluate_tick(context)


@pytest.mark.slow
def test_the_schedule_waits_and_starts_a_night_once(project, api) -> None:
    today = datetime.now(OSLO).date()
    start = str(today - timedelta(days=9))
    days = {"partitions": {"by": "day", "start": start}}
    project.feed("members", "in/m_{date}.csv", **days, late={"until": "05:00"})
    project.feed("others", "in/o_{date}.csv", after=["members"], **days)
    project.feed("plain", after=["others"])
    newest, behind = (str(today - timedelta(days=n)) for n in (1, 3))
    project.write(f"in/o_{newest}.csv", 1)
    project.write(f"in/o_{behind}.csv", 2)
    loaded("others", str(today - timedelta(days=4)))
    project.write("plain.csv", 3)
    definitions = project.definitions()
    schedule = next(each for each in definitions.schedules if each.name == "nightly")
    first, *later = schedule.cron_schedule
    assert first == "30 2 * * *"
    assert later[0] == "35,40,45,50,55 2 * * *"
    assert later[-1] == "0 5 * * *"
    with open_instance() as instance:
        early = datetime.combine(today, datetime.min.time(), OSLO).replace(hour=3)
        waits = tick(definitions, "nightly", early, instance)
        assert not waits.run_requests
        assert waits.skip_message.startswith("waits for members: ")
        late = early.replace(hour=5)
        asked = tick(definitions, "nightly", late, instance).run_requests
        assert [each.tags[NIGHT] for each in asked] == [f"{today}, for {behind}", str(today)]
        assert f"in/m_{newest}.csv" in asked[1].tags[MISSING]
        job = definitions.resolve_job_def("nightly")
        for each in asked:
            done = job.execute_in_process(
                instance=instance,
                run_config=each.run_config,
                tags=each.tags,
                asset_selection=each.asset_selection,
            )
            assert done.success
        assert api.facts()["customers"] == 3
        key = dg.AssetKey(["others", "delivered"])
        assert instance.get_materialized_partitions(key) == {behind, newest}
        again = tick(definitions, "nightly", late, instance)
        assert again.skip_message == f"the run of the night of {today} has begun"


@pytest.mark.usefixtures("api")
def test_the_command_says_what_is_missing(project, cli_here, monkeypatch) -> None:
    start = {"by": "day", "start": str(date.today() - timedelta(days=9))}  # noqa: DTZ011
    project.feed("members", "in/m_{date}.csv", partitions=start, late={"until": "05:00"})
    project.feed("plain", after=["members"])
    project.write("plain.csv", 3)
    monkeypatch.setattr("pipelines.definitions.dg.load_from_defs_folder", lambda **_: made)
    made = project.feeds()
    told = cli_here("nightly", "--no-wait", "--json")
    assert "Traceback" not in told.err
    assert told.code == 3
    *summaries, night = map(json.loads, told.out.splitlines())
    assert [each["feed"] for each in summaries] == ["plain"]
    assert night["missing"][0]["feed"] == "members"
    assert "loyalty-etl: members: missing: " in told.err


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"schedule": {"cron": "30 2 * *"}}, "five fields"),
        ({"schedule": {"cron": "99 2 * * *"}}, "'99' is no minute"),
        ({"schedule": {"cron": "0 2 * * noday"}}, "'noday' is no weekday"),
        ({"schedule": {"cron": "0 2 * * *", "zone": "Mars"}}, "time zone"),
        ({"partitions": {"by": "day", "start": "2026-01-01"}}, "needs {date}"),
        ({"path": "in/{date}.csv"}, "{date} needs `partitions`"),
        ({"path": "in/{date:%Y}.csv", **DATED}, "names no day"),
        ({"late": {"until": "5 am"}}, "a time of day"),
        ({"inbox": {"folder": "in", "pattern": "a/*.csv"}}, "without a folder"),
        ({"inbox": {"folder": "sftp://h/in"}}, "a folder of this machine"),
        ({"inbox": {"folder": "in"}, "schedule": {"cron": "0 2 * * *"}}, "leave it out"),
        ({"path": "sftp://h/m.csv", "late": {"until": "05:00"}}, "needs {date} in source.path"),
    ],
)
def test_words_that_do_not_go_together_are_refused(project, words, said) -> None:
    path = words.get("path", "")
    rest = {name: word for name, word in words.items() if name != "path"}
    source = {"source": {"path": path}} if "://" in path else {}
    with pytest.raises(FeedError, match=said.replace("{", r"\{")):
        project.feed("members", path, **source, **rest)
