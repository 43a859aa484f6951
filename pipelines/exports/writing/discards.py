"""Rows that the contract keeps out, wholly or for some values: as they were read, and why."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl
import pyarrow.parquet as pq

from pipelines.publishing import sync
from transforms.cells import to_text

__all__ = ["DISCARDED", "Discards", "units_of"]

DISCARDED = "discarded.parquet"


class Discards:
    """Writes `discarded.parquet`, of mode 0600, once there is a row for it.

    Each row has the columns as they were read, as text, and `_table`, `_unit` (the page or group it
    came in), `_column` and `_reason`: of every value that does not fit, with blanks between columns
    and semicolons between reasons.

    Args:
        path: the file.
        columns: every column that rows may have.
    """

    def __init__(self, path: Path, columns: Sequence[str]) -> None:
        self._path = path
        own = [name for name in dict.fromkeys(columns) if name not in _ADDED]
        texts: dict[str, pl.DataType] = {name: pl.String() for name in own}
        self._schema = pl.Schema(texts | _ADDED)
        self._writer: pq.ParquetWriter | None = None
        self.rows = 0
        self.values = 0

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        if self._writer is not None:
            self._writer.close()

    def add(
        self,
        table: str,
        rows: pl.DataFrame,
        units: pl.Series,
        masks: Mapping[str, tuple[str, pl.Series]],
    ) -> pl.Series:
        """Keep the rows that are marked.

        Args:
            table: whose rows these are.
            rows: as they were read.
            units: of each row, where it came in.
            masks: for each column why, and in which rows.

        Returns:
            Which rows were kept.
        """
        said = pl.DataFrame(
            [mask.replace_strict({True: why}, default=None, return_dtype=pl.String).alias(name)
             for name, (why, mask) in masks.items()]
        )  # fmt: skip
        marks = [pl.lit(name).alias(name) for name in masks]
        names = said.select(
            pl.when(pl.col(name).is_not_null()).then(mark)
            for name, mark in zip(masks, marks, strict=True)
        )
        told = rows.select(
            pl.lit(table).alias("_table"),
            units.alias("_unit").cast(pl.Int64),
            names.select(pl.concat_str(pl.all(), separator=" ", ignore_nulls=True))
            .to_series()
            .alias("_column"),
            said.select(pl.concat_str(pl.all(), separator="; ", ignore_nulls=True))
            .to_series()
            .alias("_reason"),
        )
        kept = told["_reason"] != ""
        own = [to_text(rows[name]) for name in self._schema if name in rows.columns]
        made = pl.DataFrame([*own, *told]).filter(kept)
        lacks = [pl.lit(None, pl.String).alias(n) for n in self._schema if n not in made.columns]
        self._write(made.with_columns(lacks).select(self._schema.names()))
        self.rows += made.height
        self.values += sum(int(mask.sum()) for _, mask in masks.values())
        return kept

    def finish(self) -> None:
        """Bring the file to the disk, if there is one."""
        if self._writer is not None:
            self._writer.close()
            self._writer = None
            sync(self._path)

    def _write(self, rows: pl.DataFrame) -> None:
        table = rows.to_arrow()
        if self._writer is None:
            os.close(os.open(self._path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
            self._writer = pq.ParquetWriter(self._path, table.schema, compression="zstd")
        self._writer.write_table(table)


_ADDED: dict[str, pl.DataType] = {
    "_table": pl.String(),
    "_unit": pl.Int64(),
    "_column": pl.String(),
    "_reason": pl.String(),
}


def units_of(numbers: Sequence[int], heights: Sequence[int]) -> pl.Series:
    """Give of each row the unit that it came in."""
    return pl.concat(
        [pl.Series([number]).new_from_index(0, height)
         for number, height in zip(numbers, heights, strict=True)]
    ) if numbers else pl.Series(dtype=pl.Int64)  # fmt: skip
