"""What Dagster loads: every feed's folder, and the policy for all of them."""

import os
from pathlib import Path

import dagster as dg

from pipelines.alerts.sensor import build_alerts
from pipelines.feeds import list_feeds, read_feed
from pipelines.jobs import build_nightly
from pipelines.progress import Reporter
from pipelines.supervising.dead_runs import dead_run_sensor
from pipelines.triggers.night import stands_apart


@dg.definitions
def defs() -> dg.Definitions:
    """Give all feeds, the nightly job and its schedule."""
    return build_definitions(Reporter())


def build_definitions(reporter: Reporter) -> dg.Definitions:
    """Load the feeds of pipelines/defs/ and add what they share.

    Raises:
        FeedError: a YAML is wrong; told before Dagster's own, longer words for it.
    """
    words = {name: read_feed(name) for name in list_feeds()}
    apart = [name for name, feed in words.items() if stands_apart(feed)]
    shared = dg.Definitions(
        resources={"reporter": reporter},
        sensors=[dead_run_sensor()],
        executor=pick_executor(os.environ.get("ETL_EXECUTOR", "in_process")),
    )
    feeds = dg.load_from_defs_folder(path_within_project=Path(__file__).parent)
    return dg.Definitions.merge(feeds, build_nightly(apart), build_alerts(), shared)


def pick_executor(name: str) -> dg.ExecutorDefinition:
    """Choose how the steps of a run are executed; assets and jobs name none.

    `in_process` is the quickest: a step spends its time in polars and on the network.
    """
    executors = {"in_process": dg.in_process_executor, "multiprocess": dg.multiprocess_executor}
    if name not in executors:
        raise ValueError(f"ETL_EXECUTOR={name}: use one of {', '.join(executors)}")
    return executors[name]
