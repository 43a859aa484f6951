import io
import re
import subprocess
import sys
import zipfile
from datetime import date, datetime, time, timedelta

import pytest
import xlsxwriter
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files import Limits, SourceError
from connectors.files.workbook_cells import number_to_text, serial_to_text
from connectors.files.workbook_package import unescape

SHEET = "xl/worksheets/sheet1.xml"
FORMATS = {
    date: "dd.mm.yyyy", datetime: 'yyyy"-Q"mm-dd hh:mm', time: "hh:mm", timedelta: "[h]:mm:ss"
}  # fmt: skip


def book(*sheets, names=None, hidden=(), **options):
    """An Excel file of sheets, each a list of rows; a row may be {column: value}."""
    out = io.BytesIO()
    options = {"strings_to_numbers": False, "strings_to_formulas": False, **options}
    with xlsxwriter.Workbook(out, options) as workbook:
        formats = {kind: workbook.add_format({"num_format": f}) for kind, f in FORMATS.items()}
        for number, rows in enumerate(sheets):
            sheet = workbook.add_worksheet(names[number] if names else None)
            if number in hidden:
                sheet.hide()
            for row, cells in enumerate(rows):
                for column, value in cells.items() if isinstance(cells, dict) else enumerate(cells):
                    if value is not None:
                        sheet.write(row, column, value, formats.get(type(value)))
        workbook.worksheets()[-1 if hidden else 0].activate()
    return out.getvalue()


def changed(content, member, change):
    """The file with a member changed: a function of its text, or None without it."""
    out = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as old, zipfile.ZipFile(out, "w", 8) as new:
        for name in old.namelist():
            data = old.read(name)
            if name == member:
                if change is None:
                    continue
                data = change(data.decode()).encode()
            new.writestr(name, data)
    return out.getvalue()


def sheet_of(rows):
    """A file whose sheet has the given rows of XML below a header in A1."""
    head = '<row r="1"><c r="A1" t="inlineStr"><is><t>a</t></is></c></row>'
    return changed(
        book([["a"]]),
        SHEET,
        lambda text: re.sub("<sheetData>.*</sheetData>",
                            lambda _: f"<sheetData>{head}{rows}</sheetData>", text),
    )  # fmt: skip


def fail(desk, content, columns="a", **options):
    with pytest.raises(SourceError) as caught:
        desk.rows(content, "xlsx", columns, **options)
    assert str(caught.value).count("\n") == 0
    return str(caught.value).removeprefix(f"{desk.path}: ")


def test_every_value_is_text(desk):
    values = [
        "0150", 12, 12.5, True, False, date(1980, 12, 31),
        datetime(2024, 1, 31, 14, 50, 5),  # noqa: DTZ001 - cells have no zone
        time(14, 50), timedelta(hours=30, seconds=5), -0.05, 47912345678, 0.1 + 0.2, 1e-7,
        "_x000D_", " x\n", "#N/A", 0,
    ]  # fmt: skip
    content = book([["a"], *([value] for value in values)])
    rows = desk.rows(content, "xlsx", "a")
    assert rows == list(
        zip(
            range(2, 99),
            [
                "0150", "12", "12.5", "true", "false", "1980-12-31", "2024-01-31T14:50:05",
                "14:50:00", "30:00:05", "-0.05", "47912345678", "0.3", "0.0000001", "_x000D_",
                " x\n", "#N/A", "0",
            ],
            strict=False,
        )
    )  # fmt: skip
    assert desk.rows(book([["a"], *([v] for v in values)], constant_memory=True), "xlsx", "a") == (
        rows
    )
    assert desk.rows(book([["a"], *([v] for v in values)], date_1904=True), "xlsx", "a") == rows


