"""What becomes of source rows: records to send, records that are not sent, and why."""

from collections.abc import Callable
from dataclasses import dataclass, field

import polars as pl

from pipelines.refusing import NO_REASONS


@dataclass(frozen=True)
class Shaped:
    """What became of some source rows.

    Attributes:
        records: those to send (`delivery.records.RECORDS`).
        refused: those that are not (`delivery.outcomes.REFUSED`): the rejects in their order,
            then those that wait for a member whom nobody knows yet. The key is empty where it is
            not known, `reasons` are all that its rows have, each once.
        reasons: `index` (the source row), `text` (for a person), `code` (for counting, null on
            rows that are only rejected with their record) and `value` (the one at fault, if one
            is).
        warnings: what is odd in how many of the rows to send, without being a fault.
        traces: what the records are matched by (`delivery.traces`), where duplicates are merged.
        asides: as `reasons`, of records that are no rejects: they wait, or are sent without their
            customer.
    """

    records: pl.DataFrame
    refused: pl.DataFrame
    reasons: pl.DataFrame
    warnings: dict[str, int]
    traces: pl.DataFrame | None = None
    asides: pl.DataFrame = field(default_factory=lambda: NO_REASONS)


Shaper = Callable[[pl.DataFrame], Shaped]
Look = Callable[[pl.DataFrame], None]
"""Shown source rows."""


def looking(shape: Shaper, look: Look | None) -> Shaper:
    """Have somebody look at the rows that are shaped, if anybody."""
    if look is None:
        return shape

    def look_and_shape(rows: pl.DataFrame) -> Shaped:
        look(rows)
        return shape(rows)

    return look_and_shape
