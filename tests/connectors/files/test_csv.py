import csv
import io
import re
from dataclasses import replace

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files import Limits, SourceError, delimited, read, read_dialect

PIECES = st.sampled_from(
    ["a", "é", "🙂", '"', ",", ";", "\t", "|", "\n", "\r\n", " ", "0", "'"]
)  # fmt: skip
PLAIN = st.lists(st.sampled_from(["a", "é", '"', ";", " ", "0", "'"]), max_size=6).map("".join)
TEXT = st.lists(PIECES, max_size=6).map("".join)
NAMES = "a b c"


def render(rows, *, end, quoting, last_end, delimiter, quote):
    """CSV text of rows, and the line on which each starts."""
    out, starts, line = io.StringIO(), [], 2
    writer = csv.writer(
        out, lineterminator=end, quoting=quoting, delimiter=delimiter, quotechar=quote
    )
    writer.writerow(["a", "b", "c"])
    for row in rows:
        before = out.tell()
        writer.writerow(["" if value is None else value for value in row])
        starts.append(line)
        out.seek(before)
        line += out.read().count("\n")
    text = out.getvalue()
    return (text if last_end else text.removesuffix(end)), starts


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.tuples(*[st.none() | TEXT] * 3), max_size=12),
    style=st.fixed_dictionaries(
        {
            "end": st.sampled_from(["\n", "\r\n"]),
            "quoting": st.sampled_from([csv.QUOTE_MINIMAL, csv.QUOTE_ALL]),
            "last_end": st.booleans(),
            "delimiter": st.sampled_from([",", ";", "\t", "|"]),
            "quote": st.sampled_from(['"', "'"]),
        }
    ),
    block=st.integers(1, 60),
)
def test_rows_come_back_as_they_were_written(desk, rows, style, block):
    text, starts = render(rows, **style)
    want = [
        (start, *(value or None for value in row)) for start, row in zip(starts, rows, strict=True)
    ]
    options = {name: style[name] for name in ("delimiter", "quote")}
    assert desk.rows(text, "csv", NAMES, block=block, **options) == want
    assert desk.rows(text, "csv", NAMES, **options) == want
    text = f'"Report\n\n{text}T;{len(rows)}\n'
    if not style["last_end"]:
        text = text.replace("T;", style["end"] + "T;")
    options |= {"skip_lines": 2, "trailer": "T;{rows}"}
    assert desk.rows(text, "csv", NAMES, block=block, **options) == [
        (row[0] + 2, *row[1:]) for row in want
    ]


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(st.tuples(*[st.none() | PLAIN] * 2, PLAIN.filter(bool)), max_size=12),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    block=st.integers(1, 60),
)
def test_rows_without_quotes_and_without_header_come_back(desk, rows, end, block):
    text = "".join(",".join(value or "" for value in row) + end for row in rows)
    want = [(n, *(value or None for value in row)) for n, row in enumerate(rows, 1)]
    options = {"quote": None, "header": ("a", "b", "c")}
    if text:
        assert desk.rows(text, "csv", NAMES, block=block, **options) == want


def test_text_is_left_as_it_is(desk):
    rows = desk.rows("a,b,c\n007, 1.50 ,true\nnull,NA,-\n", "csv", NAMES)
    assert rows == [(2, "007", " 1.50 ", "true"), (3, "null", "NA", "-")]


def test_all_columns_of_the_header_come_in_its_order(desk):
    (frame,) = desk.frames("x,b,a\n1,2,3\n", "csv", "a b")
    assert frame.columns == ["_row", "x", "b", "a"]


@pytest.mark.parametrize("first", ["sep=;\n", '"sep=;"\r\n', "SEP=;\n"])
@pytest.mark.parametrize("options", [{}, {"delimiter": ";"}, {"skip_lines": 1}])
def test_a_first_line_that_tells_the_delimiter(desk, first, options):
    assert desk.rows(f"{first}a;b\n1;2\n", "csv", "a b", **options) == [(3, "1", "2")]
    with pytest.raises(SourceError, match=r"line 1 says that ';' stands between .*, the feed '\|'"):
        desk.rows(f"{first}a;b\n1;2\n", "csv", "a b", delimiter="|")


