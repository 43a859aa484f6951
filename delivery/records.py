"""Records made ready, kept in one Parquet file until they are sent.

Everything is read, judged and encoded before the first request leaves, so a broken source or too
many rejects stop a load while nothing is sent. The file can be read with any Parquet tool.
"""

import os
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl
import pyarrow.parquet as pq

RECORDS = pl.Schema(
    {
        "key": pl.String,  # what makes the record this one: store, receipt and kind; empty if none
        "row": pl.Int64,  # where it begins in the source
        "last_row": pl.Int64,
        "rows": pl.UInt32,
        "amount": pl.Int64,  # its gross amount in ten-thousandths, for control totals; 0 if none
        "json": pl.String,  # the record as it goes into a body
    }
)


class RecordWriter:
    """Writes records to a new file, readable by its owner only."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.unlink(missing_ok=True)  # an old file would keep its permissions
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        nothing = pl.DataFrame(schema=RECORDS)
        self._schema = nothing.to_arrow(compat_level=pl.CompatLevel.oldest()).schema
        self._writer = pq.ParquetWriter(
            self._file,
            self._schema,
            compression="zstd",
            compression_level=1,
            use_dictionary=False,
            write_statistics=False,
        )

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._writer.close()
        self._file.close()

    def write(self, records: pl.DataFrame) -> None:
        """Add records (`RECORDS`) as one row group."""
        if not records.is_empty():
            table = records.to_arrow(compat_level=pl.CompatLevel.oldest())
            self._writer.write_table(table.cast(self._schema))


def read_records(path: Path) -> Iterator[pl.DataFrame]:
    """Read the records back, one row group at a time."""
    with pq.ParquetFile(path) as file:
        for group in range(file.num_row_groups):
            frame = pl.from_arrow(file.read_row_group(group))
            if not isinstance(frame, pl.DataFrame):  # a table always becomes a frame
                raise TypeError
            yield frame


def find_repeats(path: Path, lost: pl.DataFrame | None = None) -> pl.DataFrame:
    """Find records that share a key with another one of the same source.

    Args:
        path: the records file.
        lost: `key` and `row` of records that were rejected before; what shares their key may be
            the rest of them.

    Returns:
        `key`, `row`, `last_row`, `amount` and `first` (`row` of the first of them) of each record
        that must not be sent: all that share a key, except the first where all are the same.
        Holds one 64-bit hash per record in memory, and the keys only where some repeat.
    """
    columns = ("key", "row", "last_row", "amount")
    others = pl.DataFrame(schema={k: RECORDS[k] for k in ("key", "row")}) if lost is None else lost
    keys = pl.scan_parquet(path).filter(pl.col("key") != "")
    hashes = keys.select(pl.col("key").hash()).collect(engine="streaming").to_series()
    hashes = hashes.append(others["key"].hash())
    if hashes.n_unique() == len(hashes):
        return pl.DataFrame(schema={k: RECORDS[k] for k in columns} | {"first": pl.Int64})
    shared = pl.Series(hashes.filter(hashes.is_duplicated()).unique())
    return (
        pl.concat([keys, others.lazy()], how="diagonal")
        .filter(pl.col("key").hash().is_in(shared.implode()))
        .with_columns(
            first=pl.col("row").min().over("key"),
            versions=pl.col("json").n_unique().over("key"),
            times=pl.len().over("key"),
        )
        .filter(pl.col("times") > 1, (pl.col("versions") > 1) | (pl.col("row") > pl.col("first")))
        .filter(pl.col("json").is_not_null())  # the lost ones have none
        .select(*columns, "first")
        .collect()
        .sort("row")
    )


def drop_records(path: Path, rows: pl.Series) -> None:
    """Rewrite the file without the records that begin at these source rows."""
    kept = path.with_name(path.name + ".kept")
    with RecordWriter(kept) as writer:
        for records in read_records(path):
            writer.write(records.filter(~pl.col("row").is_in(rows.implode())))
    kept.replace(path)


__all__ = ["RECORDS", "RecordWriter", "drop_records", "find_repeats", "read_records"]
