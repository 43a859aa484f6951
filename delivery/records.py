"""Records made ready, kept in one Arrow file until they are sent.

Everything is read, judged and encoded before the first request leaves, so a broken source or too
many rejects stop a load while nothing is sent. Any Arrow tool reads the file (`pl.read_ipc`); to
write it and read it back costs half of what Parquet would.
"""

import os
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl
import pyarrow as pa

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
    """Writes records to a new file, readable by its owner only.

    Compressing costs a fifth of making records, so it is done in a thread, one write behind.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.unlink(missing_ok=True)  # an old file would keep its permissions
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        schema = pl.DataFrame(schema=RECORDS).to_arrow().schema
        options = pa.ipc.IpcWriteOptions(compression="lz4")
        self._writer = pa.ipc.new_file(self._file, schema, options=options)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="records")
        self._written: Future[None] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self._wait()
            self._writer.close()
        finally:
            self._thread.shutdown()
            self._file.close()

    def write(self, records: pl.DataFrame) -> None:
        """Add records (`RECORDS`) as one record batch.

        Raises:
            ValueError: the frame is of another schema.
            OSError: these records, or those of the write before, do not fit on the disk.
        """
        if records.schema != RECORDS:
            raise ValueError(f"records have another schema: {records.schema}")
        if not records.is_empty():
            table = records.rechunk().to_arrow()
            self._wait()
            self._written = self._thread.submit(self._writer.write_table, table)

    def _wait(self) -> None:
        if self._written is not None:
            written, self._written = self._written, None
            written.result()


def read_records(path: Path) -> Iterator[pl.DataFrame]:
    """Read the records back, one record batch at a time."""
    # Not memory-mapped: the pages of the file would count as memory of the process.
    with pa.OSFile(str(path)) as file, pa.ipc.open_file(file) as batches:
        for number in range(batches.num_record_batches):
            yield pl.DataFrame(batches.get_batch(number))


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
    keys = pl.scan_ipc(path).filter(pl.col("key") != "")
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
