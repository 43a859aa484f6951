"""Sorting more rows than memory holds: runs on the disk, merged slice by slice, in columns."""

import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow as pa

__all__ = ["Sorter"]

RUN_ROWS, RUN_BYTES = 100_000, 24 << 20
"""Rows, or bytes, that are sorted at once and then lie in a file of their own."""
RUNS = 32
"""Runs merged at once. More of them are merged into longer ones first."""
BLOCK = 1_024
"""Rows of a run that are read at once: of each run as many may wait in memory."""
SLICE = 48
"""Blocks merged at once, besides those of which only a part was merged: one for each run."""
_NTH = "\x1fnth"


@dataclass(frozen=True, slots=True, eq=False)
class _Run:
    """Sorted rows in a file, and the first key of each of its blocks."""

    path: Path
    heads: pl.DataFrame


class Sorter:
    """Sorts rows by columns, those alike in the order in which they came; nothing goes first.

    Memory does not grow with the rows, but for a key in each thousand.

    Args:
        by: the columns.
        folder: where runs lie meanwhile; nothing is left there at the end.
    """

    def __init__(self, by: Sequence[str], folder: Path) -> None:
        self._by = [*by, _NTH]
        self._folder = folder
        self._waiting: list[pl.DataFrame] = []
        self._rows = 0
        self._runs: list[_Run] = []
        self._written = 0

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
        try:
            self._spill()
            while (over := len(self._runs) - RUNS) > 0:
                first = self._runs[: min(over + 1, RUNS)]
                self._write(self._merge(first))
                self._remove(first)
            for rows in self._merge(self._runs):
                yield rows.drop(_NTH)
        finally:
            self._remove(self._runs)

    def _spill(self) -> None:
        if self._waiting:
            run, self._waiting = pl.concat(self._waiting).sort(self._by), []
            self._write([run])

    def _write(self, sorted_rows: Iterable[pl.DataFrame]) -> None:
        """Write one more run, in blocks."""
        path = self._folder / f".run-{self._written}.arrow"
        self._written += 1
        heads: list[pl.DataFrame] = []
        told = pa.ipc.IpcWriteOptions(compression="lz4")
        with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "wb") as sink:
            writer = None
            for rows in sorted_rows:
                table = rows.to_arrow()
                writer = writer or pa.ipc.new_file(sink, table.schema, options=told)
                for start in range(0, rows.height, BLOCK):
                    block = table.slice(start, BLOCK).combine_chunks()
                    writer.write_batch(block.to_batches()[0])
                heads.append(rows[::BLOCK].select(self._by))
            if writer:
                writer.close()
        self._runs.append(_Run(path, pl.concat(heads).with_row_index("block")))

    def _remove(self, runs: Sequence[_Run]) -> None:
        for run in runs:
            run.path.unlink(missing_ok=True)
        self._runs = [run for run in self._runs if run not in runs]

    def _merge(self, runs: Sequence[_Run]) -> Iterator[pl.DataFrame]:
        """Take blocks in the order of their first rows; what lies before the next block is done."""
        numbered = enumerate(runs)
        heads = pl.concat(x.heads.with_columns(run=pl.lit(n)) for n, x in numbered).sort(self._by)
        sources = [pa.ipc.open_file(pa.OSFile(str(run.path))) for run in runs]
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
                yield pool[places[:cut]]
            # By way of Arrow, so that its texts do not hold on to those of all blocks before.
            pool = pl.DataFrame(pool[places[cut + 1 :]].to_arrow())
