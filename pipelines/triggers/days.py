"""A load with a file for each day: its file, and the days that were not loaded yet."""

from collections.abc import Iterator
from datetime import date, datetime, timedelta

from connectors.files.fetching import is_url
from pipelines.feeds import LoadFeed
from pipelines.feeds.dated import fill, is_dated
from pipelines.runs import Summary, list_summaries
from pipelines.sourcing import is_there, resolve_source

__all__ = ["BACK", "behind", "days_loaded", "expected_days"]

BACK = 31
"""Days that are looked back for what was never loaded."""


def days_loaded(name: str) -> set[date]:
    """Tell the days whose file a run has loaded to its end."""
    return {date.fromisoformat(run.day) for run in list_summaries(name) if _loaded(run)}


def _loaded(run: Summary) -> bool:
    return bool(run.day) and run.state == "finished" and not run.dry_run


def expected_days(feed: LoadFeed, now: datetime) -> Iterator[date]:
    """Give the days that may have a file, oldest first; of the last month only."""
    days = feed.partitions
    assert days is not None
    newest = days.newest_day(now)
    first = max(days.start, newest - timedelta(days=BACK - 1))
    return (first + timedelta(days=n) for n in range((newest - first).days + 1))


def behind(name: str, feed: LoadFeed, now: datetime) -> list[date]:
    """Give the days before the newest whose file is there and was not loaded, oldest first.

    Those before the first that was ever loaded are left out: a backfill is for somebody to ask for.

    Raises:
        SourceError: nobody can tell whether a file is there.
    """
    assert feed.partitions is not None
    if not is_dated(feed.source.path) or is_url(feed.source.path):
        return []
    loaded, newest = days_loaded(name), feed.partitions.newest_day(now)
    wanted = [day for day in expected_days(feed, now) if loaded and min(loaded) < day < newest]
    return [day for day in wanted if day not in loaded and _file_of(feed, day)]


def _file_of(feed: LoadFeed, day: date) -> bool:
    return is_there(resolve_source(fill(feed.source.path, day)))
