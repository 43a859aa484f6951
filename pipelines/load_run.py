"""The two steps of a load as they are run: work plus the run's summary. No Dagster here."""

import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from delivery.ledger import Load, open_ledger
from pipelines.comparing import refuse_another_profile
from pipelines.deleting import require_asked, require_number
from pipelines.delivering import Delivery, load_id, policy_of, reach
from pipelines.feeds import LoadFeed
from pipelines.loading import RECORDS, REJECTS, forget_records
from pipelines.planning import PLAN, check_plan, make_plan, write_plan
from pipelines.progress import Progress
from pipelines.run_page.noticing import prepare_noticing
from pipelines.runs import Summary, now, read_summary, write_summary
from pipelines.settings import ledger_url, writing_account
from pipelines.sourcing import bring
from pipelines.stopping import in_time, told_to_stop


def prepare_step(feed: LoadFeed, begun: Summary, progress: Progress) -> Summary:
    """Read the source and make its records ready; nothing is sent.

    Returns:
        The summary, `prepared`, or `failed` if more records are at fault than the feed allows.

    Raises:
        AccountError: before anything is read; also where production was not asked for.
        SourceError: the source cannot be read to its end.
        TimeIsUp: nor in the feed's time.
    """
    started = time.perf_counter()
    progress = in_time(progress, feed.timeout_minutes)
    if not begun.dry_run:
        writing_account(feed.profile)
    folder = Path(begun.folder)
    try:
        source = bring(begun.source, folder, feed.source.limits, progress)
        done = prepare_noticing(feed, source, folder, begun.run_id, progress, told_as=begun.source)
    except BaseException:  # also when stopped: half of a source is of no use to anyone
        forget_records(folder)
        raise
    summary = begun.add(
        state="prepared",
        rows=done.rows,
        records=done.records,
        rejected_rows=done.rejected_rows,
        checked_rows=done.rejected_rows,
        checked_records=done.rejected_records,
        rejects_size=done.rejects_size,
        rejects_end=done.rejects_size,
        source_stamp=(done.stamp.size, done.stamp.mtime_ns),
        rejected_records=done.rejected_records,
        merged_records=done.merged_records,
        merged_by=done.merged_by,
        waiting_records=done.waiting_records,
        reasons=done.reasons,
        totals=done.totals,
        warnings=done.warnings,
        declared=done.declared,
        columns=done.columns,
        seconds=round(time.perf_counter() - started, 3),
    )
    if done.rejected_percent > feed.rejects.max_percent:
        line = (
            f"{done.rejected_records:,} of {done.records:,} records rejected"
            f" ({done.rejected_percent:.1f} %, allowed {feed.rejects.max_percent:g} %):"
            f" nothing was sent; most often {_most_common(done.reasons)}; see {folder / REJECTS}"
        )
        summary = _fail(summary, line, "too-many-rejects")
        forget_records(folder)
    elif done.mismatches:
        line = (
            f"{begun.source}: not what it says of itself: {'; '.join(done.mismatches)}: nothing was"
            " sent; ask for the whole file, or correct the feed's `control`"
        )
        summary = _fail(summary, line, "not-as-declared")
        forget_records(folder)
    elif begun.dry_run:
        made = make_plan(feed, summary)
        write_plan(made, folder / PLAN)
        summary = summary.add(
            target=made.target or summary.target,
            unchanged_records=made.unchanged,
            held_records=made.held,
            in_doubt_records=made.in_doubt,
            requests=made.requests,
            bytes=made.bytes,
            finished=now(),
        )
        forget_records(folder)
    return write_summary(summary)


def _fail(summary: Summary, line: str, code: str) -> Summary:
    return summary.add(
        state="failed", error=line, error_kind="run", error_code=code, finished=now()
    )


