"""Parquet files of one table: written row after row, ended at a size, carried from before."""

import os
import re
import shutil
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import IO

import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.exports.hashing import hash_file
from pipelines.exports.manifest import File

__all__ = ["UNTOLD", "FileWriter", "arrow_schema", "carry", "read_groups"]

UNTOLD = "untold"
"""In a field's metadata: its column never had a value."""
GROUP_ROWS = 122_880
"""Rows of a row group: what DuckDB makes them of, and enough for zstd to find what repeats."""
GROUP_BYTES = 64 << 20
MEGABYTE = 1 << 20
SAMPLE = 8_192


def arrow_schema(
    types: Mapping[str, pl.DataType],
    facts: Mapping[str, str],
    descriptions: Mapping[str, str],
    untold: Collection[str] = (),
) -> pa.Schema:
    """Give the schema of a file: facts in its metadata, descriptions in those of its fields.

    Args:
        types: the columns.
        facts: about the file.
        descriptions: what columns mean.
        untold: columns that had no value yet, so that their type may still be any.
    """
    fields = []
    for each in pl.Schema(types).to_frame().to_arrow().schema:
        told = {"description": descriptions[each.name]} if each.name in descriptions else {}
        told |= {UNTOLD: "yes"} if each.name in untold else {}
        fields.append(each.with_metadata(told) if told else each)
    return pa.schema(fields, dict(facts))


class FileWriter:
    """Writes rows to `<folder>/part-00001.parquet` and so on, one file at a time, of mode 0600.

    Args:
        root: the folder of the version.
        table: the table that the files belong to.
        schema: by `arrow_schema`; rows have these columns in this order.
        file_mb: about how large a file may be.
        taken: paths that are there already, and stay.
    """

    def __init__(
        self,
        root: Path,
        table: str,
        schema: pa.Schema,
        file_mb: int,
        taken: Iterable[str] = (),
    ) -> None:
        self._root = root
        self._table = table
        self._schema = schema
        self._most_bytes = file_mb * MEGABYTE
        self._last: dict[str, int] = {}
        for path in taken:
            folder, _, name = path.rpartition("/")
            number = int("".join(re.findall(r"\d+", name)) or 0)
            self._last[folder] = max(number, self._last.get(folder, 0))
        self._files: list[File] = []
        self._folder = ""
        self._waiting: list[pl.DataFrame] = []
        self._sink: IO[bytes] | None = None
        self._writer: pq.ParquetWriter | None = None
        self._rows = 0

    def write(self, rows: pl.DataFrame, folder: str) -> None:
        """Add rows; those of another folder than the last ones begin another file."""
        if folder != self._folder:
            self._end()
            self._folder = folder
        self._waiting.append(rows)
        if sum(each.height for each in self._waiting) >= GROUP_ROWS:
            self._flush(GROUP_ROWS)

    def finish(self, empty_in: str) -> list[File]:
        """End the last file and give them all; without any row there is one, and it has none."""
        self._end()
        if not self._files and not self._last:
            self._folder = empty_in
            self._open(pl.DataFrame())
            self._end()
        return self._files

    def close(self) -> None:
        """Let go of the file that is open, as it is."""
        if self._writer is not None:
            self._writer.close()
        if self._sink is not None:
            self._sink.close()
        self._writer = self._sink = None

    def _flush(self, least: int) -> None:
        """Write what waits, in row groups; what is less than a whole one may wait on."""
        rows = pl.concat(self._waiting)
        size = max(1, min(GROUP_ROWS, GROUP_BYTES * rows.height // max(1, rows.estimated_size())))
        start = 0
        while rows.height - start >= min(least, size):
            group = rows[start : start + size]
            start += group.height
            if not group.height:
                break
            writer = self._writer or self._open(group)
            writer.write_table(group.to_arrow(), row_group_size=size)
            self._rows += group.height
            if self._sink is not None and self._sink.tell() >= self._most_bytes:
                self._close_file()
        self._waiting = [rows[start:]] if start < rows.height else []

    def _open(self, rows: pl.DataFrame) -> pq.ParquetWriter:
        """Begin a file; its first rows tell which columns repeat, for a dictionary costs time."""
        number = self._last[self._folder] = self._last.get(self._folder, 0) + 1
        path = self._root / self._folder / f"part-{number:05}.parquet"
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._sink = os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600), "w+b")
        first = rows.head(SAMPLE)
        repeating = [cells.name for cells in first if 2 * _count(cells) < first.height]
        self._writer = pq.ParquetWriter(
            self._sink, self._schema, compression="zstd", use_dictionary=repeating or False
        )
        self._path = path
        return self._writer

    def _end(self) -> None:
        if self._waiting:
            self._flush(0)
        if self._writer is not None:
            self._close_file()

    def _close_file(self) -> None:
        assert self._writer is not None
        assert self._sink is not None
        self._writer.close()
        self._sink.flush()
        os.fsync(self._sink.fileno())
        self._sink.close()
        self._writer = self._sink = None
        path = self._path
        self._files.append(
            File(
                path=path.relative_to(self._root).as_posix(),
                table=self._table,
                rows=self._rows,
                bytes=path.stat().st_size,
                sha256=hash_file(path),
            )
        )
        self._rows = 0


def _count(cells: pl.Series) -> int:
    """Count the values of a column; objects and lists pass for different ones."""
    return len(cells) if cells.dtype.is_nested() else cells.n_unique()


def carry(files: Iterable[File], before: Path, root: Path) -> None:
    """Let files of the version before be files of this one as well, without a copy if may be."""
    for file in files:
        path = root / file.path
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        try:
            path.hardlink_to(before / file.path)
        except OSError:  # a file system without links
            shutil.copyfile(before / file.path, path)
            path.chmod(0o600)


def read_groups(
    root: Path, files: Iterable[File], columns: Sequence[str] | None = None
) -> Iterator[pl.DataFrame]:
    """Read files row group by row group, all columns or some."""
    for file in files:
        with pq.ParquetFile(root / file.path) as source:
            for group in range(source.num_row_groups):
                yield pl.DataFrame(source.read_row_group(group, columns=columns))
