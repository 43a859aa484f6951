"""What changed between two versions of an export: columns, and rows by their key.

Of each row two hashes and its place are kept, 20 bytes; more rows than `BUCKET` are spread over
files by their key's hash and compared one part after the other, so that memory stays bounded.
"""

import tempfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from pipelines.exports.manifest import Drift
from pipelines.exports.versions import DATA, Version

__all__ = [
    "Difference",
    "Places",
    "compare",
    "compare_columns",
    "read_rows",
    "rows_at",
    "shared_columns",
]

ADDED_BY_US = ("_run_id", "_loaded_at")
"""Columns that differ in every version, and say nothing of a row."""
BUCKET = 400_000
"""Rows of one version that are compared at once."""
_CHUNK = 50_000
_KEY, _ROW, _AT, _COUNT = "key", "row", "at", "n"
_PLACES = {_KEY: pl.UInt64, _ROW: pl.UInt64, _AT: pl.UInt32}
Places = list[int]
"""Which rows of a version: numbers from 0 over all its files."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Difference:
    """What of one version is otherwise in the other.

    Attributes:
        key: the columns that name a row; empty where whole rows are compared.
        columns: what changed in the columns.
        before, after: rows of the two versions.
        added, gone, changed, same: rows; without a key none is changed, it is gone and added.
        added_at, gone_at, changed_at: the places of the first of them, the last as pairs.
    """

    key: tuple[str, ...]
    columns: Drift
    before: int
    after: int
    added: int
    gone: int
    changed: int
    same: int
    added_at: Places = field(default_factory=list)
    gone_at: Places = field(default_factory=list)
    changed_at: list[tuple[int, int]] = field(default_factory=list)

    @property
    def equal(self) -> bool:
        """Whether they hold the same."""
        drifted = self.columns.added or self.columns.gone or self.columns.retyped
        return not (drifted or self.added or self.gone or self.changed)


def compare_columns(before: Mapping[str, str], after: Mapping[str, str]) -> Drift:
    """Tell what changed in the columns of a table."""
    return Drift(
        added={name: kind for name, kind in after.items() if name not in before},
        gone={name: kind for name, kind in before.items() if name not in after},
        retyped={
            name: (before[name], kind)
            for name, kind in after.items()
            if name in before and before[name] != kind
        },
    )


def compare(before: Version, after: Version, key: Sequence[str] = (), show: int = 5) -> Difference:
    """Compare the rows of two versions, by the columns that both have.

    A row whose key stands in both and whose other cells differ is changed. Rows that stand several
    times are counted so. A column of another type is compared by its values.

    Args:
        before: the older version.
        after: the newer one.
        key: columns that name a row; if one of them is not in both, whole rows are compared.
        show: of how many rows of each kind the places are told.

    Raises:
        OSError, ArrowInvalid: a file is missing or damaged.
    """
    both = shared_columns(before, after)
    named = tuple(key) if {*key} <= {*both} else ()
    kinds = _common_types(before, after, both)
    rows_before, rows_after = _count(before), _count(after)
    parts = max(rows_before, rows_after) // BUCKET + 1
    totals = dict.fromkeys(("added", "gone", "changed", "same"), 0)
    shown: dict[str, pl.DataFrame] = {}
    with tempfile.TemporaryDirectory(prefix="loyalty-etl-") as folder:
        old = _spread(before, named, kinds, Path(folder) / "before", parts)
        new = _spread(after, named, kinds, Path(folder) / "after", parts)
        for part in range(parts):
            for kind, found in _match(_gather(old[part]), _gather(new[part])).items():
                totals[kind] += int(found[_COUNT].sum())
                if kind != "same":
                    first = pl.concat([shown.get(kind, found.clear()), found])
                    shown[kind] = first.sort(_AT).head(show)
    return Difference(
        key=named,
        columns=compare_columns(before.manifest.columns[DATA], after.manifest.columns[DATA]),
        before=rows_before,
        after=rows_after,
        added=totals["added"],
        gone=totals["gone"],
        changed=totals["changed"],
        same=totals["same"],
        added_at=shown["added"][_AT].to_list(),
        gone_at=shown["gone"][_AT].to_list(),
        changed_at=list(shown["changed"].select("was_at", _AT).iter_rows()),
    )


def _match(old: pl.DataFrame, new: pl.DataFrame) -> dict[str, pl.DataFrame]:
    """Tell the rows of one part that were added, are gone, changed, or are the same."""

    def count(rows: pl.DataFrame, by: list[str]) -> pl.DataFrame:
        return rows.group_by(by).agg(pl.col(_AT).min(), pl.len().cast(pl.Int64).alias(_COUNT))

    sides = count(old, [_KEY, _ROW]).join(
        count(new, [_KEY, _ROW]), on=[_KEY, _ROW], how="full", coalesce=True, suffix="_new"
    )
    more = pl.col(f"{_COUNT}_new").fill_null(0) - pl.col(_COUNT).fill_null(0)
    sides = sides.with_columns(more=more)
    same = sides.select(
        pl.col(_AT),
        pl.min_horizontal(pl.col(_COUNT).fill_null(0), pl.col(f"{_COUNT}_new").fill_null(0)).alias(
            _COUNT
        ),
    )
    # What is left of a key on both sides is another row under the same name.
    left = sides.filter(pl.col("more") < 0).group_by(_KEY)
    came = sides.filter(pl.col("more") > 0).group_by(_KEY)
    keys = left.agg(pl.col(_AT).min().alias("was_at"), -pl.col("more").sum().alias("was")).join(
        came.agg(pl.col(f"{_AT}_new").min().alias(_AT), pl.col("more").sum().alias("is")),
        on=_KEY,
        how="full",
        coalesce=True,
    )
    was, now = pl.col("was").fill_null(0), pl.col("is").fill_null(0)
    changed = pl.min_horizontal(was, now)
    return {
        "added": keys.select(pl.col(_AT), (now - changed).alias(_COUNT)).filter(pl.col(_COUNT) > 0),
        "gone": keys.select(pl.col("was_at").alias(_AT), (was - changed).alias(_COUNT)).filter(
            pl.col(_COUNT) > 0
        ),
        "changed": keys.select("was_at", _AT, changed.alias(_COUNT)).filter(pl.col(_COUNT) > 0),
        "same": same,
    }


def _spread(
    version: Version, key: Sequence[str], kinds: Mapping[str, pl.DataType], folder: Path, parts: int
) -> list[list[Path]]:
    """Write the hashes of all rows, those of one key into one part; give the files of each."""
    made: list[list[Path]] = [[] for _ in range(parts)]
    folder.mkdir()
    done = 0
    for number, rows in enumerate(read_rows(version, list(kinds))):
        cells = rows.select(
            _comparable(rows.schema[name], kind, name) for name, kind in kinds.items()
        )
        whole = cells.hash_rows(1)
        hashes = pl.DataFrame(
            {
                _KEY: cells.select(key).hash_rows(2) if key else whole,
                _ROW: whole,
                _AT: pl.int_range(done, done + rows.height, dtype=pl.UInt32, eager=True),
            }
        )
        done += rows.height
        for part in range(parts):
            mine = hashes.filter(pl.col(_KEY) % parts == part)
            path = folder / f"{part}-{number}.arrow"
            mine.write_ipc(path)
            made[part].append(path)
    return made


def _gather(paths: Sequence[Path]) -> pl.DataFrame:
    frames = [pl.read_ipc(path) for path in paths]
    return pl.concat(frames) if frames else pl.DataFrame(schema=_PLACES)


def read_rows(
    version: Version, columns: Sequence[str], rows_at_once: int = _CHUNK
) -> Iterator[pl.DataFrame]:
    """Read the rows of a version, some columns, in bounded chunks; a file may lack a column."""
    for path in version.files():
        with pq.ParquetFile(path) as file:
            there = [name for name in columns if name in file.schema_arrow.names]
            for batch in file.iter_batches(rows_at_once, columns=there):
                rows = pl.DataFrame(batch) if there else pl.DataFrame(height=batch.num_rows)
                yield rows.select(
                    pl.col(name) if name in there else pl.lit(None).alias(name) for name in columns
                )


def shared_columns(before: Version, after: Version) -> list[str]:
    """Name the columns that both versions have in their files, but for those we add ourselves."""
    later = {*_schema(after)} - {*ADDED_BY_US}
    return [name for name in _schema(before) if name in later]


def rows_at(version: Version, places: Places, columns: Sequence[str]) -> list[dict[str, object]]:
    """Give the rows at some places, in the order of the places."""
    found: dict[int, dict[str, object]] = {}
    start, last = 0, max(places, default=-1)
    for rows in read_rows(version, columns):
        for place in places:
            if start <= place < start + rows.height:
                found[place] = rows.row(place - start, named=True)
        start += rows.height
        if start > last:
            break
    return [found[place] for place in places]


def _comparable(kind: pl.DataType, wanted: pl.DataType, name: str) -> pl.Expr:
    cell = pl.col(name)
    if kind.is_nested():
        cell = pl.struct(cell.alias("v")).struct.json_encode()
    return cell.cast(wanted).alias(name)


def _common_types(before: Version, after: Version, names: list[str]) -> dict[str, pl.DataType]:
    """Give each column the type in which the cells of both versions can be compared."""
    old, new = _schema(before), _schema(after)
    return {name: _common(old.get(name), new.get(name)) for name in names}


def _common(old: pl.DataType | None, new: pl.DataType | None) -> pl.DataType:
    if old is None or new is None or old.is_nested() or new.is_nested():
        return pl.String()
    if old == new:
        return old
    exact = [kind for kind in (old, new) if isinstance(kind, pl.Decimal)]
    if exact and all(kind.is_decimal() or kind.is_integer() for kind in (old, new)):
        return pl.Decimal(38, max(kind.scale for kind in exact))
    return pl.String()


def _schema(version: Version) -> pl.Schema:
    """Give the columns that the files hold; those of the folders' names are in none of them."""
    found: dict[str, pl.DataType] = {}
    for path in version.files():
        with pq.ParquetFile(path) as file:
            frame = pl.DataFrame(file.schema_arrow.empty_table())
        found = dict(frame.schema) | found
    return pl.Schema(found)


def _count(version: Version) -> int:
    return sum(file.rows for file in version.manifest.files if file.table == DATA)
