"""Writing chunks of rows to one Parquet file, though columns may turn up late."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl
import pyarrow.parquet as pq

from pipelines.publishing import sync
from transforms.reports import widen

__all__ = ["ChunkWriter", "read_chunks"]

_UNDECIDED = pl.Datetime("us")
"""What a column is that had no value at all: only timestamps wait for one to tell their type."""


class ChunkWriter:
    """Writes chunks, each a row group, to a zstd Parquet file of mode 0600.

    When a chunk brings a new column, or tells the type of one that was empty till then, a new
    part is begun; `finish` joins the parts, the rows before without a value in that column.

    Args:
        path: the file to make; it does not exist yet.
        facts: texts for the file's own metadata.
    """

    def __init__(self, path: Path, facts: Mapping[str, str]) -> None:
        self._path = path
        self._facts = facts
        self._known: dict[str, pl.DataType] = {}
        self._parts: list[Path] = []
        self._written: pl.Schema | None = None
        self._open: pq.ParquetWriter | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._close()

    def write(self, chunk: pl.DataFrame) -> None:
        """Add a chunk.

        Raises:
            BadCell: a column's times carry a zone here and carried none before.
        """
        self._known = widen(self._known, chunk.schema)
        schema = self._schema()
        if self._open is None or schema != self._written:
            self._close()
            part = self._path.with_name(f"{self._path.name}.{len(self._parts)}")
            self._parts.append(part)
            self._begin(part, schema)
        self._add(chunk, schema)

    def finish(self) -> pl.Schema:
        """Make the file whole and bring it to the disk; give its columns and types."""
        schema = self._schema()
        self._close()
        if len(self._parts) == 1:
            self._parts[0].rename(self._path)
        else:
            self._begin(self._path, schema)
            for part in self._parts:
                for rows in read_chunks(part):
                    self._add(rows, schema)
                part.unlink()
            self._close()
        sync(self._path)
        return schema

    def _schema(self) -> pl.Schema:
        return pl.Schema(
            {name: _UNDECIDED if kind == pl.Null else kind for name, kind in self._known.items()}
        )

    def _begin(self, path: Path, schema: pl.Schema) -> None:
        path.touch(mode=0o600, exist_ok=False)
        arrow = schema.to_frame().to_arrow().schema.with_metadata(dict(self._facts))
        self._open = pq.ParquetWriter(path, arrow, compression="zstd")
        self._written = schema

    def _add(self, rows: pl.DataFrame, schema: pl.Schema) -> None:
        assert self._open is not None
        cells = [
            (pl.col(name) if name in rows.columns else pl.lit(None)).cast(kind).alias(name)
            for name, kind in schema.items()
        ]
        self._open.write_table(rows.select(cells).to_arrow())

    def _close(self) -> None:
        if self._open is not None:
            self._open.close()
            self._open = None


def read_chunks(path: Path, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
    """Read a Parquet file row group by row group, all columns or some."""
    with pq.ParquetFile(path) as source:
        for group in range(source.num_row_groups):
            yield pl.DataFrame(source.read_row_group(group, columns=columns))
