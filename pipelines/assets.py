"""The Dagster assets of one feed, and what they tell Dagster: counts, never a person's data."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING

import dagster as dg

from pipelines.asset_facts import sample, table, told
from pipelines.beginning import begin
from pipelines.controlling import tell_declared
from pipelines.export_asset import REPORT
from pipelines.feeds import LoadFeed, read_feed
from pipelines.id_asset import IDS, ids_asset
from pipelines.load_run import deliver_step, go_on_step, prepare_step, resume_step
from pipelines.progress import Reporter
from pipelines.runs import Summary, read_summary
from pipelines.steps import StepEnded, run_step
from pipelines.supervising.pools import feed_pool, host_pool
from pipelines.supervising.retried import run_of_records
from pipelines.triggers.claiming import TAG, at_work, begin_with
from pipelines.triggers.parts import days_of
from pipelines.watch_checks import (
    judge_delivered,
    judge_prepared,
    specs_of_delivered,
    specs_of_prepared,
)

PREPARED, DELIVERED = "prepared", "delivered"
if TYPE_CHECKING:
    Result = dg.MaterializeResult[None]
else:  # Dagster reads the annotation, and knows the bare class only
    Result = dg.MaterializeResult


class LoadConfig(dg.Config):
    """What a run of a load may say otherwise.

    `retry_of` is the run whose rejects `source` holds, `feed_path` the YAML of a feed that lies
    elsewhere; both are only written down.
    """

    source: str = ""
    dry_run: bool = False
    retry_of: str = ""
    feed_path: str = ""


class DeliverConfig(dg.Config):
    """What a delivery may do otherwise.

    `resume` is the run whose unfinished load is to go on; `plan` the digest of the plan that must
    be what is sent; `delete` how many customers that plan deletes, of a feed that does.
    """

    resume: str = ""
    plan: str = ""
    delete: int | None = None


def last_asset(name: str) -> dg.AssetKey:
    """Name the asset that is there when a feed is done."""
    feed = read_feed(name)
    if not isinstance(feed, LoadFeed):
        return dg.AssetKey([name, REPORT])
    return dg.AssetKey([name, IDS if feed.ids.learn else DELIVERED])


def feed_assets(name: str) -> list[dg.AssetKey]:
    """Name all assets of a feed, in order."""
    feed = read_feed(name)
    steps = [REPORT]
    if isinstance(feed, LoadFeed):
        steps = [PREPARED, DELIVERED, *([IDS] if feed.ids.learn else [])]
    return [dg.AssetKey([name, step]) for step in steps]


def load_assets(
    name: str, feed: LoadFeed, behind: Sequence[dg.AssetKey] = ()
) -> list[dg.AssetsDefinition]:
    """Build the two assets of a load feed, or three if it learns ids (`pipelines.id_asset`).

    `behind` are assets that come before, beside those of `after`.

    `prepared` reads, judges and encodes, and carries the blocking check on the share of rejects;
    `delivered` sends, and carries the check that every record has come to an outcome. They are two
    because a blocking check stops other steps only.
    """
    key, done = dg.AssetKey([name, PREPARED]), dg.AssetKey([name, DELIVERED])
    fresh = feed.freshness
    named = ", ".join(feed.control.names)
    control = [
        dg.AssetCheckSpec(
            "as_declared", asset=asset, blocking=asset == key, description=f"{what}: {named}."
        )
        for asset, what in ((key, "The source holds what it says"), (done, "All of it is taken"))
        if named
    ]
    check = dg.AssetCheckSpec(
        "rejects_within_limit",
        asset=key,
        blocking=True,
        description=f"At most {feed.rejects.max_percent:g} % of the records are rejected.",
    )

    @dg.asset(
        key=key,
        group_name=name,
        description=f"{feed.description}: read, judged and encoded, not yet sent.",
        deps=[*behind, *(last_asset(other) for other in feed.after)],
        partitions_def=days_of(feed),
        check_specs=[check, *control[:1], *specs_of_prepared(key, feed)],
        kinds={feed.source.kind},
        pool=feed_pool(name),
    )
    def prepared(
        context: dg.AssetExecutionContext, config: LoadConfig, reporter: dg.ResourceParam[Reporter]
    ) -> Result:
        begun = begin(
            context.run.run_id,
            name,
            feed,
            config.source,
            dry_run=config.dry_run,
            retry_of=config.retry_of,
            feed_path=config.feed_path,
            day=context.partition_key if context.has_partition_key else "",
        )
        tag = context.run.tags.get(TAG, "")

        def step() -> Result:
            with at_work(name, tag), reporter.following(context.log.info) as progress:
                begin_with(name, tag, begun.run_id)
                summary = prepare_step(feed, begun, progress)
            return dg.MaterializeResult(
                metadata={**told(summary), **table("sample", sample(feed, summary))},
                check_results=[
                    _judge_rejects(feed, summary),
                    *(_judge_declared(summary) for _ in control[:1]),
                    *judge_prepared(feed, summary),
                ],
            )

        return run_step(begun, step, name="prepare")

    account = dg.AssetCheckSpec(
        "records_accounted_for",
        asset=done,
        description="Records read = accepted + rejected + quarantined + unchanged + merged"
        " + in doubt + unsent.",
    )

    @dg.asset(
        key=done,
        group_name=name,
        description=f"{feed.description}: taken by {feed.target.endpoint}.",
        deps=[key],
        partitions_def=days_of(feed),
        check_specs=[account, *control[1:], *specs_of_delivered(done)],
        kinds={"api"},
        freshness_policy=dg.FreshnessPolicy.time_window(timedelta(hours=fresh.within_hours))
        if fresh
        else None,
        pool=host_pool(feed.profile),
    )
    def delivered(
        context: dg.AssetExecutionContext,
        config: DeliverConfig,
        reporter: dg.ResourceParam[Reporter],
    ) -> Result:
        own = context.run.run_id
        run_id = config.resume or run_of_records(context.instance, context.run, name)
        begun = read_summary(run_id, name) or Summary(run_id, name, "load")
        tag = context.run.tags.get(TAG, "")

        def step() -> Result:
            with at_work(name, tag), reporter.following(context.log.info) as progress:
                begin_with(name, tag, run_id)
                if config.resume:
                    summary = resume_step(feed, run_id, name, progress)
                else:
                    deliver = deliver_step if run_id == own else go_on_step
                    summary = deliver(
                        feed, run_id, name, progress, plan=config.plan, delete=config.delete
                    )
            if summary.state == "failed":
                raise StepEnded(summary)
            return dg.MaterializeResult(
                metadata=told(summary),
                check_results=[
                    _judge_outcomes(summary),
                    *(_judge_declared(summary) for _ in control[1:]),
                    *judge_delivered(summary),
                ],
            )

        return run_step(begun, step, name="deliver", dagster_run=own)

    return [prepared, delivered, *([ids_asset(name, feed, done)] if feed.ids.learn else [])]


def _judge_rejects(feed: LoadFeed, summary: Summary) -> dg.AssetCheckResult:
    percent = 100 * summary.rejected_records / summary.records if summary.records else 0.0
    return dg.AssetCheckResult(
        passed=summary.state != "failed",
        check_name="rejects_within_limit",
        metadata={
            "rejected_records": summary.rejected_records,
            "rejected_percent": round(percent, 2),
            "allowed_percent": feed.rejects.max_percent,
        },
    )


def _judge_declared(summary: Summary) -> dg.AssetCheckResult:
    return dg.AssetCheckResult(
        passed=summary.state != "failed" and summary.as_declared,
        check_name="as_declared",
        metadata={"declared": tell_declared(summary)},
    )


def _judge_outcomes(summary: Summary) -> dg.AssetCheckResult:
    counts = {
        "read": summary.records,
        "accepted": summary.accepted_records,
        "rejected": summary.rejected_records,
        "quarantined": summary.quarantined_records,
        "unchanged": summary.unchanged_records,
        "merged": summary.merged_records,
        "in_doubt": summary.in_doubt_records,
        "unsent": summary.unsent_records,
    }
    return dg.AssetCheckResult(
        passed=summary.accounted_for, check_name="records_accounted_for", metadata=counts
    )
