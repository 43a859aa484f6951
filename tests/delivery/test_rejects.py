"""The CSV of rejected rows."""

import csv

import polars as pl
import pytest

from delivery.rejects import ADDED, RejectWriter


@pytest.fixture
def path(tmp_path):
    return tmp_path / "rejects.csv"


def rows(*values, start=2):
    return pl.DataFrame(
        [(n, *pair) for n, pair in enumerate(values, start)],
        schema={"_row": pl.Int64, "name, quoted": pl.String, "b": pl.String},
        orient="row",
    )


def read(path):
    with path.open(newline="", encoding="utf-8-sig") as file:
        return list(csv.reader(file))


def test_the_sources_columns_then_where_and_why(path):
    writer = RejectWriter(path, "in/receipts.csv", "r17")
    writer.write(rows(("a", None), ("b", "2")), pl.Series(["wrong", "worse | worst"]))
    assert read(path) == [
        ["name, quoted", "b", *ADDED],
        ["a", "", "in/receipts.csv", "2", "line 2", "wrong", "r17", ""],
        ["b", "2", "in/receipts.csv", "3", "line 3", "worse | worst", "r17", ""],
    ]


def test_later_rows_are_added_without_another_header(path):
    writer = RejectWriter(path, "f", bom=True)
    for number in range(3):
        writer.write(rows(("x", str(number)), start=number), pl.Series(["e"]))
    assert [line[1] for line in read(path)] == ["b", "0", "1", "2"]
    assert path.read_bytes().count(b"\xef\xbb\xbf") == 1


def test_columns_order_and_dialect_are_the_sources(path):
    columns = ("b", "name, quoted")
    dialect = {"delimiter": ";", "line_end": "\r\n", "bom": True}
    writer = RejectWriter(path, "f", "r", columns=columns, **dialect)
    writer.write(rows(("x;y", "1,5")), pl.Series(["a\nb"]))
    assert path.read_bytes() == (
        b"\xef\xbb\xbfb;name, quoted;_source_file;_source_row;_source_place;_error;_run;_raw\r\n"
        b'1,5;"x;y";f;2;line 2;"a\nb";r;\r\n'
    )


def test_of_a_row_that_could_not_be_read_the_text_is_kept(path):
    writer = RejectWriter(path, "f")
    writer.write(rows(("x", "1")), pl.Series(["e"]))
    torn = rows((None, None)).with_columns(_fault=pl.lit("torn: =1"), _raw=pl.lit("=1\n;2"))
    writer.write(torn, pl.Series(["torn"]))
    assert read(path)[0] == ["name, quoted", "b", *ADDED]
    assert read(path)[2] == ["", "", "f", "2", "line 2", "torn", "", "'=1\n;2"]


@pytest.mark.parametrize(
    "value", ['say "hi"', "a,b", "a\nb", "a\r\nb", " x ", "æ\u2028", "a'", "0"]
)
def test_any_value_can_be_read_back(path, value):
    RejectWriter(path, value, value).write(rows((value, "1")), pl.Series([value]))
    assert read(path)[1] == [value, "1", value, "2", "line 2", value, value, ""]


RISKY = [
    "=1+1",
    "+4712345678",
    "-x",
    "-",
    "-1-1",
    "-1.5,0",
    "-\u0661",
    "@A1",
    "\tx",
    "\rx",
    "'x",
    "'",
]
HARMLESS = ["-1", "-12.50", "-12,5", "1=1", " =1", "a+b", "x'", "0", "\n=1"]


@pytest.mark.parametrize("value", [*RISKY, ""])
def test_what_a_spreadsheet_would_run_is_marked(path, value):
    table = rows(("x", value)).rename({"b": "=b"})
    RejectWriter(path, value or "f", value).write(table, pl.Series([value]))
    head, row = read(path)
    assert head[1] == "'=b"
    assert (row[1], row[5]) == (f"'{value}", f"'{value}")
    assert not any(cell.startswith(tuple("=+-@\t\r")) for cell in row)


@pytest.mark.parametrize("value", HARMLESS)
def test_numbers_and_what_is_no_formula_stay_as_they_are(path, value):
    RejectWriter(path, "f").write(rows(("x", value)), pl.Series(["e"]))
    assert read(path)[1][1] == value


def test_names_that_look_like_patterns_are_names(path):
    table = rows(("x", "1")).rename({"b": "^.*$"})
    RejectWriter(path, "f").write(table, pl.Series(["e"]))
    assert read(path)[1][:2] == ["x", "1"]


def test_where_each_row_stands_may_be_told(path):
    def locate(rows):
        return pl.DataFrame({"file": [f"f{n}" for n in rows], "row": rows + 1, "place": ["=x"] * 2})

    RejectWriter(path, "f", "r", locate=locate).write(
        rows(("a", "1"), ("b", "2")), pl.Series(["e", "e"])
    )
    assert [line[2:5] for line in read(path)[1:]] == [["f2", "3", "'=x"], ["f3", "4", "'=x"]]


def test_only_the_owner_can_read_it(path):
    path.write_text("an old one")
    path.chmod(0o644)
    writer = RejectWriter(path, "f")
    assert not path.exists()
    writer.write(rows(("x", "1")), pl.Series(["e"]))
    assert path.stat().st_mode & 0o777 == 0o600


def test_what_was_written_before_may_be_kept(path):
    writer = RejectWriter(path, "f", bom=True)
    writer.write(rows(("x", "1")), pl.Series(["e"]))
    keep = path.stat().st_size
    before = read(path)
    writer.write(rows(("y", "2")), pl.Series(["later"]))
    for _ in range(2):
        writer = RejectWriter(path, "f", bom=True, keep=keep)
        assert read(path) == before
        writer.write(rows(("z", "3")), pl.Series(["anew"]))
        assert [line[:2] for line in read(path)[1:]] == [["x", "1"], ["z", "3"]]
        assert path.read_bytes().count(b"\xef\xbb\xbf") == 1
    path.unlink()
    RejectWriter(path, "f", keep=keep).write(rows(("z", "3")), pl.Series(["anew"]))
    assert [line[:2] for line in read(path)] == [["name, quoted", "b"], ["z", "3"]]


def test_without_rejects_there_is_no_file(path):
    writer = RejectWriter(path, "f")
    writer.write(rows(), pl.Series([], dtype=pl.String))
    assert not path.exists()
