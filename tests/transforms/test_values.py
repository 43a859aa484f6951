"""Values of a source's own style, read; what does not parse stays and is marked."""

import datetime as dt

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.truths import GENDERS, NO, YES
from transforms.values import Field, Style, read_some, read_values
from validators.fields import Field as Ruled
from validators.rules import faulty, field_rules

TODAY = dt.date(2024, 6, 1)


def read(texts, kind, **words):
    field = Field("a", kind, Style(**words))
    return read_values(pl.DataFrame({"a": texts}, {"a": pl.String}), [field], TODAY, "Europe/Oslo")


def test_what_does_not_parse_stays_and_is_marked():
    frame = read(["1,5", "1.5", "", "  ", None, "x"], "number", decimal=",")
    assert frame["a"].to_list() == ["1.5", "1.5", None, None, None, "x"]
    assert frame["unread.a"].to_list() == [False, True, False, False, False, True]


@pytest.mark.parametrize("kind", ["number", "integer", "date", "time", "boolean", "gender"])
def test_the_usual_style_leaves_no_marks(kind):
    assert read(["x"], kind).rows() == [("x",)]


@settings(max_examples=45, deadline=None)
@given(
    st.sampled_from(["number", "integer", "date", "boolean"]),
    st.lists(st.text("0123456789-.:TtrueFalse \u2212+", max_size=12), min_size=1, max_size=8)
    | st.lists(st.dates().map(str) | st.integers().map(str) | st.decimals().map(str), min_size=1),
)
def test_reading_the_usual_style_leaves_alone_what_the_rules_let_pass(kind, texts):
    frame = pl.DataFrame({"a": texts})
    good = ~faulty(frame, field_rules(Ruled("a", kind)))
    after = read(texts, kind)["a"]
    if kind == "boolean":
        frame = frame.with_columns(
            pl.col("a").str.to_lowercase().replace({"1": "true", "0": "false"})
        )
    assert after.filter(good).equals(frame["a"].filter(good), check_names=False)


@pytest.mark.parametrize("words", [YES, NO])
def test_words_for_true_and_false_in_any_case(words):
    expected = "true" if words is YES else "false"
    texts = [form for w in words for form in (w, w.upper(), f" {w.title()}")]
    assert set(read(texts, "boolean")["a"]) == {expected}


def test_words_of_the_feed_win():
    frame = read(["1", "0", "X", "ja", "y"], "boolean", true=("0", "x"), false=("1",))
    assert frame["a"].to_list() == ["false", "true", "true", "true", "true"]


def test_words_for_woman_and_man():
    frame = read([*GENDERS, "D", "H", "Annet"], "gender")
    assert frame["a"].to_list() == [*GENDERS.values(), "D", "H", "Annet"]


def test_only_the_rows_asked_for_are_read():
    frame = pl.DataFrame({"a": ["12-", "13-", "5"]})
    some = pl.Series([True, False, True])
    changed = read_some(frame, some, [Field("a", "number")], TODAY, "UTC")
    assert changed is not None
    assert changed["a"].to_list() == ["-12", "13-", "5"]
    assert frame["a"].to_list() == ["12-", "13-", "5"]
    none = read_some(frame, pl.Series([False, False, True]), [Field("a", "number")], TODAY, "UTC")
    assert none is None


def test_a_birth_date_never_lies_in_the_future():
    style = Style(date="%d.%m.%y")
    fields = [Field("a", "date", style, born=True), Field("b", "date", style)]
    frame = pl.DataFrame({"a": ["01.07.24", "01.06.24"], "b": ["01.07.24", "01.01.30"]})
    read = read_values(frame, fields, TODAY, "UTC").select("a", "b")
    assert read.rows() == [("1924-07-01", "2024-07-01"), ("2024-06-01", "2030-01-01")]
