"""Records made ready, kept in one Arrow file until they are sent.

Everything is read, judged and encoded before the first request leaves, so a broken source or too
many rejects stop a load while nothing is sent; and a load that was killed goes on from this file,
not from a source that may have changed. Any Arrow tool reads it (`pl.read_ipc`); to write it and
read it back costs half of what Parquet would.
"""

import os
import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from itertools import pairwise
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl
import pyarrow as pa
import xxhash

RECORDS = pl.Schema(
    {
        "key": pl.String,  # what makes the record this one: parts, with \x1f between them
        "row": pl.Int64,  # where it begins in the source
        "last_row": pl.Int64,
        "rows": pl.UInt32,
        "amount": pl.Int64,  # its gross amount in ten-thousandths, for control totals; 0 if none
        "customer": pl.String,  # whose receipt it is; empty if nobody's
        "json": pl.String,  # the record as it goes into a body
    }
)
STORED = pl.Schema({**RECORDS, "key_hash": pl.Binary(), "content_hash": pl.Binary()})
"""What the file holds: the records and, for each, two hashes of 16 bytes."""
FACTS = tuple(name for name in STORED if name != "json")
"""All but the text, which is nine tenths of the file."""


def hash_texts(texts: pa.LargeStringArray, seed: int = 0) -> pa.LargeBinaryArray:
    """Hash each text: XXH3-128 of its UTF-8, 16 bytes, the same on every machine and version."""
    digest = xxhash.xxh3_128_digest
    _, offsets, data = texts.buffers()
    hashes = b""
    if len(texts):
        bounds = memoryview(offsets).cast("q")[texts.offset : texts.offset + len(texts) + 1]
        whole = memoryview(b"" if data is None else data)
        hashes = b"".join([digest(whole[start:end], seed) for start, end in pairwise(bounds)])
    return pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(xxhash.xxh3_128().digest_size), len(texts), [None, pa.py_buffer(hashes)]
    ).cast(pa.large_binary())


def hash_bytes(data: bytes) -> bytes:
    """Hash a body as `hash_texts` hashes a text."""
    return xxhash.xxh3_128_digest(data)


def pack_hashes(hashes: pl.Series) -> bytes:
    """Put hashes behind each other, 16 bytes each."""
    return b"".join(hashes.to_list())


def pack_places(places: pl.Series) -> bytes:
    """Put places behind each other, 4 bytes each, little end first."""
    return struct.pack(f"<{len(places)}I", *places.to_list())


def each_place(places: pl.Series) -> list[bytes]:
    """Pack each place by itself."""
    packed = pack_places(places)
    return [packed[start : start + 4] for start in range(0, len(packed), 4)]


