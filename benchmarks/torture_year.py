"""The source of the large tortures: a year of real receipts, or as many made-up ones."""

import csv
import sys
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from torture_ground import ROOT, write_feed, write_receipts
from torture_report import Key, tell

YEAR, QUICK = 155_848, 4_000
BATCH = 400


@dataclass(frozen=True)
class Source:
    """A CSV of receipts.

    Attributes:
        path: the file.
        keys: what it holds.
        kinds: a column tells returns from purchases.
    """

    path: Path
    keys: frozenset[Key]
    kinds: bool

    def feed(self, folder: Path, **delivery: object) -> Path:
        """Write a feed over it, named as the folder, with these words of `delivery`."""
        return write_feed(folder, self.path, BATCH, kinds=self.kinds, **delivery)


@cache
def find_source(work: Path, seed: int, year: Path | None, *, quick: bool) -> Source:
    """Give a year: read from `year`, or made by the extra `year` once, or else made up."""
    work.mkdir(parents=True, exist_ok=True)
    if quick:
        path = work / "quick.csv"
        # Of several blocks, as large sources are: a reader's blocks have 2 MB.
        keys = write_receipts(path, QUICK, seed, note="." * 1000)
        return Source(path, frozenset(keys), kinds=True)
    path = year or work / "year/receipts.csv"
    if path.exists() or _make_year(path.parent):
        return Source(path, read_keys(path), kinds=False)
    tell("the extra `year` is not installed: the receipts are made up")
    path = work / "made.csv"
    return Source(path, frozenset(write_receipts(path, YEAR, seed)), kinds=True)


def read_keys(source: Path) -> frozenset[Key]:
    """Read which receipts a CSV holds."""
    with source.open(newline="", encoding="utf-8") as file:
        rows = csv.reader(file)
        head = next(rows)
        store, receipt = head.index("store_id"), head.index("receipt_id")
        return frozenset((row[store], row[receipt], "PURCHASE") for row in rows)


def _make_year(folder: Path) -> bool:
    sys.path.insert(0, str(ROOT))
    from sample_data.year import YearMissingError, write_year

    try:
        write_year(folder, formats=("csv",))
    except YearMissingError:
        return False
    return True