def deliver_step(
    feed: LoadFeed,
    run_id: str,
    name: str,
    progress: Progress,
    *,
    plan: str = "",
    delete: int | None = None,
) -> Summary:
    """Send what was made ready in the same run, after what earlier runs of the feed left behind.

    Args:
        feed: the feed.
        run_id: the run.
        name: the feed's name.
        progress: told how far it is.
        plan: the digest of a plan; anything else is not sent.
        delete: how many customers it deletes, where the feed deletes any.

    Returns:
        The summary, `finished`, or `failed` with a line that says what to do next.

    Raises:
        AccountError: there is no account, or production was not asked for.
        ApiError: the platform cannot be reached; nothing was sent.
        LedgerError: something could not be written down, so nothing more was sent.
        UnfinishedBeforeError: a feed that comes before this one is not done.
        PlanDiffersError: what would be sent is not what was planned.
        NotAskedForError: customers would be deleted, and nobody has asked for just that.
        FileNotFoundError: nothing was made ready in this run.
    """
    ready = read_summary(run_id, name)
    if ready is None or ready.state != "prepared":
        message = "nothing was prepared in this run: materialise prepared and delivered together"
        raise FileNotFoundError(0, message)
    folder, may_have_begun = Path(ready.folder), False
    try:
        require_asked(name, feed, plan=plan, delete=delete)
        with _delivery(feed, name, progress, ready.seconds) as delivery:
            delivery.require_done(feed.after)
            for load in delivery.unfinished():
                older = _resume(delivery, load)
                if older.state == "failed":
                    line = f"an earlier run comes first: {older.error}"
                    why = {"error_kind": older.error_kind, "error_code": older.error_code}
                    return write_summary(ready.add(state="failed", error=line, **why))
                ready = ready.add(resumed=[*ready.resumed, older.run_id])
            if plan:
                count = check_plan(plan, feed, delivery.ledger, delivery.target, folder / RECORDS)
                require_number(feed, count, delete)
            account = delivery.client.account
            ready = write_summary(
                ready.add(
                    target=f"{feed.target.endpoint} at {account.place}",
                    environment=account.environment,
                )
            )
            may_have_begun = True
            return delivery.load(ready)
    finally:
        if not may_have_begun:  # nobody can go on from these records
            forget_records(folder)


def resume_step(feed: LoadFeed, run_id: str, name: str, progress: Progress) -> Summary:
    """Go on with a load that was killed or stopped, from its own records.

    Raises:
        NothingToResumeError: the load is closed, was never begun, or went elsewhere.
        ApiError, LedgerError: as in `deliver_step`.
    """
    with _delivery(feed, name, progress) as delivery:
        open_loads = {load.id: load for load in delivery.unfinished()}
        if load_id(run_id, name) not in open_loads:
            raise NothingToResumeError(run_id, name, delivery.target)
        return _resume(delivery, open_loads[load_id(run_id, name)])


def go_on_step(
    feed: LoadFeed,
    run_id: str,
    name: str,
    progress: Progress,
    *,
    plan: str = "",
    delete: int | None = None,
) -> Summary:
    """Deliver what another run made ready, from wherever that run was killed.

    Args, Returns, Raises: as of `deliver_step`; `run_id` is the other run.
    """
    summary = read_summary(run_id, name)
    if summary is not None and summary.state == "finished":
        return summary  # killed between the end of the load and Dagster's note of it
    with open_ledger(ledger_url()) as ledger:
        load = ledger.find_load(load_id(run_id, name))
    if load is None:
        return deliver_step(feed, run_id, name, progress, plan=plan, delete=delete)
    with _delivery(feed, name, progress) as delivery:
        return _resume(delivery, load)


class NothingToResumeError(Exception):
    """There is no open load of this run."""

    def __init__(self, run_id: str, name: str, target: str) -> None:
        super().__init__(
            f"run {run_id} has no unfinished load of {name} into {target}:"
            " loyalty-etl status lists those there are"
        )


@contextmanager
def _delivery(
    feed: LoadFeed, name: str, progress: Progress, used: float = 0.0
) -> Iterator[Delivery]:
    """Open what a delivery needs, and keep others out; `used` are seconds of the feed's time."""
    from connectors.trigg.client import Client  # noqa: PLC0415  (httpx is slow to import)

    with (
        told_to_stop(feed.timeout_minutes, used) as stop,
        Client(writing_account(feed.profile), in_flight=feed.target.in_flight) as client,
        open_ledger(ledger_url()) as ledger,
    ):
        refuse_another_profile(ledger, name, feed, client.account)
        reach(client, policy_of(feed), stop)
        delivery = Delivery(name, feed, ledger, client, stop, progress)
        try:
            with delivery.alone():
                yield delivery
        finally:
            client.abandon()  # what is in flight still is noted as in doubt


def _resume(delivery: Delivery, load: Load) -> Summary:
    summary = read_summary(load.id.rpartition("/")[0], delivery.name)
    if summary is None or not (Path(summary.folder) / RECORDS).exists():
        raise FileNotFoundError(
            0,
            f"the unfinished run {load.id} has lost its records ({load.folder}): put the folder"
            " back, or give the load up: loyalty-etl resolve --abandon",
        )
    return replace(delivery, feed=_as_begun(delivery.feed, summary)).load(summary)


def _as_begun(feed: LoadFeed, summary: Summary) -> LoadFeed:
    """Give the feed as the run began with it, whatever a run since says of changed records."""
    changed = summary.changed or None
    delivery = feed.delivery.model_copy(update={"changed": changed})
    return feed.model_copy(update={"delivery": delivery})


def _most_common(reasons: Mapping[str, int]) -> str:
    fault = max(reasons, key=reasons.__getitem__)
    return f"{fault} ({reasons[fault]:,})"
