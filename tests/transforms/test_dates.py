"""Dates and times in every pattern become ISO text, or none where no such day ever was."""

# ruff: noqa: DTZ001  (local times are what this is about)

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.dates import compile_pattern, read_date, read_time

DAYS = st.dates(dt.date(1900, 1, 1), dt.date(2099, 12, 31))
PATTERNS = [
    "%d.%m.%Y",
    "%Y%m%d",
    "%m/%d/%Y",
    "%Y-%m-%d",
    "%d %b %Y",
    "%B %d, %Y",
    "%Y%j",
    "%d%%%m.%Y",
]
TIMES = ["%d.%m.%Y %H:%M:%S", "%Y%m%d%H%M%S", "%m/%d/%Y %I:%M:%S %p", "%Y-%m-%dT%H.%M.%S.%f"]


def dates(*texts, words, zone="Europe/Oslo", latest=None):
    frame = pl.DataFrame({"a": texts}, {"a": pl.String})
    return frame.select(read_date(pl.col("a"), words, zone, latest)).to_series().to_list()


def times(*texts, words):
    frame = pl.DataFrame({"a": texts}, {"a": pl.String})
    return frame.select(read_time(pl.col("a"), words)).to_series().to_list()


@settings(max_examples=30, deadline=None)
@given(st.lists(DAYS, min_size=1, max_size=5), st.sampled_from(PATTERNS))
def test_a_day_is_read_back(days, words):
    assert dates(*(d.strftime(words) for d in days), words=words) == [d.isoformat() for d in days]


@settings(max_examples=30, deadline=None)
@given(st.datetimes(dt.datetime(1900, 1, 1), dt.datetime(2099, 12, 31)), st.sampled_from(TIMES))
def test_a_time_is_read_back_to_the_second(time, words):
    assert times(time.strftime(words), words=words) == [time.isoformat(timespec="seconds")[:19]]


@settings(max_examples=30, deadline=None)
@given(st.datetimes(dt.datetime(1901, 1, 1), dt.datetime(2099, 12, 31)))
def test_a_serial_number_is_read_back(time):
    time = time.replace(microsecond=0)
    serial = repr((time - dt.datetime(1899, 12, 30)) / dt.timedelta(days=1))
    assert times(serial, serial.replace(".", ","), words="excel") == [time.isoformat()] * 2
    assert dates(serial, words="excel") == [time.date().isoformat()]


@settings(max_examples=30, deadline=None)
@given(st.integers(-(10**9), 4 * 10**9))
def test_seconds_since_1970_are_read_back(seconds):
    moment = dt.datetime(1970, 1, 1, tzinfo=dt.UTC) + dt.timedelta(seconds=seconds)
    text = moment.strftime("%Y-%m-%dT%H:%M:%SZ")
    assert times(str(seconds), words="epoch") == [text]
    assert times(str(seconds * 1000 + 999), words="epoch_ms") == [text]
    assert dates(str(seconds), words="epoch", zone="UTC") == [text[:10]]


@settings(max_examples=30, deadline=None)
@given(DAYS.filter(lambda day: day <= dt.date(2024, 6, 1)))
def test_a_birth_date_of_two_digits_is_the_latest_that_is_not_to_come(day):
    today = dt.date(2024, 6, 1)
    (read,) = dates(day.strftime("%d.%m.%y"), words="%d.%m.%y", latest=today)
    assert read is not None
    assert dt.date.fromisoformat(read) <= today
    assert read[2:] == day.isoformat()[2:]


@pytest.mark.parametrize(
    ("words", "text"),
    [
        ("%d.%m.%Y", "31.02.1980"),
        ("%d.%m.%Y", "29.02.1981"),
        ("%d.%m.%Y", "1.2.80"),
        ("%d.%m.%Y", "01.02.19800"),
        ("%d.%m.%Y", "01/02/1980"),
        ("%d.%m.%Y", "1980-02-01"),
        ("%d.%m.%Y", "\u0663.02.1980"),
        ("%d.%m.%Y", "00.01.1980"),
        ("%m/%d/%Y", "31/12/2024"),
        ("%Y%m%d", "2024111"),
        ("%Y%m%d", "20241301"),
        ("iso", "1980-02-30"),
        ("iso", "1980-2-3"),
        ("iso", "01.02.1980"),
        ("excel", "0"),
        ("excel", "60"),
        ("excel", "2958466"),
        ("excel", "-1"),
        ("epoch", "soon"),
        ("epoch", "9" * 30),
    ],
)
def test_a_day_that_never_was_is_none(words, text):
    assert dates(text, None, words=words) == [None, None]


@pytest.mark.parametrize("text", ["31.01.2024 24:00", "31.01.2024 12:60", "31.01.2024", "12:00"])
def test_a_time_that_never_was_is_none(text):
    assert times(text, words="%d.%m.%Y %H:%M") == [None]


def test_iso_dates_may_have_a_time_and_an_offset():
    texts = ["1980-02-28", "1980-02-28T23:30", "1980-02-28T23:30:00Z", "1980-02-28 23:30:00+01:00"]
    assert dates(*texts, words="iso") == ["1980-02-28", "1980-02-28", "1980-02-29", "1980-02-28"]


def test_the_first_days_of_1900_are_those_of_the_spreadsheet():
    assert dates("1", "59", "61", words="excel") == ["1900-01-01", "1900-02-28", "1900-03-01"]


def test_a_moment_with_an_offset_is_told_in_utc():
    assert times("31.01.2024 14:50 +0100", words="%d.%m.%Y %H:%M %z") == ["2024-01-31T13:50:00Z"]
    assert dates("31.01.2024 23:50 +0000", words="%d.%m.%Y %H:%M %z") == ["2024-02-01"]


def test_parts_beside_each_other_have_all_their_digits():
    assert compile_pattern("%d%m%y %H")[0] == "^[0-9]{2,2}[0-9]{2,2}[0-9]{2}\\ [0-9]{1,2}$"
