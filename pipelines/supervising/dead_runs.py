"""Runs that died without a word: killed, or the machine went down.

Dagster takes a run for started until somebody says otherwise, and its launcher cannot tell: after
a reboot such a run would keep its place in the queue for ever. Here it is told apart from one that
works by the mark that its process holds (`pipelines.supervising.marks`).
"""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

import dagster as dg
from dagster._core.events import JobFailureData, RunFailureReason
from dagster._core.execution.stats import StepEventStatus

from delivery.ledger import LedgerError, open_ledger
from pipelines.delivering import load_id
from pipelines.loading import forget_records
from pipelines.observing import tell
from pipelines.runs import Summary, now, read_summary, run_folder, write_summary
from pipelines.settings import ledger_url
from pipelines.supervising.marks import Mark, find_marks, taking_away

__all__ = ["DEAD_RUNS", "DeadRun", "dead_run_sensor", "find_dead", "reap"]

DEAD_RUNS = "dead_runs"
"""The sensor's name."""
SILENCE = timedelta(minutes=10)
"""How long a run says nothing between two steps before it is taken for dead."""
WORKING = (dg.DagsterRunStatus.STARTED, dg.DagsterRunStatus.CANCELING)


@dataclass(frozen=True)
class DeadRun:
    """A run that Dagster takes for started, and whose process is gone.

    Attributes:
        run_id: the run.
        job: what it ran.
        feeds: those that it was at work on; none if it died between two.
        since: when it began, UTC.
    """

    run_id: str
    job: str
    feeds: tuple[str, ...]
    since: datetime


def find_dead(instance: dg.DagsterInstance) -> list[DeadRun]:
    """Find the runs that are dead, and change nothing."""
    return [dead for dead, _ in _find(instance, find_marks())]


def reap(instance: dg.DagsterInstance) -> list[DeadRun]:
    """Tell Dagster that dead runs have failed, and write it into their summaries.

    Dagster then retries them, if it is set up to, and its queue goes on. Of a run that died while
    it read a source nothing is kept that nobody can go on with. May be done at any time, and by
    several at once.

    Returns:
        The runs that Dagster took for started until now.
    """
    marks, found = find_marks(), []
    for dead, run in _find(instance, marks):
        instance.report_run_failed(
            run,
            "Its process ended without a word: it was killed, or the machine went down.",
            JobFailureData(error=None, failure_reason=RunFailureReason.UNEXPECTED_TERMINATION),
        )
        found.append(dead)
        for feed in dead.feeds or ("",):
            tell("run.dead", dead.run_id, feed, job=dead.job)
    for mark in marks:
        if not mark.alive and not _comes_again(instance, mark.dagster_run):
            with suppress(LedgerError):
                _settle(mark)
    return found


def dead_run_sensor() -> dg.SensorDefinition:
    """Give the sensor that looks for dead runs each minute; it is on by itself."""

    @dg.sensor(
        name=DEAD_RUNS,
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description="Runs whose process is gone are marked as failed, so that the queue goes on.",
    )
    def look(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        found = reap(context.instance)
        told = ", ".join(dead.run_id for dead in found)
        return dg.SkipReason(f"dead: {told}" if found else "no run is dead")

    return look


def _find(
    instance: dg.DagsterInstance, marks: list[Mark]
) -> Iterator[tuple[DeadRun, dg.DagsterRun]]:
    alive = {mark.dagster_run for mark in marks if mark.alive}
    for record in instance.get_run_records(dg.RunsFilter(statuses=[*WORKING])):
        run = record.dagster_run
        if run.run_id in alive:
            continue
        feeds = tuple(m.feed for m in marks if m.dagster_run == run.run_id)
        since = record.update_timestamp.replace(tzinfo=record.update_timestamp.tzinfo or UTC)
        if feeds or _is_silent(instance, run.run_id, since):
            yield DeadRun(run.run_id, run.job_name, feeds, since), run


def _is_silent(instance: dg.DagsterInstance, run_id: str, since: datetime) -> bool:
    """Tell whether a run without a mark is at no step and has said nothing for long.

    The step of an asset that is none of ours may take as long as it likes.
    """
    if datetime.now(UTC) - since < SILENCE:
        return False
    steps = instance.get_run_step_stats(run_id)
    if any(step.status in {None, StepEventStatus.IN_PROGRESS} for step in steps):
        return False
    last = max((step.end_time or 0.0 for step in steps), default=0.0)
    return datetime.now(UTC) - datetime.fromtimestamp(last, UTC) >= SILENCE


def _comes_again(instance: dg.DagsterInstance, run_id: str) -> bool:
    """Tell whether a run is under way, or Dagster retries it, with the records it has left."""
    run = instance.get_run_by_id(run_id)
    while run is not None and run.status is dg.DagsterRunStatus.FAILURE:
        if run.tags.get("dagster/will_retry") != "true" or run.remote_job_origin is None:
            return False
        again = run.tags.get("dagster/auto_retry_run_id")
        if again is None:
            return True
        run = instance.get_run_by_id(again)
    return run is not None and not run.is_finished


def _settle(mark: Mark) -> None:
    """Write down what became of a dead run, and forget what nobody can go on with."""
    with taking_away(mark) as is_dead:
        summary = read_summary(mark.run_id, mark.feed)
        if not is_dead or summary is None:
            return
        open_states = {"running"} if summary.dry_run else {"running", "prepared"}
        if summary.state not in open_states:
            return
        if summary.kind == "load" and summary.state == "prepared":
            # Once it has begun to send, only the ledger knows; where that cannot be read, wait.
            with open_ledger(ledger_url()) as ledger:
                load = ledger.find_load(load_id(mark.run_id, mark.feed))
            summary = summary.add(resumable=load is not None and load.state == "open")
        if not summary.resumable and summary.kind == "load":
            forget_records(run_folder(mark.run_id, mark.feed))
        failed = summary.add(state="failed", error=_tell(summary), error_kind="network")
        write_summary(failed.add(error_code="killed", finished=now()))


def _tell(summary: Summary) -> str:
    line = "its process ended without a word: killed, or the machine went down"
    if summary.resumable:
        return f"{line}; go on with: loyalty-etl resume --run {summary.run_id}"
    if summary.kind == "export":
        return f"{line}; what was read is kept: export it again, and it goes on from there"
    return f"{line}; nothing was sent: run it again"
