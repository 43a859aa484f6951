"""The keys of rows as they were read, and the hashes that stand for them."""

from collections.abc import Sequence

import polars as pl
import pyarrow as pa

from transforms.cells import to_text

__all__ = ["HASHING", "columns_of", "hash_keys", "pack", "read_keys", "unpack"]

HASHING = f"polars {pl.__version__}"
"""Whose hashes they are: another version may give others."""


def read_keys(rows: pl.DataFrame, key: Sequence[str]) -> pl.DataFrame:
    """Give the keys of rows as text, so that 7 on one page and "7" on another are one.

    `data.id` is a column, or the field `id` of the column `data`. What is not there is null.
    """
    return pl.DataFrame([to_text(_find(rows, name)).alias(name) for name in key])


def columns_of(key: Sequence[str], names: Sequence[str]) -> list[str]:
    """Choose the columns that have parts of a key."""
    return [name for name in names if any(f"{part}.".startswith(f"{name}.") for part in key)]


def hash_keys(rows: pl.DataFrame, key: Sequence[str]) -> pl.Series:
    """Give the hashes of the keys that are whole: a row that lacks a part of its key has none."""
    if not key:
        return pl.Series([], dtype=pl.UInt64)
    keys = read_keys(rows, key)
    if any(part.null_count() for part in keys):  # to look costs a fortieth of dropping none
        keys = keys.drop_nulls()
    return keys.hash_rows()


def pack(hashes: pl.Series) -> bytes:
    """Give hashes as bytes, eight each."""
    array = hashes.rechunk().to_arrow()
    buffer = array.buffers()[1]
    start = 8 * array.offset
    return bytes(memoryview(buffer)[start : start + 8 * len(array)]) if buffer else b""


def unpack(data: bytes) -> pl.Series:
    """Give the hashes that were packed, of one or several packs."""
    array = pa.UInt64Array.from_buffers(pa.uint64(), len(data) // 8, [None, pa.py_buffer(data)])
    return pl.Series(array)


def _find(rows: pl.DataFrame, name: str) -> pl.Series:
    if name in rows.columns:
        return rows[name]
    for outer in columns_of([name], rows.columns):
        if rows[outer].dtype == pl.Struct:
            return _find(rows[outer].struct.unnest(), name.removeprefix(f"{outer}."))
    return pl.Series([None] * rows.height, dtype=pl.String)
