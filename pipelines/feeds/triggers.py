"""When a feed runs by itself: its hours, its inbox, how long its file is waited for."""

import re
from datetime import date, datetime, time, timedelta
from typing import TYPE_CHECKING, Annotated, Literal
from zoneinfo import ZoneInfo

from pydantic import AfterValidator, BeforeValidator, Field

from pipelines.feeds.block import Name, Words, fault
from pipelines.feeds.dated import check_dated, is_dated
from pipelines.feeds.values import check_zone
from pipelines.feeds.watching import Partitions
from pipelines.feeds.window import WindowError

if TYPE_CHECKING:
    from pipelines.feeds.words import LoadFeed

__all__ = ["FileDays", "Inbox", "Late", "Nightly", "Schedule", "check_triggers"]

_FIELDS = (("minute", 0, 59), ("hour", 0, 23), ("day", 1, 31), ("month", 1, 12), ("weekday", 0, 7))
_NAMED = {
    "month": ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"],
    "weekday": ["sun", "mon", "tue", "wed", "thu", "fri", "sat"],
}
_PART = re.compile(r"(\*|\w+)(?:-(\w+))?(?:/(\d+))?")
Zone = Annotated[str, AfterValidator(check_zone)]


def _cron(text: str) -> str:
    """Refuse what is no cron line of five fields."""
    fields = text.split()
    if len(fields) != len(_FIELDS):
        raise ValueError('five fields, such as "30 2 * * *": minute, hour, day, month, weekday')
    for written, (name, least, most) in zip(fields, _FIELDS, strict=True):
        for part in written.split(","):
            found = _PART.fullmatch(part)
            ends = [_number(end, name) for end in found.groups()[:2] if end] if found else [-1]
            within = all(least <= end <= most for end in ends if end is not None)
            if not found or not within or ends != sorted(ends, key=lambda end: end or 0):
                raise ValueError(
                    f"{part!r} is no {name}: {least} to {most}, as in 1-5, */10 or 2,4"
                )
    return text


def _number(end: str, field: str) -> int | None:
    """Give a number of a field, also where it is a name; None of a star, -1 of what is neither."""
    names = _NAMED.get(field, [])
    if end.lower() in names:
        return names.index(end.lower()) + (field == "month")
    return None if end == "*" else int(end) if end.isdecimal() else -1


def _clock(told: object) -> object:
    """Take a time of day; 17:00 without quotes is a number of minutes to YAML."""
    if isinstance(told, int) and not isinstance(told, bool) and 0 <= told < 24 * 60:
        told = f"{told // 60:02}:{told % 60:02}"
    if not isinstance(told, str) or not re.fullmatch(r"([01]\d|2[0-3]):[0-5]\d", told):
        raise ValueError('a time of day, such as "05:00"')
    return told


Clock = Annotated[str, BeforeValidator(_clock)]
"""Hours and minutes, such as 05:00."""


class Schedule(Words):
    """When the feed runs: a cron line, in a time zone."""

    cron: Annotated[str, AfterValidator(_cron)]
    zone: Zone = "Europe/Oslo"


class Nightly(Words):
    """When the nightly job runs; the file is pipelines/defs/nightly.yaml."""

    at: Clock = "02:30"
    zone: Zone = "Europe/Oslo"


def _no_folder(name: str) -> str:
    if "/" in name:
        raise ValueError("a pattern of names, without a folder: that is `folder`")
    return check_dated(name)


class Inbox(Words):
    """A folder that others put files into: each is loaded once it is whole, then moved away.

    `folder` is relative to the project, `archive` and `failed` to it. A file is whole when the
    file `<name><marker_suffix>` lies beside it, or when nothing has written to it for
    `stable_seconds`.
    """

    folder: Name
    pattern: Annotated[Name, AfterValidator(_no_folder)] = "*"
    done: Literal["stable", "marker"] = "stable"
    marker_suffix: Annotated[str, Field(pattern=r"^[^/*?\[]+$")] = ".done"
    stable_seconds: Annotated[int, Field(ge=0, le=86_400)] = 60
    archive: Name = "archive"
    failed: Name = "failed"