def test_formulas_are_their_values_and_errors_their_names(desk):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write_row(0, 0, ["a", "b"])
        for row, value in enumerate([5, "x", "#N/A", "#DIV/0!", ""], 1):
            sheet.write_formula(row, 0, "=B1", None, value)
            sheet.write(row, 1, "-")
        sheet.merge_range("A7:B8", "merged")
    rows = desk.rows(out.getvalue(), "xlsx", "a b")
    assert [row[1] for row in rows] == ["5", "x", None, None, None, "merged"]
    assert rows[-1] == (7, "merged", None, None)
    whys = [row[3] for row in rows[2:4]]
    assert whys == [
        f"cell A{row} holds the error {name}; mend the formula in the workbook: {name}\t-"
        for row, name in ((4, "#N/A"), (5, "#DIV/0!"))
    ]
    true = '<row r="2"><c r="A2" t="b"><f>1=1</f><v>1</v></c></row>'
    assert desk.rows(sheet_of(true), "xlsx", "a") == [(2, "true")]
    never = '<row r="2"><c r="A2"><f>1+1</f></c></row><row r="3"><c r="A3"><v>1</v></c></row>'
    rows = desk.rows(sheet_of(never), "xlsx", "a")
    assert [row[:2] for row in rows] == [(2, None), (3, "1")]
    assert rows[0][2].startswith("a formula in it was never computed")


def test_rows_have_the_numbers_of_the_sheet(desk):
    content = book([["Report"], {}, {1: "b", 3: "a"}, {1: "1", 2: "n", 3: "2"}, {}, {3: "4"}, {}])
    assert desk.rows(content, "xlsx", "a b", skip_lines=2) == [(4, "2", "1"), (6, "4", None)]
    assert desk.rows(content, "xlsx", "b", skip_lines=1) == [(4, "1"), (6, None)]
    assert "row 1) lacks 'a'; it has 'Report'" in fail(desk, content)


def test_a_value_behind_the_header_is_a_fault(desk):
    rows = desk.rows(book([["a", "b"], ["1", "2", "3"], ["4"]]), "xlsx", "a b")
    behind = "a value stands behind the header's 2 columns: 1\t2"
    assert rows == [(2, None, None, behind), (3, "4", None, None)]


def test_a_sheet_by_its_name(desk):
    rows = [["a"], ["1"]]
    content = book([["x"]], rows, [["y"]], names=["Info", "Ark & 1", "Z"], hidden=[0])
    assert desk.rows(content, "xlsx", "a") == [(2, "1")]
    assert desk.rows(content, "xlsx", "a", sheet="Ark & 1") == [(2, "1")]
    assert desk.rows(content, "xlsx", "x", sheet="Info") == []
    assert fail(desk, content, sheet="Ark2") == (
        "there is no sheet 'Ark2'; it has 'Info', 'Ark & 1', 'Z'; correct source.sheet"
    )
    assert "sheet 'Info' has no header" in fail(desk, book([[]], names=["Info"]))


@pytest.mark.parametrize("options", [{}, {"constant_memory": True}])
def test_many_rows_come_in_frames(desk, options):
    rows = [["a", "b"], *([f"n{n % 7}", n] for n in range(5000))]
    frames = desk.frames(book(rows, **options), "xlsx", "b a", rows_per_chunk=1000)
    assert [frame.height for frame in frames] == [1000] * 5
    assert frames[-1].row(-1) == (5001, "4999", "n1")


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0\r\ufffe\uffff"))
NUMBER = st.integers(-(10**15), 10**15) | st.floats(-1e9, 1e9).map(lambda x: round(x, 4))


@settings(max_examples=40, deadline=None)
@given(st.lists(TEXT.filter(bool) | NUMBER | st.booleans(), min_size=1, max_size=8))
def test_cells_come_back_as_they_were_written(desk, cells):
    def shown(value):
        if isinstance(value, bool):
            return str(value).lower()
        return value if isinstance(value, str) else number_to_text(repr(value))

    for options in ({}, {"constant_memory": True}):
        rows = desk.rows(book([["a"], *([cell] for cell in cells)], **options), "xlsx", "a")
        assert [row[1] for row in rows] == [shown(cell) for cell in cells]


@pytest.mark.parametrize(
    ("serial", "kind", "text"),
    [
        ("0.5", "time", "12:00:00"),
        ("1", "date", "1900-01-01"),
        ("59", "date", "1900-02-28"),
        ("60", "date", "1900-02-29"),
        ("61", "date", "1900-03-01"),
        ("45322.618113425924", "date", "2024-01-31T14:50:05"),
        ("45322", "date and time", "2024-01-31T00:00:00"),
        ("45322.99999999999", "date", "2024-02-01"),
        ("45322.5000059", "date", "2024-01-31T12:00:00.510"),
        ("-1", "date", "-1"),
        ("2958466", "date", "2958466"),
        ("nan", "date", "nan"),
        ("x", "date", "x"),
    ],
)
def test_days(serial, kind, text):
    assert serial_to_text(serial, kind, from_1904=False) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        ("1.1000000000000001", "1.1"), ("1E3", "1000"), ("4.79E+10", "47900000000"), ("-0", "0"),
        ("12345678901234567", "12345678901234567"), ("1e300", "1e+300"), ("-0.0", "0"),
        ("0.00001", "0.00001"), ("9" * 5000, "9" * 5000), ("inf", "inf"), ("007", "7"),
    ],
)  # fmt: skip
def test_numbers(number, text):
    assert number_to_text(number) == text


