"""Hostile workbooks (.xlsx)."""

from functools import partial

from sample_data.hostile_kinds import COLUMNS, Hostile, good_file, one
from sample_data.hostile_packed import pack_zip
from sample_data.hostile_tables import BINARY, MB, NOISE

_MAIN = 'xmlns="http://schemas.openxmlformats.org/spreadsheetml/2006/main"'
_REL = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_TYPES = "application/vnd.openxmlformats-officedocument.spreadsheetml"
_SHEET = "xl/worksheets/sheet1.xml"
# Sheets that no reader can make sense of; what others say in odd ways may be read as it stands.
_REFUSED = {"cell-far", "cell-beyond", "row-beyond", "row-4-billion", "string-beyond",
            "string-negative", "ragged", "deep", "cut", "nul"}  # fmt: skip
_HEAD = '<?xml version="1.0" encoding="UTF-8"?>\n'


def books() -> list[Hostile]:
    """List hostile workbooks."""
    return [*_books(), *_large()]


def row(number: int, *values: str) -> str:
    """Write a row of texts, each in its cell."""
    cells = "".join(
        f'<c r="{chr(65 + at)}{number}" t="inlineStr"><is><t>{value}</t></is></c>'
        for at, value in enumerate(values)
    )
    return f'<row r="{number}">{cells}</row>'


def sheet(*rows: str, before: str = "", doctype: str = "") -> str:
    """Write a worksheet of rows."""
    data = "".join(rows)
    return f"{_HEAD}{doctype}<worksheet {_MAIN}>{before}<sheetData>{data}</sheetData></worksheet>"


def members(count: int) -> list[str]:
    """Write a header and good rows."""
    return [row(1, *COLUMNS)] + [
        row(n + 1, f"{n:08}", f"m{n}@example.com", str(n)) for n in range(1, count + 1)
    ]


def book(sheet_xml: str | bytes, **others: str | bytes) -> bytes:
    """Make a workbook of one sheet; `others` replaces or adds parts, named by their paths."""
    parts: dict[str, str | bytes] = {
        "[Content_Types].xml": f'{_HEAD}<Types xmlns="{_PACKAGE}/content-types">'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Default Extension="rels" ContentType='
        '"application/vnd.openxmlformats-package.relationships+xml"/>'
        f'<Override PartName="/xl/workbook.xml" ContentType="{_TYPES}.sheet.main+xml"/>'
        f'<Override PartName="/{_SHEET}" ContentType="{_TYPES}.worksheet+xml"/></Types>',
        "_rels/.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships"><Relationship '
        f'Id="rId1" Type="{_REL}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'{_HEAD}<workbook {_MAIN} xmlns:r="{_REL}"><sheets>'
        '<sheet name="Ark1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
        f'<Relationship Id="rId1" Type="{_REL}/worksheet" Target="worksheets/sheet1.xml"/>'
        f'<Relationship Id="rId2" Type="{_REL}/sharedStrings" Target="sharedStrings.xml"/>'
        "</Relationships>",
        "xl/sharedStrings.xml": f"{_HEAD}<sst {_MAIN}/>",
        _SHEET: sheet_xml,
        **others,
    }
    return pack_zip(
        (name, text.encode() if isinstance(text, str) else text) for name, text in parts.items()
    )


