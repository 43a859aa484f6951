"""The same members and receipts, in every format, encoding and packing, make the same bodies."""

import bz2
import gzip
import io
import json
import zipfile
from functools import cache
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import polars as pl
import pyarrow as pa
import pytest

from delivery.records import read_records
from pipelines.feeds import LoadFeed
from pipelines.feeds.reading import read_yaml
from pipelines.loading import RECORDS, cut, prepare

pytestmark = pytest.mark.slow
COUNT = 10_000
ENCODINGS = (
    *("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-32", "utf-32-be"),
    *("cp1252", "iso-8859-1", "iso-8859-15", "cp865"),
)
TEXTS = ("csv", "tsv", "fixed", "json", "json path", "ndjson", "xml", "xml attributes")
NAMES = (
    "Åse",
    "Bjørn",
    "Ægir",
    "Märta",
    "Jürgen",
    "Zoé",
    "Ole; Kari",
    'Per "Pelle"',
    "O'Hara",
    "A&B <C>",
)
MEMBER_MAPPING = """
    externalId: {number}
    firstName: {first}
    lastName: {last}
    mobilePhone: {phone}
    email: {email}
    birthDate: {born}
    zip: {{column: "{zip}", type: text}}
    consents.acceptsSms: {sms}
"""
RECEIPT_MAPPING = """
    Header.StoreId: {store}
    Header.ReceiptId: {receipt}
    Header.TimeStamp: {time}
    Items.LineNo: {line}
    Items.Quantity: {quantity}
    Items.ProductId: {product}
    Items.ProductName: {name}
    Items.GrossAmount: {gross}
    Items.Vat: {vat}
"""
HEAD = ("store", "receipt", "time")
ITEM = ("line", "quantity", "product", "name", "gross", "vat")


@cache
def members() -> pl.DataFrame:
    rows = range(COUNT)
    return pl.DataFrame(
        {
            "number": [f"{n:08}" for n in rows],
            "first": [NAMES[n % len(NAMES)] for n in rows],
            "last": [f"Sørensen-{n}" for n in rows],
            "phone": [f"+47{40_000_000 + n}" for n in rows],
            "email": [f"m{n}@example.com" for n in rows],
            "born": [f"{1930 + n % 80}-{n % 12 + 1:02}-{n % 28 + 1:02}" for n in rows],
            "zip": [f"{n % 10_000:04}" for n in rows],
            "sms": ["true" if n % 3 else "false" for n in rows],
        }
    )


@cache
def receipts() -> pl.DataFrame:
    rows = [
        (
            f"{n % 7:04}",
            f"R{n:07}",
            f"2024-{n % 12 + 1:02}-{n % 28 + 1:02}T{n % 23:02}:{n % 60:02}:00",
            str(line),
            "1",
            f"{7_000_000 + line * n}",
            NAMES[(n + line) % len(NAMES)],
            f"{n % 500 + line}.25",
            f"{n % 9}.05",
        )
        for n in range(COUNT)
        for line in range(1, n % 3 + 2)
    ]
    return pl.DataFrame(rows, schema=[*HEAD, *ITEM], orient="row")


def nested(frame: pl.DataFrame) -> list[dict[str, object]]:
    """Receipts with their lines in a list, members as they are."""
    if "receipt" not in frame.columns:
        return frame.to_dicts()
    grouped = frame.group_by(HEAD, maintain_order=True).agg(pl.struct(ITEM).alias("items"))
    return grouped.to_dicts()


def delimited(frame: pl.DataFrame, delimiter: str) -> str:
    return frame.write_csv(separator=delimiter, quote_style="necessary")


def widths(frame: pl.DataFrame) -> dict[str, tuple[int, int]]:
    places, start = {}, 1
    for name in frame.columns:
        width = max(frame[name].str.len_chars()) + 1
        places[name] = (start, width)
        start += width
    return places


def fixed(frame: pl.DataFrame) -> str:
    padded = [pl.col(name).str.pad_end(width) for name, (_, width) in widths(frame).items()]
    return "\n".join(frame.select(pl.concat_str(padded)).to_series().to_list()) + "\n"


def as_json(frame: pl.DataFrame, *, path: bool = False) -> str:
    records = nested(frame)
    whole = {"head": {"made": "now", "of": [1, 2]}, "export": {"rows": records, "end": True}}
    return json.dumps(whole if path else records, ensure_ascii=False, indent=1 if path else None)


def as_ndjson(frame: pl.DataFrame) -> str:
    return "".join(f"{json.dumps(record, ensure_ascii=False)}\n" for record in nested(frame))


def elements(record: dict[str, object]) -> str:
    texts = []
    for name, value in record.items():
        if isinstance(value, list):
            texts.append("".join(f"<items>{elements(item)}</items>" for item in value))
        else:
            texts.append(f"<{name}>{escape(str(value))}</{name}>")
    return "".join(texts)


