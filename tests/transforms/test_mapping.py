"""Columns to wire names, and the stream of rows cut where no receipt is torn."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.mapping import Constant, FromColumn, map_columns, rows_together
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


@settings(max_examples=150, deadline=None)
@given(KEYS, SIZES)
def test_where_frames_are_cut_does_not_matter(keys, sizes):
    frames = list(rows_together(cut(keys, sizes), ["s", "r"]))
    assert all(frame.height for frame in frames)
    assert [row for frame in frames for row in frame["_row"]] == list(range(len(keys)))
    receipts = [row for frame in frames for row in judge(frame).rows()]
    (whole,) = cut(keys, [])
    assert receipts == (judge(whole).rows() if keys else [])


@settings(max_examples=60, deadline=None)
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
