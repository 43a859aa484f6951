"""Control totals: what a source tells of itself, against what was read and what was taken.

A total that differs, is not told, or cannot be proven stops a load before anything is sent: a file
that was cut off or written twice is as well formed as any other.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

import polars as pl

from delivery.ledger import LedgerError
from delivery.records import read_records
from pipelines.counting import amount_text
from pipelines.feeds import LoadFeed
from pipelines.runs import Summary
from transforms.receipts import SCALE

SPACES = (" ", "\u00a0", "\u202f")
"""What a thousands mark that is a space may be."""
NUMBER = r"[+-]?[0-9]{1,18}(\.[0-9]{1,6})?"


@dataclass(frozen=True)
class Found:
    """What was read, rejected records included.

    Attributes:
        rows: of the source.
        records: receipts or members.
        amount: the sum of the records' gross amounts, in ten-thousandths, a return's with a minus.
        unknown: records whose amount cannot be read, and so is not in the sum.
    """

    rows: int
    records: int
    amount: int = 0
    unknown: int = 0


def compare_totals(
    feed: LoadFeed, told: Mapping[str, Sequence[str]], found: Found
) -> tuple[dict[str, str], list[str]]:
    """Compare what a source tells with what was found in it.

    Args:
        feed: its words; `control` says what is told, `values` how numbers are written.
        told: name → the text that each part of the source tells; parts are added up.
        found: what was read.

    Returns:
        What is declared, canonical, by name; and a line for each total that is not as declared.
    """
    declared: dict[str, str] = {}
    wrong: list[str] = []
    for name in feed.control.names:
        texts = told.get(name) or []
        if not texts:
            wrong.append(f"{name}: the source does not tell it")
            continue
        try:
            numbers = [_number(feed, name, text) for text in texts]
        except ValueError as error:
            wrong.append(f"{name}: {error}")
            continue
        total, there = sum(numbers, Decimal(0)), _found(name, found)
        declared[name] = _plain(name, total)
        line = _differ(name, total, there)
        if name == "amount" and found.unknown:
            wrong.append(
                f"amount: declared {_tell(name, total)}, {_tell(name, there)} in what can"
                f" be read; {found.unknown:,} more have an amount that cannot be read, so it"
                " cannot be proven"
            )
        elif line:
            wrong.append(line)
    return declared, wrong


def tell_taken(summary: Summary) -> dict[str, str]:
    """Tell how much of what was declared the platform has, canonical, by name.

    It has what it accepted, in this run or, with the same content, before (unchanged), and whom
    another member stands for (merged).

    Args:
        summary: of a load whose outcomes are written, and whose records are there still.

    Raises:
        LedgerError: the outcomes do not add up to what was declared.
    """
    if not summary.declared:
        return {}
    folder = Path(summary.folder)
    outcomes = pl.scan_parquet(folder / "outcomes.parquet")
    taken = pl.col("outcome").is_in(["accepted", "unchanged", "merged"])
    counts = outcomes.select(
        records=pl.len(),
        rows=pl.col("rows").cast(pl.Int64).sum(),
        taken_records=taken.sum(),
        taken_rows=pl.col("rows").cast(pl.Int64).filter(taken).sum(),
    ).collect()
    told: dict[str, str] = {}
    for name, text in summary.declared.items():
        if name == "amount":
            lost = outcomes.filter(~taken).select("row").collect().to_series()
            told[name] = amount_text(_scaled(summary.totals["gross"]) - _sum(folder, lost))
            continue
        what = "rows" if name == "rows" else "records"
        if int(text) != counts[what].item():
            raise LedgerError(
                f"{int(text):,} {name} were declared, {counts[what].item():,} have an outcome:"
                f" see {folder}/outcomes.parquet"
            )
        told[name] = str(counts[f"taken_{what}"].item())
    return told


def tell_declared(summary: Summary) -> str:
    """Say what was declared, and how much of it the platform has; empty if nothing was."""
    declared = summary.declared
    if not summary.taken:
        parts = [f"{_tell(name, Decimal(text))} {name}" for name, text in declared.items()]
        end = "" if summary.state == "failed" else ": as read"
        return f"{', '.join(parts)}{end}" if parts else ""
    parts = [
        f"{_tell(name, Decimal(summary.taken[name]))} of {_tell(name, Decimal(text))} {name}"
        for name, text in declared.items()
    ]
    ways = ((summary.unchanged_records, "before"), (summary.merged_records, "merged"))
    told = ", ".join(f"{count:,} {way}" for count, way in ways if count)
    return f"accepted {', '.join(parts)} declared{f' ({told})' if told else ''}"


def _number(feed: LoadFeed, name: str, text: str) -> Decimal:
    """Read a total as the source's amounts are written."""
    thousands = feed.values.thousands
    plain = text.strip()
    for mark in SPACES if thousands in SPACES else [thousands] if thousands else []:
        plain = plain.replace(mark, "")
    plain = plain.replace(feed.values.decimal, ".")
    if not re.fullmatch(NUMBER, plain):
        raise ValueError(f"the source tells {text[:40]!r}, which is no number")
    number = Decimal(plain)
    if name != "amount" and number != number.to_integral_value():
        raise ValueError(f"the source tells {text[:40]!r}, which is no whole number")
    return number


def _found(name: str, found: Found) -> Decimal:
    if name == "amount":
        return Decimal(found.amount) / SCALE
    return Decimal(found.rows if name == "rows" else found.records)


def _differ(name: str, declared: Decimal, there: Decimal) -> str:
    if declared == there:
        return ""
    money = name == "amount"
    way = ("less" if money else "fewer") if there < declared else "more"
    off = _tell(name, abs(declared - there))
    return f"{name}: declared {_tell(name, declared)}, found {_tell(name, there)} ({off} {way})"


def _plain(name: str, number: Decimal) -> str:
    return amount_text(_scaled(str(number))) if name == "amount" else str(int(number))


def _tell(name: str, number: Decimal) -> str:
    return f"{Decimal(_plain(name, number)):,}"


def _scaled(text: str) -> int:
    return int(Decimal(text) * SCALE)


def _sum(folder: Path, rows: pl.Series) -> int:
    """Add up the amounts of the prepared records that begin in these rows."""
    if rows.is_empty():
        return 0
    lost = rows.implode()
    frames = read_records(folder / "records.arrow", ("row", "amount"))
    return sum(int(f["amount"].filter(f["row"].is_in(lost)).sum()) for f in frames)
