"""What must hold for any bytes that a reader is given, and good bytes to start from.

The first two bytes of an input choose how the file is read, the others are the file. Whatever
they hold: frames come or one `SourceError` of one line, nothing else; a good value holds no NUL
and nothing unreadable; rows are in order and every one is there; the size of a block changes
nothing; each input has its time, and the process its memory.
"""

import io
import json
import re
import resource
import tempfile
import time
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import polars as pl
from lxml import etree

from connectors.files import FileSource, SourceError, read, read_dialect
from sample_data.hostile import list_hostile
from sample_data.hostile_books import book, members, sheet
from sample_data.hostile_kinds import FIELDS, good_file
from sample_data.hostile_packed import pack_zip, pack_zst

SECONDS, MEMORY = 5, 1 << 30
SAMPLES = Path(__file__).resolve().parent.parent / "sample_data"
BLOCKS = (0, 16, 64, 257, 4096)
ENCODINGS = ("utf-16", "utf-16-le", "utf-32", "cp1252", "cp865", "iso-8859-15", "utf-8")
MEMBERS = ("member_no", "email", "points")
RECEIPTS = ("store_id", "receipt_id", "items.line_no", "items.product_id")
PEOPLE = ("MemberNo", "Email", "Points")
Options = dict[str, Any]


def _ways(base: Options, *others: Options) -> list[Options]:
    encoded = [{"encoding": name} for name in ENCODINGS]
    return [base, *({**base, **other} for other in (*others, *encoded))]


WAYS: dict[str, list[Options]] = {
    "csv": _ways(
        {"columns": MEMBERS},
        {"delimiter": ";"},
        {"delimiter": "\t"},
        {"quote": None},
        {"quote": "'"},
        {"header": ("member_no", "email", "points")},
        {"skip_lines": 2},
        {"trailer": "T;{rows};{points}"},
        {"mended": True},
    ),
    "fixed": _ways({"columns": MEMBERS, "fields": FIELDS}, {"skip_lines": 1}, {"trailer": "T{n}"}),
    "json": _ways(
        {"columns": MEMBERS},
        {"record": "export.members"},
        {"record": "export.members", "totals": {"rows": "export.count"}},
        {"columns": RECEIPTS, "items": "items"},
        {"columns": ("member_no", "phones[2].number", "phones[type=mobile].number")},
    ),
    "ndjson": _ways({"columns": MEMBERS}, {"columns": RECEIPTS, "items": "items"}),
    "xml": _ways(
        {"columns": PEOPLE, "record": "Member"},
        {"columns": ("Header.StoreId", "Items.Item.LineNo"), "record": "Receipt",
         "items": "Items.Item"},
        {"columns": ("@id", "Phone[@type=mobile]", "Phone[2]")},
        {"record": "Members.Member", "totals": {"rows": "Members.@count"}},
    ),
    "xlsx": [{"columns": MEMBERS}, {"columns": MEMBERS, "skip_lines": 2},
             {"columns": MEMBERS, "sheet": "Ark1"}],
    "parquet": [{"columns": MEMBERS}],
    **{pack: [{"columns": MEMBERS, "format": "csv"}] for pack in ("gz", "bz2", "zst", "zip")},
}  # fmt: skip
TOKENS: dict[str, list[bytes]] = {
    "csv": [b",", b";", b"\t", b'"', b'""', b'","', b"\r", b"\n", b"\r\n", b"sep=;\n", b"'"],
    "fixed": [b"\n", b"\r\n", b" " * 8, "å".encode(), b"T1\n", b"\t"],
    "json": [b"{", b"}", b"[", b"]", b",", b":", b'"', b"\\u0000", b"\\ud800", b"NaN", b"1e999",
             b"null", b"true", b"-0", b"},{", b"}\n{", b"[" * 70, b'{"export":{"members":', b"]}}"],
    "xml": [b"<", b">", b"&amp;", b"&#0;", b"&e;", b"<![CDATA[", b"]]>", b"<!--", b"-->", b"<?",
            b"?>", b"<!DOCTYPE x [", b"</Member>", b"<Member>", b"<Member/>", b'a="', b"xmlns=",
            b"<Member id='1'>", b'<Phone type="mobile">'],
    "xlsx": [b'<row r="2">', b'<c r="A2" t="s"><v>', b"</v></c>", b"<row/>", b't="inlineStr"',
             b'r="XFD1048576"', b"<!DOCTYPE x>", b"PK\x03\x04", b"PK\x01\x02"],
    "parquet": [b"PAR1", b"\x15\x00", b"\xff\xff\xff\x7f", b"\x26\x08"],
    "zip": [b"PK\x03\x04", b"PK\x01\x02", b"PK\x05\x06", b"../", b"\xff\xff\xff\xff"],
}  # fmt: skip
TOKENS["ndjson"] = TOKENS["json"]
COMMON = [b"\0", b"\xef\xbb\xbf", b"\xff\xfe", b"\xe5", b"\xc3", b"\xed\xa0\x80", b"\n", b"\x1b",
          b"x" * 300, b"9" * 400, "\U0010fffd".encode(), b"\xff\xff\xff\xff"]  # fmt: skip