def test_escapes_of_characters():
    assert unescape("a_x000D__x005F_x000D_ _x00e6_ _xD800_ _x_") == "a\r_x000D_ æ _xD800_ _x_"


@pytest.mark.parametrize(
    ("code", "value"),
    [
        ("dd/mm/yy;@", "2024-01-31"), ("[$-414]d. mmmm yyyy", "2024-01-31"), ("mmm", "2024-01-31"),
        ("[Red]0.00", "45322"), ('0 "days"', "45322"), ("General", "45322"), ("0.0E+00", "45322"),
        ("\\d0", "45322"), ("#,##0 [$kr-414]", "45322"), ("[mm]:ss", "1087728:00:00"),
    ],
)  # fmt: skip
def test_a_format_tells_a_date(desk, code, value):
    out = io.BytesIO()
    with xlsxwriter.Workbook(out) as workbook:
        sheet = workbook.add_worksheet()
        sheet.write(0, 0, "a")
        sheet.write(1, 0, 45322, workbook.add_format({"num_format": code}))
    assert desk.rows(out.getvalue(), "xlsx", "a") == [(2, value)]


# --- damaged and hostile files --------------------------------------------------------------------


def test_what_is_no_workbook(desk):
    good = book([["a"], ["1"]])
    assert fail(desk, b"\xd0\xcf\x11\xe0rest").startswith("this is an old .xls, or it is protected")
    assert "this is no Excel workbook" in fail(desk, b"a,b\n1,2\n")
    for end in range(0, len(good), 211):
        fail(desk, good[:end])


