"""What columns hold, as a table."""

from collections.abc import Sequence

from pipelines.run_page.parts import percent, table
from pipelines.run_page.profiling import ColumnProfile

__all__ = ["tell_profile"]


def tell_profile(columns: Sequence[ColumnProfile], used: str) -> str:
    """Write a row for each column; `used` heads what it is used for, or its type."""
    heads = ("column", used, "filled", "different values", "length", "least", "greatest")
    rows = [
        (c.name, c.uses, percent(c.fill), _distinct(c), _lengths(c), c.least, c.most)
        for c in columns
    ]
    kept = [n for n, _ in enumerate(heads) if n < 3 or any(row[n] for row in rows)]
    return table([heads[n] for n in kept], ([row[n] for n in kept] for row in rows), texts=2)


def _distinct(column: ColumnProfile) -> str:
    if column.distinct is None:
        return ""
    return f"{'' if column.exact else 'about '}{column.distinct:,}"


def _lengths(column: ColumnProfile) -> str:
    short, long = column.shortest, column.longest
    if short is None or long is None:
        return ""
    return f"{short}" if short == long else f"{short} to {long}"