def test_what_only_looks_like_such_a_line(desk):
    assert desk.rows("sep=;x\n1\n", "csv", "sep=;x") == [(2, "1")]
    assert desk.rows("sep=\t\na\tb\n1\t2\n", "csv", "a") == [(3, "1", "2")]


@pytest.mark.parametrize("block", [0, 2])
def test_lines_before_the_header(desk, block):
    text = 'Report "of\n\nToday\na,b\n1,2\n'
    assert desk.rows(text, "csv", "a b", skip_lines=3, block=block) == [(5, "1", "2")]
    with pytest.raises(SourceError, match="the file ends within the 9 lines before its rows"):
        desk.rows(text, "csv", "a b", skip_lines=9, block=block)


@pytest.mark.parametrize("block", [0, 2])
def test_a_file_without_a_header(desk, block):
    options = {"header": ("a", "b"), "block": block}
    assert desk.rows("1,2\r\n3,4", "csv", "b", **options) == [(1, "1", "2"), (2, "3", "4")]
    rows = desk.rows("x,x\n1,2\n", "csv", "b", skip_lines=1, **options)
    assert rows == [(2, "1", "2")]
    with pytest.raises(SourceError, match="`header` of the feed lacks 'c'; it has 'a', 'b'"):
        desk.rows("1,2\n", "csv", "c", **options)
    dialect = read_dialect(desk.source("1,2\r\n", "csv", "a", header=("a", "b")))
    assert (dialect.columns, dialect.line_end) == (("a", "b"), "\r\n")


def test_columns_without_a_name_get_one(desk):
    (frame,) = desk.frames("a,, ,\n1,2,3,\n", "csv", "a")
    assert frame.columns == ["_row", "a", "column_2", "column_3", "column_4"]
    asked = replace(desk.source("a, \n1,2\n", "csv", "a"), columns=(" ",))
    assert [frame.columns for frame in read(asked)] == [["_row", "a", " "]]
    with pytest.raises(SourceError, match="lacks 'column_2'; it has 'a', ''"):
        desk.rows("a,\n1,2\n", "csv", "column_2")
    with pytest.raises(SourceError, match="names 'column_2' twice"):
        desk.rows("column_2,\n1,2\n", "csv", "column_2")


@pytest.mark.parametrize("block", [0, 5])
def test_lines_that_end_with_a_carriage_return_alone(desk, block):
    rows = desk.rows('a,b\r1,"2\r3"\r\r4,5', "csv", "a b", block=block)
    assert rows == [(2, "1", "2\n3"), (5, "4", "5")]
    rows = desk.rows("a,b\r" + "1,2\r" * 50_000 + "T;5\r", "csv", "a", trailer="T;{rows}")
    assert rows[-1] == (50_001, "1", "2")


@pytest.mark.parametrize("block", [0, 4, 9])
def test_a_row_with_a_nul_byte_is_a_fault(desk, block):
    rows = desk.rows("a,b\n1,2\n3,\0\n5,6\n", "csv", "a b", block=block)
    assert rows == [
        (2, "1", "2", None), (3, None, None, "the row holds a NUL byte: 3,\ufffd"),
        (4, "5", "6", None),
    ]  # fmt: skip


@pytest.mark.parametrize("most", [131_072, 10])
@pytest.mark.parametrize("block", [0, 64])
def test_a_field_that_is_too_long_is_a_fault_of_its_row(desk, most, block):
    limits = Limits(field_chars=most)
    long, just = "x" * (most + 1), "y" * most
    text = f'a,b\n1,2\n{long},2\n"{long}",3\n{just},"{just}"\n'
    rows = desk.rows(text, "csv", "a b", block=block, limits=limits)
    assert [row[:3] for row in rows] == [
        (2, "1", "2"), (3, None, None), (4, None, None), (5, just, just)
    ]  # fmt: skip
    assert all(f"longer than {most:,} characters (limits.field_chars)" in r[3] for r in rows[1:3])
    assert rows[0][3] is rows[3][3] is None
    with pytest.raises(SourceError, match=r"line 2 is not closed|line 2 is never closed"):
        desk.rows(f'a,b\n"{"x" * 131_073},2\n3,4\n', "csv", "a b", block=block)


