"""A version mirrored into a Delta table, `OUT/delta`, through Delta's own library (extra `delta`).

It is done after the version is published, and says which run it has: what a crash leaves undone the
next run makes up for.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl
import pyarrow as pa

from pipelines.exports.manifest import File, Manifest
from pipelines.exports.writing.files import read_groups
from pipelines.exports.writing.opening import DATA
from pipelines.exports.writing.plans import RUN
from pipelines.settings import private_folder

if TYPE_CHECKING:
    from collections.abc import Iterator

    from deltalake import DeltaTable

__all__ = ["DELTA", "drop_history", "mirror"]

DELTA = "delta"
_TOLD = "loyalty_etl_run"


def mirror(folder: Path, manifest: Manifest, key: Sequence[str] = ()) -> None:
    """Bring a published version into `OUT/delta`; one that is there already costs nothing.

    An `append` adds the rows of the run, a `merge` those by their key; if the table does not hold
    the version that they build upon, and with `replace`, all of it is written anew. Older rows can
    be read back by Delta's versions.

    Args:
        folder: the version.
        manifest: what it holds.
        key: the columns that name a row, of a merge.
    """
    from deltalake import CommitProperties, DeltaTable, write_deltalake  # noqa: PLC0415  (an extra)

    place = folder.parent / DELTA
    private_folder(place)
    table = DeltaTable(place) if DeltaTable.is_deltatable(str(place)) else None
    has = _run_in(table)
    if has == manifest.run_id:
        return
    told = CommitProperties(custom_metadata={_TOLD: manifest.run_id})
    files = [file for file in manifest.files if file.table == DATA]
    builds = table is not None and bool(manifest.base) and has == manifest.base
    if builds and manifest.mode == "merge" and not _drifted(manifest):
        assert table is not None
        same = " AND ".join(f't."{name}" = s."{name}"' for name in key)
        (
            table.merge(
                _reader(folder, files, manifest.run_id), same, "s", "t", commit_properties=told
            )
            .when_matched_update_all()
            .when_not_matched_insert_all()
            .execute()
        )
    elif builds and manifest.mode == "append" and not _drifted(manifest):
        rows = _reader(folder, files, manifest.run_id)
        write_deltalake(place, rows, mode="append", commit_properties=told)
    else:
        rows = _reader(folder, files)
        write_deltalake(
            place, rows, mode="overwrite", schema_mode="overwrite", commit_properties=told
        )


def drop_history(folder: Path, manifest: Manifest) -> None:
    """Write the Delta table anew of a version out of which rows were taken, with nothing older.

    Args:
        folder: the newest version.
        manifest: what it holds now.
    """
    from deltalake import CommitProperties, DeltaTable, write_deltalake  # noqa: PLC0415  (an extra)

    place = folder.parent / DELTA
    files = [file for file in manifest.files if file.table == DATA]
    told = CommitProperties(custom_metadata={_TOLD: manifest.run_id})
    rows = _reader(folder, files)
    write_deltalake(place, rows, mode="overwrite", schema_mode="overwrite", commit_properties=told)
    DeltaTable(place).vacuum(0, dry_run=False, enforce_retention_duration=False)


def _drifted(manifest: Manifest) -> bool:
    return bool(manifest.drift.added or manifest.drift.retyped)


def _run_in(table: "DeltaTable | None") -> str:
    if table is None:
        return ""
    return next((str(told[_TOLD]) for told in table.history(1) if _TOLD in told), "")


def _reader(folder: Path, files: Sequence[File], run: str = "") -> pa.RecordBatchReader:
    """Give the rows of files as a stream, of one run or of all."""
    schema = pl.Schema(pl.read_parquet_schema(folder / files[0].path)).to_frame().to_arrow().schema

    def batches() -> "Iterator[pa.RecordBatch]":
        for rows in read_groups(folder, files):
            own = rows.filter(pl.col(RUN) == run) if run else rows
            yield from own.to_arrow().cast(schema).to_batches()

    return pa.RecordBatchReader.from_batches(schema, batches())
