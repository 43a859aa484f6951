"""What the Parquet files say of their columns: types, descriptions, how full they are."""

import re
from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import pyarrow.parquet as pq

from pipelines.exports.versions import Version
from pipelines.exports.writing.layout import NOWHERE

__all__ = ["Column", "describe_columns", "plain_type"]

DESCRIPTION = b"description"
_OURS = {
    "_run_id": "The run that read the row",
    "_loaded_at": "When that run began, in UTC",
}
"""Columns that every export adds."""
_FOLDER_TYPES = {"day": "Date", "month": "String", "year": "Int64"}


@dataclass(frozen=True, slots=True, kw_only=True)
class Column:
    """A column of a table.

    Attributes:
        name, type: of the type polars' name.
        description: what the feed says of it; empty if nothing.
        filled: the share of its rows with a value, 0 to 1; None where the files don't tell.
    """

    name: str
    type: str
    description: str
    filled: float | None

    @property
    def word(self) -> str:
        """Its type in the words of a feed."""
        return plain_type(self.type)

    @property
    def percent(self) -> str:
        """How full it is, for people; 100 % and 0 % are said only if they are meant."""
        if self.filled is None:
            return ""
        if self.filled in {0, 1}:
            return f"{self.filled:.0%}".replace("%", " %")
        return f"{min(max(100 * self.filled, 0.1), 99.9):.1f} %"


def describe_columns(version: Version, table: str) -> list[Column]:
    """Describe the columns of a table, in their order; only the ends of the files are read.

    Those that the names of the folders hold (`day=2026-03-01`) come last: they are in no file.

    Raises:
        OSError, ArrowInvalid: a file is missing or damaged.
    """
    known = version.manifest.columns[table]
    texts: dict[str, str] = {}
    empty: dict[str, int | None] = dict.fromkeys(known, 0)
    rows = 0
    for path in version.files(table):
        with pq.ParquetFile(path) as file:
            arrow, meta = file.schema_arrow, file.metadata
        texts.update(_descriptions(arrow))
        missing = dict.fromkeys(known, meta.num_rows) | dict(_count_empty(meta, arrow.names))
        rows += meta.num_rows
        for name, before in empty.items():
            count = missing[name]
            empty[name] = None if count is None or before is None else before + count
    own = [
        Column(
            name=name,
            type=kind,
            description=texts.get(name) or _OURS.get(name, ""),
            filled=_share(empty[name], rows),
        )
        for name, kind in known.items()
    ]
    return own + list(_columns_of_folders(version, table, rows))


def _columns_of_folders(version: Version, table: str, rows: int) -> Iterator[Column]:
    empty: Counter[str] = Counter()
    for file in version.manifest.files:
        for folder in file.path.split("/")[1:-1] if file.table == table else ():
            name, _, value = folder.partition("=")
            empty[name] += file.rows if value == NOWHERE else 0
    for name, count in empty.items():
        kind = _FOLDER_TYPES.get(name.lstrip("_"), "String")
        text = "The folder that the row lies in"
        yield Column(name=name, type=kind, description=text, filled=_share(count, rows))


def plain_type(kind: str) -> str:
    """Say polars' name of a type in the words of a feed."""
    if found := re.fullmatch(r"Decimal\(.*?(\d+)\)", kind):
        return f"decimal({found[1]})"
    if found := re.fullmatch(r"Datetime\(.*time_zone=(?:None|'([^']+)')\)", kind):
        return f"timestamp, {found[1]}" if found[1] else "timestamp, without a zone"
    if found := re.fullmatch(r"(List|Struct)\(.*", kind):
        return found[1].lower()
    return _TYPES.get(kind, kind)


_TYPES = {
    "String": "text",
    "Int64": "integer",
    "Float64": "number",
    "Boolean": "boolean",
    "Date": "date",
    "Null": "nothing yet",
}


def _descriptions(arrow: "Iterable[object]") -> Iterator[tuple[str, str]]:
    for field in arrow:
        told = (getattr(field, "metadata", None) or {}).get(DESCRIPTION, b"")
        if told:
            yield getattr(field, "name", ""), told.decode("utf-8", errors="replace")


def _count_empty(meta: "pq.FileMetaData", names: Iterable[str]) -> Iterator[tuple[str, int | None]]:
    """Count the rows without a value by the statistics; of a nested column nobody can tell."""
    places = {meta.schema.column(i).path: i for i in range(len(meta.schema))}
    for name in names:
        place, count = places.get(name), 0
        if place is None:
            yield name, None
            continue
        for group in range(meta.num_row_groups):
            told = meta.row_group(group).column(place).statistics
            if told is None or not told.has_null_count:
                yield name, None
                break
            count += told.null_count
        else:
            yield name, count


def _share(empty: int | None, rows: int) -> float | None:
    return None if empty is None or not rows else 1 - empty / rows
