"""What a migration would do: every source read and judged, and nothing sent or noted."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from uuid import uuid4

from connectors.trigg.client import Client
from pipelines.beginning import begin
from pipelines.failures import classify
from pipelines.feeds import LoadFeed
from pipelines.feeds.ids import CustomerOf
from pipelines.load_run import prepare_step
from pipelines.migration.checkpoint import Checkpoint, migration_folder
from pipelines.migration.stores import compare_stores
from pipelines.migration.words import IDS, STORES, MigrationPlan
from pipelines.planning import PLAN, load_plan
from pipelines.progress import Progress, several
from pipelines.runs import Summary
from pipelines.settings import trigg_account


@dataclass(frozen=True)
class Looked:
    """What one step would do.

    Attributes:
        step: its name.
        line: what it would do, or why it could not, in words.
        exit_code: of that, as a run has it.
        to_send: records that would be sent.
    """

    step: str
    line: str
    exit_code: int = 0
    to_send: int = 0


def look_ahead(
    plan: MigrationPlan,
    checkpoint: Checkpoint,
    progress: Progress,
    tell: Callable[[Looked], None],
) -> list[Looked]:
    """Look at every step of a plan.

    Before the ids are learned nobody knows whom a legacy number means, so records are judged as if
    everybody were known.
    """
    found: list[Looked] = []
    run_id = str(uuid4())
    for step in plan.steps:
        if step == STORES:
            looked = _look_at_stores(plan, progress)
        elif step in plan.feeds:
            looked = _look_at_feed(plan, step, run_id, progress, ids=IDS in checkpoint.done)
        else:
            continue
        found.append(looked)
        tell(looked)
    return found


def _look_at_stores(plan: MigrationPlan, progress: Progress) -> Looked:
    folder = migration_folder(plan.name)
    with Client(trigg_account(plan.words.profile), in_flight=1) as client:
        stores = compare_stores([*plan.feeds.values()], client, folder, progress)
    named, unknown = stores.named["store"].n_unique(), stores.unknown["store"].unique().sort()
    line = f"{several(named, 'store')} named, {len(unknown):,} unknown"
    line += f": {', '.join(unknown.head(10))}" if len(unknown) else ""
    return Looked(STORES, line, 3 if len(unknown) else 0)


def _look_at_feed(
    plan: MigrationPlan, step: str, run_id: str, progress: Progress, *, ids: bool
) -> Looked:
    planned = plan.feeds[step]
    feed = planned.feed if ids else _as_if_known(planned.feed)
    begun = begin(run_id, step, feed, "", dry_run=True, feed_path=planned.path)
    try:
        summary = prepare_step(feed, begun, progress)
    except Exception as error:
        line, kind = classify(error) or ("", "run")
        if not line:
            raise
        return Looked(step, line, {"configuration": 1, "network": 2}.get(kind, 3))
    if summary.state == "failed":
        return Looked(step, summary.error, summary.exit_code)
    return _tell(step, summary)


def _tell(step: str, summary: Summary) -> Looked:
    made = load_plan(Path(summary.folder) / PLAN)
    parts = {
        "to send": made.to_send,
        "unchanged": made.unchanged,
        "merged": made.merged,
        "rejected": made.rejected,
        "held": made.held,
        "in doubt": made.in_doubt,
    }
    told = " + ".join(f"{count:,} {name}" for name, count in parts.items() if count)
    requests = several(made.requests, "request")
    line = f"{made.records:,} = {told or '0'}, {requests}"
    return Looked(step, line, summary.exit_code, made.to_send)


def _as_if_known(feed: LoadFeed) -> LoadFeed:
    """Put legacy numbers where the customers' ids will be."""
    mapping = {
        name: mapped.customer_of if isinstance(mapped, CustomerOf) else mapped
        for name, mapped in feed.mapping.items()
    }
    return feed.model_copy(update={"mapping": mapping})


__all__ = ["Looked", "look_ahead"]
