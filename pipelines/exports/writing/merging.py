"""Merging on a key: which rows of the version before are replaced, and which of the new are newest.

Keys are compared by 128 bits of hashes, 16 bytes a new row in memory: two different ones are taken
for the same once in 10^19 tables of ten million rows.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa

from pipelines.exports.writing.layout import folder_of, period_of
from pipelines.exports.writing.opening import DATA, ROW
from pipelines.exports.writing.plans import Tables
from pipelines.feeds.table import Table

__all__ = ["NewKeys", "find_newest"]

Frames = dict[str, pl.DataFrame]


@dataclass(frozen=True, slots=True)
class NewKeys:
    """The keys of the new rows, by their hashes.

    Attributes:
        hashes: both hashes of each key, sorted by the first.
        folders: of each table the folders that get new rows.
    """

    hashes: pl.DataFrame
    folders: Mapping[str, set[str]]

    def among(self, rows: pl.DataFrame, key: Sequence[str]) -> pl.Series:
        """Mark the rows whose key a new row has."""
        if self.hashes.is_empty():
            return pl.repeat(value=False, n=rows.height, eager=True)
        own = _hash(rows.select(key))
        places = self.hashes["one"].search_sorted(own["one"], side="left")
        places = places.clip(0, self.hashes.height - 1)
        there = self.hashes[places]
        return (there["one"] == own["one"]) & (there["two"] == own["two"])


@contextmanager
def find_newest(
    typed: Iterator[Frames], tables: Tables, table: Table, work: Path
) -> Iterator[tuple[Iterator[Frames], NewKeys]]:
    """Give the new rows again without those that a later one replaces, and their keys.

    Args:
        typed: the new rows of each table.
        tables: what columns they have.
        table: the words.
        work: a folder in which they lie meanwhile.
    """
    types = tables.dtypes(DATA)
    period = period_of(table.layout, types)
    found = [_hash(pl.DataFrame({name: [] for name in table.key}))]
    folders: dict[str, set[str]] = {name: {name} for name in tables.plans}
    folders[DATA] = {DATA} if period is None else set()
    paths = {name: work / f".new-{name}.arrow" for name in tables.plans}
    try:
        with _writers(paths, tables) as writers:
            for frames in typed:
                for name, frame in frames.items():
                    writers[name].write_table(frame.to_arrow())
                data = frames[DATA]
                found.append(_hash(data.select(table.key)))
                if period is not None:
                    folders[DATA] |= {
                        folder_of(table.layout, DATA, types, day)
                        for day in data.select(period.alias("")).to_series().unique()
                    }
        hashes = pl.concat(found)
        newest = None
        ordered = hashes.sort("one", "two")
        if (ordered["one"] == ordered["one"].shift(1)).any():
            newest = hashes.select(pl.struct("one", "two").is_last_distinct()).to_series()
        del hashes, found
        yield _again(paths, newest), NewKeys(ordered, folders)
    finally:
        for path in paths.values():
            path.unlink(missing_ok=True)


def _again(paths: Mapping[str, Path], newest: pl.Series | None) -> Iterator[Frames]:
    streams = {name: pa.ipc.open_stream(pa.OSFile(str(path))) for name, path in paths.items()}
    start = 0
    gone = pl.Series(ROW, [], pl.Int64)
    for batch in streams[DATA]:
        data = pl.DataFrame(batch)
        if newest is not None:
            stays = newest[start : start + data.height]
            start += data.height
            if ROW in data.columns:
                gone.append(data.filter(~stays)[ROW])
            data = data.filter(stays)
        yield {DATA: data}
    for name, stream in streams.items():
        if name != DATA:
            for batch in stream:
                yield {name: pl.DataFrame(batch).filter(~pl.col(ROW).is_in(gone.implode()))}


@contextmanager
def _writers(
    paths: Mapping[str, Path], tables: Tables
) -> Iterator[dict[str, pa.RecordBatchStreamWriter]]:
    told = pa.ipc.IpcWriteOptions(compression="lz4")
    made: dict[str, pa.RecordBatchStreamWriter] = {}
    try:
        for name, path in paths.items():
            os.close(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600))
            schema = pl.Schema(tables.dtypes(name)).to_frame().to_arrow().schema
            made[name] = pa.ipc.new_stream(str(path), schema, options=told)
        yield made
    finally:
        for writer in made.values():
            writer.close()


def _hash(keys: pl.DataFrame) -> pl.DataFrame:
    return pl.DataFrame(
        [keys.hash_rows(seed).alias(name) for seed, name in ((1, "one"), (2, "two"))]
    )
