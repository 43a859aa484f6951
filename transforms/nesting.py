"""Objects and lists in columns: flattened, joined over units, or made a table of their own."""

from collections.abc import Sequence

import polars as pl
from polars.datatypes import DataTypeClass

__all__ = ["INDEX", "VALUE", "conform", "flatten", "join_types", "storable", "take_list"]

INDEX, VALUE = "_index", "value"
"""Of an item of a list: its place, from 0; and the item, if it is no object."""


Kind = pl.DataType | DataTypeClass


def _instance(kind: Kind) -> pl.DataType:
    """Give a type in full; polars lets `pl.Int64` stand for `pl.Int64()`."""
    return kind if isinstance(kind, pl.DataType) else kind()


def flatten(rows: pl.DataFrame) -> pl.DataFrame:
    """Make the fields of objects columns of their own, `address.city`, however deep they lie.

    An object that would make a column that is there already stays as it is.
    """
    while True:
        found = [
            (name, [f"{name}.{field.name}" for field in kind.fields])
            for name, kind in rows.schema.items()
            if isinstance(kind, pl.Struct)
        ]
        found = [(name, fields) for name, fields in found if not {*fields} & {*rows.columns}]
        if not found:
            return rows
        opened = {name for name, _ in found}
        columns: list[pl.Series] = []
        for cells in rows:
            if cells.name in opened:
                columns += [c.alias(f"{cells.name}.{c.name}") for c in cells.struct.unnest()]
            else:
                columns.append(cells)
        rows = pl.DataFrame(columns, height=rows.height)


def join_types(one: Kind, other: Kind) -> pl.DataType | None:
    """Give the type that holds what both hold; None where one is nested and the other is not."""
    one, other = _instance(one), _instance(other)
    if one.is_nested() and other.is_nested():
        return _join_nested(one, other)
    if other in {one, pl.Null()}:
        return one
    if one == pl.Null:
        return other
    if one.is_nested() or other.is_nested():
        return None
    both_numbers = one.is_numeric() and other.is_numeric()
    return pl.Float64() if both_numbers and (one.is_float() or other.is_float()) else pl.String()


def _join_nested(one: pl.DataType, other: pl.DataType) -> pl.DataType | None:
    if isinstance(one, pl.List) and isinstance(other, pl.List):
        inner = join_types(one.inner, other.inner)
        return None if inner is None else pl.List(inner)
    if not isinstance(one, pl.Struct) or not isinstance(other, pl.Struct):
        return None
    fields = {field.name: field.dtype for field in one.fields}
    for field in other.fields:
        joined = join_types(fields.get(field.name, pl.Null()), field.dtype)
        if joined is None:
            return None
        fields[field.name] = joined
    return pl.Struct(fields)


def storable(kind: Kind) -> pl.DataType:
    """Give a nested type as Parquet has it: whole numbers beyond 64 bits, and nothing, as text.

    An object that never has a property is text too, `{}`.
    """
    kind = _instance(kind)
    if isinstance(kind, pl.List):
        return pl.List(storable(kind.inner))
    if isinstance(kind, pl.Struct) and kind.fields:
        return pl.Struct({field.name: storable(field.dtype) for field in kind.fields})
    as_text = kind in {pl.Int128(), pl.UInt128(), pl.Null()} or isinstance(kind, pl.Struct)
    return pl.String() if as_text else kind


def conform(cells: pl.Series, kind: pl.DataType) -> pl.Series:
    """Give nested cells a type of `join_types`: fields that they lack are null."""
    if cells.dtype == kind:
        return cells
    return cells.to_frame().select(_conform(pl.col(cells.name), cells.dtype, kind)).to_series()


def _conform(cell: pl.Expr, now: Kind, kind: Kind) -> pl.Expr:
    if isinstance(now, pl.Struct) and isinstance(kind, pl.Struct):
        has = {field.name: field.dtype for field in now.fields}
        fields = [
            (
                _conform(cell.struct.field(field.name), has[field.name], field.dtype)
                if field.name in has
                else pl.lit(None, field.dtype)
            ).alias(field.name)
            for field in kind.fields
        ]
        return pl.when(cell.is_not_null()).then(pl.struct(fields))
    if isinstance(now, pl.List) and isinstance(kind, pl.List):
        return cell.list.eval(_conform(pl.element(), now.inner, kind.inner))
    if isinstance(now, pl.Struct):  # one without any property
        return pl.when(cell.is_not_null()).then(pl.lit("{}"))
    return cell.cast(kind)


def take_list(rows: pl.DataFrame, name: str, link: Sequence[str]) -> pl.DataFrame:
    """Make a table of the items of a list: the columns `link` of their row, `_index`, and theirs.

    Items that are objects become columns, flattened; others are the column `value`. A row with an
    empty list, or none, has no items.
    """
    kind = rows.schema.get(name, pl.Null())
    if not isinstance(kind, pl.List):
        rows = rows.with_columns(pl.lit(None, pl.List(pl.Null)).alias(name))
    items = (
        rows.select(*link, name)
        .filter(pl.col(name).list.len() > 0)
        .with_columns(pl.int_ranges(pl.col(name).list.len()).alias(INDEX))
        .explode(name, INDEX)
    )
    inner = items[name]
    if isinstance(inner.dtype, pl.Struct):
        own = flatten(inner.struct.unnest())
    else:
        own = inner.alias(VALUE).to_frame()
    taken = {*link, INDEX}
    own = own.rename({n: f"{n}_" for n in own.columns if n in taken})
    return pl.concat([items.select(*link, INDEX), own], how="horizontal")
