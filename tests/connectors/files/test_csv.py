import csv
import io

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files import SourceError

PIECES = st.sampled_from(["a", "é", "🙂", '"', ",", "\n", "\r\n", " ", "0", "'"])
TEXT = st.lists(PIECES, max_size=6).map("".join)
NAMES = "a b c"


def render(rows, *, end, quoting, last_end):
    """CSV text of rows, and the line on which each starts."""
    out, starts, line = io.StringIO(), [], 2
    writer = csv.writer(out, lineterminator=end, quoting=quoting)
    writer.writerow(["a", "b", "c"])
    for row in rows:
        before = out.tell()
        writer.writerow(["" if value is None else value for value in row])
        starts.append(line)
        out.seek(before)
        line += out.read().count("\n")
    text = out.getvalue()
    return (text if last_end else text.removesuffix(end)), starts


@settings(max_examples=100, deadline=None)
@given(
    rows=st.lists(st.tuples(*[st.none() | TEXT] * 3), max_size=12),
    style=st.fixed_dictionaries(
        {
            "end": st.sampled_from(["\n", "\r\n"]),
            "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
            "last_end": st.booleans(),
        }
    ),
    block=st.integers(1, 60),
)
def test_rows_come_back_as_they_were_written(desk, rows, style, block):
    text, starts = render(rows, **style)
    want = [
        (start, *(value or None for value in row)) for start, row in zip(starts, rows, strict=True)
    ]
    assert desk.rows(text, "csv", NAMES, block=block) == want
    assert desk.rows(text, "csv", NAMES) == want


def test_text_is_left_as_it_is(desk):
    rows = desk.rows("a,b,c\n007, 1.50 ,true\nnull,NA,-\n", "csv", NAMES)
    assert rows == [(2, "007", " 1.50 ", "true"), (3, "null", "NA", "-")]


def test_all_columns_of_the_header_come_in_its_order(desk):
    (frame,) = desk.frames("x,b,a\n1,2,3\n", "csv", "a b")
    assert frame.columns == ["_row", "x", "b", "a"]


def test_another_delimiter(desk):
    assert desk.rows("a;b\n1,5;2\n", "csv", "a b", delimiter=";") == [(2, "1,5", "2")]


def test_byte_order_mark_is_stripped(desk):
    assert desk.rows(b"\xef\xbb\xbfa,b\n1,2\n", "csv", "a b") == [(2, "1", "2")]


def test_blank_lines_are_skipped_and_counted(desk):
    rows = desk.rows("a,b,c\n1,2,3\n\n\r\n4,5,6\n\n", "csv", NAMES)
    assert rows == [(2, "1", "2", "3"), (5, "4", "5", "6")]
    assert desk.rows("a\n1\n\n2\n", "csv", "a") == [(2, "1"), (4, "2")]


@pytest.mark.parametrize("block", [0, 3, 4, 12])
def test_byte_order_mark_inside_the_file_belongs_to_its_value(desk, block):
    text = "\ufeffa,b\n\ufeff1,2\n\ufeff3,4\n"
    assert desk.rows(text, "csv", "a b", block=block) == [
        (2, "\ufeff1", "2"), (3, "\ufeff3", "4")
    ]  # fmt: skip


@pytest.mark.parametrize("block", [0, 7])
def test_rows_with_too_many_or_too_few_fields_are_faults(desk, block):
    text = "a,b,c\n1,2\n1,2,3\n1,2,3,4\n1,2,\n1,2,3,\n,,\n1\n"
    assert desk.rows(text, "csv", NAMES, block=block) == [
        (2, None, None, None, "expected 3 fields, found 2: 1,2"),
        (3, "1", "2", "3", None),
        (4, None, None, None, "expected 3 fields, found 4: 1,2,3,4"),
        (5, "1", "2", None, None),
        (6, None, None, None, "expected 3 fields, found 4: 1,2,3,"),
        (7, None, None, None, None),
        (8, None, None, None, "expected 3 fields, found 1: 1"),
    ]


def test_a_short_row_is_found_among_quoted_delimiters(desk):
    # As many delimiters as three good rows have.
    text = 'a,b\n",",\n"x"\n1,2\n'
    assert desk.rows(text, "csv", "a b") == [
        (2, ",", None, None),
        (3, None, None, 'expected 2 fields, found 1: "x"'),
        (4, "1", "2", None),
    ]


