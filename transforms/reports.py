"""The types that a feed declares for columns, and where cells are that do not fit them.

A message names places and no values, which may be a person's.
"""

import re
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from itertools import accumulate

from transforms.cells import ColumnType

__all__ = ["TYPES", "BadCell", "locate", "read_types"]

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


def locate(
    faults: Sequence[tuple[str, str, int, int]], numbers: Sequence[int], heights: Sequence[int]
) -> BadCell:
    """Tell where cells don't fit.

    Args:
        faults: column, type, rows at fault, and the first of them in all units, from 0.
        numbers: the units.
        heights: their rows.
    """
    ends = list(accumulate(heights))
    places = []
    for column, kind, rows, index in faults:
        unit = bisect_right(ends, index)
        row = index - (ends[unit - 1] if unit else 0) + 1
        places.append((column, kind, rows, numbers[unit], row))
    said = ", ".join(
        f"column {column}: no {word} in {rows} rows (first: page {page}, row {row})"
        for column, word, rows, page, row in places[:5]
    )
    more = f", and {len(places) - 5} more columns" if len(places) > 5 else ""
    return BadCell(said + more, places)
