"""Dagster's memory: the daemon that starts runs, and runs that died, wait or hang."""

import os
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.doctor.findings import Finding, fail, ok, warn
from pipelines.settings import state_dir

if TYPE_CHECKING:
    import dagster as dg

WAITS = timedelta(minutes=15)
"""How long a run may be queued while none is at work."""
LONGEST = timedelta(hours=12)
"""How long a run may take, as in dagster.yaml."""
_START = "start it: systemctl start loyalty-etl-daemon (docs/deploy.md), or make dev"


def runs() -> Iterator[Finding]:
    """See that whoever should start runs is there, and that none hangs."""
    home = os.environ.get("DAGSTER_HOME")
    if not home and not (state_dir() / "dagster").exists():
        yield ok("dagster", "no run yet")
        return
    if home and not Path(home, "dagster.yaml").is_file():
        yield fail("dagster", f"DAGSTER_HOME={home} has no dagster.yaml", "set it to the checkout")
        return
    from pipelines.materializing import open_instance  # noqa: PLC0415  (seconds: Dagster)

    with open_instance() as instance:
        yield _daemon(instance)
        yield from _dead(instance)
        yield from _hanging(instance)


def _daemon(instance: "dg.DagsterInstance") -> Finding:
    """See that the daemon lives, where something waits for it."""
    from dagster._core.scheduler.instigation import InstigatorStatus  # noqa: PLC0415  (see above)

    from pipelines.supervising.dead_runs import DEAD_RUNS  # noqa: PLC0415

    on = {InstigatorStatus.RUNNING, InstigatorStatus.DECLARED_IN_CODE}
    waiting = [
        f"{state.instigator_type.value.lower()} {state.instigator_name}"
        for state in instance.all_instigator_state(instigator_statuses=on)
        if state.instigator_name != DEAD_RUNS  # on by itself, wherever a daemon ran once
    ]
    dead = [s for s in instance.get_daemon_statuses().values() if s.required and not s.healthy]
    if not waiting:
        return ok("dagster", "no schedule or sensor is on: runs are started by hand, or by cron")
    if not dead:
        return ok("dagster", f"the daemon lives; on: {', '.join(waiting)}")
    last = max((s.last_heartbeat.timestamp for s in dead if s.last_heartbeat), default=None)
    since = f"since {datetime.fromtimestamp(last, UTC):%Y-%m-%d %H:%M} UTC" if last else "yet"
    return fail("dagster", f"no daemon {since}, and it is waited for: {', '.join(waiting)}", _START)


def _dead(instance: "dg.DagsterInstance") -> Iterator[Finding]:
    """Mark runs as failed whose process is gone; Dagster would take them for started for ever."""
    from pipelines.supervising.dead_runs import reap  # noqa: PLC0415  (imports Dagster)

    found = reap(instance)
    if found:
        told = ", ".join(f"{run.run_id} ({', '.join(run.feeds) or run.job})" for run in found[:3])
        said = f"{len(found)} died without a word, and are marked as failed now: {told}"
        yield warn("dagster", said, "loyalty-etl resume, if Dagster does not start them again")


def _hanging(instance: "dg.DagsterInstance") -> Iterator[Finding]:
    """Tell runs that wait for ever, or that nobody works on."""
    import dagster as dg  # noqa: PLC0415  (see above)

    now, status = datetime.now(UTC), dg.DagsterRunStatus
    at_work = [status.STARTING, status.STARTED, status.CANCELING]
    working = instance.get_run_records(dg.RunsFilter(statuses=at_work))
    queued = instance.get_run_records(dg.RunsFilter(statuses=[status.QUEUED]))
    long = [r.dagster_run.run_id for r in working if now - r.create_timestamp > LONGEST]
    if long:
        told = f"{len(long)} are at work for more than 12 hours: {', '.join(long[:3])}"
        yield warn("dagster", told, "look at them in the UI, and end what is dead")
    late = [r.dagster_run.run_id for r in queued if now - r.create_timestamp > WAITS]
    if late and not working:
        yield fail("dagster", f"{len(late)} wait, and nothing is at work: {late[0]} …", _START)