def _books() -> list[Hostile]:
    rows = members(50)
    data = book(sheet(*rows))
    bad = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]>'
    tens = "".join(
        "<!ENTITY {} '{}'>".format(name, f"&{before};" * 10)
        for before, name in zip("abcdefghi", "bcdefghij", strict=True)
    )
    laughs = f"<!DOCTYPE x [<!ENTITY a 'ha'>{tens}]>"
    entity = row(2, "&e;", "a", "1")
    shared = '<row r="2"><c r="A2" t="s"><v>0</v></c><c r="B2"><v>1</v></c></row>'
    strings = f'{_HEAD}{bad}<sst {_MAIN} count="1"><si><t>&e;</t></si></sst>'
    link = (
        f'{_HEAD}<externalLink {_MAIN}><externalBook xmlns:r="{_REL}" r:id="rId1"/></externalLink>'
    )
    far = {
        "cell-far": '<row r="2"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>',
        "cell-beyond": '<row r="2"><c r="ZZZZZZZZ9" t="inlineStr"><is><t>x</t></is></c></row>',
        "cell-no-number": '<row r="2"><c r="A" t="inlineStr"><is><t>x</t></is></c></row>',
        "cell-zero": '<row r="0"><c r="A0" t="inlineStr"><is><t>x</t></is></c></row>',
        "row-beyond": '<row r="99999999999999999999"><c r="A2"><v>1</v></c></row>',
        "row-4-billion": '<row r="4294967295"><c r="A4294967295"><v>1</v></c></row>',
        "string-beyond": '<row r="2"><c r="A2" t="s"><v>999</v></c></row>',
        "string-negative": '<row r="2"><c r="A2" t="s"><v>-1</v></c></row>',
        "style-beyond": '<row r="2"><c r="A2" s="99999"><v>1</v></c></row>',
        "number-huge": f'<row r="2"><c r="A2"><v>{"9" * 400}</v></c></row>',
        "number-nan": '<row r="2"><c r="A2"><v>NaN</v></c></row>',
        "number-1e999": '<row r="2"><c r="A2"><v>1e999</v></c></row>',
        "number-word": '<row r="2"><c r="A2"><v>word</v></c></row>',
        "date-far": '<row r="2"><c r="A2" t="d"><v>99999-99-99</v></c></row>',
        "type-unknown": '<row r="2"><c r="A2" t="zz"><v>1</v></c></row>',
        "error": '<row r="2"><c r="A2" t="e"><v>#REF!</v></c></row>',
        "boolean": '<row r="2"><c r="A2" t="b"><v>7</v></c></row>',
        "formula": '<row r="2"><c r="A2"><f>cmd|\'/C calc\'!A0</f><v>1</v></c></row>',
        "cells-backwards": '<row r="2"><c r="C2"><v>1</v></c><c r="A2"><v>2</v></c></row>',
        "cell-twice": '<row r="2"><c r="A2"><v>1</v></c><c r="A2"><v>2</v></c></row>',
        "ragged": row(2, "1", "a", "1", "more") + row(3, "1"),
        "control": row(2, "a_x0000_b", "_xD800_", "_x0001_"),
        "deep": "<row>" * 20_000,
        "cut": '<row r="2"><c r="A2"><v>1',
        "nul": row(2, "a\0b", "a", "1"),
    }
    xlsx = partial(one, form="xlsx", end="error")
    cases = [
        one(
            f"{name}.xlsx",
            "xlsx",
            book(sheet(rows[0], text)),
            "refused" if name in _REFUSED else "any",
        )
        for name, text in far.items()
    ]
    return [
        *cases,
        *(xlsx(name=f"{name}.xlsx", make=made) for name, made in BINARY.items()),
        xlsx(name="empty.xlsx", make=b""),
        xlsx(name="csv-as.xlsx", make=good_file("csv")),
        xlsx(name="zip-as.xlsx", make=pack_zip([("a.csv", good_file("csv"))])),
        xlsx(name="zip-noise.xlsx", make=b"PK\x03\x04" + NOISE),
        xlsx(name="old-excel.xlsx", make=b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + NOISE),
        xlsx(name="truncated.xlsx", make=data[: len(data) // 2]),
        xlsx(name="truncated-by-one.xlsx", make=data[:-1]),
        xlsx(name="no-workbook.xlsx", make=book(sheet(*rows), **{"xl/workbook.xml": ""})),
        xlsx(name="no-sheet.xlsx", make=book("")),
        xlsx(name="blank-sheet.xlsx", make=book(sheet())),
        xlsx(name="header-only.xlsx", make=book(sheet(rows[0])), end="kept", good=0),
        xlsx(name="sheet-unknown.xlsx", make=data, sheet="Ark7", says="Ark1|sheet"),
        xlsx(name="duplicate-header.xlsx", make=book(sheet(row(1, *COLUMNS, "email")))),
        xlsx(name="lacks.xlsx", make=book(sheet(row(1, "a", "b"), row(2, "1", "2")))),
        xlsx(name="xxe-sheet.xlsx", make=book(sheet(rows[0], entity, doctype=bad))),
        xlsx(name="laughs.xlsx", make=book(sheet(rows[0], row(2, "&j;"), doctype=laughs))),
        xlsx(name="xxe-strings.xlsx",
             make=book(sheet(rows[0], shared), **{"xl/sharedStrings.xml": strings})),
        xlsx(name="xxe-workbook.xlsx", end="refused", make=book(sheet(*rows), **{
            "xl/_rels/workbook.xml.rels": f'{_HEAD}{bad}<Relationships xmlns="{_PACKAGE}'
            f'/relationships"><Relationship Id="rId1" Type="{_REL}/worksheet" '
            'Target="&e;"/></Relationships>'})),
        xlsx(name="external-link.xlsx", end="kept", good=50,
             make=book(sheet(*rows), **{"xl/externalLinks/externalLink1.xml": link})),
        xlsx(name="sheet-elsewhere.xlsx", make=book(sheet(*rows), **{
            "xl/_rels/workbook.xml.rels": f'{_HEAD}<Relationships xmlns="{_PACKAGE}/relationships">'
            f'<Relationship Id="rId1" Type="{_REL}/worksheet" TargetMode="External" '
            'Target="file:///etc/passwd"/></Relationships>'})),
        xlsx(name="wrong-content.xlsx", make=book(good_file("csv"))),
        xlsx(name="noise-sheet.xlsx", make=book(NOISE)),
        xlsx(name="dimension-lies.xlsx", end="kept", good=50,
             make=book(sheet(*rows, before='<dimension ref="A1:XFD1048576"/>'))),
        xlsx(name="dimension-beyond.xlsx", end="any",
             make=book(sheet(*rows, before='<dimension ref="ZZZZZZZ1:A999999999999"/>'))),
        xlsx(name="traversal.xlsx", end="any", make=book(sheet(*rows), **{"../evil.xml": "x"})),
    ]  # fmt: skip


def _large() -> list[Hostile]:
    xlsx = partial(one, form="xlsx", end="refused", large=True)
    head = members(0)[0]
    return [
        xlsx(name="bomb-sheet.xlsx", end="error",
             make=lambda: book(sheet(head, " " * (300 * MB)))),
        xlsx(name="bomb-rows.xlsx", make=lambda: book(sheet(head, "<row/>" * (40 * MB)))),
        xlsx(name="bomb-strings.xlsx", end="error", make=lambda: book(sheet(head), **{
            "xl/sharedStrings.xml": f"{_HEAD}<sst {_MAIN}>{'<si><t>x</t></si>' * (5 * MB)}</sst>",
        })),
        xlsx(name="strings-4-million.xlsx", end="any", make=partial(_strings, 4 * MB)),
        xlsx(name="cell-of-30-mb.xlsx",
             make=lambda: book(sheet(head, row(2, " ".join(map(str, range(4 * MB))))))),
        xlsx(name="cells-4-million.xlsx", end="any", make=lambda: book(sheet(head, *(
            f'<row r="{n + 2}"><c r="A{n + 2}"><v>{n}</v></c></row>' for n in range(MB))))),
        xlsx(name="far-cells.xlsx", make=lambda: book(sheet(head, *(
            f'<row r="{n * 100_000}"><c r="XFD{n * 100_000}"><v>1</v></c></row>'
            for n in range(1, 11))))),
    ]  # fmt: skip


def _strings(count: int) -> bytes:
    """Write a workbook with so many different shared texts."""
    texts = "".join(f"<si><t>text {n}</t></si>" for n in range(count))
    cell = '<row r="2"><c r="A2" t="s"><v>7</v></c><c r="B2"/><c r="C2"/></row>'
    strings = f"{_HEAD}<sst {_MAIN}>{texts}</sst>"
    return book(sheet(members(0)[0], cell), **{"xl/sharedStrings.xml": strings})
