"""A migration as one Dagster job: its steps as assets, each behind the one before.

A feed keeps its own two assets, with their blocking checks; behind them stands the step of the
plan, which notes that it is finished. What comes after a step that failed does not run.
"""

import ctypes
import gc
from collections.abc import Callable, Collection
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import dagster as dg

from delivery.ledger import open_ledger
from pipelines.assets import DELIVERED, PREPARED, load_assets
from pipelines.failures import classify, is_failure, keep_trace
from pipelines.materializing import execute
from pipelines.migration.asking import MigrationStopped
from pipelines.migration.checkpoint import (
    Done,
    Failed,
    migration_folder,
    note_failure,
    read_checkpoint,
    write_checkpoint,
)
from pipelines.migration.steps import Migration
from pipelines.migration.words import BEFORE, IDS, RECONCILE, STORES, MigrationPlan
from pipelines.progress import Progress, Reporter
from pipelines.runs import read_summary
from pipelines.settings import ledger_url

Tell = Callable[[str, str], None]
"""Told the name of a step that is finished, and what it did."""
if TYPE_CHECKING:
    Result = dg.MaterializeResult[None]
else:  # Dagster reads the annotation, and knows the bare class only
    Result = dg.MaterializeResult


def migration_assets(
    plan: MigrationPlan, made_of: dict[str, str], tell: Tell
) -> dict[str, list[dg.AssetsDefinition]]:
    """Build the assets of each step, in order."""
    found: dict[str, list[dg.AssetsDefinition]] = {}
    last: list[dg.AssetKey] = []
    for step in plan.steps:
        assets: list[dg.AssetsDefinition] = []
        if step in plan.feeds:
            assets = load_assets(step, plan.feeds[step].feed, behind=last)
            last = [assets[-1].key]
        own = _step_asset(plan, step, made_of, tell, last)
        found[step] = [*assets, own]
        last = [own.key]
    return found


def _step_asset(
    plan: MigrationPlan, step: str, made_of: dict[str, str], tell: Tell, last: list[dg.AssetKey]
) -> dg.AssetsDefinition:
    key = dg.AssetKey([plan.name, step])
    checks = []
    if step == RECONCILE:
        what = "What the platform holds is what was delivered, to the point."
        checks = [dg.AssetCheckSpec("balances", asset=key, blocking=True, description=what)]

    @dg.asset(
        key=key,
        group_name=plan.name,
        description=_ABOUT.get(step, f"{step} is loaded, and nothing of it is in doubt."),
        deps=last,
        check_specs=checks,
    )
    def run_one(context: dg.AssetExecutionContext, reporter: dg.ResourceParam[Reporter]) -> Result:
        run_id = context.run.run_id
        migration = Migration(plan, run_id, made_of)

        def work() -> Result:
            with reporter.following(context.log.info) as progress:
                if step == RECONCILE:
                    return _reconcile(migration, progress, tell)
                done = _work(migration, step, progress)
            tell(step, done.line)
            return _told(done)

        return _run_step(plan, step, work)

    return run_one


_ABOUT = {
    STORES: "The stores that the sources name are there.",
    BEFORE: "Who was there before is noted.",
    IDS: "The platform's ids of the members are learned.",
    RECONCILE: "Sources, ledger and platform are held against each other.",
}


def _work(migration: Migration, step: str, progress: Progress) -> Done:
    """Do one step, and note that it is finished."""
    match step:
        case "stores":
            return migration.check_stores(progress)
        case "before":
            return migration.look_before(progress)
        case "ids":
            return migration.learn_ids(progress)
        case feed:
            return migration.close_feed(feed, progress)


def _reconcile(migration: Migration, progress: Progress, tell: Tell) -> Result:
    """Do the last step; where it does not balance, the blocking check fails the run."""
    made = migration.reconcile(progress)
    done = migration.close(made)
    tell(RECONCILE, made.verdict)
    checked = dg.AssetCheckResult(
        passed=made.balances,
        check_name="balances",
        metadata={"verdict": made.verdict, "differences": made.differences},
    )
    return dg.MaterializeResult(metadata=_facts(done), check_results=[checked])


def _told(done: Done) -> Result:
    return dg.MaterializeResult(metadata=_facts(done))


def _facts(done: Done) -> dict[str, dg.MetadataValue]:
    counts = {name: dg.MetadataValue.int(count) for name, count in done.counts.items()}
    return {"done": dg.MetadataValue.text(done.line), **counts}


def _run_step(plan: MigrationPlan, step: str, work: Callable[[], Result]) -> Result:
    """Run a step; a failure is noted in the checkpoint and raised as one clean line.

    Raises:
        dg.Failure: with the one line, and nothing of the exception behind it.
    """
    try:
        return work()
    except BaseException as error:
        if not is_failure(error):
            note_failure(plan, Failed(step, str(MigrationStopped()), "network"))
            raise
        folder = migration_folder(plan.name)
        line, kind = classify(error) or (keep_trace(error, folder), "run")
        note_failure(plan, Failed(step, line, kind))
    finally:
        _let_go()
    raise dg.Failure(description=line, allow_retries=False)


def _let_go() -> None:
    """Give the memory of a step back: allocators keep it, and the peak would be that of them all.

    After 30,000 ids were learned it is 60 MB, and none of it is in use.
    """
    import pyarrow as pa  # noqa: PLC0415  (slow to import)

    gc.collect()
    pa.default_memory_pool().release_unused()
    with suppress(OSError, AttributeError):  # of glibc only
        ctypes.CDLL(None).malloc_trim(0)


def run_migration(
    plan: MigrationPlan,
    todo: Collection[str],
    made_of: dict[str, str],
    reporter: Reporter,
    tell: Tell,
) -> tuple[str, bool]:
    """Run these steps of a plan in this process, as one Dagster run; one at a time of each plan.

    Returns:
        The run's id, and whether all of them are finished.

    Raises:
        LedgerBusy: the plan is being run.
    """
    steps = migration_assets(plan, made_of, tell)
    assets = [asset for step in plan.steps for asset in steps[step]]
    job = dg.define_asset_job(plan.name, dg.AssetSelection.assets(*(a.key for a in assets)))
    definitions = dg.Definitions(assets=assets, jobs=[job], resources={"reporter": reporter})
    chosen = [asset.key for step in plan.steps if step in todo for asset in steps[step]]
    ops: dict[str, Any] = {}
    for name, planned in plan.feeds.items():
        if name in todo:
            ops[f"{name}__{PREPARED}"] = {"config": {"feed_path": planned.path}}
            ops[f"{name}__{DELIVERED}"] = {"config": {}}
    run_id = str(uuid4())
    with open_ledger(ledger_url()) as ledger, ledger.hold(f"migration {plan.name}"):
        write_checkpoint(plan, read_checkpoint(plan).with_run(run_id, todo))
        result = execute(definitions.resolve_job_def(plan.name), chosen, ops=ops, run_id=run_id)
        _note_failed_feed(plan, run_id, todo)
    return run_id, result.success


def _note_failed_feed(plan: MigrationPlan, run_id: str, todo: Collection[str]) -> None:
    """Note why a feed of this run was not loaded, where one was not: its own assets say so."""
    if read_checkpoint(plan).failed is not None:
        return
    for name in plan.feeds:
        summary = read_summary(run_id, name) if name in todo else None
        if summary is not None and summary.state == "failed":
            note_failure(plan, Failed(name, summary.error, summary.error_kind or "run"))
            return
