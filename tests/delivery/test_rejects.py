"""The CSV of rejected rows."""

import csv

import polars as pl
import pytest

from delivery.rejects import RejectWriter


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
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def test_the_sources_columns_then_where_and_why(path):
    writer = RejectWriter(path, "in/receipts.csv")
    writer.write(rows(("a", None), ("b", "2")), pl.Series(["wrong", "worse | worst"]))
    assert read(path) == [
        ["name, quoted", "b", "_source_file", "_source_row", "_error"],
        ["a", "", "in/receipts.csv", "2", "wrong"],
        ["b", "2", "in/receipts.csv", "3", "worse | worst"],
    ]


def test_later_rows_are_added_without_another_header(path):
    writer = RejectWriter(path, "f")
    for number in range(3):
        writer.write(rows(("x", str(number)), start=number), pl.Series(["e"]))
    assert [line[1] for line in read(path)] == ["b", "0", "1", "2"]


def test_a_column_of_faults_is_no_column_of_the_source(path):
    writer = RejectWriter(path, "f")
    writer.write(rows(("x", "1")), pl.Series(["e"]))
    writer.write(rows((None, None)).with_columns(_fault=pl.lit("torn")), pl.Series(["torn"]))
    assert read(path)[0] == ["name, quoted", "b", "_source_file", "_source_row", "_error"]
    assert read(path)[2] == ["", "", "f", "2", "torn"]


@pytest.mark.parametrize("value", ['say "hi"', "a,b", "a\nb", "a\r\nb", " x ", "æ\u2028", "'", "="])
def test_any_value_can_be_read_back(path, value):
    RejectWriter(path, value).write(rows((value, "1")), pl.Series([value]))
    assert read(path)[1] == [value, "1", value, "2", value]


def test_only_the_owner_can_read_it(path):
    path.write_text("an old one")
    path.chmod(0o644)
    writer = RejectWriter(path, "f")
    assert not path.exists()
    writer.write(rows(("x", "1")), pl.Series(["e"]))
    assert path.stat().st_mode & 0o777 == 0o600


def test_without_rejects_there_is_no_file(path):
    writer = RejectWriter(path, "f")
    writer.write(rows(), pl.Series([], dtype=pl.String))
    assert not path.exists()
