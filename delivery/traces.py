"""What is needed to tell whether two records are one, kept beside them while they are made ready.

Of each value that records are matched by there is a seeded hash of 128 bits, in two halves, and
nothing of the value itself. The seed is another one each time, and is not kept.
"""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import TracebackType
from typing import Self

import polars as pl
import pyarrow as pa

from delivery.records import hash_texts

VALUES, MOMENT = "values", "moment"


def halves(way: int) -> tuple[str, str]:
    """Name the two columns that hold the hash of one way to match."""
    return f"high{way}", f"low{way}"


def trace(
    texts: Sequence[pl.Series], values: pl.Series, moments: pl.Series, seed: int
) -> pl.DataFrame:
    """Make the traces of some records.

    Args:
        texts: for each way to match the text that equal records share; null matches nothing.
        values: how many values each record has.
        moments: how new it is, null where nobody knows.
        seed: of the hashes, 64 bits; the same for all records of a source.

    Returns:
        For each record two columns a way (`halves`), `values` and `moment`.
    """
    hashed = [column for way, text in enumerate(texts) for column in _hash(text, way, seed)]
    facts = [values.cast(pl.UInt16).alias(VALUES), moments.cast(pl.Int64).alias(MOMENT)]
    return pl.DataFrame([*hashed, *facts])


def _hash(texts: pl.Series, way: int, seed: int) -> Iterator[pl.Series]:
    (batch,) = texts.alias("text").rechunk().to_frame().to_arrow().to_batches() or [None]
    if batch is None:
        yield from (pl.Series(name, dtype=pl.UInt64) for name in halves(way))
        return
    hashes = hash_texts(batch["text"].cast(pa.large_string()), seed)
    words = pa.Array.from_buffers(pa.uint64(), 2 * len(texts), [None, hashes.buffers()[2]])
    both, there = pl.Series(words), texts.is_not_null()
    for start, name in enumerate(halves(way)):
        half = both.gather_every(2, start)
        yield pl.select(pl.when(there).then(half).alias(name)).to_series()


class TraceWriter:
    """Writes traces to a new file, readable by its owner only; none before there is a trace."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.unlink(missing_ok=True)
        self._writer: pa.ipc.RecordBatchFileWriter | None = None

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
            self._file.close()

    def write(self, traces: pl.DataFrame | None) -> None:
        """Add the traces of the next records, in their order; None where they leave none."""
        if traces is None or traces.is_empty():
            return
        (batch,) = traces.rechunk().to_arrow().to_batches()
        if self._writer is None:
            flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL
            self._file = os.fdopen(os.open(self.path, flags, 0o600), "wb")
            self._writer = pa.ipc.new_file(self._file, batch.schema)
        self._writer.write_batch(batch)


def read_traces(path: Path, columns: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Read some columns of the traces, a record batch at a time, with their `place`."""
    if not path.exists():
        return
    with pa.OSFile(str(path)) as file:
        with pa.ipc.open_file(file) as whole:
            fields = [whole.schema.get_field_index(name) for name in columns]
        file.seek(0)
        options = pa.ipc.IpcReadOptions(included_fields=fields)
        with pa.ipc.open_file(file, options=options) as batches:
            place = 0
            for number in range(batches.num_record_batches):
                frame = pl.DataFrame(batches.get_batch(number))
                yield frame.with_row_index("place", offset=place).select("place", *columns)
                place += frame.height


__all__ = ["MOMENT", "VALUES", "TraceWriter", "halves", "read_traces", "trace"]
