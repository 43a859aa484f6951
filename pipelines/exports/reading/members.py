"""Whom an export asks about: a column of a file, or of the latest version of another export."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import polars as pl
import xxhash

from connectors.files import read
from pipelines.exports.manifest import MANIFEST
from pipelines.feeds.read import Over
from pipelines.progress import Progress, quiet
from pipelines.publishing import LATEST
from pipelines.settings import exports_dir
from pipelines.sourcing import bring, file_source, resolve_source

__all__ = ["Members", "NoMembers", "read_members"]


class NoMembers(Exception):  # noqa: N818  (says what is the matter)
    """Nobody can be asked about: the other export is not there, or has no such column."""


@dataclass(frozen=True, slots=True)
class Members:
    """Whom to ask about.

    Attributes:
        ids: each once, in the order of the source; as they stand there, but for blanks around.
        blank, repeated, unreadable: rows of the source that name nobody, somebody who was named
            before, or could not be read.
    """

    ids: pl.Series
    blank: int = 0
    repeated: int = 0
    unreadable: int = 0

    @property
    def digest(self) -> str:
        """The same for the same members in the same order."""
        state = xxhash.xxh3_128()
        for part in self.ids.to_frame("id").iter_slices(100_000):
            state.update("\n".join(part["id"]).encode())
            state.update(b"\n")
        return state.hexdigest()


def read_members(over: Over, folder: Path, progress: Progress = quiet) -> Members:
    """Read whom to ask about; ids are text and never go through a number.

    Args:
        over: the words that name them.
        folder: for a copy of a file that lies elsewhere.
        progress: told how far fetching it is.

    Raises:
        SourceError: the file cannot be read.
        NoMembers: the other export is not there, or has no such column.
    """
    frames = _of_export(over) if over.export else _of_file(over, folder, progress)
    texts, unreadable = [pl.Series("id", [], dtype=pl.String)], 0
    for values, faults in frames:
        texts.append(values)
        unreadable += faults
    ids = pl.concat(texts).str.strip_chars()
    named = ids.filter(ids.fill_null("") != "")
    once = named.unique(maintain_order=True)
    blank = len(ids) - len(named)
    return Members(once, blank, len(named) - len(once), unreadable)


def _of_file(over: Over, folder: Path, progress: Progress) -> Iterator[tuple[pl.Series, int]]:
    """Give the column's texts, and how many rows could not be read beside them."""
    assert over.file is not None
    path = bring(resolve_source(over.file.path), folder, over.file.limits, progress)
    for frame in read(file_source(over.file, path, (over.column,))):
        if "_fault" not in frame.columns:
            yield frame[over.column].rename("id"), 0
            continue
        good = frame.filter(pl.col("_fault").is_null())
        yield good[over.column].rename("id"), frame.height - good.height


def _of_export(over: Over) -> Iterator[tuple[pl.Series, int]]:
    """Give the same of the latest version; `data.id` is a column, or a field of `data`."""
    latest = exports_dir() / str(over.export) / LATEST
    folder = latest.resolve()  # once: another version may be published meanwhile
    if not (folder / MANIFEST).exists():
        raise NoMembers(
            f"read.over: nothing is published of {over.export} yet; say:"
            f" loyalty-etl export {over.export}"
        )
    for file in sorted([*folder.glob("data/**/*.parquet"), *folder.glob("data.parquet")]):
        scanned = pl.scan_parquet(file, hive_partitioning=False)
        column = _find(scanned.collect_schema(), over)
        yield scanned.select(column.cast(pl.String).alias("id")).collect()["id"], 0


def _find(schema: pl.Schema, over: Over) -> pl.Expr:
    first, *rest = [over.column] if over.column in schema else over.column.split(".")
    kind: Any = dict(schema).get(first)
    found = pl.col(first)
    for name in rest:
        fields = {f.name: f.dtype for f in kind.fields} if isinstance(kind, pl.Struct) else {}
        kind, found = fields.get(name), found.struct.field(name)
    if kind is None or kind.is_nested():
        names = ", ".join(schema.names())
        raise NoMembers(
            f"read.over: {over.export} has no column of values {over.column}; it has {names}"
        )
    return found
