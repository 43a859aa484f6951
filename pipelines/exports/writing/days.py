"""An export that is read day by day: the days that were asked for take the place of theirs."""

from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, replace
from datetime import date

import polars as pl

from pipelines.exports.manifest import File
from pipelines.exports.versions import DATA, Version
from pipelines.exports.writing.base import Base
from pipelines.feeds.table import Layout
from pipelines.feeds.watching import Days

__all__ = ["OtherDays", "day_of", "rows_by_day", "rows_by_folder", "without_days"]


def day_of(file: File) -> date | None:
    """Give the day whose rows a file holds, by the folder it lies in; None if it is none's."""
    for folder in file.path.split("/")[1:-1]:
        name, _, value = folder.partition("=")
        if name.lstrip("_") == "day" and value[:1].isdigit():
            return date.fromisoformat(value)
    return None


def rows_by_folder(files: tuple[File, ...]) -> dict[str, int]:
    """Count the rows of `data` by what the names of their folders say, in order."""
    found: Counter[str] = Counter()
    for file in files:
        inner = file.path.split("/")[1:-1]
        if file.table == DATA and inner:
            found["-".join(folder.partition("=")[2] for folder in inner)] += file.rows
    return dict(sorted(found.items()))


def rows_by_day(version: Version, column: str, zone: str) -> dict[str, int]:
    """Count the rows of `data` by the day of a column, in order; nothing if it tells none.

    Args:
        version: whose rows.
        column: of times or dates.
        zone: whose days, where the times are told in UTC.
    """
    files = version.files()
    kind = pl.read_parquet_schema(files[0]).get(column) if files else None
    if kind is None or not kind.is_temporal():
        return {}
    time = pl.col(column)
    if isinstance(kind, pl.Datetime):
        time = (time.dt.convert_time_zone(zone) if kind.time_zone else time).dt.date()
    days = pl.scan_parquet(files, hive_partitioning=False).select(time.alias("day")).drop_nulls()
    counts = days.group_by("day").len().sort("day").collect(engine="streaming")
    return {str(day): rows for day, rows in counts.iter_rows()}


def without_days(base: Base | None, days: Days | None) -> Base | None:
    """Take the files of some days out of a version that is built on; the others are kept."""
    if base is None or days is None:
        return base
    kept = {
        table: [file for file in files if day_of(file) not in days]
        for table, files in base.files.items()
    }
    return replace(base, files=kept)


@dataclass
class OtherDays:
    """Leaves out the rows of days that were not asked for.

    They come with a day of their own: the part of a day would take the place of the whole one.

    Attributes:
        days: those that were asked for; None if it is all of them.
        layout: which column tells the day of a row, and whose days they are.
        left_out: the rows of other days.
    """

    days: Days | None
    layout: Layout
    left_out: Counter[date] = field(default_factory=Counter)

    def leave_out(
        self, typed: Iterator[Mapping[str, pl.DataFrame]]
    ) -> Iterator[dict[str, pl.DataFrame]]:
        """Pass typed rows on, but for those; rows without a day are for others to judge."""
        if self.days is None:
            yield from map(dict, typed)
            return
        for tables in typed:
            data = tables[DATA]
            time = data[self.layout.partition_by]
            if isinstance(time.dtype, pl.Datetime):
                zoned = time.dtype.time_zone is not None
                time = (time.dt.convert_time_zone(self.layout.zone) if zoned else time).dt.date()
            others = ~time.is_between(self.days.first, self.days.last).fill_null(value=True)
            for day, rows in time.filter(others).value_counts().iter_rows():
                self.left_out[day] += rows
            yield {**tables, DATA: data.filter(~others)}

    @property
    def warnings(self) -> tuple[str, ...]:
        """What the user should know of it."""
        if not self.left_out:
            return ()
        said = ", ".join(f"{day}: {rows:,}" for day, rows in sorted(self.left_out.items())[:5])
        more = ", …" if len(self.left_out) > 5 else ""
        return (f"rows of days that were not asked for are left out ({said}{more})",)
