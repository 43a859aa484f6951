"""Report rows as a page has them -> the columns a feed declares, typed; nothing lost.

What a cell holds must fit its column exactly: a cast that would round or drop anything is an
error that names the place and not the value, which may be a person's.
"""

import re
from bisect import bisect_right
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import accumulate, groupby
from typing import TypeAlias

import polars as pl

__all__ = ["TYPES", "BadCell", "ColumnType", "read_types", "type_rows", "widen"]

TYPES = (
    "text",
    "integer",
    "decimal",
    "decimal(N)",
    "number",
    "boolean",
    "timestamp",
    "date",
    "json",
)
"""The words for a column's type; N is the number of decimals, 2 if not given."""


class BadCell(ValueError):  # noqa: N818  (says what was met)
    """Cells that do not fit their columns. The message holds no values.

    Attributes:
        faults: (column, type, rows at fault, page and row in the page of the first, from 1).
    """

    def __init__(self, message: str, faults: Sequence[tuple[str, str, int, int, int]] = ()) -> None:
        self.faults = list(faults)
        super().__init__(f"{message}; declare the columns as the report has them")


@dataclass(frozen=True, slots=True)
class ColumnType:
    """A declared type: its word and, for decimals, how many."""

    word: str
    scale: int = 0

    def __str__(self) -> str:
        return (
            f"decimal with at most {self.scale} decimals" if self.word == "decimal" else self.word
        )


def read_types(columns: Mapping[str, str]) -> dict[str, ColumnType]:
    """Read declared types (`{"grossAmount": "decimal(2)"}`).

    Raises:
        ValueError: a word is none of `TYPES`.
    """
    return {name: _read_type(name, word) for name, word in columns.items()}


def _read_type(name: str, word: str) -> ColumnType:
    if scale := re.fullmatch(r"decimal(?:\((\d{1,2})\))?", word):
        decimals = int(scale[1] or 2)
        if decimals <= 18:
            return ColumnType("decimal", decimals)
    elif word in TYPES:
        return ColumnType(word)
    raise ValueError(f"column {name}: type {word!r} is none of {', '.join(TYPES)} (N up to 18)")


def type_rows(
    pages: Sequence[pl.DataFrame], types: Mapping[str, ColumnType], first_page: int = 1
) -> pl.DataFrame:
    """Join some pages in a row, and give their rows the declared types.

    Declared columns come first, in their order; those that the pages lack are null. The others
    follow as text, objects and lists as JSON text. Empty text is null where no text is
    declared. A `timestamp` becomes UTC microseconds when its cells carry a zone and naive
    microseconds when they don't; one without any value stays of type Null, for a later page to
    decide (see `widen`). Digits beyond microseconds are dropped.

    Args:
        pages: the pages' rows as read, any types; see `connectors.trigg.reports`.
        types: the declared columns.
        first_page: the number of the first of them, for errors.

    Raises:
        BadCell: cells that don't fit, all columns at once; times with and without a zone.
    """
    done: list[pl.DataFrame] = []
    number = first_page
    # Pages whose JSON had the same types are cast together: a hundred small casts cost more.
    for _, alike in groupby(pages, key=lambda page: tuple(page.schema.items())):
        run = list(alike)
        done.append(_type_run(pl.concat(run), types, number, [page.height for page in run]))
        number += len(run)
    for one in done[1:]:
        widen(done[0].schema, one.schema)
    return pl.concat(done, how="diagonal_relaxed") if done else pl.DataFrame()


def _type_run(
    rows: pl.DataFrame, types: Mapping[str, ColumnType], first_page: int, heights: list[int]
) -> pl.DataFrame:
    done: list[pl.Series] = []
    faults: list[tuple[str, str, int, int]] = []
    for name, kind in types.items():
        cells = rows[name] if name in rows.columns else pl.Series(name, [None] * rows.height)
        if kind.word not in {"text", "json"} and cells.dtype == pl.String:
            cells = cells.set(cells == "", None)  # no number or time is written as nothing
        typed = _CASTS[kind.word](cells, kind)
        if typed.null_count() > cells.null_count():
            lost = typed.is_null() & cells.is_not_null()
            faults.append((name, str(kind), int(lost.sum()), lost.arg_max() or 0))
        done.append(typed.alias(name))
    if faults:
        raise _locate(faults, first_page, heights)
    done += [_to_text(rows[name]) for name in rows.columns if name not in types]
    return pl.DataFrame(done)


def _locate(
    faults: list[tuple[str, str, int, int]], first_page: int, heights: list[int]
) -> BadCell:
    """Turn row indexes of a run into page and row, from 1."""
    ends = list(accumulate(heights))
    places = []
    for column, kind, rows, index in faults:
        page = bisect_right(ends, index)
        row = index - (ends[page - 1] if page else 0) + 1
        places.append((column, kind, rows, first_page + page, row))
    said = ", ".join(
        f"column {column}: no {word} in {rows} rows (first: page {page}, row {row})"
        for column, word, rows, page, row in places[:5]
    )
    more = f", and {len(places) - 5} more columns" if len(places) > 5 else ""
    return BadCell(said + more, places)


