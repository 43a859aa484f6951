"""The version before: its files and its columns."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq

from pipelines.exports.manifest import File, read_manifest
from pipelines.exports.writing.files import UNTOLD

__all__ = ["Base", "read_base"]


@dataclass(frozen=True, slots=True)
class Base:
    """A published version.

    Attributes:
        folder: where it lies.
        files: its files, by table.
        types: of each table its columns, those that exports add included; Null is the type of
            those that never had a value.
    """

    folder: Path
    files: Mapping[str, list[File]]
    types: Mapping[str, Mapping[str, pl.DataType]]


def read_base(folder: Path | None) -> Base | None:
    """Read what a version has; None if there is none, or one of another form."""
    if folder is None:
        return None
    try:
        manifest = read_manifest(folder)
    except (OSError, ValueError, TypeError, KeyError):
        return None
    files: dict[str, list[File]] = {}
    types: dict[str, dict[str, pl.DataType]] = {}
    for file in manifest.files:
        files.setdefault(file.table, []).append(file)
        own = types.setdefault(file.table, {})
        fields = pq.read_schema(folder / file.path)
        for name, kind in pl.read_parquet_schema(folder / file.path).items():
            untold = UNTOLD.encode() in (fields.field(name).metadata or {})
            if own.get(name, pl.Null()) == pl.Null:
                own[name] = pl.Null() if untold else kind
    return Base(folder, files, types)
