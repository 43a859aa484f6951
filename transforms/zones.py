"""Local times that clocks showed twice, or never, where summer time begins and ends."""

from datetime import datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from typing import Literal
from zoneinfo import ZoneInfo

import polars as pl

Hour = Literal["first", "last", "reject"]


def in_gap(times: pl.Series, zone: str) -> pl.Series:
    """Mark local times that never were: clocks went forward past them."""
    return _within(times, zone, forward=True)


def in_repeat(times: pl.Series, zone: str) -> pl.Series:
    """Mark local times that came twice: clocks went back to them."""
    return _within(times, zone, forward=False)


def move(times: pl.Expr, source: str, to: str, repeated: Hour) -> pl.Expr:
    """Move local times of one zone into another; those that never were become null.

    Args:
        times: naive Datetime in the zone `source`.
        source: their zone.
        to: the zone wanted.
        repeated: which is meant of the hour that comes twice; `reject` makes it null.
    """
    ambiguous: dict[Hour, Literal["earliest", "latest", "null"]] = {
        "first": "earliest",
        "last": "latest",
        "reject": "null",
    }
    there = times.dt.replace_time_zone(source, ambiguous=ambiguous[repeated], non_existent="null")
    return there.dt.convert_time_zone(to).dt.replace_time_zone(None)


def _within(times: pl.Series, zone: str, *, forward: bool) -> pl.Series:
    inside = pl.repeat(value=False, n=len(times), eager=True)
    first, last = times.min(), times.max()
    if not isinstance(first, datetime) or not isinstance(last, datetime):
        return inside
    one = first.year == last.year
    for year in [first.year] if one else times.dt.year().drop_nulls().unique():
        for start, end, goes_forward in _changes(zone, year):
            if goes_forward == forward and start <= last and first < end:
                inside |= times.is_between(start, end, closed="left").fill_null(value=False)
    return inside


@lru_cache(maxsize=4096)
def _changes(zone: str, year: int) -> tuple[tuple[datetime, datetime, bool], ...]:
    """List the spans of local time skipped (True) or repeated (False) in a year."""
    tz = ZoneInfo(zone)
    first = datetime(year, 1, 1, tzinfo=ZoneInfo("UTC"))
    moments = [first + timedelta(days=days) for days in range(-1, 368)]
    offsets = [_offset(moment, tz) for moment in moments]
    found = []
    for number, (before, after) in enumerate(pairwise(offsets)):
        if before == after:
            continue
        earlier, later = moments[number : number + 2]
        while later - earlier > timedelta(minutes=1):
            middle = earlier + (later - earlier) / 2
            if _offset(middle, tz) == before:
                earlier = middle
            else:
                later = middle
        change = later.replace(second=0, microsecond=0, tzinfo=None)
        found.append((change + min(before, after), change + max(before, after), after > before))
    return tuple(found)


def _offset(moment: datetime, tz: ZoneInfo) -> timedelta:
    offset = moment.astimezone(tz).utcoffset()
    assert offset is not None
    return offset
