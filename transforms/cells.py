"""Cells as their JSON has them -> the type of their column; nothing lost.

What a cell holds must fit its column exactly: a cast that would round or drop anything gives null,
and a mask that tells so.
"""

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TypeAlias

import polars as pl

from transforms.nesting import conform

__all__ = ["ColumnType", "cast", "fits_decimals", "has_zone", "to_text", "type_of"]


@dataclass(frozen=True, slots=True)
class ColumnType:
    """The type of a column.

    Attributes:
        word: one of `TYPES`, or `nested` for what stays a struct or a list.
        scale: of a decimal, how many.
        zoned: of a timestamp, whether it is UTC; None while no cell has told.
        zone: of a timestamp that is UTC: where a time was told that names no zone.
        inner: what is nested, in full.
    """

    word: str
    scale: int = 0
    zoned: bool | None = None
    zone: str = ""
    inner: pl.DataType = field(default_factory=pl.Null)

    @property
    def dtype(self) -> pl.DataType:
        """Its polars type."""
        if self.word == "decimal":
            return pl.Decimal(38, self.scale)
        if self.word == "timestamp":
            return pl.Datetime("us", "UTC" if self.zoned else None)
        return self.inner if self.word == "nested" else _DTYPES[self.word]

    def __str__(self) -> str:
        return (
            f"decimal with at most {self.scale} decimals" if self.word == "decimal" else self.word
        )


_DTYPES: dict[str, pl.DataType] = {
    "text": pl.String(),
    "json": pl.String(),
    "integer": pl.Int64(),
    "number": pl.Float64(),
    "boolean": pl.Boolean(),
    "date": pl.Date(),
}


def type_of(kind: pl.DataType) -> ColumnType:
    """Give the type of a column that is of a polars type already."""
    if isinstance(kind, pl.Decimal):
        return ColumnType("decimal", kind.scale)
    if isinstance(kind, pl.Datetime):
        return ColumnType("timestamp", zoned=kind.time_zone is not None)
    if kind.is_nested():
        return ColumnType("nested", inner=kind)
    if kind.is_integer():
        return ColumnType("integer")
    words = {pl.Float32: "number", pl.Float64: "number", pl.Boolean: "boolean", pl.Date: "date"}
    return ColumnType(words.get(kind.base_type(), "text"))


def cast(cells: pl.Series, kind: ColumnType) -> tuple[pl.Series, pl.Series | None]:
    """Give cells a type; empty text is null where no text is asked for.

    Returns:
        The typed cells, and a mask of those that don't fit, which are null; None if all do.
    """
    if cells.dtype == pl.Null and kind.word != "timestamp":
        return cells.cast(kind.dtype), None
    if kind.word not in {"text", "json"} and cells.dtype == pl.String:
        empty = cells == ""
        if empty.any():
            cells = cells.set(empty, None)  # no number or time is written as nothing
    typed = _CASTS[kind.word](cells, kind).alias(cells.name)
    if typed.null_count() == cells.null_count():
        return typed, None
    return typed, typed.is_null() & cells.is_not_null()


_Cast: TypeAlias = Callable[[pl.Series, ColumnType], pl.Series]


def to_text(cells: pl.Series, _: ColumnType | None = None) -> pl.Series:
    """Write cells as text: numbers without a needless `.0`, nested values as JSON."""
    kind = cells.dtype
    if kind == pl.String:
        return cells
    if kind.is_nested():
        # Only structs encode, so the value goes into one and its wrapping comes off again.
        wrapped = cells.alias("v").to_frame().to_struct().struct.json_encode()
        text = wrapped.str.slice(5).str.head(-1)
        return text.set(cells.is_null(), None).alias(cells.name)
    if isinstance(kind, pl.Datetime):
        return cells.dt.to_string("%Y-%m-%dT%H:%M:%S%.f" + ("Z" if kind.time_zone else ""))
    text = cells.cast(pl.String)
    return text.str.strip_suffix(".0") if kind.is_float() else text


def _to_integer(cells: pl.Series, _: ColumnType) -> pl.Series:
    if cells.dtype.is_integer():
        return cells.cast(pl.Int64, strict=False)
    return to_text(cells).cast(pl.Int64, strict=False)


def _to_decimal(cells: pl.Series, kind: ColumnType) -> pl.Series:
    """Exact, or null: a JSON number is trusted to 15 significant digits, text to all 38."""
    if cells.dtype.is_float():
        return _to_decimal_of_fraction(cells, kind.scale)
    if cells.dtype in {pl.Int8, pl.Int16, pl.Int32, pl.Int64}:
        return cells.cast(kind.dtype)
    whole = 38 - kind.scale
    text = to_text(cells)
    fits = text.str.contains(rf"^[+-]?[0-9]{{1,{max(whole, 1)}}}(?:\.[0-9]{{0,{kind.scale}}}0*)?$")
    typed = text.cast(pl.Decimal(38, kind.scale), strict=False)
    return typed if fits.all() else typed.set(~fits, None)


