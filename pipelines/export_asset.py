"""The Dagster asset of an export feed: a table of Parquet files, day by day if the feed says so."""

from collections.abc import Callable, Sequence
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any
from warnings import catch_warnings, simplefilter

import dagster as dg

from pipelines.asset_facts import told
from pipelines.feeds import ExportFeed
from pipelines.feeds.watching import Days, Partitions
from pipelines.progress import Reporter
from pipelines.steps import run_step
from pipelines.supervising.pools import host_pool
from pipelines.watch_checks import ROWS, judge_rows, tell_rows

__all__ = ["REPORT", "ExportConfig", "export_assets"]

REPORT = "report"
COMPLETE, COLUMNS = "proven_complete", "columns_unchanged"
if TYPE_CHECKING:
    Result = dg.MaterializeResult[None]
else:  # Dagster reads the annotation, and knows the bare class only
    Result = dg.MaterializeResult


class ExportConfig(dg.Config):
    """What a run of an export may say otherwise.

    `since` and `until` are the window, instead of the feed's own; `full_refresh` forgets what an
    earlier run has read, and builds on no version before.
    """

    output: str = ""
    since: str = ""
    until: str = ""
    full_refresh: bool = False


def export_assets(
    name: str, feed: ExportFeed, behind: Sequence[dg.AssetKey] = ()
) -> list[dg.AssetsDefinition]:
    """Build the one asset of an export feed: the published table, and its checks.

    `behind` are assets that come before. Of a feed with `partitions` each day is a partition, and
    a run over several days reads them in one window; the rows of those days replace theirs, and
    the other days stay.
    """
    days = feed.partitions

    @_declare(name, feed, behind)
    def report(
        context: dg.AssetExecutionContext,
        config: ExportConfig,
        reporter: dg.ResourceParam[Reporter],
    ) -> Result:
        # pyarrow's Parquet costs a load of receipts 50 MB that it does not need.
        from pipelines import export_facts  # noqa: PLC0415
        from pipelines.exports.run import begin, export_step  # noqa: PLC0415
        from pipelines.exports.versions import Version  # noqa: PLC0415

        begun = begin(context.run.run_id, name, feed, config.output)
        asked = _asked_days(context, days) if days else None

        def step() -> Result:
            with reporter.following(context.log.info) as progress:
                summary, made = export_step(
                    feed,
                    begun,
                    progress,
                    since=config.since,
                    until=config.until,
                    full=config.full_refresh,
                    days=asked,
                )
            version = Version(Path(summary.output), made)
            if asked:
                counts = export_facts.rows_of_days(version, asked)
                for day, rows in counts.items():
                    told_of_day = {"dagster/partition_row_count": rows}
                    context.add_asset_metadata(told_of_day, partition_key=day)
            checks = [
                export_facts.judge_proof(COMPLETE, version),
                export_facts.judge_columns(COLUMNS, version),
            ]
            if feed.rows_deviation:
                checks.append(judge_rows(feed.rows_deviation, summary))
            metadata = {**told(summary), **export_facts.describe(feed, version)}
            return dg.MaterializeResult(metadata=metadata, check_results=checks)

        return run_step(begun, step, name="export")

    return [report]


def _declare(
    name: str, feed: ExportFeed, behind: Sequence[dg.AssetKey]
) -> Callable[[Callable[..., Any]], dg.AssetsDefinition]:
    """Say to Dagster what the asset is."""
    key = dg.AssetKey([name, REPORT])
    days, fresh = feed.partitions, feed.freshness
    with catch_warnings():
        simplefilter("ignore", dg.BetaWarning)  # a range of days in one run is beta
        return dg.asset(
            key=key,
            group_name=name,
            description=": ".join(filter(None, [feed.description, f"{feed.reads} as Parquet."])),
            deps=[*behind],
            kinds={"parquet"},
            pool=host_pool(feed.profile),
            partitions_def=dg.DailyPartitionsDefinition(days.start.isoformat(), timezone=days.zone)
            if days
            else None,
            backfill_policy=dg.BackfillPolicy.single_run() if days else None,
            freshness_policy=dg.FreshnessPolicy.time_window(timedelta(hours=fresh.within_hours))
            if fresh
            else None,
            check_specs=_checks(key, feed),
        )


def _asked_days(context: dg.AssetExecutionContext, words: Partitions) -> Days:
    """Give the days that a run is for; one that says nothing is for the last day that is over."""
    if context.has_partition_key or context.has_partition_key_range:
        asked = context.partition_key_range
        return Days(date.fromisoformat(asked.start), date.fromisoformat(asked.end))
    return words.asked(datetime.now(UTC))


def _checks(key: dg.AssetKey, feed: ExportFeed) -> list[dg.AssetCheckSpec]:
    told = {
        COMPLETE: "All rows there are were read, and it is known how.",
        COLUMNS: "The columns are those of the version before.",
    }
    if words := feed.rows_deviation:
        told[ROWS] = tell_rows(words)
    return [dg.AssetCheckSpec(name, asset=key, description=text) for name, text in told.items()]
