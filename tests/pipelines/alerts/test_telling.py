"""Somebody is told once when something is the matter, and once when it is over."""

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest

from pipelines.alerts import memory
from pipelines.alerts.sensor import build_alerts
from pipelines.alerts.telling import tell
from pipelines.runs import Summary

MEMBERS = "sample_data/members.csv"


@pytest.fixture
def members(write_feed, tmp_path) -> tuple[Path, Path]:
    """A feed and its source, which a test may spoil."""
    source = tmp_path / "in" / "members.csv"
    source.parent.mkdir()
    restore(source)
    feed = write_feed("joined", (MEMBERS, str(source)), like="members_csv")
    return feed, source


@pytest.fixture
def load(run) -> Callable[[Path], Summary]:
    """Return what loads a feed from elsewhere, as the command does."""
    return lambda feed: run(feed, feed_path=feed)


def restore(source: Path) -> None:
    source.write_text(Path(MEMBERS).read_text(encoding="utf-8"), encoding="utf-8")


def again(**more: object):
    return tell(datetime.now(UTC), **more)


@pytest.mark.usefixtures("api", "dagster_forgets")
def test_a_run_tells_what_changed_and_only_that(load, members, hook, state) -> None:
    feed, source = members
    assert load(feed).state == "finished"
    assert hook.tries == 0

    source.unlink()
    failed = load(feed)
    (told,) = hook.told
    assert hook.news() == ["+ joined: missing_file"]
    (new,) = told["new"]
    assert new["text"] == failed.error
    assert new["command"] == f"loyalty-etl run {feed}"
    assert (new["run_id"], new["environment"]) == (failed.run_id, "sandbox")
    load(feed)
    assert hook.news() == []  # told already

    source.write_text("member_no;telephone\n1;+4712000141\n")
    load(feed)
    assert hook.news() == ["+ joined: columns", "- joined: missing_file"]

    lines = Path(MEMBERS).read_text(encoding="utf-8").splitlines()
    source.write_text("\n".join([lines[0], *(x.replace("Male", "?") for x in lines[1:])]))
    poisoned = load(feed)
    (told,) = hook.told
    assert hook.news() == ["+ joined: rejects", "- joined: columns"]
    assert told["new"][0]["counts"]["rejected"] == poisoned.rejected_records > 0

    restore(source)
    load(feed)
    assert hook.news() == ["- joined: rejects"]
    conditions, _ = again()
    assert (conditions, hook.told) == ([], [])
    for path in (state / "alerts").iterdir():
        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert b"secret" not in path.read_bytes()
        assert b"0987654321" not in path.read_bytes()


@pytest.mark.usefixtures("dagster_forgets")
def test_an_outage_is_told_and_over_once_the_load_went_on(
    load, members, hook, api, monkeypatch
) -> None:
    feed, _ = members
    base = os.environ["TRIGG_BASE_URL"]
    monkeypatch.setenv("TRIGG_BASE_URL", "http://127.0.0.1:9/v4")
    load(feed)
    (told,) = hook.told
    assert hook.news() == ["+ joined: outage"]
    assert told["new"][0]["command"] == f"loyalty-etl run {feed}"
    monkeypatch.setenv("TRIGG_BASE_URL", base)
    load(feed)
    assert hook.news() == ["- joined: outage"]
    assert api.facts()["customers"] > 0


@pytest.mark.usefixtures("api", "dagster_forgets")
def test_what_is_in_doubt_is_told_until_it_is_settled(
    load, shopping, hook, faults, cli_here
) -> None:
    faults({"fault": "gateway", "method": "POST", "path": "/transactions", "stored": "all"})
    summary = load(shopping)
    assert summary.in_doubt_records
    (told,) = hook.told
    assert hook.news() == ["+ tills: in_doubt"]
    (new,) = told["new"]
    assert new["counts"]["records"] == summary.in_doubt_records
    assert new["command"] == f"loyalty-etl resolve {summary.run_id}"
    faults()
    settled = cli_here("resolve", summary.run_id, "--landed", "--yes", "--feed", shopping)
    assert settled.code == 0, settled.err
    cli_here("resume", "--feed", shopping)
    assert hook.news() == ["- tills: in_doubt"]


@pytest.fixture
def shopping(write_feed) -> Path:
    words = (
        "  delivery:\n    in_doubt: hold\n    settle: 0\n"
        "    retries: {attempts: 1, first_wait: 0, longest_wait: 0}\n    breaker: {rest: 0}\n"
    )
    last = "    amount_tolerance: 0.00\n"
    after = "[members_csv, members_xml, members_json]"
    return write_feed("tills", (last, last + words), (after, "[]"))


@pytest.mark.usefixtures("api", "dagster_forgets")
def test_a_way_that_fails_breaks_nothing_and_is_tried_again(load, members, hook) -> None:
    feed, source = members
    source.unlink()
    hook.answer = 500
    assert load(feed).error_code == "no-file"
    assert (hook.tries, hook.told) == (1, [])
    _, (told,) = again()
    assert told.rests  # not a minute has passed
    assert told.why == "127.0.0.1 answered 500"
    assert hook.tries == 1
    hook.answer = 204
    _, (told,) = again(at_once=True)
    assert (told.new, told.why) == (1, "")
    assert hook.news() == ["+ joined: missing_file"]
    again(at_once=True)
    assert hook.tries == 2


@pytest.mark.usefixtures("api", "dagster_forgets")
def test_what_came_and_went_before_anybody_could_be_told_is_not_told(load, members, hook) -> None:
    feed, source = members
    source.unlink()
    hook.answer = 500
    load(feed)
    restore(source)
    hook.answer = 204
    load(feed)
    again(at_once=True)
    assert hook.told == []


@pytest.mark.usefixtures("api", "dagster_forgets")
def test_who_is_told_is_said_by_the_feed(load, members, hook, monkeypatch) -> None:
    feed, source = members
    file = feed / "defs.yaml"
    file.write_text(f"{file.read_text()}  alerts: {{to: [tills]}}\n")
    source.unlink()
    monkeypatch.setenv("LOYALTY_ETL_ALERTS_TILLS", "http://127.0.0.1:9/nobody")
    load(feed)
    assert hook.tries == 0
    monkeypatch.delenv("LOYALTY_ETL_ALERTS_TILLS")
    again(at_once=True)  # a team without an address: better all than nobody
    assert hook.news() == ["+ joined: missing_file"]


@pytest.mark.usefixtures("api", "dagster_forgets")
def test_a_memory_that_was_damaged_is_none(load, members, hook, state) -> None:
    feed, source = members
    source.unlink()
    load(feed)
    hook.told.clear()
    (state / "alerts" / memory.FILE).write_text('{"ways": [')
    again()
    assert hook.news() == ["+ joined: missing_file"]
    again()
    assert hook.told == []


def test_one_process_tells_at_a_time(hook, state) -> None:
    with memory.alone(0), pytest.raises(memory.Busy):
        again(wait=0)
    assert not hook.tries
    assert not (state / "alerts" / memory.FILE).exists()  # nothing to remember


def test_dagster_asks_each_minute(hook) -> None:
    (sensor,) = build_alerts().sensors
    assert sensor.default_status is dg.DefaultSensorStatus.RUNNING
    with dg.DagsterInstance.ephemeral() as instance:
        skipped = sensor(dg.build_sensor_context(instance))
    assert "0 new and 0 over" in skipped.skip_message
    assert hook.tries == 0
