import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files import Limits, SourceError, read

FIELDS = {"id": (1, 4), "name": (5, 6), "zip": (12, 4)}
OPTIONS = {"fields": FIELDS}
NAMES = "id name zip"


def test_values_stand_at_their_places(desk):
    text = "0001Kåre  -0150\r\n\n0002 Åse🙂  5003   \n   3      x\n"
    assert desk.rows(text, "fixed", NAMES, **OPTIONS) == [
        (1, "0001", "Kåre", "0150"),
        (3, "0002", "Åse🙂", "5003"),
        (4, "3", None, None),
    ]
    (frame,) = desk.frames(text, "fixed", "zip id", **OPTIONS)
    assert frame.columns == ["_row", "zip", "id"]


CELL = st.text(st.sampled_from("aæ🙂0\"',; "), max_size=4).map(str.strip)


@settings(max_examples=30, deadline=None)
@given(
    rows=st.lists(st.tuples(CELL.filter(bool), CELL, CELL), min_size=1, max_size=10),
    end=st.sampled_from(["\n", "\r\n", "\r"]),
    cut=st.booleans(),
    last_end=st.booleans(),
    block=st.integers(1, 40),
)
def test_rows_come_back_as_they_were_written(desk, rows, *, end, cut, last_end, block):
    lines = [f"{a:4}{b:>5}{c:5}" for a, b, c in rows]
    text = end.join(f"{line[:9]}{line[9:].rstrip()}" if cut else line for line in lines)
    fields = {"a": (1, 4), "b": (5, 5), "c": (10, 5)}
    want = [(n, *(value or None for value in row)) for n, row in enumerate(rows, 1)]
    text += end if last_end else ""
    assert desk.rows(text, "fixed", "a b c", fields=fields, block=block) == want
    text = f"Report\n{text}{'' if last_end else end}T;x  \n"
    options = {"skip_lines": 1, "trailer": "T;{rows}", "fields": fields, "block": block}
    if end != "\r":
        assert [row[1:] for row in desk.rows(text, "fixed", "a b c", **options)] == [
            row[1:] for row in want
        ]


@pytest.mark.parametrize("block", [0, 9])
def test_lines_of_another_length_are_faults(desk, block):
    behind = "the line goes on behind its last field, character 15"
    text = "0001Kari   0150\n0002Ola\n0003Per    \n0004Anne   0150x\n0005\0      0150\n"
    assert desk.rows(text, "fixed", NAMES, block=block, **OPTIONS) == [
        (1, "0001", "Kari", "0150", None),
        (2, None, None, None, "the line has 7 characters, its fields need 10: 0002Ola"),
        (3, "0003", "Per", None, None),
        (4, None, None, None, f"{behind}: 0004Anne   0150x"),
        (5, None, None, None, "the row holds a NUL byte: 0005\ufffd      0150"),
    ]  # fmt: skip


def test_what_the_last_line_says(desk):
    source = desk.source(
        "0001Kari   0150\n99 0001\n\n", "fixed", NAMES, trailer="99 {rows}", **OPTIONS
    )
    told = {}
    assert [frame.rows() for frame in read(source, told=told)] == [[(1, "0001", "Kari", "0150")]]
    assert told == {"rows": ["0001"]}
    with pytest.raises(SourceError, match=r"the last line \(line 1\) is not the trailer"):
        desk.rows("0001Kari   0150\n", "fixed", NAMES, trailer="99 {rows}", **OPTIONS)


def test_an_encoding(desk):
    text = "0001Kåre  -0150\n".encode("cp865")
    options = {"encoding": "cp865", **OPTIONS}
    assert desk.rows(text, "fixed", NAMES, **options) == [(1, "0001", "Kåre", "0150")]
    rows = desk.rows(b"0001K\x9dre  -0150\n0002x\n", "fixed", NAMES, **OPTIONS)
    assert [row[1] for row in rows] == [None, None]
    assert "not UTF-8" in rows[0][4]


def test_a_column_without_a_place(desk):
    with pytest.raises(ValueError, match="fields: x has no place"):
        desk.rows("1", "fixed", "x", **OPTIONS)


def test_lines_that_never_end(desk):
    with pytest.raises(SourceError, match="no end of a record within"):
        desk.rows("x" * (4 << 20), "fixed", "id", limits=Limits(record_bytes=1 << 20), **OPTIONS)
    with pytest.raises(SourceError, match="ends within the 3 lines"):
        desk.rows("x\n", "fixed", "id", skip_lines=3, **OPTIONS)
