"""What comes next about a file that was taken, by what is known of it."""

from datetime import UTC, datetime

import pytest

from pipelines.runs import Summary
from pipelines.triggers.book import Taken
from pipelines.triggers.judging import DEATHS, NO_RUN, RunState, judge

NOW = datetime(2026, 12, 1, 3, tzinfo=UTC)
BEGUN = Taken("k", "a.csv", "c", 1, 1, NOW.isoformat(), begun=1, run_id="r")
UNBEGUN = BEGUN.add(begun=0, run_id="")


def summary(state: str, **more) -> Summary:
    return Summary("r", "f", "load", state=state, finished=NOW.isoformat(), **more)


@pytest.mark.parametrize(
    ("entry", "told", "run", "has_load", "word"),
    [
        (UNBEGUN, None, NO_RUN, False, "load"),
        (UNBEGUN, None, RunState("waiting", 9999), False, "wait"),
        (UNBEGUN, None, RunState("going", 5), False, "wait"),
        (UNBEGUN, None, RunState("going", 9999), False, "load"),  # a machine that was reset
        (UNBEGUN, None, RunState("ended"), False, "load"),
        (UNBEGUN, None, RunState("cancelled"), False, "wait"),
        (BEGUN, summary("finished"), NO_RUN, False, "loaded"),
        (BEGUN, summary("finished"), RunState("going", 5), False, "wait"),  # learns ids still
        (BEGUN, summary("finished", resumable=True), NO_RUN, True, "doubt"),
        (BEGUN, summary("failed", error_kind="run"), RunState("ended"), False, "failed"),
        (BEGUN, summary("failed", error_kind="run"), RunState("ended"), True, "resume"),
        (BEGUN, summary("failed", error_kind="network"), RunState("ended"), False, "load"),
        (BEGUN, summary("failed", error_kind="configuration"), NO_RUN, False, "load"),
        (BEGUN, summary("prepared"), RunState("going", 5), False, "wait"),
        (BEGUN, summary("prepared"), RunState("going", 9999), True, "resume"),
        (BEGUN, summary("prepared"), RunState("waiting", 5), True, "wait"),  # Dagster tries again
        (BEGUN, summary("running"), RunState("ended"), False, "load"),
        (BEGUN, None, NO_RUN, False, "load"),
        (BEGUN.add(attempt=DEATHS, begun=DEATHS), None, NO_RUN, False, "failed"),
    ],
)
def test_what_comes_next(entry, told, run, has_load, word) -> None:
    assert judge(entry, told, run, has_load=lambda: has_load, now=NOW).word == word


def test_a_person_overrules_rests_and_cancellations() -> None:
    rests = UNBEGUN.add(attempt=3, not_before="2026-12-01T03:30:00+00:00", why="away")
    for run in (NO_RUN, RunState("cancelled")):
        assert judge(rests, None, run, has_load=bool, now=NOW).word == "wait"
        assert judge(rests, None, run, has_load=bool, now=NOW, insists=True).word == "load"
