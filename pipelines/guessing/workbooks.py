"""Excel workbooks and Parquet files: their first rows as text."""

import re
import zipfile
from collections.abc import Iterator, Sequence
from pathlib import Path

from lxml import etree

from pipelines.guessing.edges import find_first, is_header, name_columns
from pipelines.guessing.records import GuessError, Layout, Table

ROWS = 3_000
PART = 64 << 20
"""Bytes of one part of a workbook that are unpacked, at most."""
COLUMNS = 1_000
_MAIN = "{*}"


def read_workbook(file: Path) -> tuple[Layout, Table]:
    """Judge the first sheet of a workbook that has a table.

    Raises:
        GuessError: it is damaged, or no sheet has rows.
    """
    try:
        with zipfile.ZipFile(file) as archive:
            sheets = _sheets(archive)
            shared = list(_shared(archive))
            best = max(
                ((name, list(_rows(archive, part, shared))) for name, part in sheets[:10]),
                key=lambda sheet: sum(len(row) for row in sheet[1]),
                default=("", []),
            )
    except (zipfile.BadZipFile, KeyError, etree.XMLSyntaxError, ValueError, OSError) as error:
        kind = type(error).__name__
        raise GuessError(f"{file}: no workbook that can be read ({kind}); save it again") from None
    name, rows = best
    if not any(any(row) for row in rows):
        raise GuessError(f"{file}: no sheet of the workbook has rows")
    words: dict[str, object] = {}
    why = {"format": f"a workbook of {len(sheets)} sheets"}
    if len(sheets) > 1 and name != sheets[0][0]:
        words["sheet"] = name
        why["sheet"] = f"of {len(sheets)} sheets the one with most in it"
    questions: tuple[str, ...] = ()
    if len(sheets) > 1:
        questions = (f"the workbook has {len(sheets)} sheets; only one is read",)
    return _table(rows, words, why, questions, file)


def _table(
    rows: Sequence[Sequence[str]],
    words: dict[str, object],
    why: dict[str, str],
    questions: tuple[str, ...],
    file: Path,
) -> tuple[Layout, Table]:
    width = max(len(row) for row in rows)
    if width > COLUMNS:
        raise GuessError(f"{file}: {width:,} columns; at most {COLUMNS:,} can be judged")
    full = [[*row, *[""] * (width - len(row))] for row in rows]
    first = find_first(full, width)
    named, why_header = is_header(full[first], full[first + 1 :][:200])
    if first:
        words["skip_lines"] = first
        why["skip_lines"] = "title lines stand above the table"
    if not named:
        questions += (f"the first row may be no header ({why_header}): look at the names",)
    names, made = name_columns(full[first])
    if made:
        questions += ("names in the header are empty or stand twice",)
    body = [row for row in full[first + 1 :] if any(row)]
    columns = {name: [row[at] for row in body] for at, name in enumerate(names)}
    return Layout("xlsx", words, why, {}, questions), Table(columns, range(1, len(body) + 1))


def _read(archive: zipfile.ZipFile, name: str) -> bytes:
    with archive.open(name) as part:
        return part.read(PART)


def _tree(data: bytes) -> etree._Element:
    if b"<!DOCTYPE" in data[:4096]:
        raise ValueError("a DOCTYPE")
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    return etree.fromstring(data, parser)


def _sheets(archive: zipfile.ZipFile) -> list[tuple[str, str]]:
    book = _tree(_read(archive, "xl/workbook.xml"))
    links = _tree(_read(archive, "xl/_rels/workbook.xml.rels"))
    targets = {link.get("Id"): link.get("Target") or "" for link in links}
    sheets = []
    for sheet in book.iterfind(f"{_MAIN}sheets/{_MAIN}sheet"):
        link = next((v for k, v in sheet.attrib.items() if str(k).endswith("}id")), "")
        target = targets.get(str(link), "")
        part = target.removeprefix("/") if target.startswith("/") else f"xl/{target}"
        if part in archive.NameToInfo:
            sheets.append((str(sheet.get("name")), part))
    return sheets


