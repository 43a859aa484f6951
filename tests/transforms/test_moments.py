"""Times as numbers: the later one is the greater."""

from datetime import datetime

import polars as pl
import pytest

from transforms.moments import read_moments


def moment(text, time="iso", date="iso", zone="Europe/Oslo"):
    return read_moments(pl.Series([text], dtype=pl.String), time, date, zone)[0]


def local(*parts):
    return int((datetime(*parts) - datetime(1970, 1, 1)).total_seconds() * 1_000_000)  # noqa: DTZ001  (clocks of no zone)


READ = [
    ("2024-01-31T14:50:05", "iso", local(2024, 1, 31, 14, 50, 5)),
    ("2024-01-31 14:50", "iso", local(2024, 1, 31, 14, 50)),
    (" 2024-01-31T14:50:05.25 ", "iso", local(2024, 1, 31, 14, 50, 5) + 250_000),
    ("2024-01-31T13:50:05Z", "iso", local(2024, 1, 31, 14, 50, 5)),
    ("2024-07-31T13:50:05.5+01:00", "iso", local(2024, 7, 31, 14, 50, 5) + 500_000),
    ("2024-01-31T13:50+0000", "iso", local(2024, 1, 31, 14, 50)),
    ("2024-01-31", "iso", local(2024, 1, 31)),
    ("31.01.2024 14:50", "%d.%m.%Y %H:%M", local(2024, 1, 31, 14, 50)),
    ("1706709005", "epoch", local(2024, 1, 31, 14, 50, 5)),
    ("45322.5", "excel", local(2024, 1, 31, 12)),
]


@pytest.mark.parametrize(("text", "time", "wanted"), READ)
def test_times_are_microseconds_on_the_clocks_of_the_zone(text, time, wanted):
    assert moment(text, time) == wanted


def test_a_day_is_its_midnight():
    assert moment("31.01.2024", "%d.%m.%Y %H:%M", "%d.%m.%Y") == local(2024, 1, 31)


def test_each_of_a_column_is_read_as_it_would_be_alone():
    texts = [text for text, time, _ in READ if time == "iso"] + [None, "soon"]
    told = read_moments(pl.Series(texts), "iso", "iso", "Europe/Oslo").to_list()
    assert told == [moment(text) for text in texts]
    assert len(read_moments(pl.Series([], dtype=pl.String), "iso", "iso", "Europe/Oslo")) == 0


@pytest.mark.parametrize("text", [None, "", "soon", "2024-02-31", "31.01.2024"])
def test_what_is_no_time_is_none(text):
    assert moment(text) is None
