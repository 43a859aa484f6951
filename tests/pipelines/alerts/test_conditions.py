"""What is the matter, by what is known: a pure function, so its cases are a table."""

import re
from datetime import UTC, datetime, timedelta

import pytest

from pipelines import ROOT
from pipelines.alerts.conditions import conditions_of
from pipelines.alerts.facts import FeedFacts
from pipelines.exports.manifest import Drift, Manifest, Proof
from pipelines.feeds import read_feed
from pipelines.feeds.alerting import CAUSES, Alerts
from pipelines.feeds.watching import Freshness, RowsDeviation
from pipelines.runs import Summary
from pipelines.triggers.late import Overdue

IDLE = {"run9": "2026-03-09"}
NOW = datetime(2026, 3, 10, 6, tzinfo=UTC)


def ran(night: int, state: str = "finished", **more: object) -> Summary:
    at = datetime(2026, 3, night, 2, 30, tzinfo=UTC).isoformat(timespec="milliseconds")
    facts = {"rows": 100, "records": 100, "accepted_records": 100, "columns": ["id", "phone"]}
    facts |= {"started": at, "source": "/in/members.csv"}
    if state in {"finished", "failed"}:
        facts["finished"] = at
    return Summary(f"run{night}", "members_csv", "load", state=state, **facts | more)


def failed(night: int, why: str, kind: str = "run", **more: object) -> Summary:
    return ran(night, "failed", error="a line", error_kind=kind, error_code=why, **more)


def judge(*runs: Summary, words: dict[str, object] | None = None, **facts: object):
    feed = read_feed("members_csv").model_copy(update=words or {})
    known = FeedFacts(name="members_csv", words=feed, runs=runs[::-1], **facts)
    return conditions_of(known, NOW)


def causes(*runs: Summary, **facts: object) -> list[str]:
    return [each.cause for each in judge(*runs, **facts)]


def test_a_feed_that_is_well_has_none() -> None:
    assert causes() == []
    assert causes(ran(8), ran(9)) == []
    assert causes(ran(8), ran(9, "running")) == []  # it is at work
    assert causes(ran(9, rejected_records=1, rejected_rows=1)) == []


@pytest.mark.parametrize(
    ("run", "facts", "cause", "command"),
    [
        (failed(9, "no-file"), {}, "missing_file", "loyalty-etl run members_csv"),
        (failed(9, "no-columns"), {}, "columns", "validate members_csv --source /in/members.csv"),
        (failed(9, "too-many-rejects"), {}, "rejects", "validate members_csv"),
        (failed(9, "too-many-rejects", columns=["id"]), {}, "columns", "validate members_csv"),
        (failed(9, "too-many-refused"), {}, "rejects", "validate members_csv"),
        (failed(9, "not-as-declared"), {}, "totals", "runs show run9"),
        (
            failed(9, "unreachable", "network"),
            {"idle": IDLE},
            "outage",
            "resume --run run9",
        ),
        (failed(9, "unreachable", "network"), {}, "outage", "run members_csv"),
        (
            failed(9, "stopped", "network"),
            {"idle": IDLE},
            "unfinished",
            "resume --run run9",
        ),
        (failed(9, "forbidden", "configuration"), {}, "configuration", "loyalty-etl check"),
        (failed(9, "ledger-broken"), {}, "ledger", "loyalty-etl check"),
        (failed(9, "source"), {}, "failed", "runs show run9"),
        (ran(9, "running"), {"dead": {"run9"}}, "unfinished", "run members_csv"),
        (
            ran(9, "prepared"),
            {"dead": {"run9"}, "idle": IDLE},
            "unfinished",
            "resume --run",
        ),
        (ran(9), {"idle": {"run7": "2026-03-07"}}, "unfinished", "resume --run run7"),
        (
            ran(9),
            {"doubts": {"run9": 3}, "idle": IDLE},
            "in_doubt",
            "resolve run9",
        ),
        (ran(9, unsent_records=2, held_records=2), {}, "held", "results run9"),
        (ran(9, rejected_records=2), {}, "rejects", "results run9"),
        (ran(9, declared={"rows": "9"}, taken={"rows": "8"}), {}, "totals", "results run9"),
        (ran(9, columns=["id", "phone", "new"]), {}, "columns", "preview members_csv"),
    ],
)
def test_each_cause_is_told_alone_with_what_to_do(run, facts, cause, command) -> None:
    (found,) = judge(ran(8), run, **facts)
    assert found.cause == cause
    assert command in found.command
    assert found.key == f"members_csv/{cause}"
    assert found.text
    assert found.since


