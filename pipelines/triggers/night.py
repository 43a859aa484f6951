"""One night: when it begins, whose files it waits for, whose are missing, which days are behind."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from pipelines.feeds import ExportFeed, LoadFeed, feeds_dir, list_feeds, read_feed
from pipelines.feeds.reading import read_block
from pipelines.feeds.triggers import Nightly
from pipelines.triggers.days import behind
from pipelines.triggers.late import Overdue, lacks

__all__ = [
    "LONGEST",
    "Night",
    "begin_of",
    "look_at_night",
    "read_nightly",
    "stands_apart",
    "waits_until",
]

LONGEST = timedelta(hours=12)
"""How long a night may wait."""


@dataclass(frozen=True)
class Night:
    """A night as it looks now.

    Attributes:
        begins: when it begins, in the zone of the nightly job; its date names the night.
        awaited: files that are not there, and may still come in time.
        missing: files that are not there, and whose time is over.
        newest: of each feed with a file a day, the day that this night loads.
        behind: days before these whose file is there and was never loaded, with their feeds.
    """

    begins: datetime
    awaited: tuple[Overdue, ...] = ()
    missing: tuple[Overdue, ...] = ()
    newest: Mapping[str, date] = field(default_factory=dict)
    behind: Mapping[date, tuple[str, ...]] = field(default_factory=dict)

    @property
    def name(self) -> str:
        """The date of its begin."""
        return self.begins.date().isoformat()

    @property
    def left_out(self) -> set[str]:
        """The feeds that the night goes on without."""
        return {each.feed for each in self.missing}

    def go_on(self) -> "Night":
        """Give the night if it waits no longer."""
        return replace(self, awaited=(), missing=(*self.missing, *self.awaited))

    def runs(self) -> list[tuple[date | None, list[str]]]:
        """Give its runs in order, each with its day and its feeds; the last one is the night's own.

        A run is for one day, as Dagster has it: feeds whose newest file is of another day than
        that of most are loaded before it, as are the days that are behind.
        """
        found = (name for name in list_feeds() if not stands_apart(read_feed(name)))
        feeds = [name for name in found if name not in self.left_out]
        newest = {name: self.newest[name] for name in feeds if name in self.newest}
        last = max(newest.values(), default=None)
        days = {day: [*names] for day, names in self.behind.items()}
        for name, day in newest.items():
            if day != last:
                days.setdefault(day, []).append(name)
        own = [name for name in feeds if newest.get(name, last) == last]
        return [*sorted(days.items()), (last, own)]


def read_nightly() -> Nightly:
    """Read pipelines/defs/nightly.yaml; as usual where there is none.

    Raises:
        FeedError: a word is wrong.
    """
    file = feeds_dir() / "nightly.yaml"
    return read_block(file, Nightly) if file.exists() else Nightly()


def stands_apart(feed: LoadFeed | ExportFeed) -> bool:
    """Tell the feeds that are no part of the nightly job.

    Somebody must ask for them, they have hours or an inbox of their own, or are read by day.
    """
    if feed.schedule:
        return True
    if isinstance(feed, LoadFeed):
        return feed.target.erases or feed.inbox is not None
    return feed.partitions is not None


def look_at_night(now: datetime) -> Night:
    """Look at the night that has begun last.

    Args:
        now: with a zone.

    Raises:
        FeedError: the YAML of a feed is wrong.
        SourceError: nobody can tell whether the file of a day is there.
    """
    words = read_nightly()
    begins = begin_of(words, now)
    awaited: list[Overdue] = []
    missing: list[Overdue] = []
    newest: dict[str, date] = {}
    late_days: dict[date, tuple[str, ...]] = {}
    for name, feed in _loads():
        due = _due(feed, begins)
        if due and (miss := lacks(name, feed, due, now)):
            (awaited if due > now else missing).append(miss)
        if feed.partitions and not stands_apart(feed):
            if (day := feed.partitions.newest_day(begins)) < feed.partitions.start:
                continue
            newest[name] = day
            for day in behind(name, feed, begins):
                late_days[day] = (*late_days.get(day, ()), name)
    return Night(begins, tuple(awaited), tuple(missing), newest, dict(sorted(late_days.items())))


def waits_until(now: datetime) -> datetime | None:
    """Give when the night waits no longer for any file; None if it waits for none."""
    begins = begin_of(read_nightly(), now)
    found = [due for _, feed in _loads() if (due := _due(feed, begins)) and due > begins]
    return max(found, default=None)


def _loads() -> list[tuple[str, LoadFeed]]:
    feeds = ((name, read_feed(name)) for name in list_feeds())
    return [(name, feed) for name, feed in feeds if isinstance(feed, LoadFeed)]


def begin_of(words: Nightly, now: datetime) -> datetime:
    """Give when the night that has begun last began."""
    zone = ZoneInfo(words.zone)
    today = now.astimezone(zone).date()
    begins = datetime.combine(today, time.fromisoformat(words.at), zone)
    return begins if begins <= now else begins - timedelta(days=1)


def _due(feed: LoadFeed, begins: datetime) -> datetime | None:
    """Give when the file of a night is due: the last such time until half a day after its begin.

    None where the feed's file is not waited for in this night: it has hours of its own, or the day
    of the week has none.
    """
    if feed.late is None or feed.schedule:
        return None
    due = feed.late.due(begins + LONGEST)
    return due if due > begins - LONGEST else None
