"""The words of an export that is read day by day, and of what is watched of any feed."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from typing import Annotated, Literal

from pydantic import AfterValidator, BeforeValidator, Field

from pipelines.feeds.block import Words
from pipelines.feeds.values import check_zone
from pipelines.feeds.window import Window, WindowError


def _day(value: object) -> object:
    """Take a day as YAML reads it, and as JSON writes it."""
    return date.fromisoformat(value) if isinstance(value, str) else value


@dataclass(frozen=True, slots=True)
class Days:
    """Some days in a row, both ends among them."""

    first: date
    last: date

    @property
    def since(self) -> str:
        """When they begin, as a window says it."""
        return self.first.isoformat()

    @property
    def until(self) -> str:
        """When they are over."""
        return (self.last + timedelta(days=1)).isoformat()

    def __contains__(self, day: object) -> bool:
        return isinstance(day, date) and self.first <= day <= self.last

    def __iter__(self) -> Iterator[date]:
        return (self.first + timedelta(days=n) for n in range((self.last - self.first).days + 1))


class Partitions(Words):
    """Reads one day at a time: the day's rows are asked for, and replace those of that day."""

    by: Literal["day"]
    start: Annotated[date, BeforeValidator(_day)]
    zone: Annotated[str, AfterValidator(check_zone)] = "Europe/Oslo"

    def asked(self, now: datetime, since: str = "", until: str = "") -> Days:
        """Give the days of a window; without one the last day that is over.

        Args:
            now: with a zone.
            since: its begin, a midnight, as in `pipelines.feeds.window`.
            until: its end, which is not in it; without one the end of the last day that is over.

        Raises:
            WindowError: it is none, does not part days, or begins before the first one.
        """
        window = Window.model_validate({"zone": self.zone, "format": "%Y-%m-%dT%H:%M"})
        ends = window.fill(now, since, until)
        first, last = (datetime.fromisoformat(ends[end]) for end in ("from", "until"))
        if first.time() != time() or last.time() != time():
            raise WindowError("this feed is read by whole days: give days, such as 2026-03-01")
        if first.date() < self.start:
            raise WindowError(f"this feed is read from {self.start} on (`partitions.start`)")
        return Days(first.date(), last.date() - timedelta(days=1))


class Freshness(Words):
    """How long ago a feed may last have been loaded, or exported."""

    within_hours: Annotated[int, Field(ge=1)]


class RowsDeviation(Words):
    """How far the rows of a run may lie from the middle of those before."""

    percent: Annotated[float, Field(gt=0)] = 20
    of: Annotated[int, Field(ge=1, le=100)] = 7
