"""Files that should be there and are not. Asked without Dagster, and without any run."""

from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path

from connectors.files import SourceError
from connectors.files.arrivals import last_written
from connectors.files.fetching import is_url
from pipelines.feeds import FeedError, LoadFeed, list_feeds, read_feed
from pipelines.feeds.dated import day_in, fill, is_dated
from pipelines.feeds.triggers import Inbox
from pipelines.runs import list_summaries
from pipelines.sourcing import is_there, path_of, resolve_source
from pipelines.triggers.book import Book
from pipelines.triggers.days import days_loaded, expected_days
from pipelines.triggers.folder import list_waiting, whole_later

__all__ = ["Overdue", "lacks", "overdue"]


@dataclass(frozen=True)
class Overdue:
    """A file that is not there.

    Attributes:
        feed: whose.
        what: the path, or what it would look like.
        due: when it had to be there, with a zone.
    """

    feed: str
    what: str
    due: datetime


def overdue(now: datetime) -> list[Overdue]:
    """List the files that should be there by now and are not, feed by feed, oldest first.

    Of a feed with a file a day those of the last month, of others the last one that was due. A file
    that has been loaded or taken was there. A feed whose YAML is wrong is left out: others say so.

    Args:
        now: with a zone.
    """
    found: list[Overdue] = []
    for name in list_feeds():
        with suppress(FeedError):
            feed = read_feed(name)
            if isinstance(feed, LoadFeed) and feed.late:
                found += _of_days(name, feed, now) if feed.partitions else _last(name, feed, now)
    return found


def lacks(name: str, feed: LoadFeed, due: datetime, now: datetime) -> Overdue | None:
    """Give the file that is due at a time if it is not there."""
    if feed.partitions:
        day = due.date() - timedelta(days=feed.partitions.lag)
        if day < feed.partitions.start or day in days_loaded(name):
            return None
        return _miss(name, feed, due, day, now)
    return _miss(name, feed, due, None, now)


def _last(name: str, feed: LoadFeed, now: datetime) -> list[Overdue]:
    assert feed.late is not None
    missed = lacks(name, feed, feed.late.due(now), now)
    return [missed] if missed else []


def _of_days(name: str, feed: LoadFeed, now: datetime) -> Iterator[Overdue]:
    late, days = feed.late, feed.partitions
    assert late is not None
    assert days is not None
    loaded = days_loaded(name)
    wanted = [day for day in expected_days(feed, now) if day not in loaded]
    if is_url(feed.source.path) and not feed.inbox:
        wanted = wanted[-1:]  # each one is a question to another machine
    for day in wanted:
        due = late.on(day + timedelta(days=days.lag))
        if due <= now and late.expects(due.date()):
            missed = _miss(name, feed, due, day, now)
            if missed:
                yield missed


def _miss(
    name: str, feed: LoadFeed, due: datetime, day: date | None, now: datetime
) -> Overdue | None:
    assert feed.late is not None
    since = due - timedelta(hours=feed.late.within_hours)
    try:
        if feed.inbox:
            what = _not_in_inbox(name, feed.inbox, day, since, now)
        elif is_dated(feed.source.path):
            path = path_of(feed.source, feed.partitions, day)
            what = "" if is_there(resolve_source(path)) else path
        else:
            what = "" if _came(name, feed.source.path, since) else _older(feed.source.path, since)
    except SourceError as error:  # a disk or a machine that does not answer
        what = str(error)
    return Overdue(name, what, due) if what else None


def _not_in_inbox(name: str, words: Inbox, day: date | None, since: datetime, now: datetime) -> str:
    """Say what an inbox lacks; empty if the file has been taken, or lies there whole."""
    book = Book(name)
    if day is None:
        if book.taken_since(since):
            return ""
    elif book.has_day(day.isoformat()):
        return ""
    told = ""
    for arrival in list_waiting(words):
        of_day = day_in(words.pattern, arrival.name) == day if day else True
        if of_day and (day or arrival.changed >= since.timestamp()):
            told = whole_later(words, arrival, now)
            if not told:
                return ""
            told = f"{arrival.name} in {words.folder}, which {told}"
    pattern = fill(words.pattern, day) if day else words.pattern
    return told or f"{pattern} in {words.folder}"


def _came(name: str, path: str, since: datetime) -> bool:
    """Tell whether a file was written since a time, and lies there or was loaded."""
    source = resolve_source(path)
    written = last_written(Path(source))
    if written is not None and written >= since.timestamp():
        return True
    if {*"*?["} & {*source}:
        return False
    runs = (run for run in list_summaries(name) if run.source == source and not run.dry_run)
    stamps = (run.source_stamp[1] for run in runs if run.state == "finished")
    return any(stamp / 1e9 >= since.timestamp() for stamp in stamps)


def _older(path: str, since: datetime) -> str:
    return f"{path}, written after {since:%Y-%m-%d %H:%M}"
