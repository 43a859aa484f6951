"""Columns to wire names, and the stream of rows cut where no receipt is torn."""

import re

import polars as pl
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from transforms.cutting import rows_together
from transforms.mapping import (
    NOWHERE,
    Chosen,
    Constant,
    Filled,
    FirstOf,
    FromColumn,
    Joined,
    Looked,
    Made,
    Part,
    map_columns,
)
from transforms.receipts import Shape, read_lines


def test_columns_get_wire_names_in_the_order_of_the_mapping():
    rows = pl.DataFrame({"a": ["1", "", None], "b": ["x", " ", "y"]})
    mapped = map_columns(
        rows, {"B": FromColumn("b"), "C": Constant("NOK"), "A": FromColumn("a"), "D": Constant("")}
    )
    assert mapped.columns == ["B", "C", "A", "D"]
    assert set(mapped.dtypes) == {pl.String}
    assert mapped.rows() == [
        ("x", "NOK", "1", None),
        (" ", "NOK", None, None),
        ("y", "NOK", None, None),
    ]


def test_one_column_may_be_mapped_twice():
    rows = pl.DataFrame({"a": ["1"]})
    assert map_columns(rows, {"A": FromColumn("a"), "B": FromColumn("a")}).rows() == [("1", "1")]


def one(values, *rows, clear=None):
    """Map rows of the columns a and b to one field; give it."""
    frame = pl.DataFrame(rows, {"a": pl.String, "b": pl.String}, orient="row")
    mapped = map_columns(frame, {"X": values}, clear)
    assert mapped["X"].dtype == pl.String
    return mapped["X"].to_list()


def bare(text):
    """Take away the blanks around a text: what Unicode calls white space, and nothing else."""
    return re.sub(r"^[^\S\x1c-\x1f]+|[^\S\x1c-\x1f]+$", "", text)


TWO = [("1", "2"), ("", "2"), ("1", None), (None, ""), (" ", "2")]


def test_the_first_that_has_a_value():
    assert one(FirstOf(("a", "b")), *TWO) == ["1", "2", "1", None, "2"]


def test_joined_without_those_that_have_no_value():
    assert one(Joined(("a", "b"), "-"), *TWO) == ["1-2", "2", "1", None, "2"]


@pytest.mark.parametrize(
    ("at", "number", "expected"),
    [
        (" ", 1, ["Kari", "Kari", "Ola", None, None, "a;b"]),
        (" ", 2, ["Anne", None, "Nordmann", None, None, None]),
        (" ", -1, ["Nordmann", "Kari", "Nordmann", None, None, "a;b"]),
        (";", 2, [None, None, None, None, None, "b"]),
        (";", -3, [None] * 6),
    ],
)
def test_a_part_of_a_text(at, number, expected):
    texts = ["Kari Anne  Nordmann ", "Kari", "Ola Nordmann", "", None, "a;b"]
    assert one(Part("a", at, number), *((text, "") for text in texts)) == expected


def test_parts_may_be_empty_and_lose_the_blanks_around_them():
    rows = [("a; b ;c", ""), ("a;;c", "")]
    assert one(Part("a", ";", 2), *rows) == ["b", None]


def test_what_a_pattern_takes():
    rows = [("Gata 1, 0553 Oslo", ""), ("Gata 1", ""), (None, "")]
    assert one(Looked("a", "([0-9]{4})"), *rows) == ["0553", None, None]


TABLE = {"K": "Female", "M": "Male", "X": None, "": "never"}


@pytest.mark.parametrize(
    ("otherwise", "other"),
    [("reject", "Q"), ("keep", "Q"), (Constant(""), None), (Constant("?"), "?")],
)
def test_what_a_table_has(otherwise, other):
    rows = pl.DataFrame({"a": ["K", "M", "X", "Q", "", None]})
    mapped = map_columns(rows, {"X": Looked("a", None, TABLE, otherwise)})
    assert mapped["X"].to_list() == ["Female", "Male", None, other, None, None]
    if otherwise == "reject":
        assert mapped["missed.X"].to_list() == [False] * 3 + [True] + [False] * 2
    else:
        assert mapped.columns == ["X"]


