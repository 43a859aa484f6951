"""The Dagster assets of one feed, and what they tell Dagster: counts, never a person's data."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import dagster as dg

from pipelines.controlling import tell_declared
from pipelines.feeds import ExportFeed, LoadFeed, read_feed
from pipelines.id_asset import IDS, ids_asset
from pipelines.load_run import begin, deliver_step, prepare_step, resume_step, sample
from pipelines.progress import Reporter
from pipelines.runs import Summary, read_summary
from pipelines.steps import StepEnded, run_step

PREPARED, DELIVERED, REPORT = "prepared", "delivered", "report"
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


class ExportConfig(dg.Config):
    """What a run of an export may say otherwise."""

    output: str = ""


def last_asset(name: str) -> dg.AssetKey:
    """Name the asset that is there when a feed is done."""
    feed = read_feed(name)
    if not isinstance(feed, LoadFeed):
        return dg.AssetKey([name, REPORT])
    return dg.AssetKey([name, IDS if feed.ids.learn else DELIVERED])


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
        check_specs=[check, *control[:1]],
        kinds={feed.source.kind},
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
        )

        def step() -> Result:
            with reporter.following(context.log.info) as progress:
                summary = prepare_step(feed, begun, progress)
            return dg.MaterializeResult(
                metadata={**_told(summary), **_table("sample", sample(feed, summary))},
                check_results=[
                    _judge_rejects(feed, summary),
                    *(_judge_declared(summary) for _ in control[:1]),
                ],
            )

        return run_step(begun, step)

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
        check_specs=[account, *control[1:]],
        kinds={"api"},
    )
    def delivered(
        context: dg.AssetExecutionContext,
        config: DeliverConfig,
        reporter: dg.ResourceParam[Reporter],
    ) -> Result:
        run_id = config.resume or context.run.run_id
        begun = read_summary(run_id, name) or Summary(run_id, name, "load")

        def step() -> Result:
            with reporter.following(context.log.info) as progress:
                if config.resume:
                    summary = resume_step(feed, run_id, name, progress)
                else:
                    summary = deliver_step(
                        feed, run_id, name, progress, plan=config.plan, delete=config.delete
                    )
            if summary.state == "failed":
                raise StepEnded(summary)
            return dg.MaterializeResult(
                metadata=_told(summary),
                check_results=[
                    _judge_outcomes(summary),
                    *(_judge_declared(summary) for _ in control[1:]),
                ],
            )

        return run_step(begun, step)

    return [prepared, delivered, *([ids_asset(name, feed, done)] if feed.ids.learn else [])]


def export_assets(name: str, feed: ExportFeed) -> list[dg.AssetsDefinition]:
    """Build the one asset of an export feed: the published Parquet file."""

    @dg.asset(
        key=dg.AssetKey([name, REPORT]),
        group_name=name,
        description=f"{feed.description}: GET /reports/{feed.report.type} as Parquet.",
        deps=[last_asset(other) for other in feed.after],
        kinds={"parquet"},
    )
    def report(
        context: dg.AssetExecutionContext,
        config: ExportConfig,
        reporter: dg.ResourceParam[Reporter],
    ) -> Result:
        # pyarrow's Parquet costs a load of receipts 50 MB that it does not need.
        from pipelines.export_run import begin, export_step  # noqa: PLC0415

        begun = begin(context.run.run_id, name, feed, config.output)

        def step() -> Result:
            with reporter.following(context.log.info) as progress:
                summary, done = export_step(feed, begun, progress)
            columns = [dg.TableColumn(column, kind) for column, kind in done.columns.items()]
            schema = dg.MetadataValue.table_schema(dg.TableSchema(columns))
            return dg.MaterializeResult(
                metadata={**_told(summary), "dagster/column_schema": schema}
            )

        return run_step(begun, step)

    return [report]


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


def _told(summary: Summary) -> dict[str, dg.MetadataValue]:
    """What Dagster is told of a step: counts, sums, speed and paths."""
    numbers = {
        "rows": summary.rows,
        "records": summary.records,
        "rejected_rows": summary.rejected_rows,
        "rejected_records": summary.rejected_records,
        "accepted_records": summary.accepted_records,
        "quarantined_records": summary.quarantined_records,
        "unchanged_records": summary.unchanged_records,
        "merged_records": summary.merged_records,
        "in_doubt_records": summary.in_doubt_records,
        "unsent_records": summary.unsent_records,
        "batches": summary.requests,
        "bytes": summary.bytes,
        "rows_per_second": round(summary.rows / summary.seconds) if summary.seconds else 0,
    }
    told: dict[str, dg.MetadataValue] = {k: dg.MetadataValue.int(v) for k, v in numbers.items()}
    told["dagster/row_count"] = dg.MetadataValue.int(summary.rows)
    told["seconds"] = dg.MetadataValue.float(summary.seconds)
    where = "source" if summary.kind == "export" else "target"
    for name in (where, "environment", "profile"):
        if said := getattr(summary, name):
            told[name] = dg.MetadataValue.text(said)
    told["folder"] = dg.MetadataValue.path(summary.output or summary.folder)
    for name, total in summary.totals.items():
        told[f"total_{name}"] = dg.MetadataValue.text(total)
    if summary.declared:
        told["declared"] = dg.MetadataValue.text(tell_declared(summary))
    reasons = [{"fault": k, "times": v} for k, v in summary.reasons.items()]
    return {**told, **_table("rejects_by_fault", reasons)}


def _table(name: str, rows: list[dict[str, Any]]) -> dict[str, dg.MetadataValue]:
    if not rows:
        return {}
    columns = dict.fromkeys(key for row in rows for key in row)
    records = [dg.TableRecord({key: row.get(key, "") for key in columns}) for row in rows]
    return {name: dg.MetadataValue.table(records)}