FORMATS = tuple(WAYS)
TABLES = {"xlsx", "parquet"}


class BrokenError(AssertionError):
    """Something that must hold did not."""


def check(form: str, data: bytes) -> None:
    """Read an input and see that all that must hold holds.

    Raises:
        BrokenError: it does not; any other exception but a `SourceError` goes through as it is.
    """
    way = WAYS[form][data[0] % len(WAYS[form])] if data else WAYS[form][0]
    block, content = BLOCKS[data[1] % len(BLOCKS)] if data[1:] else 0, data[2:]
    options = {"format": form, **way}
    if form == "xlsx" and data[:1] and data[0] & 0x80:
        content = book(content)
    folder = Path("/dev/shm") if Path("/dev/shm").is_dir() else None
    with tempfile.TemporaryDirectory(dir=folder) as inside:
        suffix = form if options["format"] == form else f"{options['format']}.{form}"
        path = Path(inside) / f"input.{suffix}"
        path.write_bytes(content)
        source = FileSource(path, rows_per_chunk=7, **options)
        begin = time.process_time()  # not the wall's: others may use the machine too
        rows, error = drain(source, block)
        try:
            read_dialect(source)
        except SourceError as refused:
            see_line(refused)
        took = time.process_time() - begin
        if took > SECONDS:
            raise BrokenError(f"{len(content)} bytes took {took:.1f} s")
        if block and (error is None) != (drain(source, 0)[1] is None):
            raise BrokenError(f"blocks of {block} bytes: {error}; otherwise: {drain(source, 0)[1]}")
        if block and not error and not has_sign(source) and rows != drain(source, 0)[0]:
            raise BrokenError(f"blocks of {block} bytes give other rows")
        if list(Path(inside).iterdir()) != [path]:
            raise BrokenError("the reader wrote a file")
    if error is None and set(way) <= COUNTED and (count := COUNTS.get(form)):
        expected = count(content)
        found = len({row[0] for row in rows})
        if expected is not None and expected != found:
            raise BrokenError(f"{expected} records in the file, {found} were read")
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss << 10
    if used > MEMORY:
        raise BrokenError(f"{used >> 20} MB of memory")


def drain(source: FileSource, block: int) -> tuple[list[tuple[Any, ...]], str | None]:
    """Read all of a file: its rows, each with its fault, and the line that refused the rest."""
    rows: list[tuple[Any, ...]] = []
    any_text = source.mended or source.format in TABLES or has_sign(source)
    try:
        for frame in read(source, _block=block):
            rows += see_frame(frame, any_text=any_text)
    except SourceError as error:
        return rows, see_line(error)
    if any(one[0] > two[0] for one, two in pairwise(rows)):
        raise BrokenError("the rows are out of order")
    return rows, None


def has_sign(source: FileSource) -> bool:
    """Tell whether a file itself has the character that stands for what is unreadable.

    Then it may be read, and in a block that holds something unreadable it is taken for that.
    """
    sign = "\U0010fffd".encode(source.encoding or "utf-8", "replace")[-4:]
    return sign in source.path.read_bytes()


