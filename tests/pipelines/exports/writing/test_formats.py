import csv
import zipfile

import pytest

from connectors.files import FileSource, read
from pipelines.exports.writing import formats

ROWS = [
    {"phone": "+4791234567", "name": "=HYPERLINK(1)", "n": -12.5, "o": {"a": "æ"}},
    {"phone": "-12.50", "name": "'tis", "n": 1234567890123.25, "o": None},
    {"phone": "\tx", "name": "", "n": None, "o": {"a": '"'}},
]
COLUMNS = {"n": "decimal(2)", "at": "timestamp"}


def test_a_csv_holds_no_formulas(export):
    version = export(ROWS, columns=COLUMNS, layout={"also": ["csv"]})
    path = version.folder / "data.csv"
    assert path.read_bytes()[:3] == b"\xef\xbb\xbf"
    assert path.stat().st_mode & 0o777 == 0o600
    with path.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [row["phone"] for row in rows] == ["'+4791234567", "-12.50", "'\tx"]
    assert [row["name"] for row in rows] == ["'=HYPERLINK(1)", "''tis", ""]
    assert [row["n"] for row in rows] == ["-12.50", "1234567890123.25", ""]
    assert rows[0]["o"] == '{"a":"æ"}'
    assert rows[0]["_loaded_at"] == "2026-11-30T08:00:00Z"
    assert version.own("phone")[0] == {"phone": "+4791234567"}


def test_a_workbook_has_the_same_rows(export):
    version = export(ROWS, columns=COLUMNS, layout={"also": ["xlsx"]})
    path = version.folder / "data.xlsx"
    assert path.stat().st_mode & 0o777 == 0o600
    with zipfile.ZipFile(path) as book:
        assert b"<f>" not in book.read("xl/worksheets/sheet1.xml")
    (frame,) = list(read(FileSource(path=path, format="xlsx", columns=("phone", "name", "n"))))
    assert frame["phone"].to_list() == ["+4791234567", "-12.50", "\tx"]
    assert frame["name"].to_list()[:2] == ["=HYPERLINK(1)", "'tis"]
    assert frame["n"].to_list()[0] == "-12.5"


def test_a_workbook_that_is_too_small_is_told(export, monkeypatch):
    monkeypatch.setattr(formats, "SHEET_ROWS", 3)
    version = export(ROWS, columns=COLUMNS, layout={"also": ["csv", "xlsx"]})
    assert version.written.warnings == (
        "data.xlsx was not written: 3 rows of 7 columns, a sheet holds 2 rows of 16,384 columns",
    )
    assert not (version.folder / "data.xlsx").exists()


def test_an_extra_that_is_missing_is_told_before_anything_is_read(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    formats.check_extras(["csv"])
    with pytest.raises(formats.MissingExtra, match=r"pip install -e '\.\[delta\]'"):
        formats.check_extras(["delta"])
