from datetime import UTC, datetime

import pytest
from pydantic import ValidationError

from pipelines.feeds.report import Report
from pipelines.feeds.window import Window, WindowError, check_moment

NOW = datetime(2026, 3, 30, 1, 30, tzinfo=UTC)  # the day after Oslo's clocks went forward


@pytest.mark.parametrize(
    ("words", "first", "last"),
    [
        ({}, "2026-03-29", "2026-03-30"),
        ({"from": "7 days ago"}, "2026-03-23", "2026-03-30"),
        ({"from": "1 day ago"}, "2026-03-29", "2026-03-30"),
        ({"from": "2026-01-31", "until": "2026-02-28T08:00"}, "2026-01-31", "2026-02-28"),
        (
            {"format": "%Y-%m-%dT%H:%M:%S%z"},
            "2026-03-29T00:00:00+0100",
            "2026-03-30T00:00:00+0200",
        ),
        (
            {"from": "today", "until": "now", "format": "%d.%m.%Y %H:%M"},
            "30.03.2026 00:00",
            "30.03.2026 03:30",
        ),
        (
            {"from": "2026-03-01T00:00:00Z", "until": "2026-03-02T00:00:00Z", "format": "%d %H"},
            "01 01",
            "02 01",
        ),
        ({"zone": "America/New_York"}, "2026-03-28", "2026-03-29"),
    ],
)
def test_a_window_is_filled(words, first, last):
    assert Window.model_validate(words).fill(NOW) == {"from": first, "until": last}


def test_what_is_told_wins_over_the_words():
    filled = Window().fill(NOW, "2026-02-01", "2026-02-02")
    assert filled == {"from": "2026-02-01", "until": "2026-02-02"}


@pytest.mark.parametrize("text", ["", "tomorrow", "days ago", "2026-13-01", "99999999 days ago"])
def test_what_is_no_time_is_refused(text):
    with pytest.raises(WindowError, match="is no time: write 2026-03-01"):
        check_moment(text)


def test_a_window_that_holds_nothing_is_refused():
    with pytest.raises(WindowError, match="holds nothing"):
        Window().fill(NOW, until="yesterday")


def test_parameters_are_filled():
    report = Report.model_validate(
        {
            "type": "sales",
            "parameters": {"from": "{from}", "range": "{from}..{until}", "other": "{x}"},
            "window": {"from": "yesterday"},
        }
    )
    assert report.fill(NOW) == {
        "from": "2026-03-29",
        "range": "2026-03-29..2026-03-30",
        "other": "{x}",
    }


@pytest.mark.parametrize(
    ("words", "said"),
    [
        ({"parameters": {"a": "{from}"}}, "say `window`"),
        ({"window": {}}, "nothing is filled from it"),
        ({"parameters": {"page": "1"}}, "leave it out"),
        ({"recheck": "some"}, "all"),
        ({"window": {"from": "soon"}, "parameters": {"a": "{from}"}}, "is no time"),
    ],
)
def test_wrong_words_are_told(words, said):
    with pytest.raises(ValidationError, match=said):
        Report.model_validate({"type": "sales", **words})


def test_a_report_without_a_window_takes_none():
    assert Report(type="sales").fill(NOW) == {}
    with pytest.raises(WindowError, match="report sales has no window"):
        Report(type="sales").fill(NOW, since="2026-03-01")
