"""Sorting more rows than memory holds: runs on the disk, merged slice by slice, in columns."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import polars as pl
import pyarrow as pa

__all__ = ["Sorter"]

RUN_ROWS, RUN_BYTES = 100_000, 24 << 20
"""Rows, or bytes, that are sorted at once and then lie in a file of their own."""
BLOCK = 1_024
"""Rows of a run that are read at once: of each run as many may wait in memory."""
SLICE = 48
"""Blocks merged at once, besides those of which only a part was merged: one for each run."""
_NTH = "\x1fnth"


class Sorter:
    """Sorts rows by columns, those alike in the order in which they came; nothing goes first.

    Args:
        by: the columns.
        folder: where runs lie meanwhile; nothing is left there at the end.
    """

    def __init__(self, by: Sequence[str], folder: Path) -> None:
        self._by = [*by, _NTH]
        self._folder = folder
        self._waiting: list[pl.DataFrame] = []
        self._rows = 0
        self._runs: list[Path] = []
        self._heads: list[pl.DataFrame] = []
        """Of each run the first key of every block."""

    def add(self, rows: pl.DataFrame) -> None:
        """Take rows, all of the same columns and types."""
        self._waiting.append(rows.with_row_index(_NTH, self._rows).cast({_NTH: pl.Int64}))
        self._rows += rows.height
        held = sum(each.height for each in self._waiting)
        if held >= RUN_ROWS or sum(x.estimated_size() for x in self._waiting) >= RUN_BYTES:
            self._spill()

    def drain(self) -> Iterator[pl.DataFrame]:
        """Give all rows, sorted."""
        if not self._runs:
            if self._waiting:
                yield pl.concat(self._waiting).sort(self._by).drop(_NTH)
                self._waiting = []
            return
        self._spill()
        try:
            yield from self._merge()
        finally:
            for path in self._runs:
                path.unlink(missing_ok=True)

    def _spill(self) -> None:
        if not self._waiting:
            return
        run, number = pl.concat(self._waiting).sort(self._by), len(self._runs)
        self._waiting = []
        path = self._folder / f".run-{number}.arrow"
        self._runs.append(path)
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as sink:
            table = run.to_arrow()
            told = pa.ipc.IpcWriteOptions(compression="lz4")
            with pa.ipc.new_file(sink, table.schema, options=told) as writer:
                for start in range(0, run.height, BLOCK):
                    block = table.slice(start, BLOCK).combine_chunks()
                    writer.write_batch(block.to_batches()[0])
        heads = run[::BLOCK].select(self._by)
        block = pl.int_range(heads.height, dtype=pl.Int64, eager=True).alias("block")
        self._heads.append(heads.with_columns(block, pl.lit(number, pl.Int64).alias("run")))

    def _merge(self) -> Iterator[pl.DataFrame]:
        """Take blocks in the order of their first rows; what lies before the next block is done."""
        heads = pl.concat(self._heads).sort(self._by)
        sources = [pa.ipc.open_file(pa.OSFile(str(path))) for path in self._runs]
        pool = pl.DataFrame()
        for start in range(0, heads.height, SLICE):
            taken = heads[start : start + SLICE].select("run", "block").iter_rows()
            blocks = [pl.DataFrame(sources[run].get_batch(block)) for run, block in taken]
            pool = pl.concat([pool, *blocks] if pool.height else blocks)
            bound = heads[start + SLICE : start + SLICE + 1].select(self._by)
            # The row that bounds the slice is sorted among the others: its place cuts them in two.
            order = pl.concat([pool.select(self._by), bound]).select(pl.arg_sort_by(self._by))
            places = order.to_series()
            cut = len(places) if bound.is_empty() else places.index_of(pool.height) or 0
            if cut:
                yield pool[places[:cut]].drop(_NTH)
            # By way of Arrow, so that its texts do not hold on to those of all blocks before.
            pool = pl.DataFrame(pool[places[cut + 1 :]].to_arrow())
