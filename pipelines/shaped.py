"""What becomes of source rows: records to send, records that are not sent, and why."""

from collections.abc import Callable
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class Shaped:
    """What became of some source rows.

    Attributes:
        records: those to send (`delivery.records.RECORDS`).
        refused: those that are not (`delivery.outcomes.REFUSED`), in their order; the key is
            empty where it is not known, `reasons` are all that its rows have, each once.
        reasons: `index` (the source row), `text` (for a person), `code` (for counting, null on
            rows that are only rejected with their record) and `value` (the one at fault, if one
            is).
        warnings: what is odd in how many of the rows to send, without being a fault.
        traces: what the records are matched by (`delivery.traces`), where duplicates are merged.
    """

    records: pl.DataFrame
    refused: pl.DataFrame
    reasons: pl.DataFrame
    warnings: dict[str, int]
    traces: pl.DataFrame | None = None


Shaper = Callable[[pl.DataFrame], Shaped]