@pytest.mark.parametrize("seed", range(40))
def test_a_damaged_workbook_is_read_or_told_of_in_one_line(desk, seed):
    good = bytearray(book([["a"], *([f"x{n}"] for n in range(50))]))
    good[seed * len(good) // 40] ^= 1 << seed % 8
    try:
        rows = desk.rows(bytes(good), "xlsx", "a")
    except SourceError as error:
        rows = []
        assert "\n" not in str(error)  # noqa: PT017 - it may also be read
    assert all(value == f"x{row - 2}" for row, value in rows)


@pytest.mark.parametrize("member", ["_rels/.rels", "xl/workbook.xml", SHEET, "xl/styles.xml"])
def test_a_member_that_is_missing_or_no_xml(desk, member):
    good = book([["a"], ["1"]])
    for change in (None, lambda _: "<a", lambda _: ""):
        assert "the workbook is damaged" in fail(desk, changed(good, member, change))


BOMB = "".join(f'<!ENTITY l{n} "{f"&l{n - 1};" * 10}">' for n in range(1, 12))


@pytest.mark.parametrize("member", [SHEET, "xl/workbook.xml", "xl/sharedStrings.xml"])
@pytest.mark.parametrize(
    "inside",
    [
        "<!DOCTYPE a>",
        '<!DOCTYPE a SYSTEM "http://127.0.0.1:9/x.dtd">',
        '<!DOCTYPE a [<!ENTITY l0 SYSTEM "file:///etc/passwd">]>',
        f'<!DOCTYPE a [<!ENTITY l0 "x">{BOMB}]>',
    ],
)
def test_a_document_type_is_refused(desk, member, inside):
    def insert(text):
        text = re.sub(r"<\?xml.*?\?>\s*", "", text)
        text = text.replace("<t>a</t>", "<t>&l11;&l0;</t>" if "ENTITY" in inside else "<t>a</t>")
        return inside + text

    told = fail(desk, changed(book([["a"], ["1"]]), member, insert))
    assert "the workbook is damaged" in told
    assert "root:" not in told


def test_a_workbook_that_unpacks_to_too_much(desk):
    good = book([["a"], ["1"]])
    bomb = changed(good, "xl/theme/theme1.xml", lambda _: " " * (64 << 20))
    assert "it unpacks to more than 200 times its size" in fail(desk, bomb)
    assert "unpacks to more than 0 MB" in fail(desk, good, limits=Limits(unpacked_bytes=100))
    fail(desk, good, limits=Limits(members=3))
    loose = Limits(ratio=100_000)
    text = changed(
        good, "xl/sharedStrings.xml", lambda t: t.replace("<t>1<", f"<t>{'1' * (40 << 20)}<")
    )
    fail(desk, text, limits=loose)
    wide = sheet_of(f'<row r="2">{"<c/>" * (8 << 20)}</row>')
    assert "holds an element, or texts, longer than is read" in fail(desk, wide, limits=loose)
    deep = sheet_of(f'<row r="2">{"<c>" * 200_000}</row>')
    assert "is no XML" in fail(desk, deep, limits=loose)


def test_cells_outside_of_a_sheet_and_far_apart(desk):
    far = (
        '<row r="2"><c r="A2"><v>1</v></c></row><row r="1048576"><c r="A1048576"><v>2</v></c></row>'
    )
    assert desk.rows(sheet_of(far), "xlsx", "a") == [(2, "1"), (1_048_576, "2")]
    for place, told in (
        ("XFE2", "column 'XFE'"),
        ("ÅÅ2", "column 'ÅÅ'"),
        ("AAAAAA2", "column 'AA"),
    ):
        assert told in fail(desk, sheet_of(f'<row r="2"><c r="{place}"><v>1</v></c></row>'))
    for row in ("1", "1048577", "-1", "x", "9" * 30):
        assert "behind row 1 of the sheet comes" in fail(desk, sheet_of(f'<row r="{row}"/>'))


def test_cells_without_places_and_texts_that_are_missing(desk):
    rows = desk.rows(
        sheet_of("<row><c><v>1</v></c></row><row/><row><c><v>2</v></c></row>"), "xlsx", "a"
    )
    assert rows == [(2, "1"), (4, "2")]
    for text in ("7", "-1", "x", "9" * 5000):
        cell = f'<row r="2"><c r="A2" t="s"><v>{text}</v></c></row>'
        assert "is missing in the file" in desk.rows(sheet_of(cell), "xlsx", "a")[0][2]
    strange = '<row r="2"><c r="A2" s="99"><v>x</v></c></row>'
    assert desk.rows(sheet_of(strange), "xlsx", "a") == [(2, "x")]


def test_a_text_that_is_too_long_is_a_fault(desk):
    content = book([["a", "b"], ["x" * 11, "1"], ["x" * 10, "2"]])
    rows = desk.rows(content, "xlsx", "a b", limits=Limits(field_chars=10))
    assert [row[:3] for row in rows] == [(2, None, None), (3, "x" * 10, "2")]
    assert "longer than 10 characters" in rows[0][3]


def test_one_text_in_all_cells_does_not_fill_the_memory(desk):
    cells = "".join(f'<row r="{n}"><c r="A{n}" t="s"><v>0</v></c></row>' for n in range(2, 30_000))
    text = changed(
        sheet_of(cells),
        "xl/sharedStrings.xml",
        lambda t: t.replace("<t>a<", f"<t>{'é' * 100_000}<"),
    )
    assert "hold more than 256 MB of text" in fail(desk, text)


MEASURE = """
import sys
from pathlib import Path
from connectors.files import FileSource, read
n = sum(frame.height for frame in read(FileSource(Path(sys.argv[1]), "xlsx", ("a",))))
peak = next(x for x in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in x)
print(n, int(peak.split()[1]) // 1024)
"""


@pytest.mark.slow
def test_memory_does_not_grow_with_the_sheet(tmp_path):
    def peak(rows):
        path = tmp_path / f"{rows}.xlsx"
        path.write_bytes(
            book([["a", "b"], *((n, "x" * 40) for n in range(rows))], constant_memory=True)
        )
        out = subprocess.run(
            [sys.executable, "-c", MEASURE, path], check=True, capture_output=True, text=True
        )
        count, peak = map(int, out.stdout.split())
        assert count == rows
        return peak

    assert peak(200_000) < peak(20_000) * 1.25 + 30
