"""Records with items, and the flat rows they become: one per item, the header repeated."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

import polars as pl

from connectors.files.faults import Fault, add_faults
from connectors.files.paths import OWN_TEXT, Path, parse, parse_local, parse_names
from connectors.files.source import FileSource, SourceError


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
            ValueError: a column is at once a value and a group, no column lies in the items, or
                what should be a path is none.
        """
        take_apart = parse_local if source.format == "xml" else parse
        items = take_apart(source.items) if source.items else ()
        if any(step.chooses for step in items):
            raise ValueError(f"items: {source.items!r} must be names alone, without brackets")
        paths = {column: take_apart(column) for column in source.columns}
        item = {c: p[len(items) :] for c, p in paths.items() if items and _below(p, items)}
        header = {c: p for c, p in paths.items() if c not in item}
        for column, path in paths.items():
            if path == items and source.format == "xml":
                raise ValueError(f"columns: {column} is the item; its text is {column}.{OWN_TEXT}")
            if path[-1].name == OWN_TEXT and source.format != "xml":
                raise ValueError(f"columns: {column}: only XML has {OWN_TEXT}")
        if items and not item:
            raise ValueError(f"columns: none of them lies in {source.items}, the items")
        others = [*(p for p in paths.values() if not _of_element(p, source)), items]
        if len(set(paths.values())) < len(paths):
            same = next(c for c, p in paths.items() if list(paths.values()).count(p) > 1)
            raise ValueError(f"columns: {same} is written in two ways, choose one")
        for column, path in paths.items():
            if path == items or any(_below(p, path) for p in others):
                raise ValueError(f"columns: {column} is both a value and what holds others")
        return cls(source.columns, header, item, items)

    @property
    def is_plain(self) -> bool:
        """Whether all columns lie at names of elements, without a choice and no attributes."""
        return all(step.plain for p in (self.header, self.item) for x in p.values() for step in x)

    def flatten(self, records: pl.DataFrame, rows: pl.Series) -> pl.DataFrame:
        """Make rows of records as structs of text and lists; `rows` numbers the records."""
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


def _of_element(path: Path, source: FileSource) -> bool:
    """Tell whether this is an XML element's attribute or text: it may have others beside it."""
    return source.format == "xml" and path[-1].own


def _field(path: Path) -> pl.Expr:
    field = pl.col(path[0].name)
    for depth, step in enumerate(path):
        if depth:
            field = field.struct.field(step.name)
        if step.key:
            fits = pl.element().struct.field(step.key) == step.value
            field = field.list.eval(pl.element().filter(fits))
        if step.chooses:
            field = field.list.get(max(step.at - 1, 0), null_on_oob=True)
    return field


def check_paths(source: FileSource) -> None:
    """See that the paths of a source of JSON or XML are some, and go together.

    Raises:
        SourceError: they are not, or do not.
    """
    if source.mended or source.format not in {"json", "ndjson", "xml"}:
        return
    try:
        Layout.of(source)
        for path in source.totals.values():
            parse_names(path, "control")
    except ValueError as error:
        hint = "correct the feed's mapping, items or control"
        raise SourceError(source.path, str(error), hint) from None


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
        header = _frame(self._header, list(self._layout.header))
        row = pl.Series("_row", self._rows, dtype=pl.Int64)
        records = add_faults(pl.DataFrame([row, *header]), self._faults)
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
