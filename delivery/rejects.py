"""Rows that were not sent, as a CSV that a person can mend: the source's columns, then why."""

import os
from pathlib import Path

import polars as pl

ADDED = ("_source_file", "_source_row", "_error")


class RejectWriter:
    """Writes rejected rows to a CSV, readable by its owner only; no file until there is one.

    After the source's own columns come `_source_file`, `_source_row` (where it stood) and
    `_error` (every reason at once, with the raw values). Once mended, the file can be loaded in
    the place of the source: a feed does not map these three.
    """

    def __init__(self, path: Path, source: str) -> None:
        self.path = path
        self._source = source
        self._columns: list[str] | None = None
        path.unlink(missing_ok=True)

    def write(self, rows: pl.DataFrame, errors: pl.Series) -> None:
        """Add source rows (with `_row`) and their errors, a text for each."""
        if rows.is_empty():
            return
        told = rows.select(
            *(name for name in rows.columns if name not in {"_row", "_fault", *ADDED}),
            pl.lit(self._source).alias("_source_file"),
            pl.col("_row").alias("_source_row"),
            errors.alias("_error"),
        )
        first = self._columns is None
        self._columns = self._columns or told.columns
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with os.fdopen(os.open(self.path, flags, 0o600), "wb") as file:
            told.select(self._columns).write_csv(file, include_header=first)