def see_line(error: SourceError) -> str:
    """See that an error is one line for a person."""
    text = str(error)
    if not text.isprintable() or not 20 < len(text) < 2000:
        raise BrokenError(f"an error of {len(text)} characters: {text!r}")
    return text


def see_frame(frame: pl.DataFrame, *, any_text: bool) -> list[tuple[Any, ...]]:
    """See that a frame is as promised, and give its rows with their faults.

    Of `any_text` nothing is decoded, and the rules of a field reject a NUL.
    """
    if not frame.height or frame.schema["_row"] != pl.Int64:
        raise BrokenError(f"a frame of {frame.height} rows, {frame.schema}")
    if set(frame.dtypes[1:]) - {pl.String}:
        raise BrokenError(f"columns that are no text: {frame.schema}")
    if "_fault" not in frame.columns:
        frame = frame.with_columns(pl.lit(None, pl.String).alias("_fault"))
    sound = frame.filter(pl.col("_fault").is_null()).drop("_row", "_fault", "_raw", strict=False)
    for column in () if any_text else sound:
        if column.str.contains(r"[\x{10FFFD}\x00]").any():
            raise BrokenError(f"{column.name} holds what cannot be sent")
    if (frame["_fault"].str.len_chars() < 5).any():
        raise BrokenError("a row is rejected without a reason")
    return frame.drop("_raw", strict=False).rows()


def _count_lines(content: bytes) -> int | None:
    if not content.isascii() or b"\0" in content or b"\r" in content:
        return None
    return sum(1 for line in content.split(b"\n") if line.strip(b" \t"))


def _count_csv(content: bytes) -> int | None:
    if (
        re.search(rb"[\"']", content)
        or content[:4].lower() == b"sep="
        or re.search(rb"(?m)^[ \t]+$", content)
    ):
        return None
    lines = _count_lines(content)
    return None if lines is None else lines - 1


def _count_array(content: bytes) -> int | None:
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return None
    return len(value) if isinstance(value, list) else None


def _count_elements(content: bytes) -> int | None:
    parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
    try:
        root = etree.parse(io.BytesIO(content), parser).getroot()
    except etree.XMLSyntaxError:
        return None
    outer = "*[local-name()='Member']"
    return int(root.xpath(f"count(//{outer}[not(ancestor::{outer})])"))


COUNTED = {"columns", "record", "delimiter", "quote"}
COUNTS: dict[str, Callable[[bytes], int | None]] = {
    "csv": _count_csv,
    "ndjson": _count_lines,
    "json": _count_array,
    "xml": _count_elements,
}
"""How many records a file has, told in another way; None where that other way cannot tell. They
hold for the ways of reading that say no more than `COUNTED`."""


def list_seeds(form: str) -> list[bytes]:
    """List good inputs, and the small files of the hostile corpus."""
    text = good_file("csv", 20)
    files = {
        "gz": [case.make() for case in list_hostile() if case.name == "nul-middle.csv.gz"],
        "zst": [pack_zst(text)],
        "zip": [pack_zip([("a.csv", text), ("b.csv", text)])],
        "xlsx": [book(sheet(*members(5)))],
    }.get(form, [])
    sheets = [b"\x80\0" + sheet(*members(5)).encode()] if form == "xlsx" else []
    if form in {"csv", "fixed", "json", "ndjson", "xml"}:
        files = [good_file(form, 5), good_file(form, 40).replace(b"\n", b"\r\n")]
        files += [good_file(form, 5).decode().encode(name) for name in ENCODINGS[:3]]
    for name in ("members", "receipts"):
        if (sample := SAMPLES / f"{name}.{form}").is_file():
            files.append(sample.read_bytes()[:3000])
    ends = f".{form}"
    small = (case.make() for case in list_hostile() if not case.large and case.name.endswith(ends))
    files += [data for data in small if len(data) < 3000]
    ways = len(WAYS[form])
    inputs = [bytes([at % ways, at % len(BLOCKS)]) + data for at, data in enumerate(files)]
    return [*inputs, *(bytes([0, 0]) + data for data in files[:20]), *sheets]
