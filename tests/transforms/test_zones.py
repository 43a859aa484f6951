"""Times that clocks skipped or showed twice, against Python's own zones."""

# ruff: noqa: DTZ001  (local times are what this is about)

import datetime as dt
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.zones import in_gap, in_repeat, move

ZONES = ["Europe/Oslo", "America/New_York", "Australia/Lord_Howe", "UTC", "America/Sao_Paulo"]


def known(time, zone):
    """Tell by two folds whether a time is skipped, and whether it is repeated."""
    early, late = (time.replace(tzinfo=ZoneInfo(zone), fold=fold) for fold in (0, 1))
    differs = early.utcoffset() != late.utcoffset()
    back = early.astimezone(dt.UTC).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    return differs and back != time, differs and back == time


@settings(max_examples=60, deadline=None)
@given(st.datetimes(dt.datetime(1990, 1, 1), dt.datetime(2035, 1, 1)), st.sampled_from(ZONES))
def test_any_time_is_told_apart(time, zone):
    times = pl.Series([time, None])
    assert (in_gap(times, zone)[0], in_repeat(times, zone)[0]) == known(time, zone)
    assert (in_gap(times, zone)[1], in_repeat(times, zone)[1]) == (False, False)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("year", [1996, 2017, 2024, 2030])
def test_every_quarter_of_a_year_is_told_apart(zone, year):
    start = dt.datetime(year, 1, 1)
    quarters = [start + dt.timedelta(minutes=15 * n) for n in range(366 * 96)]
    near = [t for t in quarters if t.day in (*range(1, 16), *range(24, 32)) and t.hour < 4]
    times = pl.Series(near)
    told = list(zip(in_gap(times, zone), in_repeat(times, zone), strict=True))
    assert told == [known(time, zone) for time in near]


@pytest.mark.parametrize(("repeated", "hour"), [("first", 0), ("last", 1), ("reject", None)])
def test_a_repeated_hour_is_moved_as_the_feed_says(repeated, hour):
    times = pl.DataFrame(
        {"t": [dt.datetime(2024, 10, 27, 2, 30), dt.datetime(2024, 3, 31, 2, 30), None]}
    )
    moved = times.select(move(pl.col("t"), "Europe/Oslo", "UTC", repeated)).to_series().to_list()
    assert moved == [None if hour is None else dt.datetime(2024, 10, 27, hour, 30), None, None]
