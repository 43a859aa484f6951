"""What a version takes over of the one before: files as they are, and rows written again."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl

from pipelines.exports.manifest import File
from pipelines.exports.writing.base import Base
from pipelines.exports.writing.files import read_groups
from pipelines.exports.writing.merging import NewKeys
from pipelines.exports.writing.plans import Tables
from pipelines.feeds.table import Table
from transforms.cells import ColumnType, cast

__all__ = ["BadBase", "Kept", "choose_kept"]

SMALL = 8
"""A merge writes files below this share of their size again, where it adds rows: so that a table
that is merged every day does not fall into crumbs."""


class BadBase(Exception):  # noqa: N818  (says what was met)
    """The version before cannot be built on. One line: why, and what to do."""


@dataclass(frozen=True, slots=True)
class Kept:
    """What is taken over of one table.

    Attributes:
        folder: the version before.
        carried: files that are the new version's as well.
        again: files whose rows are written again.
        types: the columns of the table now.
        keys: those of the new rows; old rows with such a key are left out. None in other modes.
        key: the columns that are compared.
    """

    folder: Path
    carried: list[File]
    again: list[File]
    types: Mapping[str, ColumnType]
    keys: NewKeys | None = None
    key: tuple[str, ...] = ()

    def rows(self) -> Iterator[pl.DataFrame]:
        """Give the rows that are written again, with the columns of today.

        Raises:
            BadBase: a value does not fit the type that its column has now.
        """
        for rows in read_groups(self.folder, self.again):
            typed = _as_now(rows, self.types)
            if self.keys is not None:
                typed = typed.filter(~self.keys.among(typed, self.key))
            yield typed


def choose_kept(
    base: Base | None, tables: Tables, table: Table, keys: NewKeys | None
) -> dict[str, Kept]:
    """Decide of each table which files stay as they are.

    Files with other columns than today's are written again. So are, in a merge, those that hold a
    row which is replaced, and small ones in folders that get new rows.

    Args:
        base: the version before.
        tables: what the new one has.
        table: the words.
        keys: of a merge, those of the new rows.
    """
    made = {}
    for name in tables.plans:
        types = tables.types(name)
        if base is None or table.layout.mode == "replace":
            made[name] = Kept(Path(), [], [], types)
            continue
        carried: list[File] = []
        again: list[File] = []
        small = (table.layout.file_mb << 20) // SMALL
        for file in base.files.get(name, []):
            own = pl.read_parquet_schema(base.folder / file.path)
            stays = list(own.items()) == list(tables.dtypes(name).items()) and file.rows > 0
            if keys is not None and stays:
                folder = file.path.rpartition("/")[0]
                crumb = file.bytes < small and folder in keys.folders[name]
                stays = not crumb and not _holds(base, file, types, keys, table.key)
            (carried if stays else again).append(file)
        made[name] = Kept(base.folder, carried, again, types, keys, tuple(table.key))
    return made


def _holds(
    base: Base, file: File, types: Mapping[str, ColumnType], keys: NewKeys, key: list[str]
) -> bool:
    own = {name: types[name] for name in key}
    return any(
        keys.among(_as_now(rows, own), key).any() for rows in read_groups(base.folder, [file], key)
    )


def _as_now(rows: pl.DataFrame, types: Mapping[str, ColumnType]) -> pl.DataFrame:
    cells = []
    for name, kind in types.items():
        raw = rows[name] if name in rows.columns else pl.Series(name, [None] * rows.height)
        typed, lost = cast(raw, kind)
        if lost is not None:
            raise BadBase(
                f"column {name}: {int(lost.sum())} rows of the version before are no {kind};"
                " declare it as it was, or publish once with mode replace"
            )
        cells.append(typed)
    return pl.DataFrame(cells, height=rows.height)
