"""Excel: errors, zeros that a format shows, and a last row of totals."""

import io

import pytest
import xlsxwriter

from connectors.files import FileSource, SourceError
from connectors.files.reader import read
from tests.connectors.files.test_workbook import book, sheet_of


def write(rows, formats=()):
    """An Excel file of one sheet; a value `=x` is a formula that gave x."""
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as workbook:
        sheet = workbook.add_worksheet()
        made = {at: workbook.add_format({"num_format": code}) for at, code in formats}
        for row, values in enumerate(rows):
            for column, value in enumerate(values):
                if isinstance(value, str) and value.startswith("="):
                    sheet.write_formula(row, column, "=B1", None, value[1:])
                else:
                    sheet.write(row, column, value, made.get(column))
    return out.getvalue()


# --- errors --------------------------------------------------------------------------------------

ERRORS = ("#REF!", "#NAME?", "#DIV/0!", "#VALUE!", "#NULL!", "#NUM!", "#N/A")


@pytest.mark.parametrize("name", ERRORS)
def test_an_error_that_a_formula_gave_is_a_fault(desk, name):
    content = write([["a", "b"], ["1", "x"], [f"={name}", "y"], ["3", "z"]])
    told = f"cell A3 holds the error {name}; mend the formula in the workbook"
    assert desk.rows(content, "xlsx", "a b") == [
        (2, "1", "x", None),
        (3, None, None, f"{told}: {name}\ty"),
        (4, "3", "z", None),
    ]
    assert desk.rows(content, "xlsx", "b") == [(2, "x"), (3, "y"), (4, "z")]


@pytest.mark.parametrize("name", ["#REF!", "#NAVN?"])
def test_an_error_that_is_typed_or_pasted_is_a_fault_but_not_available_is_a_text(desk, name):
    cells = f'<row r="2"><c r="A2" t="e"><v>{name}</v></c></row>'
    cells += '<row r="3"><c r="A3" t="e"><v>#N/A</v></c></row>'
    cells += '<row r="4"><c r="A4" t="e"><f>NA()</f><v>#N/A</v></c></row>'
    rows = desk.rows(sheet_of(cells), "xlsx", "a")
    assert [row[:2] for row in rows] == [(2, None), (3, "#N/A"), (4, None)]
    told = f"cell A2 holds the error {name}; write a value in its place in the workbook"
    assert rows[0][2].startswith(told)
    assert rows[2][2].startswith("cell A4 holds the error #N/A; mend the formula")


def test_an_error_in_the_header_is_a_name_of_no_column_that_is_wanted(desk):
    content = write([["a", "=#REF!", "=#REF!", "b"], ["1", "2", "3", "4"]])
    assert desk.rows(content, "xlsx", "a b") == [(2, "1", "4")]
    with pytest.raises(SourceError, match="lacks 'c'; it has 'a', '#REF!', '#REF!', 'b'"):
        desk.rows(content, "xlsx", "c")


# --- zeros ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "value", "text"),
    [
        ("000000", 1, "000001"), ("0000", 553, "0553"), ("0000", 12345, "12345"),
        ("0000", 0, "0000"), ("[$-414]0000", 28, "0028"), ("0000;-0000", 28, "0028"),
        (r"000000\ 00000", 1019012345, "01019012345"), ("0000", 12.5, "12.5"),
        ("0000", -5, "-5"), ("0000", 1e300, "1e+300"), ("0", 7, "7"), ("#,##0", 7, "7"),
        ("0000.00", 7, "7"), ("0" * 200, 7, "7"),
    ],
)  # fmt: skip
def test_a_format_of_zeros_is_as_many_digits(desk, code, value, text):
    content = write([["a"], [value]], formats=[(0, code)])
    assert desk.rows(content, "xlsx", "a") == [(2, text)]


# --- a last row of totals ------------------------------------------------------------------------


def load(tmp_path, rows, pattern, columns=("a", "b"), **words):
    path = tmp_path / "a.xlsx"
    path.write_bytes(book(rows))
    told = {}
    made = FileSource(path, "xlsx", columns, trailer=pattern, **words)
    return [frame.rows() for frame in read(made, told=told)], told


@pytest.mark.parametrize("chunk", [1, 2, 3, 4, 100])
def test_the_last_row_with_a_value_is_told(tmp_path, chunk):
    rows = [["a", "b"], ["1", "x"], {}, ["2", "y"], ["3", "z"], {}, {0: "Totalt", 1: 3, 4: 6.5}, {}]
    found, told = load(tmp_path, rows, "Totalt;{rows};{amount}", rows_per_chunk=chunk)
    assert [row for rows in found for row in rows] == [(2, "1", "x"), (4, "2", "y"), (5, "3", "z")]
    assert told == {"rows": ["3"], "amount": ["6.5"]}
    assert [len(rows) for rows in found] == {1: [1, 1, 1], 2: [2, 1]}.get(chunk, [3])


def test_a_last_row_that_is_another_is_refused(tmp_path):
    with pytest.raises(SourceError, match=r"\(row 3\) is not the trailer 'Totalt;{rows}'; ask for"):
        load(tmp_path, [["a", "b"], ["1", "x"], ["2", "y"]], "Totalt;{rows}")
    with pytest.raises(SourceError, match=r"\(row 1\) is not the trailer"):
        load(tmp_path, [["a", "b"]], "Totalt;{rows}")
    assert load(tmp_path, [["a", "b"], ["T", 0]], "T;{rows}") == ([], {"rows": ["0"]})
