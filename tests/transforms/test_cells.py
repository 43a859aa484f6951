from datetime import UTC, date, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from transforms import cells as cells_module
from transforms.reports import BadCell, locate, read_types

NOON = datetime.fromisoformat("2026-03-01T12:00:00")


def cast(values, word, dtype=None):
    """Give typed cells; a fault is told as if they were one page."""
    cells = pl.Series("c", values, dtype=dtype, strict=False)
    kind = read_types({"c": word})["c"]
    typed, lost = cells_module.cast(cells, kind)
    if lost is not None:
        fault = ("c", str(kind), int(lost.sum()), lost.arg_max())
        raise locate([fault], [1], [len(cells)])
    return typed


@pytest.mark.parametrize(
    ("word", "values", "typed"),
    [
        ("text", ["007", None, ""], ["007", None, ""]),
        ("text", [7, None], ["7", None]),
        ("integer", ["", "7"], [None, 7]),
        ("date", ["", "2026-02-28"], [None, date(2026, 2, 28)]),
        ("timestamp", ["", "2026-03-01 12:00:00"], [None, NOON]),
        ("timestamp", ["", ""], [None, None]),
        ("text", [1.0, 1.5], ["1", "1.5"]),
        ("text", [True, None], ["true", None]),
        ("integer", [1, -2, None], [1, -2, None]),
        ("integer", ["12", None], [12, None]),
        ("integer", [1.0, 2.0], [1, 2]),
        ("decimal", [1.1, 0.29, 46.85, None], ["1.10", "0.29", "46.85", None]),
        ("decimal", [1, -2], ["1.00", "-2.00"]),
        ("decimal", ["1", "-0.5", "+3.10", "1.500"], ["1.00", "-0.50", "3.10", "1.50"]),
        ("decimal(3)", [1.125], ["1.125"]),
        ("decimal(0)", [12, 13], ["12", "13"]),
        ("decimal", ["999999999999999999999999.99"], ["999999999999999999999999.99"]),
        ("number", [1, 2], [1.0, 2.0]),
        ("number", ["1.5e3", None], [1500.0, None]),
        ("boolean", [True, None, False], [True, None, False]),
        ("boolean", ["true", "FALSE", "1", "0"], [True, False, True, False]),
        ("boolean", [1, 0], [True, False]),
        ("date", ["2026-02-28", None], [date(2026, 2, 28), None]),
        ("json", [{"a": 1, "b": "å"}, None], ['{"a":1,"b":"å"}', None]),
        ("json", [[1, 2], [], None], ["[1,2]", "[]", None]),
    ],
)
def test_cells_get_their_declared_type(word, values, typed):
    got = cast(values, word).to_list()
    assert [str(v) if isinstance(v, Decimal) else v for v in got] == typed


@pytest.mark.parametrize(
    ("values", "typed"),
    [
        (["2026-03-01T12:00:00", None], [NOON, None]),
        (["2026-03-01 12:00:00"], [NOON]),
        (
            ["2026-03-01T12:00:00", "2026-03-01 12:00:00.5"],
            [NOON, NOON.replace(microsecond=500_000)],
        ),
        (["2026-03-01T12:00:00Z"], [NOON.replace(tzinfo=UTC)]),
        (
            ["2026-03-01T12:00:00Z", "2026-03-01T12:00:00.25+01:00", "2026-03-01 12:00:00-0230"],
            [
                NOON.replace(tzinfo=UTC),
                datetime(2026, 3, 1, 11, microsecond=250_000, tzinfo=UTC),
                datetime(2026, 3, 1, 14, 30, tzinfo=UTC),
            ],
        ),
    ],
)
def test_times_are_naive_or_utc(values, typed):
    assert cast(values, "timestamp").to_list() == typed


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("integer", 1.5),
        ("integer", "1.5"),
        ("integer", "x"),
        ("integer", 2**63),
        ("decimal", 1.005),
        ("decimal", "1.005"),
        ("decimal", "1e-7"),
        ("decimal", 1e-7),
        ("decimal", "1,50"),
        ("decimal", " 17"),
        ("decimal", ".5"),
        ("decimal", 1e20),
        ("decimal", 12345678901234.57),
        ("decimal", "9" * 40),
        ("decimal", True),
        ("number", "NaN"),
        ("number", "inf"),
        ("number", True),
        ("boolean", "yes"),
        ("boolean", 2),
        ("date", "28.02.2026"),
        ("date", "2026-02-30"),
        ("timestamp", "2026-03-01"),
        ("timestamp", "2026-03-01T24:00:00"),
        ("timestamp", "2026-02-30T10:00:00Z"),
        ("timestamp", 1772359200),
    ],
)
def test_what_does_not_fit_is_named_and_not_shown(word, value):
    with pytest.raises(
        BadCell, match=r"column c: no .* in 1 rows \(first: page 1, row 1\)"
    ) as caught:
        cast([value], word)
    assert str(value) not in str(caught.value)


def test_a_zone_in_some_cells_only_is_a_fault():
    with pytest.raises(BadCell, match="row 2"):
        cast(["2026-03-01T12:00:00Z", "2026-03-01T12:00:00"], "timestamp")
    with pytest.raises(BadCell, match="row 2"):
        cast(["2026-03-01T12:00:00", "2026-03-01T12:00:00Z"], "timestamp")


def test_a_fault_is_placed_by_page_and_row():
    fault = locate([("n", "integer", 2, 4), ("d", "date", 1, 2)], [7, 8, 12], [2, 1, 3])
    assert fault.faults == [("n", "integer", 2, 12, 2), ("d", "date", 1, 8, 1)]
    assert "column n: no integer in 2 rows (first: page 12, row 2)" in str(fault)


@pytest.mark.parametrize("word", ["string", "decimal(19)", "decimal()", "Text", ""])
def test_an_unknown_type_is_refused_with_the_words_allowed(word):
    with pytest.raises(ValueError, match=r"column x: type .* is none of text, integer"):
        read_types({"x": word})


@given(st.lists(st.integers(-(10**14), 10**14), min_size=1, max_size=50))
def test_amounts_come_through_json_to_the_cent(cents):
    as_floats = [c / 100 for c in cents]
    got = cast(as_floats, "decimal", pl.Float64)
    assert [int(d * 100) for d in got] == cents


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_is_exact_or_refused(value):
    try:
        got = cast([value], "decimal(6)", pl.Float64)[0]
    except BadCell:
        return
    assert float(got) == value


def test_a_large_number_needs_no_decimals_to_be_exact():
    got = cast([1234567890123.25, 123456789012345.0, 0.000001], "decimal(6)", pl.Float64)
    assert [str(d) for d in got] == ["1234567890123.250000", "123456789012345.000000", "0.000001"]
