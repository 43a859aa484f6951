"""Every reject says where its row stands: file, member of the archive, place in it, raw text."""

import csv
import json
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import polars as pl
import pytest

from pipelines.feeds import LoadFeed
from pipelines.loading import REJECTS, prepare

MAPPING = {"externalId": "no", "email": "mail"}
GOOD, BAD = ("1", "a@example.no"), ("2", "nowhere")


def feed(path: str, **source: Any) -> LoadFeed:
    return LoadFeed.model_validate(
        {
            "source": {"path": path, **source},
            "target": {"endpoint": "POST /import"},
            "mapping": MAPPING,
            "rejects": {"max_percent": 100},
        }
    )


def rows(*of: tuple[str, str]) -> list[dict[str, str]]:
    return [{"no": no, "mail": mail} for no, mail in of]


def lines(*of: tuple[str, str]) -> str:
    return "no,mail\n" + "".join(f"{no},{mail}\n" for no, mail in of)


def write_csv(file: Path) -> None:
    file.write_text('no,mail\n7,"two\nlines@example.no"\n1,a@example.no\n2,nowhere\n')


def write_fixed(file: Path) -> None:
    file.write_text("".join(f"{no:<3}{mail:<20}\n" for no, mail in (GOOD, BAD)))


def write_json(file: Path) -> None:
    file.write_text(json.dumps({"export": {"members": rows(GOOD, BAD)}}))


def write_ndjson(file: Path) -> None:
    file.write_text("".join(f"{json.dumps(row)}\n" for row in rows(GOOD, BAD)))


def write_xml(file: Path) -> None:
    body = "".join(f"<M><no>{no}</no><mail>{mail}</mail></M>" for no, mail in (GOOD, BAD))
    file.write_text(f"<Export><Members>{body}</Members></Export>")


def write_xlsx(file: Path) -> None:
    cells = [("no", "mail"), GOOD, BAD]
    data = "".join(
        f'<row r="{n}">'
        + "".join(
            f'<c r="{column}{n}" t="inlineStr"><is><t>{text}</t></is></c>'
            for column, text in zip("AB", row, strict=True)
        )
        + "</row>"
        for n, row in enumerate(cells, 1)
    )
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    kinds = "application/vnd.openxmlformats-officedocument.spreadsheetml"
    with zipfile.ZipFile(file, "w") as book:
        book.writestr(
            "[Content_Types].xml",
            f'<Types xmlns="{package}/content-types">'
            '<Default Extension="rels"'
            ' ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
            f'<Override PartName="/xl/workbook.xml" ContentType="{kinds}.sheet.main+xml"/>'
            f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{kinds}.worksheet+xml"/>'
            "</Types>",
        )
        book.writestr(
            "_rels/.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1"'
            f' Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        )
        book.writestr(
            "xl/workbook.xml",
            f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
            '<sheet name="Ark1" sheetId="1" r:id="rId1"/></sheets></workbook>',
        )
        book.writestr(
            "xl/_rels/workbook.xml.rels",
            f'<Relationships xmlns="{package}/relationships"><Relationship Id="rId1"'
            f' Type="{office}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
        )
        book.writestr(
            "xl/worksheets/sheet1.xml",
            f'<worksheet xmlns="{main}"><sheetData>{data}</sheetData></worksheet>',
        )


def write_parquet(file: Path) -> None:
    pl.DataFrame(rows(GOOD, BAD)).write_parquet(file)


def write_zip(file: Path) -> None:
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("2024/a.csv", lines(GOOD))
        archive.writestr("2024/b.csv", lines(("3", "b@example.no"), BAD))


FIXED = {"format": "fixed", "fields": {"no": [1, 3], "mail": [4, 20]}}
CASES: dict[str, tuple[str, Callable[[Path], None], dict[str, Any], str, int, str]] = {
    # file, what writes it, words of its source, member, row, place
    "csv": ("a.csv", write_csv, {}, "", 5, "line 5"),
    "fixed": ("a.txt", write_fixed, FIXED, "", 2, "line 2"),
    "json": ("a.json", write_json, {"record": "export.members"}, "", 2, "/export/members/1"),
    "ndjson": ("a.ndjson", write_ndjson, {}, "", 2, "line 2"),
    "xml": ("a.xml", write_xml, {"record": "M"}, "", 2, "(//M)[2]"),
    "xml path": (
        *("a.xml", write_xml, {"record": "Export.Members.M"}),
        *("", 2, "(/Export/Members/M)[2]"),
    ),
    "xlsx": ("a.xlsx", write_xlsx, {"sheet": "Ark1"}, "", 3, "sheet Ark1, row 3"),
    "parquet": ("a.parquet", write_parquet, {}, "", 2, "row 2"),
    "zip": ("a.zip", write_zip, {"format": "csv"}, "!2024/b.csv", 3, "line 3"),
}


def read_rejects(folder: Path) -> list[dict[str, str]]:
    with (folder / REJECTS).open(newline="", encoding="utf-8-sig") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("case", CASES)
def test_a_reject_says_where_its_row_stands(case: str, tmp_path: Path) -> None:
    name, write, words, member, row, place = CASES[case]
    file = tmp_path / name
    write(file)
    done = prepare(feed(name, **words), file, tmp_path, "run-1")
    assert done.rejected_rows == (2 if case == "csv" else 1)
    reject = read_rejects(tmp_path)[-1]
    told = {key: reject[key] for key in ("_source_file", "_source_row", "_source_place", "_run")}
    assert told == {
        "_source_file": f"{file}{member}",
        "_source_row": str(row),
        "_source_place": place,
        "_run": "run-1",
    }
    assert "email (mail) 'nowhere': not an e-mail address" in reject["_error"]
    assert reject["mail"].strip() == "nowhere"


BROKEN: dict[str, tuple[str, str, dict[str, Any], str, str]] = {
    # file, its text, words of its source, place, raw text
    "csv": ("a.csv", "no,mail\n1,a@example.no\n2,b,c\n", {}, "line 3", "2,b,c"),
    "ndjson": (
        *("a.ndjson", '{"no": "1"}\n{"no": "2"\n{"no": "3"}\n', {}),
        *("line 2", '{"no": "2"'),
    ),
    "json": (
        *("a.json", '[{"no": "1"}, {"no": "2", "no": "3"}]', {}),
        *("/1", '{"no": "2", "no": "3"}'),
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_row_that_cannot_be_read_is_kept_as_it_stands(case: str, tmp_path: Path) -> None:
    name, text, words, place, raw = BROKEN[case]
    file = tmp_path / name
    file.write_text(text)
    prepare(feed(name, **words), file, tmp_path)
    (reject,) = read_rejects(tmp_path)
    assert (reject["_source_file"], reject["_source_place"]) == (str(file), place)
    assert reject["_raw"] == raw
    assert raw in reject["_error"]


def test_a_byte_that_cannot_be_read_is_named(tmp_path: Path) -> None:
    file = tmp_path / "a.csv"
    file.write_bytes("no,mail\n1,a@example.no\n2,bjørn@example.no\n".encode("cp1252"))
    prepare(feed("a.csv"), file, tmp_path)
    (reject,) = read_rejects(tmp_path)
    assert reject["_source_place"] == "line 3"
    assert reject["_raw"] == "2,bj\ufffdrn@example.no"
    assert "source.encoding" in reject["_error"]
