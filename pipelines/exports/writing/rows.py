"""The rows of an export, as its writer takes them: unit after unit, as often as it needs."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import polars as pl

__all__ = ["Rows"]


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows in the order in which they are written.

    Attributes:
        shapes: every set of columns and types that units have.
        frames: begins a pass over all units: the unit's number and its rows, with the types its
            JSON had, without those that are left out as repeated.
        told_apart: whether each row has a key, and no two of them the same, as text.
    """

    shapes: Sequence[pl.Schema]
    frames: Callable[[], Iterator[tuple[int, pl.DataFrame]]]
    told_apart: bool = False
