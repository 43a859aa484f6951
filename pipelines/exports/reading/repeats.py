"""Rows that came more than once, found by their key, in bounded memory however many there are."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

import polars as pl

from pipelines.exports.reading.keys import read_keys
from pipelines.exports.reading.spool import Spool

__all__ = ["Repeats", "find_repeats"]

_ROWS_PASS = 8_000_000
"""Rows whose hashes are held at once: 64 MB, and as much to sort them. More take more passes."""


@dataclass(frozen=True, slots=True)
class Repeats:
    """Rows to leave out, since others of their key were read later.

    Attributes:
        count: how many.
        keyed: how many rows have a whole key, and so were compared.
        rows: their places in each unit, from 0.
    """

    count: int = 0
    keyed: int = 0
    rows: Mapping[int, Sequence[int]] = field(default_factory=dict)

    def drop(self, number: int, rows: pl.DataFrame) -> pl.DataFrame:
        """Give the rows of a unit without those that are to be left out."""
        if not (places := self.rows.get(number)):
            return rows
        return rows.filter(~pl.int_range(pl.len()).is_in(places))


def find_repeats(spool: Spool) -> Repeats:
    """Find all rows but the one read last of each key.

    Hashes of 64 bits point at the rows that may be meant, then the keys themselves decide. A row
    that lacks a part of its key repeats nothing.
    """
    if not spool.key:
        return Repeats()
    if _known.get(spool, (None, None))[0] != spool.stamp:
        _known[spool] = spool.stamp, _find_repeats(spool)
    return _known[spool][1]


_known: "WeakKeyDictionary[Spool, tuple[object, Repeats]]" = WeakKeyDictionary()
"""What was found last: reading and writing ask the same."""


def _find_repeats(spool: Spool) -> Repeats:
    units = sorted(spool.units.values(), key=lambda unit: unit.start)  # as they were read
    numbers = [unit.number for unit in units]
    passes = max(1, math.ceil(sum(unit.rows for unit in units) / _ROWS_PASS))
    keyed, found = 0, []
    for share in range(passes):
        every = map(spool.hashes, numbers)
        own = [some.filter(some % passes == share) for some in every] if passes > 1 else [*every]
        keyed += sum(map(len, own))
        found.append(_find_twice(own))
    twice = pl.concat(found).sort()
    if twice.is_empty():
        return Repeats(keyed=keyed)
    meant = []
    for number in numbers:
        if _among(spool.hashes(number), twice).any():
            keys = read_keys(spool.read(number, spool.key), spool.key)
            keys = keys.with_row_index("\0place").drop_nulls()
            keys = keys.filter(_among(keys.select(spool.key).hash_rows(), twice))
            meant.append(keys.with_columns(pl.lit(number).alias("\0unit")))
    earlier = (
        pl.concat(meant)
        .filter(~pl.struct(spool.key).is_last_distinct())
        .group_by("\0unit", maintain_order=True)
        .agg("\0place")
    )
    rows = dict(zip(earlier["\0unit"].to_list(), earlier["\0place"].to_list(), strict=True))
    return Repeats(sum(map(len, rows.values())), keyed, rows)


def _find_twice(hashes: Sequence[pl.Series]) -> pl.Series:
    """Give the hashes that more than one row has."""
    ordered = pl.concat([pl.Series([], dtype=pl.UInt64), *hashes]).sort()
    return ordered.filter(ordered == ordered.shift()).unique()


def _among(hashes: pl.Series, ordered: pl.Series) -> pl.Series:
    """Mark the hashes that are among some others, which are in order and not none."""
    places = ordered.search_sorted(hashes).clip(0, len(ordered) - 1)
    return ordered.gather(places) == hashes
