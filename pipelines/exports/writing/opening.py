"""A unit's rows as the tables that they become: flat, and with lists taken out where so asked."""

from collections.abc import Collection, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

from pipelines.exports.writing.rows import Rows
from pipelines.feeds.table import ADDED, Table
from transforms.nesting import flatten, take_list

__all__ = ["DATA", "ROW", "Batch", "Opening", "batches"]

DATA, ROW = "data", "_row"
CHUNK = 100_000
"""Rows typed and written at once."""


@dataclass(frozen=True, slots=True)
class Batch:
    """Rows of some units whose JSON had the same types.

    Attributes:
        numbers, heights: the units, and how many rows each has.
        rows: all of them.
        first: the number of the first row, from 0.
    """

    numbers: list[int]
    heights: list[int]
    rows: pl.DataFrame
    first: int


def batches(rows: Rows) -> Iterator[Batch]:
    """Give all rows, some units at once: a hundred small casts cost more than a large one."""
    numbers: list[int] = []
    waiting: list[pl.DataFrame] = []
    height = first = 0
    for number, frame in rows.frames():
        if waiting and (waiting[0].schema != frame.schema or height + frame.height > CHUNK):
            yield Batch(numbers, [x.height for x in waiting], pl.concat(waiting), first)
            first += height
            numbers, waiting, height = [], [], 0
        if frame.height:
            numbers.append(number)
            waiting.append(frame)
            height += frame.height
    if waiting:
        yield Batch(numbers, [x.height for x in waiting], pl.concat(waiting), first)


class Opening:
    """Makes of rows the table `data` and one for each list, if lists are tables.

    Items of a list know their row by the key of the feed, and by `_row`: rows are numbered from 0
    in every run, and both tables have the number.

    Args:
        shapes: every set of columns and types that units have.
        table: the words.
        before: the tables of the version before: a list that has no items today is still one.
    """

    def __init__(
        self, shapes: Sequence[pl.Schema], table: Table, before: Collection[str] = ()
    ) -> None:
        self._flat = table.nested == "flatten"
        self.lists: tuple[str, ...] = ()
        if table.lists == "table":
            kinds: dict[str, set[str]] = {}
            for shape in shapes:
                for name, kind in self._unfold(shape.to_frame()).schema.items():
                    word = "list" if kind == pl.List else "null" if kind == pl.Null else "other"
                    kinds.setdefault(name, set()).add(word)
            self.lists = tuple(
                name
                for name, found in kinds.items()
                if "other" not in found and ("list" in found or _folder(name, {DATA}) in before)
            )
        self.tables = {DATA: ""}
        for name in self.lists:
            self.tables[_folder(name, self.tables)] = name
        self.link = [*table.key, ROW]
        self.shapes = {
            name: [self.open(shape.to_frame(), 0)[name].schema for shape in shapes]
            for name in self.tables
        }

    @property
    def columns(self) -> list[str]:
        """Every column that rows of any table may have."""
        every = (name for shapes in self.shapes.values() for shape in shapes for name in shape)
        return list(dict.fromkeys(every))

    def open(self, rows: pl.DataFrame, first: int) -> dict[str, pl.DataFrame]:
        """Give of each table its rows, not typed yet; `first` is the number of the first row."""
        rows = self._unfold(rows)
        if not self.lists:
            return {DATA: rows}
        rows = rows.with_columns(pl.int_range(first, first + pl.len()).alias(ROW))
        lacks = [pl.lit(None).alias(name) for name in self.link if name not in rows.columns]
        linked = rows.with_columns(lacks)
        made = {DATA: rows.drop(self.lists, strict=False)}
        for table, name in self.tables.items():
            if name:
                made[table] = take_list(linked, name, self.link)
        return made

    def _unfold(self, rows: pl.DataFrame) -> pl.DataFrame:
        taken = [name for name in rows.columns if name in ADDED]
        rows = rows.rename({name: f"{name}_" for name in taken}) if taken else rows
        return flatten(rows) if self._flat else rows


def _folder(name: str, taken: Collection[str]) -> str:
    """Make of a column's name that of a table and its folder."""
    plain = "".join(c if c.isalnum() or c in "_-" else "_" for c in name) or "items"
    while plain in taken or plain in {"latest", "delta"}:
        plain += "_"
    return plain