def test_a_line_of_30_mb(desk):
    text = "a,b\n1,2\n" + "x" * (30 << 20) + ",2\n3,4\n"
    rows = desk.rows(text, "csv", "a b")
    assert [row[:3] for row in rows] == [(2, "1", "2"), (3, None, None), (4, "3", "4")]


def test_a_record_that_is_too_long_is_a_fault(desk):
    limits = Limits(record_bytes=20)
    rows = desk.rows("a,b\n1,2\n123456789,éé3456789\n", "csv", "a b", limits=limits)
    assert "longer than 20 bytes" in rows[1][3]


@pytest.mark.parametrize("block", [0, 1, 6, 13])
@pytest.mark.parametrize("tail", ["", "\n", "\r\n\r\n"])
def test_what_the_last_line_says(desk, block, tail):
    text = "a,b\n1,2\n3,4\nT;x;2; 12,50 kr" + tail
    source = desk.source(text, "csv", "a b", trailer="T;{skip};{rows};{amount} kr")
    told = {}
    rows = [row for frame in read(source, told=told, _block=block) for row in frame.rows()]
    assert rows == [(2, "1", "2"), (3, "3", "4")]
    assert told == {"rows": ["2"], "amount": ["12,50"]}


@pytest.mark.parametrize("block", [0, 6])
@pytest.mark.parametrize("text", ["a,b\n1,2\n3,4\n", "a,b\n", "a,b\nT;1\n3,4", "a,b\nT;1x\ny"])
def test_a_file_without_its_last_line_is_cut_off(desk, text, block):
    with pytest.raises(SourceError, match=r"is not the trailer 'T;\{rows\}'; ask for the whole"):
        desk.rows(text, "csv", "a b", trailer="T;{rows}", block=block)


def test_a_quote_that_is_open_at_the_last_line(desk):
    with pytest.raises(SourceError, match="line 3 is never closed"):
        desk.rows('a,b\n1,2\n3,"4\nT;2\n', "csv", "a b", trailer="T;{rows}")


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
        ("a,b,b\n1,2,3\n", "or name all by `header` and set `skip_lines: 1`"),
        ("a,_row\n1,2\n", "names '_row'"),
        ("b;a;c\n1;2;3\n", "the columns are there if the delimiter is ';'"),
        ('"b"|"a"\n', r"the delimiter is '\|'"),
        (b"b\xe9,a\n1,2\n", "line 1 holds a byte that is not UTF-8; say source.encoding"),
        (b"\x7fELF\x02\0\0\n\0\n", "line 1 holds NUL bytes, so this is no text"),
        ("b\r,a\n1,2\n", "a carriage return stands within the header"),
        ("+4791234567,kari@example.com,x\n", "lacks 'a'; it has …, …, …"),
        ("\na\n1\n", "lacks 'a'; it has nothing"),
        ('"a,b\n1,2\n', "not closed"),
    ],
)
def test_a_bad_header_stops_the_file(desk, text, words):
    with pytest.raises(SourceError, match=words):
        desk.rows(text, "csv", "a")


@pytest.mark.parametrize("block", [0, 6])
def test_a_byte_that_is_not_utf8_makes_its_row_a_fault(desk, block):
    rows = desk.rows(b"a,b\n\xc3\xa9,2\n1,2\xe9\n3,4\n", "csv", "a b", block=block)
    assert [row[:3] for row in rows] == [(2, "é", "2"), (3, None, None), (4, "3", "4")]
    assert "not UTF-8" in rows[1][3]


@settings(max_examples=120, deadline=None)
@given(block=st.text(st.sampled_from('",a\n\r'), max_size=16).map(str.encode))
def test_quotes_are_judged_as_the_plain_pattern_judges_them(block):
    field = rb'"[^"]*(?:""[^"]*)*"'
    plain = rb'(?:[^"]*(?<![^,\n])' + field + rb'(?=[,\r\n]))*[^"]*'
    wanted = re.fullmatch(plain, block) is not None
    assert (delimited._quotes(",", '"').fullmatch(block) is not None) == wanted
