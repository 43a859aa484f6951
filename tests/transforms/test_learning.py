import json
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from transforms.cells import ColumnType, cast, to_text
from transforms.learning import Learner, join, names_something

UNIT = st.one_of(
    st.lists(st.integers(-(2**62), 2**62) | st.none(), min_size=1, max_size=5),
    st.lists(st.floats(allow_nan=False, allow_infinity=False) | st.none(), min_size=1, max_size=5),
    st.lists(st.decimals(-1000, 1000, places=3).map(float), min_size=1, max_size=5),
    st.lists(st.booleans() | st.none(), min_size=1, max_size=5),
    st.lists(
        st.text(max_size=4)
        | st.sampled_from(["007", "12", "1.50", "true", "2026-03-01"])
        | st.datetimes().map(lambda t: t.isoformat())
        | st.datetimes(timezones=st.just(UTC)).map(lambda t: t.isoformat()),
        min_size=1,
        max_size=5,
    ),
    st.just([None, None]),
)


def learn(*units, name="c", **words):
    frames = [pl.DataFrame({name: unit}, strict=False) for unit in units]
    learner = Learner([frame.schema for frame in frames], {}, **words)
    for frame in frames:
        learner.look(frame)
    return learner.types()[name]


def canonical(value):
    """One text for each thing that a value may be, however it is written."""
    if isinstance(value, str):
        for read in (datetime.fromisoformat,):
            try:
                time = read(value)
            except ValueError:
                continue
            if "T" in value:
                return (time.astimezone(UTC) if time.tzinfo else time).isoformat()
        return value
    return json.dumps(value)


@settings(deadline=None)
@given(st.lists(UNIT, min_size=1, max_size=4))
@example([[9_007_199_254_740_993]])  # no float holds it
def test_nothing_is_lost_whatever_the_values_are(units):
    kind = learn(*units) or ColumnType("text")
    for unit in units:
        cells = pl.Series("c", unit, strict=False)
        typed, lost = cast(cells, kind)
        assert lost is None, kind
        for value, text, raw in zip(unit, to_text(typed), typed, strict=True):
            if value is None or (value == "" and kind.word != "text"):
                assert text is None
            elif isinstance(value, bool):
                assert text == json.dumps(value)
            elif isinstance(value, int):
                assert Decimal(text) == value
            elif isinstance(value, float):
                assert float(text) == value
                assert not isinstance(value, int) or int(float(text)) == int(float(value))
                assert not isinstance(value, int) or kind.word == "number" or str(value) in text
            elif kind.word == "text":
                assert text == value
            else:
                assert canonical(value) == canonical(text) or raw.isoformat() == value


@pytest.mark.parametrize(
    ("units", "type_"),
    [
        ([[1, None], [None], [2]], "integer"),
        ([[1], [2.5]], "decimal with at most 2 decimals"),
        ([[0.1234], [1]], "decimal with at most 4 decimals"),
        ([[0.1 + 0.2]], "number"),
        ([[1e300]], "number"),
        ([[1], ["x"]], "text"),
        ([[1], [True]], "text"),
        ([[10**15]], "text"),
        ([["007"], ["12"]], "text"),
        ([["1.5"]], "text"),
        ([["2026-03-01"], [""], ["2026-03-02"]], "date"),
        ([["2026-02-30"]], "text"),
        ([["2026-03-01"], ["2026-03-01T10:00:00"]], "text"),
        ([["2026-03-01T10:00:00.1234567"]], "text"),
        ([["2026-03-01T10:00:00.1234560Z"]], "timestamp"),
    ],
)
def test_types_are_learned(units, type_):
    assert str(learn(*units)) == type_


def test_of_nested_columns_one_value_tells_enough():
    frames = [
        pl.DataFrame({"o": [None, None]}),
        pl.DataFrame({"o": [{"x": 1}]}),
        pl.DataFrame({"o": [{"x": 1.5, "y": "a"}]}),
    ]
    learner = Learner([frame.schema for frame in frames], {}, {"o": "struct"})
    for frame, done in zip(frames, [False, True, True], strict=True):
        learner.look(frame)
        assert learner.is_done is done
    kind = learner.types()["o"]
    assert kind == ColumnType("nested", inner=pl.Struct({"x": pl.Float64, "y": pl.String}))
    mixed = [*frames, pl.DataFrame({"o": ["text"]})]
    learner = Learner([frame.schema for frame in mixed], {}, {"o": "struct"})
    for frame in mixed[:3]:
        learner.look(frame)
    assert not learner.is_done


def test_a_zone_is_learned_or_given():
    zoned, naive = ["2026-03-01T10:00:00+01:00"], ["2026-03-01 10:00:00"]
    assert learn(zoned).zoned is True
    assert learn(naive).zoned is False
    assert learn(zoned, naive).word == "text"
    assert learn(zoned, naive, zone="Europe/Oslo").zoned is True


@pytest.mark.parametrize(
    ("name", "naming"),
    [
        *[(n, True) for n in ("id", "customerId", "store_no", "mobilePhone", "zip", "zipCode")],
        *[(n, True) for n in ("cardNumber", "EAN", "address.postalCode", "IBAN", "phone1")],
        *[
            (n, False)
            for n in ("points", "lineNo", "paid", "video", "amount", "line_number", "grid")
        ],
    ],
)
def test_numbers_that_only_name_something_are_known_by_name(name, naming):
    assert names_something(name) is naming
    assert (str(learn([1, 2], name=name)) == "text") is naming


def test_what_holds_both():
    integer, text = ColumnType("integer"), ColumnType("text")
    assert join(integer, ColumnType("decimal", 2)) == ColumnType("decimal", 2)
    assert join(ColumnType("decimal", 4), ColumnType("number")) == ColumnType("number")
    assert join(integer, ColumnType("boolean")) == text
    utc, naive = (ColumnType("timestamp", zoned=zoned) for zoned in (True, False))
    assert join(utc, naive) == text
    one = ColumnType("nested", inner=pl.Struct({"a": pl.Int64}))
    other = ColumnType("nested", inner=pl.Struct({"b": pl.String, "a": pl.Float64}))
    both = pl.Struct({"a": pl.Float64, "b": pl.String})
    assert join(one, other) == ColumnType("nested", inner=both)
    assert join(one, integer) == ColumnType("json")