def widen(
    known: Mapping[str, pl.DataType], page: Mapping[str, pl.DataType]
) -> dict[str, pl.DataType]:
    """Join the columns known so far with those of one more page.

    Raises:
        BadCell: a timestamp column has a zone on one page and none on another.
    """
    both = dict(known)
    for name, kind in page.items():
        before = both.get(name, pl.Null())
        if before != kind and pl.Null() not in {before, kind}:
            raise BadCell(f"column {name}: some times carry a zone and some don't")
        both[name] = kind if before == pl.Null() else before
    return both


_Cast: TypeAlias = Callable[[pl.Series, ColumnType], pl.Series]


def _to_text(cells: pl.Series, _: ColumnType | None = None) -> pl.Series:
    """Write cells as text: numbers without a needless `.0`, nested values as JSON."""
    kind = cells.dtype
    if kind == pl.String:
        return cells
    if kind.is_nested():
        # Only structs encode, so the value goes into one and its wrapping comes off again.
        wrapped = cells.alias("v").to_frame().to_struct().struct.json_encode()
        text = wrapped.str.slice(5).str.head(-1)
        return text.set(cells.is_null(), None).alias(cells.name)
    text = cells.cast(pl.String)
    return text.str.strip_suffix(".0") if kind.is_float() else text


def _to_integer(cells: pl.Series, _: ColumnType) -> pl.Series:
    if cells.dtype.is_integer():
        return cells.cast(pl.Int64, strict=False)
    return _to_text(cells).cast(pl.Int64, strict=False)


def _to_decimal(cells: pl.Series, kind: ColumnType) -> pl.Series:
    """Exact, or null: a JSON number is trusted to 15 significant digits, text to all 38."""
    whole = 15 - kind.scale if cells.dtype.is_float() else 38 - kind.scale
    text = _to_text(cells)
    fits = text.str.contains(rf"^[+-]?[0-9]{{1,{max(whole, 1)}}}(?:\.[0-9]{{0,{kind.scale}}}0*)?$")
    typed = text.cast(pl.Decimal(38, kind.scale), strict=False)
    return typed if fits.all() else typed.set(~fits, None)


def _to_number(cells: pl.Series, _: ColumnType) -> pl.Series:
    if cells.dtype.is_numeric():
        return cells.cast(pl.Float64)
    typed = _to_text(cells).cast(pl.Float64, strict=False)
    return typed.set(~typed.is_finite(), None)


def _to_boolean(cells: pl.Series, _: ColumnType) -> pl.Series:
    if cells.dtype == pl.Boolean:
        return cells
    return (
        _to_text(cells)
        .str.to_lowercase()
        .replace_strict(
            {"true": True, "1": True, "false": False, "0": False},
            default=None,
            return_dtype=pl.Boolean,
        )
    )


def _to_timestamp(cells: pl.Series, _: ColumnType) -> pl.Series:
    """Read `2026-03-01T10:00:00[.123][Z|+01:00]`, with a blank for the T as well (reading T14)."""
    if cells.null_count() == len(cells):
        return pl.Series(cells.name, [None] * len(cells))
    text = _to_text(cells)
    # The first cell tells whether there is a zone; cells of the other kind come out as faults.
    first = text[text.is_not_null().arg_max() or 0]
    zoned = re.search(r"(Z|[+-]\d\d:?\d\d)$", first) is not None
    # Its own form first: without a fraction, and with Z for the zone, polars is five times faster.
    forms = [f"%Y-%m-%d{first[10:11]}%H:%M:%S{'Z' if zoned else ''}"]
    forms += [f"%Y-%m-%d{between}%H:%M:%S%.f{'%#z' if zoned else ''}" for between in "T "]
    typed = pl.Series(cells.name, [None] * len(cells))
    for form in forms:
        read = text.str.to_datetime(
            form, time_unit="us", time_zone="UTC" if zoned else None, strict=False
        )
        typed = read if typed.dtype == pl.Null else typed.fill_null(read)
        if typed.null_count() == cells.null_count():
            break
    return typed


def _to_date(cells: pl.Series, _: ColumnType) -> pl.Series:
    return _to_text(cells).str.to_date("%Y-%m-%d", strict=False)


_CASTS: dict[str, _Cast] = {
    "text": _to_text,
    "json": _to_text,
    "integer": _to_integer,
    "decimal": _to_decimal,
    "number": _to_number,
    "boolean": _to_boolean,
    "timestamp": _to_timestamp,
    "date": _to_date,
}
