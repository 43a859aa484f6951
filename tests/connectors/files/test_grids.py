"""The first rows of a workbook's sheets, before anything is known of them."""

import re

import pytest

from connectors.files import SourceError
from connectors.files.sampling import list_unknown
from connectors.files.workbook import Grid, read_grids
from tests.connectors.files.test_workbook import SHEET, book, changed


@pytest.fixture
def grids(tmp_path):
    """Read the grids of a workbook of these bytes."""

    def read(content, sheets=10, rows=100):
        path = tmp_path / "a.xlsx"
        path.write_bytes(content)
        return list(read_grids(list_unknown(path)[0], sheets, rows))

    return read


def test_rows_are_as_they_stand(grids):
    content = book([["Report"], {}, {1: "b", 3: "a"}, {0: 12.5, 1: True, 4: "x"}])
    assert grids(content) == [
        Grid(
            "Sheet1",
            [(1, ["Report"]), (3, ["", "b", "", "a"]), (4, ["12.5", "true", "", "", "x"])],
        )
    ]
    assert grids(content, rows=1) == [Grid("Sheet1", [(1, ["Report"])])]
    assert grids(content, sheets=0) == [Grid("Sheet1", [])]


def test_the_sheet_that_is_read_without_a_name_comes_first(grids):
    content = book([["1"]], [["2"]], [["3"]], names=["a", "b", "c"], hidden=[0])
    assert [grid.sheet for grid in grids(content)] == ["b", "a", "c"]
    assert [len(grid.rows) for grid in grids(content, sheets=2)] == [1, 1, 0]


def test_a_cell_that_cannot_be_read_has_no_text(grids):
    cells = '<c r="A1" t="s"><v>99</v></c><c r="C1"><f>1+1</f></c><c r="B1"><v>1</v></c>'
    content = changed(
        book([["a"]]),
        SHEET,
        lambda text: re.sub("<sheetData>.*</sheetData>",
                            f'<sheetData><row r="1">{cells}</row></sheetData>', text),
    )  # fmt: skip
    assert grids(content) == [Grid("Sheet1", [(1, ["", "1"])])]


@pytest.mark.slow
def test_much_in_a_row_makes_fewer_of_them(grids):
    wide = [["x"] * 16_384] * 40
    (grid,) = grids(book(wide))
    assert 20 < len(grid.rows) < 40
    long = changed(
        book([["a"] * 300] * 20),
        "xl/sharedStrings.xml",
        lambda text: text.replace("<t>a<", f"<t>{'a' * (1 << 20)}<"),
    )
    (grid,) = grids(long)
    assert sum(len(text) for _, row in grid.rows for text in row) < 80 << 20


def test_what_is_no_workbook_is_said_so(grids):
    good = book([["a"]])
    with pytest.raises(SourceError, match="the workbook is damaged"):
        grids(changed(good, SHEET, lambda _: "<a"))
    with pytest.raises(SourceError, match=r"an old \.xls"):
        grids(b"\xd0\xcf\x11\xe0")
