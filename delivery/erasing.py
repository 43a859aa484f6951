"""Taking what is about a person out of files that are there already, each file in one step.

Files stream through, so that their size does not matter; a reader sees the old file or the new one.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

FORGOTTEN = "forgotten"
"""Stands where a key stood."""
_PLACE = "\x1fplace"
_QUOTING = {"rejected", "merged"}
"""Outcomes whose reasons quote values."""


class CannotErase(Exception):  # noqa: N818  (says what happened)
    """A file cannot be read, so nobody knows whom it names. One line: the file, what to do."""


@dataclass(frozen=True)
class Rows:
    """Rows of one file: their places, from 0, and the file's size and time when they were found."""

    places: pl.Series = field(default_factory=pl.Series, repr=False)
    stamp: tuple[int, int] = (0, 0)


@dataclass(frozen=True)
class Kept:
    """A file of rows that a load or an export left: a CSV by its dialect, else Parquet."""

    path: Path
    delimiter: str = ","
    line_end: str = "\n"
    bom: bool = False

    @property
    def is_csv(self) -> bool:
        """Whether it is no Parquet file."""
        return self.path.suffix == ".csv"

    def names(self) -> list[str]:
        """Give its columns, as the file has them.

        Raises:
            CannotErase: it cannot be read.
        """
        with self._told():
            return self._scan().collect_schema().names()

    def texts(self) -> list[str]:
        """Give those of its columns that hold text.

        Raises:
            CannotErase: it cannot be read.
        """
        with self._told():
            schema = self._scan().collect_schema()
        return [name for name, kind in schema.items() if kind == pl.String]

    def nested(self) -> list[str]:
        """Give those of its columns that hold objects or lists.

        Raises:
            CannotErase: it cannot be read.
        """
        with self._told():
            schema = self._scan().collect_schema()
        return [name for name, kind in schema.items() if kind.is_nested()]

    def head(self, count: int) -> pl.DataFrame:
        """Give its first rows.

        Raises:
            CannotErase: it cannot be read.
        """
        with self._told():
            return self._scan().head(count).collect(engine="streaming")

    def batches(self) -> Iterator[pl.DataFrame]:
        """Give all of its rows, some thousands at a time.

        Raises:
            CannotErase: it cannot be read.
        """
        with self._told():
            yield from self._scan().collect_batches()

    def find(self, maybe: pl.Expr, found: pl.Expr) -> Rows:
        """Find the rows that are marked.

        Args:
            maybe: quick, and marks more than is sought.
            found: marks what is sought, among those.

        Raises:
            CannotErase: it cannot be read.
        """
        names = sorted({*maybe.meta.root_names(), *found.meta.root_names()})
        places, stamp = [pl.Series(dtype=pl.UInt32)], self._stamp()
        with self._told():
            rows = self._scan().select(names).with_row_index(_PLACE).filter(maybe)
            places += [batch.filter(found)[_PLACE] for batch in rows.collect_batches()]
        return Rows(pl.concat(places).sort(), stamp)

    def take(self, rows: Rows, *columns: str) -> pl.DataFrame:
        """Give some columns of these rows.

        Raises:
            CannotErase: it cannot be read.
        """
        with self._told():
            told = self._scan().select(columns).with_row_index(_PLACE).filter(_at(rows))
            return told.drop(_PLACE).collect(engine="streaming")

    def drop(self, rows: Rows, before: Callable[[Path], None] = lambda _: None) -> None:
        """Take rows out; a CSV without any other goes altogether.

        Args:
            rows: as `find` gave them.
            before: told the new file before it is the file.

        Raises:
            CannotErase: it cannot be read.
        """
        self._see(rows)
        with self._told():
            every = int(self._scan().select(pl.len()).collect(engine="streaming").item())
        if self.is_csv and every == len(rows.places):
            self.path.unlink()
        else:
            rest = self._scan().with_row_index(_PLACE).filter(~_at(rows)).drop(_PLACE)
            self._rewrite(rest, before)

    def forget(self, rows: Rows) -> None:
        """Keep these outcomes (`delivery.outcomes.TABLE`), but not whose they are.

        Raises:
            CannotErase: it cannot be read.
        """
        self._see(rows)
        hers, said = _at(rows), pl.lit(FORGOTTEN)
        quotes = hers & pl.col("outcome").is_in(_QUOTING) & pl.col("reasons").is_not_null()
        cells = [
            pl.when(hers).then(said).otherwise("key").alias("key"),
            pl.when(quotes).then(said).otherwise("reasons").alias("reasons"),
        ]
        if "merged_into" in self.names():
            cells.append(pl.when(~hers).then("merged_into").alias("merged_into"))
        self._rewrite(self._scan().with_row_index(_PLACE).with_columns(cells).drop(_PLACE))

    def _stamp(self) -> tuple[int, int]:
        facts = self.path.stat()
        return facts.st_size, facts.st_mtime_ns

    def _see(self, rows: Rows) -> None:
        if self._stamp() != rows.stamp:
            raise CannotErase(f"{self.path} was changed meanwhile, and is as it was: do it again")

    def _scan(self) -> pl.LazyFrame:
        if not self.is_csv:
            return pl.scan_parquet(self.path, glob=False)
        return pl.scan_csv(
            self.path,
            separator=self.delimiter,
            infer_schema=False,
            glob=False,
        )

    def _rewrite(self, rows: pl.LazyFrame, before: Callable[[Path], None] = lambda _: None) -> None:
        with self._told(), replacing(self.path) as written:
            if self.is_csv:
                rows.sink_csv(
                    written,
                    separator=self.delimiter,
                    line_terminator=self.line_end,
                    include_bom=self.bom,
                )
            else:
                with pq.ParquetFile(self.path) as old:
                    told = {**(old.metadata.metadata or {})}
                    told.pop(b"ARROW:schema", None)
                    schema = old.schema_arrow.with_metadata(told)  # its fields keep theirs
                    groups = old.metadata.num_row_groups
                    size = max(1, old.metadata.row_group(0).num_rows) if groups else 1
                with pq.ParquetWriter(written, schema, compression="zstd") as writer:
                    for batch in rows.collect_batches(chunk_size=size, maintain_order=True):
                        writer.write_table(batch.to_arrow().cast(schema), row_group_size=size)
            before(written)

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except (pl.exceptions.PolarsError, ValueError):  # they quote what they met
            raise CannotErase(
                f"{self.path} cannot be read: nothing was erased; mend it, or remove it"
            ) from None


def _at(rows: Rows) -> pl.Expr:
    return pl.col(_PLACE).is_in(rows.places.implode())


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Give a file beside the path to write to, for the owner only, that takes its place then."""
    written = path.with_name(f".{path.name}.part")
    written.unlink(missing_ok=True)
    written.touch(mode=0o600)
    try:
        yield written
        handle = os.open(written, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
        written.replace(path)
    finally:
        written.unlink(missing_ok=True)


__all__ = ["FORGOTTEN", "CannotErase", "Kept", "Rows", "replacing"]
