"""The two steps of a load as they are run: work plus the run's summary. No Dagster here."""

import json
import re
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import polars as pl

from connectors.trigg.account import AccountError
from delivery.ledger import Load, open_ledger
from delivery.records import read_records
from pipelines.comparing import refuse_another_profile
from pipelines.deleting import require_asked, require_number
from pipelines.delivering import Delivery, load_id, policy_of, reach
from pipelines.feeds import LoadFeed
from pipelines.loading import RECORDS, REJECTS, forget_records, prepare
from pipelines.planning import PLAN, check_plan, make_plan, write_plan
from pipelines.progress import Progress
from pipelines.runs import Summary, now, read_summary, run_folder, write_summary
from pipelines.settings import ledger_url, trigg_account, writing_account
from pipelines.sourcing import bring, resolve_source
from pipelines.stopping import told_to_stop
from transforms.requests import split_request


def begin(
    run_id: str,
    name: str,
    feed: LoadFeed,
    source: str,
    *,
    dry_run: bool,
    retry_of: str = "",
    feed_path: str = "",
) -> Summary:
    """Open the run's summary."""
    target, environment = str(feed.target.endpoint), ""
    with suppress(AccountError):  # told by the step; a dry run needs no account
        account = trigg_account(feed.profile)
        target, environment = f"{target} at {account.place}", account.environment
    return write_summary(
        Summary(
            run_id,
            name,
            "load",
            started=now(),
            source=resolve_source(source or feed.source.path),
            target=target,
            environment=environment,
            profile=feed.profile,
            dry_run=dry_run,
            folder=str(run_folder(run_id, name)),
            retry_of=retry_of,
            feed_path=feed_path,
            changed=feed.delivery.changed or "",
        )
    )


def prepare_step(feed: LoadFeed, begun: Summary, progress: Progress) -> Summary:
    """Read the source and make its records ready; nothing is sent.

    Returns:
        The summary, `prepared`, or `failed` if more records are at fault than the feed allows.

    Raises:
        AccountError: before anything is read; also where production was not asked for.
        SourceError: the source cannot be read to its end.
    """
    started = time.perf_counter()
    if not begun.dry_run:
        writing_account(feed.profile)
    folder = Path(begun.folder)
    try:
        source = bring(begun.source, folder, feed.source.limits, progress)
        done = prepare(feed, source, folder, begun.run_id, progress, told_as=begun.source)
    except BaseException:  # also when stopped: half of a source is of no use to anyone
        forget_records(folder)
        raise
    summary = begun.add(
        state="prepared",
        rows=done.rows,
        records=done.records,
        rejected_rows=done.rejected_rows,
        checked_rows=done.rejected_rows,
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
        seconds=round(time.perf_counter() - started, 3),
    )
    if done.rejected_percent > feed.rejects.max_percent:
        line = (
            f"{done.rejected_records:,} of {done.records:,} records rejected"
            f" ({done.rejected_percent:.1f} %, allowed {feed.rejects.max_percent:g} %):"
            f" nothing was sent; most often {_most_common(done.reasons)}; see {folder / REJECTS}"
        )
        summary = summary.add(state="failed", error=line, error_kind="run", finished=now())
        forget_records(folder)
    elif done.mismatches:
        line = (
            f"{begun.source}: not what it says of itself: {'; '.join(done.mismatches)}: nothing was"
            " sent; ask for the whole file, or correct the feed's `control`"
        )
        summary = summary.add(state="failed", error=line, error_kind="run", finished=now())
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
        with _delivery(feed, name, progress) as delivery:
            delivery.require_done(feed.after)
            for load in delivery.unfinished():
                older = _resume(delivery, load)
                if older.state == "failed":
                    line = f"an earlier run comes first: {older.error}"
                    return write_summary(
                        ready.add(state="failed", error=line, error_kind=older.error_kind)
                    )
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


class NothingToResumeError(Exception):
    """There is no open load of this run."""

    def __init__(self, run_id: str, name: str, target: str) -> None:
        super().__init__(
            f"run {run_id} has no unfinished load of {name} into {target}:"
            " loyalty-etl status lists those there are"
        )


@contextmanager
def _delivery(feed: LoadFeed, name: str, progress: Progress) -> Iterator[Delivery]:
    """Open what a delivery needs, and keep others out."""
    from connectors.trigg.client import Client  # noqa: PLC0415  (httpx is slow to import)

    with (
        told_to_stop() as stop,
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


def sample(feed: LoadFeed, summary: Summary, count: int = 5) -> list[dict[str, Any]]:
    """Show the first records without a person's data: of members only the shape of each value.

    Nothing is shown once the prepared records are gone: after sending, or when none are sent.
    """
    if not (Path(summary.folder) / RECORDS).exists():
        return []
    frames = read_records(Path(summary.folder) / RECORDS, ["json"])
    first = next((frame["json"].head(count) for frame in frames if frame.height), pl.Series())
    records = [json.loads(split_request(text)[1] or "{}") for text in first]
    if not feed.of_receipts:
        return [{k: _shape(v) for k, v in record.items()} for record in records]
    keys = ("StoreId", "ReceiptId", "TimeStamp", "GrossAmount")
    return [{k: r["Header"].get(k) for k in keys} | {"lines": len(r["Items"])} for r in records]


def _shape(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value
    return re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "9", text))