Weekday = Literal["monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"]
WEEKDAYS: tuple[Weekday, ...] = (
    *("monday", "tuesday", "wednesday", "thursday", "friday", "saturday", "sunday"),
)


class Late(Words):
    """By when the feed's file must be there, on which days; the nightly job waits until then.

    A file that has no date counts if it is no older than `within_hours` at that time.
    """

    until: Clock
    zone: Zone = "Europe/Oslo"
    within_hours: Annotated[int, Field(ge=1, le=168)] = 12
    weekdays: Annotated[list[Weekday], Field(min_length=1)] = [*WEEKDAYS]

    def due(self, now: datetime) -> datetime:
        """Give the last time before now, or now, at which the file had to be there."""
        here = now.astimezone(ZoneInfo(self.zone))
        days = (here.date() - timedelta(days=back) for back in range(9))
        return next(due for day in days if self.expects(day) and (due := self.on(day)) <= now)

    def next_due(self, now: datetime) -> datetime:
        """Give the first such time after now."""
        here = now.astimezone(ZoneInfo(self.zone))
        days = (here.date() + timedelta(days=ahead) for ahead in range(9))
        return next(due for day in days if self.expects(day) and (due := self.on(day)) > now)

    def expects(self, day: date) -> bool:
        """Tell whether a file must come on this day of the week."""
        return WEEKDAYS[day.weekday()] in self.weekdays

    def on(self, day: date) -> datetime:
        """Give the time at which the file of this day must be there."""
        return datetime.combine(day, time.fromisoformat(self.until), ZoneInfo(self.zone))


class FileDays(Partitions):
    """One file a day: `{date}` in its path or in the pattern of the inbox is its day.

    `newest` is the date of the last file there can be: that of the day before, or of the same day.
    """

    newest: Literal["yesterday", "today"] = "yesterday"

    def newest_day(self, now: datetime) -> date:
        """Give the day of the last file there can be; `now` has a zone."""
        return now.astimezone(ZoneInfo(self.zone)).date() - timedelta(days=self.lag)

    @property
    def lag(self) -> int:
        """How many days after its date a file comes."""
        return 1 if self.newest == "yesterday" else 0

    def check(self, day: date, now: datetime) -> date:
        """Give a day back.

        Raises:
            WindowError: no file is of that day.
        """
        if not self.start <= day <= self.newest_day(now):
            last = self.newest_day(now)
            raise WindowError(f"{day} is none of this feed's days, {self.start} to {last}")
        return day


def check_triggers(feed: "LoadFeed") -> None:
    """Refuse triggers that do not go together, or with the feed."""
    path, inbox = feed.source.path, feed.inbox
    dated = is_dated(path) or (inbox is not None and is_dated(inbox.pattern))
    if feed.partitions is None and dated:
        raise fault("{date} needs `partitions`, such as {by: day, start: 2026-01-01}", "source")
    if feed.partitions is not None and not dated:
        raise fault("needs {date} in source.path, or in inbox.pattern", "partitions")
    try:
        check_dated(path)
    except ValueError as error:
        raise fault(f"path: {error}", "source") from None
    for name in ("schedule", "inbox"):
        if feed.target.erases and getattr(feed, name):
            raise fault("a feed that deletes customers is run by hand, leave it out", name)
    if inbox and "://" in inbox.folder:
        raise fault("a folder of this machine; a URL is read by source.path", "inbox")
    if inbox and feed.schedule:
        raise fault("a feed with an inbox runs when a file comes, leave it out", "schedule")
    if inbox and feed.partitions and not is_dated(inbox.pattern):
        raise fault("{date} is needed in inbox.pattern, as the feed has `partitions`", "inbox")
    if feed.late and inbox is None and "://" in path and not is_dated(path):
        raise fault("needs {date} in source.path: the times of a URL tell nothing", "late")