def unpack_places(packed: bytes) -> pl.Series:
    """Read what `pack_places` wrote, as it lies there: a load's end reads those of millions."""
    buffers = [None, pa.py_buffer(packed)]
    return pl.Series("place", pa.Array.from_buffers(pa.uint32(), len(packed) // 4, buffers))


class RecordsChangedError(RuntimeError):
    """The records on disk are not those that the ledger knows to have been sent."""

    def __init__(self, path: Path) -> None:
        super().__init__(
            f"{path}: these are not the records that were sent; the load cannot go on:"
            " put the file back, or settle its batches by hand (loyalty-etl resolve)"
        )


class RecordWriter:
    """Writes records to a new file, readable by its owner only.

    Hashing and compressing cost a quarter of making records, so they are done in a thread, one
    write behind.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        path.unlink(missing_ok=True)  # an old file would keep its permissions
        self._file = os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb")
        schema = pl.DataFrame(schema=STORED).to_arrow().schema
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
        """Add records (`RECORDS`, or `STORED` where they are hashed already) as one record batch.

        Raises:
            ValueError: the frame is of another schema.
            OSError: these records, or those of the write before, do not fit on the disk.
        """
        if records.schema not in (RECORDS, STORED):
            raise ValueError(f"records have another schema: {records.schema}")
        if not records.is_empty():
            self._wait()
            self._written = self._thread.submit(self._write, records)

    def _write(self, records: pl.DataFrame) -> None:
        (batch,) = records.rechunk().to_arrow().to_batches()
        if records.schema == RECORDS:
            batch = batch.append_column("key_hash", hash_texts(batch["key"]))
            batch = batch.append_column("content_hash", hash_texts(batch["json"]))
        self._writer.write_batch(batch)

    def _wait(self) -> None:
        if self._written is not None:
            written, self._written = self._written, None
            written.result()


def read_records(path: Path, columns: Sequence[str] | None = None) -> Iterator[pl.DataFrame]:
    """Read records back, one record batch at a time, with their `place`: 0 for the first.

    Args:
        path: the file.
        columns: which to read; the others cost nothing. All if not given.
    """
    # Not memory-mapped: the pages of the file would count as memory of the process.
    with pa.OSFile(str(path)) as file, _open(file, columns) as batches:
        place = 0
        for number in range(batches.num_record_batches):
            records = _frame(batches.get_batch(number), place)
            place += records.height
            yield records


def _open(file: pa.NativeFile, columns: Sequence[str] | None) -> pa.ipc.RecordBatchFileReader:
    fields = None if columns is None else [list(STORED).index(name) for name in columns]
    return pa.ipc.open_file(file, options=pa.ipc.IpcReadOptions(included_fields=fields or []))


def _frame(batch: pa.RecordBatch, place: int) -> pl.DataFrame:
    return pl.DataFrame(batch).with_row_index("place", offset=place)


class RecordFile:
    """Reads records by their places, for those few that are sent once more or asked about."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._starts: list[int] = []

    def take(self, places: pl.Series, columns: Sequence[str] | None = None) -> pl.DataFrame:
        """Give the records at these places (ascending), with their `place`.

        Raises:
            IndexError: the file holds fewer records.
        """
        with pa.OSFile(str(self.path)) as file, _open(file, columns) as batches:
            if not self._starts:
                self._starts = _starts(self.path)
            found: list[pl.DataFrame] = []
            rest = places.sort()
            while len(rest):
                number = bisect_right(self._starts, rest[0]) - 1
                frame = _frame(batches.get_batch(number), self._starts[number])
                end = self._starts[number] + frame.height
                inside = rest.search_sorted(end, side="left")
                if not inside:
                    raise IndexError(f"{self.path}: it ends before record {rest[0]}")
                found.append(frame[(rest.head(inside) - self._starts[number])])
                rest = rest.slice(inside)
        return pl.concat(found)


def _starts(path: Path) -> list[int]:
    starts, place = [], 0
    for records in read_records(path, ["rows"]):
        starts.append(place)
        place += records.height
    return starts


def find_repeats(path: Path, lost: pl.DataFrame | None = None) -> pl.DataFrame:
    """Find records that share a key with another one of the same source.

    Args:
        path: the records file.
        lost: `key` and `row` of records that were rejected before; what shares their key may be
            the rest of them.

    Returns:
        `place`, `key`, `row`, `last_row`, `rows`, `amount` and `first` (`row` of the first of
        them) of each record that must not be sent: all that share a key, except the first where
        all are the same. Holds one 64-bit hash per record in memory, and the keys only where some
        repeat.
    """
    columns = ("place", "key", "row", "last_row", "rows", "amount")
    schema = {"place": pl.UInt32} | {k: RECORDS[k] for k in columns[1:]} | {"first": pl.Int64}
    others = pl.DataFrame(schema={k: RECORDS[k] for k in ("key", "row")}) if lost is None else lost
    others = others.filter(pl.col("key") != "")
    frames = (frame["key"] for frame in read_records(path, ["key"]))
    hashes = pl.concat([*(keys.hash() for keys in frames), others["key"].hash()])
    if hashes.n_unique() == len(hashes):
        return pl.DataFrame(schema=schema)
    shared = pl.Series(hashes.filter(hashes.is_duplicated()).unique())
    facts = pl.Schema({"place": pl.UInt32(), **{name: STORED[name] for name in FACTS}})
    suspects = [pl.DataFrame(schema=facts)]  # there may be no record left
    suspects += [
        frame.filter(frame["key"].hash().is_in(shared.implode()))
        for frame in read_records(path, FACTS)
    ]
    return (
        pl.concat(
            [*suspects, others.filter(others["key"].hash().is_in(shared.implode()))], how="diagonal"
        )
        .with_columns(
            first=pl.col("row").min().over("key"),
            versions=pl.col("content_hash").n_unique().over("key"),
            times=pl.len().over("key"),
        )
        .filter(pl.col("times") > 1, (pl.col("versions") > 1) | (pl.col("row") > pl.col("first")))
        .filter(pl.col("content_hash").is_not_null())  # the lost ones have none
        .select(*columns, "first")
        .sort("row")
    )


def drop_records(path: Path, rows: pl.Series, texts: pl.DataFrame | None = None) -> None:
    """Rewrite the file without the records that begin at these source rows.

    Args:
        path: the file.
        rows: where they begin.
        texts: `place` and `json` of records that are kept, and are to be this from now on.
    """
    kept = path.with_name(path.name + ".kept")
    with RecordWriter(kept) as writer:
        for records in read_records(path):
            rest = records.filter(~pl.col("row").is_in(rows.implode()))
            if texts is not None and rest["place"].is_in(texts["place"].implode()).any():
                made = rest.join(texts, on="place", how="left", maintain_order="left", suffix="_")
                rest = made.with_columns(json=pl.coalesce("json_", "json")).select(list(RECORDS))
            writer.write(rest.drop("place", strict=False))
    kept.replace(path)


__all__ = [
    "FACTS",
    "RECORDS",
    "STORED",
    "RecordFile",
    "RecordWriter",
    "RecordsChangedError",
    "drop_records",
    "find_repeats",
    "hash_bytes",
    "hash_texts",
    "pack_hashes",
    "pack_places",
    "read_records",
    "unpack_places",
]
