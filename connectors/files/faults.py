"""Rows that could not be read: why, and their text."""

from collections.abc import Mapping
from typing import NamedTuple

import polars as pl

TOLD, KEPT = 500, 32_000
"""Characters of a raw text that are told with the reason, and that are kept beside it (what a
cell of a spreadsheet holds)."""


class Fault(NamedTuple):
    """Why a row could not be read, and its raw text."""

    why: str
    raw: str


def add_faults(rows: pl.DataFrame, faults: Mapping[int, Fault]) -> pl.DataFrame:
    """Add `_fault` and `_raw` to a frame, if there are faults; they are given by place."""
    if not faults:
        return rows
    told = [with_raw(*fault) if (fault := faults.get(at)) else None for at in range(rows.height)]
    kept = [fault.raw.strip("\r\n")[:KEPT] if (fault := faults.get(at)) else None
            for at in range(rows.height)]  # fmt: skip
    raw: pl.Expr = pl.lit(pl.Series(kept, dtype=pl.String))
    if "_raw" in rows.columns:  # of rows that could not be read once before
        raw = pl.coalesce(raw, "_raw")
    return rows.with_columns(pl.Series("_fault", told, dtype=pl.String), raw.alias("_raw"))


def with_raw(why: str, raw: str) -> str:
    """Put a raw text, or its beginning, behind the reason why it could not be read."""
    raw = raw.strip()
    return f"{why}: {raw[:TOLD]}{'…' if len(raw) > TOLD else ''}"
