"""The pools of Dagster that a run takes a place in: one for its feed, one for its platform.

`dagster.yaml` gives each pool one place, and counts by run: a run begins when there is a place in
all pools of its assets. `dagster instance concurrency set POOL N` gives one pool more.
"""

from contextlib import suppress

from connectors.trigg.account import AccountError
from pipelines.settings import trigg_account

__all__ = ["FEED_TAG", "feed_pool", "host_pool", "job_tags"]

FEED_TAG = "loyalty-etl/feed"
"""A tag of jobs: an asset has one pool, so it keeps runs of one export apart."""
GRACE = 900
"""Seconds that a run may take to end in good order, before Dagster ends it."""


def feed_pool(feed: str) -> str:
    """Name the pool of a feed, in which one run has a place."""
    return f"feed/{feed}"


def host_pool(profile: str) -> str:
    """Name the pool of the platform that a profile leads to, as it is set now."""
    with suppress(AccountError):  # told by the run
        return f"api/{trigg_account(profile).host}"
    return f"api/{profile or 'not-set'}"


def job_tags(feed: str, timeout_minutes: float | None) -> dict[str, str]:
    """Give the tags of a feed's job.

    A run that does not end by itself when its time is up is ended by Dagster some time later.
    """
    tags = {FEED_TAG: feed}
    if timeout_minutes is not None:
        tags["dagster/max_runtime"] = str(round(timeout_minutes * 60 + GRACE))
    return tags