def as_xml(frame: pl.DataFrame, encoding: str) -> str:
    rows = "\n".join(f"<rec>{elements(record)}</rec>" for record in nested(frame))
    return f'<?xml version="1.0" encoding="{encoding}"?>\n<all>\n{rows}\n</all>\n'


def attributes(record: dict[str, object]) -> str:
    return " ".join(f"{k}={quoteattr(str(v))}" for k, v in record.items() if k != "items")


def as_attributes(frame: pl.DataFrame, encoding: str) -> str:
    rows = []
    for record in nested(frame):
        items = record.get("items", [])
        assert isinstance(items, list)
        inner = "".join(f"<p:items {attributes(item)}/>" for item in items)
        rows.append(f"<p:rec {attributes(record)}>{inner}</p:rec>\n")
    head = f'<?xml version="1.0" encoding="{encoding}"?>\n<p:all xmlns:p="urn:x">\n'
    return f"{head}{''.join(rows)}</p:all>\n"


def text_of(kind: str, frame: pl.DataFrame, declared: str) -> str:
    makers = {
        "csv": lambda: delimited(frame, ";"),
        "tsv": lambda: delimited(frame, "\t"),
        "fixed": lambda: fixed(frame),
        "json": lambda: as_json(frame),
        "json path": lambda: as_json(frame, path=True),
        "ndjson": lambda: as_ndjson(frame),
        "xml": lambda: as_xml(frame, declared),
        "xml attributes": lambda: as_attributes(frame, declared),
    }
    return makers[kind]()


def words_of(kind: str, frame: pl.DataFrame) -> dict[str, object]:
    """The words of `source` for a format."""
    items = "items" if "receipt" in frame.columns else None
    words: dict[str, dict[str, object]] = {
        "csv": {"format": "csv", "delimiter": ";"},
        "tsv": {"format": "csv", "delimiter": "\t"},
        "fixed": {"format": "fixed", "fields": widths(frame)},
        "json": {"format": "json", "items": items},
        "json path": {"format": "json", "record": "export.rows", "items": items},
        "ndjson": {"format": "ndjson", "items": items},
        "xml": {"format": "xml", "record": "rec", "items": items},
        "xml attributes": {"format": "xml", "record": "all.rec", "items": items},
        "xlsx": {"format": "xlsx"},
        "parquet": {"format": "parquet", "items": items},
    }
    return {name: value for name, value in words[kind].items() if value is not None}


def bodies(
    folder: Path, kind: str, frame: pl.DataFrame, file: Path, encoding: str | None = None
) -> list[bytes]:
    """Write the feed, prepare the file, and give what would be sent."""
    is_receipts = "receipt" in frame.columns
    source = {"path": str(file), **words_of(kind, frame)}
    if encoding:
        source["encoding"] = encoding
    inside = "items." if source.get("items") else ""
    mark = "@" if kind == "xml attributes" else ""
    names = {name: f"{inside if name in ITEM else ''}{mark}{name}" for name in frame.columns}
    quoted = {name: json.dumps(path) for name, path in names.items()}
    mapping = (RECEIPT_MAPPING if is_receipts else MEMBER_MAPPING).format(
        **(quoted | ({"zip": names["zip"]} if "zip" in names else {}))
    )
    endpoint = "POST /transactions" if is_receipts else "POST /import"
    (folder / "feed").mkdir(exist_ok=True)
    feed_file = folder / "feed/defs.yaml"
    feed_file.write_text(
        "type: pipelines.components.LoadFeedComponent\nattributes:\n"
        f"  source: {json.dumps(source)}\n  target: {{endpoint: {endpoint}}}\n  mapping:{mapping}",
        encoding="utf-8",
    )
    feed = read_yaml(feed_file)
    assert isinstance(feed, LoadFeed)
    out = folder / "out"
    out.mkdir(exist_ok=True)
    done = prepare(feed, file, out)
    assert (done.records, done.rejected_records) == (COUNT, 0), done.reasons
    return [batch.body for batch in cut(feed, read_records(out / RECORDS))]


@pytest.fixture(scope="session")
def wanted(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[bytes]]:
    made = {}
    for name, frame in (("members", members()), ("receipts", receipts())):
        folder = tmp_path_factory.mktemp(name)
        file = folder / "in.csv"
        file.write_text(delimited(frame, ";"), encoding="utf-8")
        made[name] = bodies(folder, "csv", frame, file)
        assert sum(map(len, made[name])) > 1_000_000
    return made


@pytest.mark.parametrize("what", ["members", "receipts"])
@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize("kind", TEXTS)
def test_a_text_makes_the_same_bodies(
    tmp_path: Path, wanted: dict[str, list[bytes]], kind: str, encoding: str, what: str
) -> None:
    frame = members() if what == "members" else receipts()
    file = tmp_path / "in.dat"
    declared = encoding.removesuffix("-sig").removesuffix("-le").removesuffix("-be")
    file.write_bytes(text_of(kind, frame, declared).encode(encoding))
    told = None if encoding in {"utf-8", "utf-8-sig", "utf-16", "utf-32"} else encoding
    assert bodies(tmp_path, kind, frame, file, told) == wanted[what]