def test_a_later_run_that_is_well_ends_it() -> None:
    assert causes(failed(8, "no-file"), ran(9)) == []
    assert causes(ran(8, rejected_records=9), ran(9)) == []


def test_rejects_that_were_mended_are_over() -> None:
    bad = ran(8, rejected_records=9)
    assert causes(bad, ran(9, retry_of="run8")) == []
    assert causes(bad, failed(9, "too-many-rejects", retry_of="run8")) == ["rejects"]


def test_a_column_is_gone_when_all_runs_before_had_it() -> None:
    less = {"columns": ["id"]}
    (found,) = judge(ran(7), ran(8), ran(9, **less))
    assert "phone gone" in found.text
    assert causes(ran(7, **less), ran(8), ran(9, **less)) == []  # it comes and goes
    assert causes(ran(7), ran(8, **less), ran(9, **less)) == []  # how it is by now


def test_a_late_file_explains_what_failed_without_it() -> None:
    late = Overdue("members_csv", "members-2026-03-10.csv", NOW - timedelta(hours=1))
    (found,) = judge(ran(8), failed(9, "no-file"), overdue=[late, late])
    assert "members-2026-03-10.csv is not there, and 1 more" in found.text
    assert found.counts == {"files": 2}


def test_what_is_too_old_is_told_where_nothing_else_explains_it() -> None:
    words = {"freshness": Freshness(within_hours=26)}
    assert causes(ran(9), words=words) == ["stale"]
    assert causes(ran(10), words=words) == []
    assert causes(ran(8), failed(9, "no-file"), words=words) == ["missing_file"]
    muted = words | {"alerts": Alerts(off=["missing_file"])}
    assert causes(ran(8), failed(9, "no-file"), words=muted) == ["stale"]


def test_rows_are_held_against_those_before() -> None:
    words = {"rows_deviation": RowsDeviation(percent=20, of=3)}
    assert causes(ran(7), ran(8), ran(9, rows=119), words=words) == []
    (found,) = judge(ran(7), ran(8), ran(9, rows=50), words=words)
    assert found.cause == "rows"
    assert found.text.startswith("50 rows, usually 100: 50 % off")


def test_what_is_in_doubt_of_a_load_that_goes_on_is_not_told_apart() -> None:
    run = failed(9, "unreachable", "network", in_doubt_records=3)
    (found,) = judge(ran(8), run, idle={"run9": "2026-03-09"}, doubts={"run9": 3})
    assert found.cause == "outage"
    assert found.counts["in_doubt"] == 3


def test_an_export_is_judged_by_what_it_says_of_itself() -> None:
    feed = read_feed("customers_report")
    run = Summary("run9", "customers_report", "export", state="finished", started="2026-03-09")
    drift = Drift(added={"points": "Int64"})
    proof = Proof(complete=False, declared=3, rows=2, doubts=("2 rows of 3 came",))
    who = {"run_id": "run9", "feed": "customers_report", "source": "r", "host": "h"}
    what = {"rows": 2, "new_rows": 2, "columns": {}, "files": (), "started": "", "finished": ""}
    made = Manifest(**who, **what, proof=proof, drift=drift)
    facts = FeedFacts(name="customers_report", words=feed, runs=[run], manifest=made)
    incomplete, columns = conditions_of(facts, NOW)
    assert (incomplete.cause, columns.cause) == ("incomplete", "columns")
    assert "2 rows of 3 came" in incomplete.text
    assert "points new" in columns.text


def test_a_feed_that_cannot_be_read_is_told_as_such() -> None:
    (found,) = conditions_of(FeedFacts(name="f", broken="defs.yaml:3: no such word"), NOW)
    assert (found.cause, found.text) == ("configuration", "defs.yaml:3: no such word")


@pytest.mark.parametrize("cause", CAUSES)
def test_each_cause_can_be_muted(cause) -> None:
    words = {"alerts": Alerts(off=[cause])}
    run = failed(9, "no-file")
    assert causes(run, words=words) == ([] if cause == "missing_file" else ["missing_file"])


def test_each_cause_is_documented_with_what_to_do() -> None:
    page = (ROOT / "docs" / "alerts.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| `([a-z_]+)` \| .* \| .*`loyalty-etl ", page, re.MULTILINE) == [*CAUSES]


def test_each_day_of_a_feed_with_a_file_a_day_counts_until_it_is_loaded() -> None:
    bad = failed(8, "too-many-rejects", day="2026-03-07")
    (found,) = judge(ran(7, day="2026-03-06"), bad, ran(9, day="2026-03-08"))
    assert (found.cause, found.run_id) == ("rejects", "run8")
    mended = ran(9, day="2026-03-07")
    assert causes(bad, mended, ran(10, day="2026-03-09")) == []
