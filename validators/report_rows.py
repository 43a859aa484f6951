"""Rules for the rows of a report: required columns and a key, judged by masks and by pandera.

One record of rules drives both. Polars masks decide every chunk, which is cheap; the pandera
schema is the public contract and judges the chunks in which the masks found a fault (its import
alone takes seconds). A test holds the two against each other.
"""

import math
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, TypeAlias

import polars as pl

if TYPE_CHECKING:
    from pandera.polars import DataFrameSchema

__all__ = ["Faults", "RowRules", "build_schema", "count_faults", "count_repeated", "judge"]

Faults: TypeAlias = Counter[tuple[str, str]]
"""Rows at fault for each (column or columns, rule); never a value."""


@dataclass(frozen=True, slots=True)
class RowRules:
    """What every row of a report must hold.

    Attributes:
        required: columns that are never null nor, as text, blank.
        key: columns that together name one row; each is required too.
    """

    required: tuple[str, ...] = ()
    key: tuple[str, ...] = ()

    @property
    def filled(self) -> tuple[str, ...]:
        """Every column that must be filled."""
        return tuple(dict.fromkeys(self.required + self.key))

    def check_names(self, columns: Iterable[str]) -> None:
        """Refuse rules for columns that are not declared.

        Raises:
            ValueError: names the columns.
        """
        if unknown := sorted(set(self.filled) - set(columns)):
            raise ValueError(
                f"required or key names {', '.join(unknown)}, which columns does not declare"
            )


def count_faults(rows: pl.DataFrame, rules: RowRules) -> Faults:
    """Count the rows that break a rule; pandera gives the verdict where a mask finds any."""
    found = _count_by_masks(rows, rules)
    return judge(rows, rules) if found else found


def _count_by_masks(rows: pl.DataFrame, rules: RowRules) -> Faults:
    found: Faults = Counter()
    for name in rules.filled:
        cells = rows[name]
        found[name, "required"] = cells.null_count()
        if cells.dtype == pl.String:
            found[name, "not blank"] = int((cells.str.strip_chars() == "").sum())
    if rules.key and rows.height:
        found[", ".join(rules.key), "unique"] = int(rows.select(rules.key).is_duplicated().sum())
    return +found  # without the zeros


def build_schema(types: Mapping[str, pl.DataType], rules: RowRules) -> "DataFrameSchema":
    """Build the pandera schema of a report's rows from its typed columns and its rules.

    Args:
        types: every column and its polars type, as exported.
        rules: what the rows must hold.
    """
    import pandera.polars as pa  # noqa: PLC0415  (takes seconds, and most exports need none)

    def describe(name: str, kind: pl.DataType) -> pa.Column:
        must = name in rules.filled
        blank = pa.Check.str_contains(r"\S")
        checks = [blank] if must and kind == pl.String else []
        return pa.Column(kind, checks, nullable=not must, required=must)

    return pa.DataFrameSchema(
        {name: describe(name, kind) for name, kind in types.items()},
        unique=list(rules.key) or None,
    )


def judge(rows: pl.DataFrame, rules: RowRules) -> Faults:
    """Count, with pandera, the rows that break a rule."""
    from pandera.errors import SchemaErrors  # noqa: PLC0415  (as above)

    found: Faults = Counter()
    try:
        build_schema(rows.schema, rules).validate(rows, lazy=True)
    except SchemaErrors as errors:
        for column, check in errors.failure_cases.select("column", "check").iter_rows():
            rule = _RULES.get(str(check).partition("(")[0], str(check))
            found[column or ", ".join(rules.key), rule] += 1
    return found


_RULES = {
    "not_nullable": "required",
    "str_contains": "not blank",
    "multiple_fields_uniqueness": "unique",
}
"""pandera's names of the checks, in our words."""


def count_repeated(read_keys: Callable[[], Iterable[pl.DataFrame]], rows: int) -> int:
    """Count the rows beyond the first of each key, in bounded memory however many rows there are.

    Keys are compared by 64-bit hashes: a million rows have a false alarm once in forty million
    reports. More than two million rows take several passes, each over its share of the hashes.

    Args:
        read_keys: begins a pass over the key columns of all rows, chunk by chunk.
        rows: how many there are.
    """
    passes = max(1, math.ceil(rows / _ROWS_PASS))
    repeated = 0
    for share in range(passes):
        hashes = (keys.hash_rows() for keys in read_keys())
        own = [found.filter(found % passes == share) for found in hashes]
        repeated += sum(map(len, own)) - (pl.concat(own).n_unique() if own else 0)
    return repeated


_ROWS_PASS = 2_000_000