def pack(kind: str, name: str, data: bytes) -> bytes:
    if kind == "gz":
        return gzip.compress(data)
    if kind == "bz2":
        return bz2.compress(data)
    if kind == "zst":
        sink = pa.BufferOutputStream()
        with pa.CompressedOutputStream(sink, "zstd") as packed:
            packed.write(data)
        whole: bytes = sink.getvalue().to_pybytes()
        return whole
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_DEFLATED) as packed_files:
        packed_files.writestr(f"inner/{name}", data)
    return archive.getvalue()


@pytest.mark.parametrize("packing", ["gz", "bz2", "zst", "zip"])
@pytest.mark.parametrize("kind", ["csv", "fixed", "json path", "ndjson", "xml"])
def test_a_packed_file_makes_the_same_bodies(
    tmp_path: Path, wanted: dict[str, list[bytes]], kind: str, packing: str
) -> None:
    file = tmp_path / f"in.{packing}"
    file.write_bytes(pack(packing, "in.dat", text_of(kind, receipts(), "cp1252").encode("cp1252")))
    assert bodies(tmp_path, kind, receipts(), file, "cp1252") == wanted["receipts"]


def thirds(frame: pl.DataFrame) -> list[pl.DataFrame]:
    """Three parts of whole receipts; receipts do not go on in the next file."""
    if "receipt" not in frame.columns:
        return [frame[:3_000], frame[3_000:6_000], frame[6_000:]]
    first, second = (frame["receipt"].search_sorted(f"R{n:07}") for n in (3_000, 6_000))
    return [frame[:first], frame[first:second], frame[second:]]


@pytest.mark.parametrize("what", ["members", "receipts"])
@pytest.mark.parametrize("how", ["folder", "glob", "zip"])
def test_many_files_make_the_same_bodies(
    tmp_path: Path, wanted: dict[str, list[bytes]], how: str, what: str
) -> None:
    frame = members() if what == "members" else receipts()
    folder = tmp_path / "many"
    folder.mkdir()
    parts = {f"{n}.csv": delimited(part, ";").encode() for n, part in enumerate(thirds(frame))}
    if how == "zip":
        path = tmp_path / "many.zip"
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in parts.items():
                archive.writestr(name, data)
    else:
        for name, data in parts.items():
            (folder / name).write_bytes(data)
        path = folder if how == "folder" else folder / "[0-9].csv"
    assert bodies(tmp_path, "csv", frame, path) == wanted[what]


def workbook(frame: pl.DataFrame) -> bytes:
    """A sheet of texts, as small as the standard allows."""
    rows = [
        "".join(f'<c t="inlineStr"><is><t>{escape(text)}</t></is></c>' for text in row)
        for row in [frame.columns, *frame.rows()]
    ]
    main = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
    office = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
    package = "http://schemas.openxmlformats.org/package/2006"
    files = {
        "[Content_Types].xml": f'<Types xmlns="{package}/content-types">'
        '<Default Extension="rels" '
        'ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
        '<Default Extension="xml" ContentType="application/xml"/>'
        '<Override PartName="/xl/workbook.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.spreadsheetml.sheet.main+xml"/>'
        '<Override PartName="/xl/worksheets/sheet1.xml" ContentType="application/'
        'vnd.openxmlformats-officedocument.spreadsheetml.worksheet+xml"/></Types>',
        "_rels/.rels": f'<Relationships xmlns="{package}/relationships"><Relationship Id="r1" '
        f'Type="{office}/officeDocument" Target="xl/workbook.xml"/></Relationships>',
        "xl/workbook.xml": f'<workbook xmlns="{main}" xmlns:r="{office}"><sheets>'
        '<sheet name="Ark1" sheetId="1" r:id="r1"/></sheets></workbook>',
        "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{package}/relationships">'
        f'<Relationship Id="r1" Type="{office}/worksheet" Target="worksheets/sheet1.xml"/>'
        "</Relationships>",
        "xl/worksheets/sheet1.xml": f'<worksheet xmlns="{main}"><sheetData>'
        f"{''.join(f'<row>{row}</row>' for row in rows)}</sheetData></worksheet>",
    }
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, text in files.items():
            archive.writestr(name, f'<?xml version="1.0" encoding="UTF-8"?>{text}')
    return made.getvalue()


@pytest.mark.parametrize("what", ["members", "receipts"])
@pytest.mark.parametrize("kind", ["xlsx", "parquet"])
def test_a_binary_table_makes_the_same_bodies(
    tmp_path: Path, wanted: dict[str, list[bytes]], kind: str, what: str
) -> None:
    frame = members() if what == "members" else receipts()
    file = tmp_path / f"in.{kind}"
    if kind == "xlsx":
        file.write_bytes(workbook(frame))
    else:
        pl.DataFrame(nested(frame)).write_parquet(file, row_group_size=1_000)
    assert bodies(tmp_path, kind, frame, file) == wanted[what]
