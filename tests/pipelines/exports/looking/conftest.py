"""Published versions, laid out as exports are."""

import hashlib
from collections.abc import Callable, Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pyarrow.parquet as pq
import pytest

from pipelines.exports.manifest import MANIFEST, File, Manifest, Proof, save_manifest
from pipelines.exports.versions import Version
from pipelines.publishing import point


@pytest.fixture
def make_version(state: Path) -> Callable[..., Version]:
    """Return what publishes a version of a feed: its tables by their paths below the version."""
    made = 0

    def make(
        tables: pl.DataFrame | Mapping[str, pl.DataFrame],
        feed: str = "customers_report",
        *,
        out: Path | None = None,
        run_id: str = "",
        texts: Mapping[str, str] | None = None,
        hours: float = 0,
        **facts: object,
    ) -> Version:
        nonlocal made
        made += 1
        out = out or state / "exports" / feed
        run_id = run_id or f"{made:08x}-run"
        folder = out / run_id
        if isinstance(tables, pl.DataFrame):
            tables = {"data/part-00001.parquet": tables}
        files, columns = [], {"data": {}}
        for name, frame in tables.items():
            path = folder / name
            path.parent.mkdir(parents=True, exist_ok=True)
            arrow = frame.to_arrow()
            for number, field in enumerate(arrow.schema):
                if text := (texts or {}).get(field.name):
                    told = field.with_metadata({"description": text})
                    arrow = arrow.cast(arrow.schema.set(number, told))
            pq.write_table(arrow, path, compression="zstd")
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            table = name.partition("/")[0]
            size = path.stat().st_size
            files.append(File(path=name, table=table, rows=len(frame), bytes=size, sha256=digest))
            found = columns.setdefault(table, {})
            found |= {column: str(kind) for column, kind in frame.schema.items()}
        rows = sum(file.rows for file in files if file.table == "data")
        moment = datetime.now(UTC) - timedelta(hours=hours) + timedelta(milliseconds=made)
        told = {
            "run_id": run_id,
            "feed": feed,
            "source": "GET /reports/customers",
            "host": "127.0.0.1",
            "rows": rows,
            "new_rows": rows,
            "proof": Proof(complete=True, declared=rows, rows=rows, distinct_keys=rows, units=1),
            "columns": columns,
            "files": tuple(files),
            "started": moment.isoformat(timespec="milliseconds"),
            "finished": moment.isoformat(timespec="milliseconds"),
        }
        manifest = Manifest(**told | facts)
        save_manifest(folder / MANIFEST, manifest)
        point(folder)
        return Version(folder, manifest)

    return make
