"""The Dagster asset that learns the ids of a feed's members after each load."""

from typing import TYPE_CHECKING

import dagster as dg

from pipelines.failures import classify, keep_trace
from pipelines.feeds import LoadFeed
from pipelines.id_map import learn_ids
from pipelines.progress import Reporter
from pipelines.runs import read_summary, run_folder
from pipelines.supervising.marks import running
from pipelines.supervising.pools import host_pool
from pipelines.supervising.retried import run_of_records
from pipelines.triggers.parts import days_of

IDS = "ids"
_COUNTS = ("members", "known", "new", "listed", "looked_up", "unknown", "conflicts", "ids")
if TYPE_CHECKING:
    Result = dg.MaterializeResult[None]
else:  # Dagster reads the annotation, and knows the bare class only
    Result = dg.MaterializeResult


def ids_asset(name: str, feed: LoadFeed, delivered: dg.AssetKey) -> dg.AssetsDefinition:
    """Build the asset `<feed>/ids`, which follows a delivery, with the check that all are known."""
    key = dg.AssetKey([name, IDS])
    check = dg.AssetCheckSpec(
        "members_known", asset=key, description="The platform knows every member of the source."
    )

    @dg.asset(
        key=key,
        group_name=name,
        description=f"{feed.description}: which customers they are.",
        deps=[delivered],
        partitions_def=days_of(feed),
        check_specs=[check],
        kinds={"parquet"},
        pool=host_pool(feed.profile),
    )
    def ids(context: dg.AssetExecutionContext, reporter: dg.ResourceParam[Reporter]) -> Result:
        run_id = run_of_records(context.instance, context.run, name)
        loaded = read_summary(run_id, name)
        try:
            with (
                running(run_id, name, context.run.run_id),
                reporter.following(context.log.info) as progress,
            ):
                told = learn_ids(name, feed, progress, source=loaded.source if loaded else "")
        except Exception as error:  # noqa: BLE001  (raised as one line, without what it may quote)
            line, _ = classify(error) or (keep_trace(error, run_folder(run_id, name)), "run")
        else:
            counts = {each: getattr(told, each) for each in _COUNTS}
            result = dg.AssetCheckResult(
                passed=not told.exit_code,
                check_name=check.name,
                severity=dg.AssetCheckSeverity.WARN,
                metadata={each: counts[each] for each in ("unknown", "conflicts")},
            )
            file = dg.MetadataValue.path(told.file)
            return dg.MaterializeResult(metadata={**counts, "file": file}, check_results=[result])
        # Outside the handler, so that the exception is not attached to the failure as its context.
        raise dg.Failure(description=line, allow_retries=False)

    return ids


__all__ = ["IDS", "ids_asset"]