@settings(max_examples=30, deadline=None)
@given(
    st.dictionaries(
        st.text(min_size=1, max_size=3),
        st.none() | st.text(max_size=3).filter(lambda text: text != NOWHERE),
        min_size=1,
    ),
    st.lists(st.none() | st.text(max_size=3), min_size=1, max_size=8),
)
@example({"0": ""}, ["0", "\0"])
def test_a_table_is_a_dictionary(table, texts):
    texts = [*texts, *(f" {text}\t" for text in table)]
    mapped = map_columns(pl.DataFrame({"a": texts}), {"X": Looked("a", None, table)})
    table = {bare(key): value for key, value in table.items()}
    bared = [t and bare(t) for t in texts]
    assert mapped["X"].to_list() == [table.get(t, t) or None if t else None for t in bared]
    assert mapped["missed.X"].to_list() == [bool(t) and t not in table for t in bared]


def test_a_template_needs_all_its_parts():
    filled = Filled((FromColumn("a"), Constant("@"), FromColumn("b"), Constant("")))
    assert one(Filled(filled.parts[:3]), *TWO) == ["1@2", None, None, None, None]


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(st.text(max_size=3), st.text(max_size=3)), min_size=1, max_size=5))
def test_a_template_is_what_python_makes_of_it(rows):
    filled = Filled((Constant("<"), FromColumn("b"), Constant("|"), FromColumn("a")))
    bared = [(bare(a or ""), bare(b or "")) for a, b in rows]
    assert one(filled, *rows) == [f"<{b}|{a}" if a and b else None for a, b in bared]


@pytest.mark.parametrize(
    ("asks", "words", "yes"),
    [
        ("is", ("J", "Ja"), [True, True, False, False, False]),
        ("is_not", ("J", "Ja"), [False, False, True, True, True]),
        ("matches", ("^J",), [True, True, False, False, False]),
        ("empty", (), [False, False, False, True, True]),
        ("filled", (), [True, True, True, False, False]),
    ],
)
def test_one_value_or_another(asks, words, yes):
    rows = [("J", "b"), ("Ja", ""), ("N", "b"), ("", "b"), (None, "b")]
    chosen = Chosen("a", asks, words, Constant("yes"), FromColumn("b"))
    expected = ["yes" if y else b or None for y, (_, b) in zip(yes, rows, strict=True)]
    assert one(chosen, *rows) == expected


def test_a_function_gets_null_where_there_is_no_value():
    seen = []

    def add(series):
        seen.extend(s.to_list() for s in series)
        return series[0] + series[1]

    assert one(Made(add, ("a", "b")), *TWO) == ["12", None, None, None, None]
    assert seen == [["1", None, "1", None, None], ["2", "2", None, None, "2"]]


def test_a_text_clears_a_field_and_is_nothing_inside_others():
    rows = pl.DataFrame({"a": ["#N/A", "1", "", "x"], "b": ["2", "#N/A", "", "#N/A"]})
    mapping = {
        "plain": FromColumn("a"),
        "first": FirstOf(("a", "b")),
        "joined": Joined(("a", "b"), "-"),
        "filled": Filled((FromColumn("a"), FromColumn("b"))),
        "looked": Looked("a", None, {"1": "one"}),
        "never": Constant("c"),
    }
    mapped = map_columns(rows, mapping, "#N/A")
    assert mapped.select(*mapping).rows() == [
        (None, None, "2", None, None, "c"),
        ("1", "1", "1", None, "one", "c"),
        (None, None, None, None, None, "c"),
        ("x", "x", "x", None, "x", "c"),
    ]
    marks = {c: mapped[c].to_list() for c in mapped.columns if c not in mapping}
    assert marks == {
        "missed.looked": [False, False, False, True],
        **{f"cleared.{name}": [True, *[False] * 3] for name in ("plain", "first", "looked")},
    }