def _to_decimal_of_fraction(cells: pl.Series, scale: int) -> pl.Series:
    """Take each with no more decimals than it needs: 15 digits tell a large number with few."""
    fits = fits_decimals(cells, scale)
    typed = cells.set(~fits, None).cast(pl.Decimal(38, scale))
    for fewer in range(scale - 1, -1, -1):
        if fits.all():
            break
        also = fits_decimals(cells, fewer) & ~fits
        if also.any():
            exact = cells.set(~also, None).cast(pl.Decimal(38, fewer)).cast(pl.Decimal(38, scale))
            typed = exact.zip_with(also, typed)
            fits |= also
    return typed


def fits_decimals(cells: pl.Series, scale: int) -> pl.Series:
    """Mark the numbers that so many decimals tell in full, in 15 significant digits at most."""
    power = pl.Series([10.0**scale]).new_from_index(0, len(cells))
    units = (cells * 10.0**scale).round()
    # Divided number by number: polars takes one divisor's reciprocal, which is not exact.
    return (units / power == cells) & (units.abs() < 1e15)


def _to_number(cells: pl.Series, _: ColumnType) -> pl.Series:
    if cells.dtype.is_numeric():
        return cells.cast(pl.Float64)
    typed = to_text(cells).cast(pl.Float64, strict=False)
    return typed.set(~typed.is_finite(), None)


def _to_boolean(cells: pl.Series, _: ColumnType) -> pl.Series:
    if cells.dtype == pl.Boolean:
        return cells
    return (
        to_text(cells)
        .str.to_lowercase()
        .replace_strict(
            {"true": True, "1": True, "false": False, "0": False},
            default=None,
            return_dtype=pl.Boolean,
        )
    )


def _to_timestamp(cells: pl.Series, kind: ColumnType) -> pl.Series:
    """Read `2026-03-01T10:00:00[.123][Z|+01:00]`, with a blank for the T as well (reading T14)."""
    if isinstance(cells.dtype, pl.Datetime):
        fits = (cells.dtype.time_zone is not None) == bool(kind.zoned)
        return cells.cast(kind.dtype) if fits else cells.clear(len(cells)).cast(kind.dtype)
    if cells.null_count() == len(cells):
        undecided = pl.Series(cells.name, [None] * len(cells))
        return undecided if kind.zoned is None else undecided.cast(kind.dtype)
    text = to_text(cells)
    # The first cell tells whether there is a zone; cells of the other kind come out as faults.
    first = text[text.is_not_null().arg_max() or 0]
    zoned = has_zone(first) if kind.zoned is None else kind.zoned
    typed = _read_times(text, first, zoned=zoned)
    if zoned and kind.zone and typed.null_count() > cells.null_count():
        local = _read_times(text, first, zoned=False)
        there = local.dt.replace_time_zone(kind.zone, ambiguous="earliest", non_existent="null")
        typed = typed.fill_null(there.dt.convert_time_zone("UTC"))
    return typed


def has_zone(time: str) -> bool:
    """Tell whether a time names its zone."""
    return re.search(r"(Z|[+-]\d\d:?\d\d)$", time) is not None


def _read_times(text: pl.Series, first: str, *, zoned: bool) -> pl.Series:
    # Its own form first: without a fraction, and with Z for the zone, polars is five times faster.
    forms = [f"%Y-%m-%d{first[10:11]}%H:%M:%S{'Z' if zoned else ''}"]
    forms += [f"%Y-%m-%d{between}%H:%M:%S%.f{'%#z' if zoned else ''}" for between in "T "]
    typed = pl.Series(text.name, [None] * len(text))
    for form in forms:
        read = text.str.to_datetime(
            form, time_unit="us", time_zone="UTC" if zoned else None, strict=False
        )
        typed = read if typed.dtype == pl.Null else typed.fill_null(read)
        if typed.null_count() == text.null_count():
            break
    return typed


def _to_nested(cells: pl.Series, kind: ColumnType) -> pl.Series:
    if cells.dtype == pl.String:
        return pl.Series(cells.name, [None] * len(cells), kind.inner)
    return conform(cells, kind.inner)


def _to_date(cells: pl.Series, _: ColumnType) -> pl.Series:
    if cells.dtype == pl.Date:
        return cells
    return to_text(cells).str.to_date("%Y-%m-%d", strict=False)


_CASTS: dict[str, _Cast] = {
    "text": to_text,
    "json": to_text,
    "integer": _to_integer,
    "decimal": _to_decimal,
    "number": _to_number,
    "boolean": _to_boolean,
    "timestamp": _to_timestamp,
    "date": _to_date,
    "nested": _to_nested,
}
