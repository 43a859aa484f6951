"""How the rows of one table lie in files: in the order they come, or parted by time and sorted."""

from collections.abc import Iterator, Mapping
from datetime import date
from pathlib import Path

import polars as pl

from pipelines.exports.manifest import File
from pipelines.exports.writing.files import FileWriter
from pipelines.exports.writing.sorting import Sorter
from pipelines.feeds.table import Layout, Table

__all__ = ["BadLayout", "TableWriter", "check_layout", "folder_of", "period_of"]

NOWHERE = "__HIVE_DEFAULT_PARTITION__"
"""Hive's word for the partition of rows without a time."""
_PERIOD = "\x1fperiod"
_FORMS = {"day": "%Y-%m-%d", "month": "%Y-%m", "year": "%Y"}


class BadLayout(ValueError):  # noqa: N818  (says what was met)
    """The layout names what the rows do not have. One line; nothing was published."""


def check_layout(table: Table, types: dict[str, pl.DataType]) -> None:
    """Refuse a layout, or rules, that these columns cannot have.

    Raises:
        BadLayout: says which word.
    """
    layout = table.layout
    for word, names in (
        ("layout.partition_by", [layout.partition_by]),
        ("layout.sort_by", layout.sort_by),
        ("key", table.key),
        ("required", table.required),
    ):
        unknown = [name for name in names if name and name not in types]
        if unknown:
            raise BadLayout(f"{word}: no column {', '.join(unknown)} in the rows")
    nested = [name for name in layout.sort_by if types[name].is_nested()]
    if nested:
        raise BadLayout(f"layout.sort_by: {', '.join(nested)} holds objects or lists")
    kind = types.get(layout.partition_by)
    if kind is not None and not kind.is_temporal():
        raise BadLayout(
            f"layout.partition_by: {layout.partition_by} is {kind}, no time or date; declare it"
        )


def period_of(layout: Layout, types: Mapping[str, pl.DataType]) -> pl.Expr | None:
    """Give of each row the first day of its day, month or year, in the layout's zone."""
    kind = types.get(layout.partition_by)
    if kind is None:
        return None
    time = pl.col(layout.partition_by)
    if isinstance(kind, pl.Datetime) and kind.time_zone is not None:
        time = time.dt.convert_time_zone(layout.zone).dt.replace_time_zone(None)
    return time.cast(pl.Date).dt.truncate(
        {"day": "1d", "month": "1mo", "year": "1y"}[layout.partition]
    )


def folder_of(
    layout: Layout, table: str, types: Mapping[str, pl.DataType], period: date | None
) -> str:
    """Give the folder of a period's rows, such as `data/day=2026-03-01`."""
    # A column of the rows' own keeps its name.
    name = f"_{layout.partition}" if layout.partition in types else layout.partition
    told = NOWHERE if period is None else period.strftime(_FORMS[layout.partition])
    return f"{table}/{name}={told}"


class TableWriter:
    """Lays the rows of a table out.

    Args:
        files: writes them.
        layout: how; its columns are those of the rows (see `check_layout`).
        table: the table's name, and its folder.
        types: the columns of the rows.
        work: a folder for what is sorted on the disk.
    """

    def __init__(
        self,
        files: FileWriter,
        layout: Layout,
        table: str,
        types: dict[str, pl.DataType],
        work: Path,
    ) -> None:
        self._files = files
        self._table = table
        self._layout = layout
        self._types = types
        self._period = period_of(layout, types)
        by = [name for name in layout.sort_by if name in types]
        parted = [] if self._period is None else [_PERIOD]
        self._sorter = Sorter([*parted, *by], work) if parted or by else None

    def write(self, rows: pl.DataFrame) -> None:
        """Add rows."""
        if self._sorter is None:
            self._files.write(rows, self._table)
        elif rows.height:
            period = [] if self._period is None else [self._period.alias(_PERIOD)]
            self._sorter.add(rows.with_columns(period))

    def close(self) -> None:
        """Let go of the file that is open, as it is."""
        self._files.close()

    def finish(self) -> list[File]:
        """Bring all to the disk, and give the files."""
        for rows in self._sorter.drain() if self._sorter else ():
            if self._period is None:
                self._files.write(rows, self._table)
                continue
            for period, own in _split(rows):
                folder = folder_of(self._layout, self._table, self._types, period)
                self._files.write(own, folder)
        return self._files.finish(self._table)


def _split(rows: pl.DataFrame) -> Iterator[tuple[date | None, pl.DataFrame]]:
    """Cut rows that are sorted by period where another one begins."""
    start = 0
    for length, period in rows[_PERIOD].rle().struct.unnest().iter_rows():
        yield period, rows[start : start + length].drop(_PERIOD)
        start += length