def test_a_good_file_has_no_fault_column_and_a_bad_chunk_has_it_last(desk):
    text = "a,b\n" + "1,2\n" * 10 + "1\n" + "1,2\n" * 10
    frames = desk.frames(text, "csv", "a b", rows_per_chunk=5, block=16)
    assert [frame.height for frame in frames] == [5, 5, 5, 5, 1]
    assert ["_fault" in frame.columns for frame in frames] == [False, False, True, False, False]
    assert frames[2].columns[-2:] == ["_fault", "_raw"]


@pytest.mark.parametrize("block", [0, 9])
def test_the_text_of_a_row_that_cannot_be_read_is_kept_as_it_stands(desk, block):
    long = "x" * 50_000
    text = f'a;b\r\n1;2\r\n "x\r\n  y"z; \r\n"1\n2";3;4\r\n{long}\r\n5;6\r\n'
    frames = desk.frames(text, "csv", "a b", delimiter=";", block=block)
    rows = pl.concat(frames, how="diagonal").filter(pl.col("_fault").is_not_null())
    assert rows.select("_row", "_raw").rows() == [
        (3, ' "x'), (5, '"1\n2";3;4'), (7, long[:32_000])
    ]  # fmt: skip
    assert len(rows["_fault"][2]) < 600


@pytest.mark.parametrize("block", [0, 5])
def test_a_stray_quote_is_an_ordinary_character(desk, block):
    text = 'a,b\n5" TV,1\n"x\ny",2\n6" TV,3\n'
    want = [(2, '5" TV', "1"), (3, "x\ny", "2"), (5, '6" TV', "3")]
    assert desk.rows(text, "csv", "a b", block=block) == want


def test_text_behind_a_closing_quote_is_a_fault_of_its_row_only(desk):
    rows = desk.rows('a,b\n"x" y,1\n2,3\n', "csv", "a b")
    assert rows == [
        (2, None, None, 'a closing quote is not followed by a delimiter: "x" y,1'),
        (3, "2", "3", None),
    ]


def test_a_carriage_return_in_a_row_is_a_fault(desk):
    rows = desk.rows('a,b\n1\r,2\n"1\r",2\n', "csv", "a b")
    assert rows == [
        (2, None, None, "a carriage return in an unquoted field: 1\r,2"),
        (3, "1\r", "2", None),
    ]


@pytest.mark.parametrize("block", [0, 9])
def test_an_unclosed_quote_is_named_by_its_line(desk, block):
    with pytest.raises(SourceError, match=r"line 3 is never closed; close the quote") as caught:
        desk.rows('a,b\n1,2\n3,"4\n5,6\n', "csv", "a b", block=block)
    assert caught.value.row == 3


def test_an_unclosed_quote_does_not_swallow_a_large_file(desk):
    with pytest.raises(SourceError, match="line 2 is not closed within 131,072 characters"):
        desk.rows('a,b\n1,"2\n' + "3,4\n" * 100_000, "csv", "a b", block=4096)


def test_a_header_with_line_ends_counts_its_lines(desk):
    assert desk.rows('"a\nx",b\n1,2\n', "csv", "b") == [(3, "1", "2")]


@pytest.mark.parametrize("text", ["a,b", "a,b\n", "a,b\r\n", "a,b\n\n"])
def test_a_header_alone_has_no_rows(desk, text):
    assert desk.frames(text, "csv", "a b") == []


def test_a_missing_column_is_named_with_those_there(desk):
    with pytest.raises(SourceError, match=r"lacks 'till', 'x'; it has 'store', 'a b'"):
        desk.rows("store,a b\n1,2\n", "csv", "store till x")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b,a\n1,2,3\n", "names 'a' twice"),
        ("a,_row\n1,2\n", "names '_row'"),
        ("\na\n1\n", "lacks 'a'; it has nothing"),
        ('"a,b\n1,2\n', "not closed"),
    ],
)
def test_a_bad_header_stops_the_file(desk, text, words):
    with pytest.raises(SourceError, match=words):
        desk.rows(text, "csv", "a")


@pytest.mark.parametrize("block", [0, 6])
def test_a_byte_that_is_not_utf8_is_named(desk, block):
    with pytest.raises(SourceError, match=r"byte 9 is not UTF-8 \(0xe9\)") as caught:
        desk.rows(b"a,b\n\xc3\xa91,2\xe9\n", "csv", "a b", block=block)
    assert caught.value.byte == 9
