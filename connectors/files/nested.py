"""Records with items, and the flat rows they become: one per item, the header repeated."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import polars as pl

from connectors.files.faults import Fault, add_faults
from connectors.files.source import FileSource

Path = tuple[str, ...]


class ShapeError(Exception):
    """A record whose values do not lie as the columns say; its text is the reason."""


@dataclass(frozen=True)
class Layout:
    """Where the wanted columns lie in a record.

    Attributes:
        columns: all of them, in the order wanted.
        header: those outside the items, with their paths from the record.
        item: those inside, with their paths from an item.
        items: the path to the items; empty if a record is one row.
    """

    columns: tuple[str, ...]
    header: dict[str, Path]
    item: dict[str, Path]
    items: Path

    @classmethod
    def of(cls, source: FileSource) -> "Layout":
        """Work out where a source's columns lie.

        Raises:
            ValueError: a column is at once a value and a group, or no column lies in the items.
        """
        items = tuple(source.items.split(".")) if source.items else ()
        paths = {column: tuple(column.split(".")) for column in source.columns}
        item = {c: p[len(items) :] for c, p in paths.items() if items and _below(p, items)}
        header = {c: p for c, p in paths.items() if c not in item}
        if items and not item:
            raise ValueError(f"columns: none of them lies in {source.items}, the items")
        for column, path in paths.items():
            if path == items or any(_below(p, path) for p in (*paths.values(), items)):
                raise ValueError(f"columns: {column} is both a value and what holds others")
        return cls(source.columns, header, item, items)

    def schema(self) -> dict[str, Any]:
        """Return a record's polars schema: text, structs of it and the list of items."""
        tree: dict[str, Any] = {}
        for path in self.header.values():
            _put(tree, path, pl.String())
        if self.items:
            item: dict[str, Any] = {}
            for path in self.item.values():
                _put(item, path, pl.String())
            _put(tree, self.items, pl.List(_type(item)))
        return {name: _type(below) for name, below in tree.items()}

    def flatten(self, records: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
        """Make rows of records read by `schema`; `rows` numbers the records."""
        header, item = self._fields
        row = rows.alias("_row")
        if not self.items:
            return records.select(row, *header)
        frame = records.select(row, *header, _field(self.items).alias("_item"))
        frame = frame.explode("_item", empty_as_null=True)
        items = frame["_item"].struct.unnest().select(item)
        order = ["_row", *self.columns]
        frame = frame.drop("_item").hstack(items)
        return frame if frame.columns == order else frame.select(order)

    @cached_property
    def _fields(self) -> tuple[list[pl.Expr], list[pl.Expr]]:
        header = [_field(path).alias(column) for column, path in self.header.items()]
        return header, [_field(path).alias(column) for column, path in self.item.items()]


def _below(path: Path, group: Path) -> bool:
    return len(path) > len(group) and path[: len(group)] == group


def _put(tree: dict[str, Any], path: Path, leaf: pl.DataType) -> None:
    for name in path[:-1]:
        tree = tree.setdefault(name, {})
    tree[path[-1]] = leaf


def _type(below: Any) -> pl.DataType:  # noqa: ANN401 - a tree of itself
    if isinstance(below, dict):
        return pl.Struct({name: _type(inner) for name, inner in below.items()})
    assert isinstance(below, pl.DataType)
    return below


def _field(path: Path) -> pl.Expr:
    field = pl.col(path[0])
    for name in path[1:]:
        field = field.struct.field(name)
    return field


class Rows:
    """Rows gathered one record at a time, for the readers that judge each record by itself."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._rows: list[int] = []
        self._header: list[Sequence[str | None]] = []
        self._item: list[Sequence[str | None]] = []
        self._count: list[int] = []
        self._faults: dict[int, Fault] = {}
        self._no_header = [None] * len(layout.header)
        self._no_item = [[None] * len(layout.item)]

    def add(
        self,
        row: int,
        header: Sequence[str | None],
        items: Sequence[Sequence[str | None]] = (),
    ) -> None:
        """Add a record: its header's values and each item's, in the order of the layout."""
        self._rows.append(row)
        self._header.append(header)
        self._item += items or self._no_item
        self._count.append(len(items) or 1)

    def add_fault(self, row: int, why: str, raw: str) -> None:
        """Add a record that could not be read: why, and its raw text."""
        self._faults[len(self._rows)] = Fault(why, raw)
        self.add(row, self._no_header)

    def frame(self) -> pl.DataFrame:
        """Return what was gathered: `_row`, the columns and perhaps `_fault` and `_raw`."""
        records = _frame(self._header, list(self._layout.header))
        records.insert_column(0, pl.Series("_row", self._rows, dtype=pl.Int64))
        records = add_faults(records, self._faults)
        if self._layout.items:
            count = pl.Series(self._count, dtype=pl.UInt32)
            at = pl.int_range(len(count), dtype=pl.UInt32, eager=True).repeat_by(count).explode()
            items = _frame(self._item, list(self._layout.item))
            records = pl.concat([records[at], items], how="horizontal")
        fault = ["_fault", "_raw"] if self._faults else []
        return records.select("_row", *self._layout.columns, *fault)


def _frame(rows: list[Sequence[str | None]], names: list[str]) -> pl.DataFrame:
    columns = zip(*rows, strict=True) if rows else ([] for _ in names)
    return pl.DataFrame(
        [pl.Series(n, c, dtype=pl.String) for n, c in zip(names, columns, strict=True)]
    )