def _shared(archive: zipfile.ZipFile) -> Iterator[str]:
    if "xl/sharedStrings.xml" in archive.NameToInfo:
        for item in _tree(_read(archive, "xl/sharedStrings.xml")):
            yield "".join(t.text or "" for t in item.iter("{*}t"))


def _rows(archive: zipfile.ZipFile, part: str, shared: Sequence[str]) -> Iterator[list[str]]:
    """Read the beginning of a sheet; its end may lie beyond what is unpacked."""
    parser = etree.XMLPullParser(
        events=("end",), resolve_entities=False, no_network=True, load_dtd=False
    )
    number = count = 0
    with archive.open(part) as stream:
        left = PART
        while left > 0 and (block := stream.read(256 << 10)):
            left -= len(block)
            if b"<!DOCTYPE" in block:
                raise ValueError("a DOCTYPE")
            parser.feed(block)
            for _, element in parser.read_events():
                assert isinstance(element, etree._Element)  # noqa: SLF001 - as it asks for
                if str(element.tag).endswith("}row"):
                    at = int(element.get("r") or number + 1)
                    for _ in range(min(at - number - 1, 100)):
                        yield []
                    number = at
                    yield _cells(element, shared)
                    element.clear()
                    count += 1
                    if count >= ROWS:
                        return


def _cells(row: etree._Element, shared: Sequence[str]) -> list[str]:
    cells: list[str] = []
    for cell in row:
        place = re.match(r"[A-Z]{1,3}", str(cell.get("r") or ""))
        at = len(cells)
        if place:
            at = 0
            for letter in place[0]:
                at = at * 26 + ord(letter) - 64
            at -= 1
        cells += [""] * (at - len(cells))
        cells.append(_text(cell, shared))
    return cells


def _text(cell: etree._Element, shared: Sequence[str]) -> str:
    value = cell.find("{*}v")
    text = (value.text or "") if value is not None else ""
    kind = cell.get("t")
    if kind == "s":
        return shared[int(text)] if text.isdigit() and int(text) < len(shared) else ""
    if kind == "inlineStr":
        return "".join(t.text or "" for t in cell.iter("{*}t"))
    if kind == "b":
        return {"1": "true", "0": "false"}.get(text, "")
    return text


def read_parquet(file: Path) -> tuple[Layout, Table]:
    """Judge the first rows of a Parquet file.

    Raises:
        GuessError: it cannot be read.
    """
    import pyarrow as pa  # noqa: PLC0415  (slow to import, and few files are Parquet)
    import pyarrow.parquet as pq  # noqa: PLC0415

    try:
        with pq.ParquetFile(file) as parquet:
            schema = parquet.schema_arrow
            batch = next(parquet.iter_batches(ROWS), pa.RecordBatch.from_pylist([], schema))
            rows: list[dict[str, object]] = batch.to_pylist()
    except (pa.ArrowException, OSError, ValueError, OverflowError, RuntimeError) as error:
        kind = type(error).__name__
        raise GuessError(f"{file}: no Parquet file that can be read ({kind})") from None
    if not schema.names:
        raise GuessError(f"{file}: the Parquet file has no columns")
    if any(pa.types.is_nested(kind) for kind in schema.types):
        return _nested(rows)
    columns = {name: [_plain(row[name]) for row in rows] for name in schema.names}
    why = {"format": f"a Parquet file with {len(schema.names)} columns"}
    return Layout("parquet", {}, why), Table(columns, range(1, len(rows) + 1))


def _nested(rows: Sequence[dict[str, object]]) -> tuple[Layout, Table]:
    import json  # noqa: PLC0415  (only here)

    from pipelines.guessing.json_tree import make_nodes  # noqa: PLC0415
    from pipelines.guessing.trees import flatten  # noqa: PLC0415

    texts = [json.dumps(row, default=_plain, ensure_ascii=False) for row in rows]
    table, items = flatten(make_nodes(texts))
    words: dict[str, object] = {"items": items} if items else {}
    return Layout("parquet", words, {"format": "a Parquet file with nested columns"}), table


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if hasattr(value, "isoformat"):
        return str(value.isoformat())
    return str(value)