def cut(keys, sizes):
    """Cut rows of `(store, receipt)` into frames of the given sizes, and the rest into one."""
    rows = pl.DataFrame(
        [(n, *key) for n, key in enumerate(keys)],
        schema={"_row": pl.Int64, "s": pl.String, "r": pl.String},
        orient="row",
    )
    frames, start = [], 0
    for size in sizes:
        frames.append(rows.slice(start, size))
        start += size
    return [*frames, rows.slice(start)]


PART = st.sampled_from(["1", "2", "", None])
KEYS = st.lists(st.tuples(PART, PART), max_size=14) | st.lists(
    st.tuples(st.sampled_from("12"), st.sampled_from("12")), max_size=14
)
SIZES = st.lists(st.integers(0, 5), max_size=8)
SHAPE = Shape(
    {
        "Header.StoreId": FromColumn("s"),
        "Header.ReceiptId": FromColumn("r"),
        "Items.LineNo": Constant("1"),
        "Items.Quantity": Constant("1"),
        "Items.GrossAmount": Constant("1"),
        "Items.Vat": Constant("0"),
    },
    nested=False,
    key=("Header.StoreId", "Header.ReceiptId"),
)


def judge(frame):
    """Give each receipt's rows, and whether it may lack a line."""
    lines = read_lines(frame, SHAPE).with_columns(frame["_row"])
    grouped = lines.group_by("receipt", maintain_order=True)
    return grouped.agg("_row", pl.col("beside_unknown").any()).select("_row", "beside_unknown")


@settings(max_examples=60, deadline=None)
@given(KEYS, SIZES)
def test_where_frames_are_cut_does_not_matter(keys, sizes):
    frames = list(rows_together(cut(keys, sizes), ["s", "r"]))
    assert all(frame.height for frame in frames)
    assert [row for frame in frames for row in frame["_row"]] == list(range(len(keys)))
    receipts = [row for frame in frames for row in judge(frame).rows()]
    (whole,) = cut(keys, [])
    assert receipts == (judge(whole).rows() if keys else [])


@settings(max_examples=30, deadline=None)
@given(KEYS)
def test_a_receipt_is_tainted_by_a_neighbour_without_a_whole_key(keys):
    (whole,) = cut(keys, [])
    lines = read_lines(whole, SHAPE)
    known = [bool(store and receipt) for store, receipt in keys]
    expected = [own and not (all(known[max(n - 1, 0) : n + 2])) for n, own in enumerate(known)]
    assert lines["beside_unknown"].to_list() == expected


def test_a_row_without_a_receipt_stays_beside_both_neighbours():
    keys = [("1", "1"), ("1", None), ("1", "2"), ("1", "2"), ("1", "3")]
    frames = rows_together(cut(keys, [3]), ["s", "r"])
    assert [f["_row"].to_list() for f in frames] == [[0, 1, 2, 3], [4]]


def test_a_text_may_stand_for_no_receipt():
    keys = [("1", "1"), ("1", "-"), ("1", "2"), ("1", "2"), ("1", "3")]
    frames = rows_together(cut(keys, [3]), ["s", "r"], clear="-")
    assert [f["_row"].to_list() for f in frames] == [[0, 1, 2, 3], [4]]


def test_rows_without_any_receipt_do_not_pile_up():
    keys = [("1", None)] * 1000
    frames = list(rows_together(cut(keys, [100] * 9), ["s", "r"]))
    assert max(frame.height for frame in frames) <= 101


def test_a_frame_may_have_a_column_of_faults():
    good, bad = cut([("1", "1"), ("1", "1")], [1])
    bad = bad.with_columns(_fault=pl.lit("torn"))
    (frame,) = rows_together([good, bad], ["s", "r"])
    assert frame["_fault"].to_list() == [None, "torn"]


@pytest.mark.parametrize("frames", [[], [pl.DataFrame(schema={"s": pl.String, "r": pl.String})]])
def test_nothing_comes_of_nothing(frames):
    assert list(rows_together(frames, ["s", "r"])) == []
