"""The days of a load as Dagster's partitions."""

import dagster as dg

from pipelines.feeds import LoadFeed

__all__ = ["days_of"]


def days_of(feed: LoadFeed) -> dg.DailyPartitionsDefinition | None:
    """Give the partitions of a feed with a file a day, each a run of its own; None of another."""
    if feed.partitions is None:
        return None
    return dg.DailyPartitionsDefinition(
        feed.partitions.start.isoformat(),
        timezone=feed.partitions.zone,
        end_offset=1 - feed.partitions.lag,
    )
