"""Rows as a source gives them, and a version written of them without an engine."""

import io
import json
from dataclasses import dataclass
from itertools import count

import polars as pl
import pytest

from pipelines.exports.manifest import Manifest, Proof, save_manifest
from pipelines.exports.writing.rows import Rows
from pipelines.exports.writing.table import write_table
from pipelines.feeds.table import Table


def page(rows):
    """A unit with the types its JSON has, as `connectors.trigg.reports` reads it."""
    if not rows:
        return pl.DataFrame()
    return pl.read_json(io.BytesIO(json.dumps(rows).encode()), infer_schema_length=None)


def rows_of(*pages):
    frames = [one if isinstance(one, pl.DataFrame) else page(one) for one in pages]
    shapes = list({str(f.schema): f.schema for f in frames if f.width}.values())
    return Rows(shapes, lambda: iter(list(enumerate(frames, 1))))


@dataclass
class Version:
    folder: object
    written: object

    def read(self, table="data", **words):
        return pl.read_parquet(self.folder / table / "**/*.parquet", **words)

    def own(self, *columns, table="data"):
        """Rows without what every export adds, as Python has them."""
        rows = self.read(table).drop("_run_id", "_loaded_at")
        return (rows.select(columns) if columns else rows).rows(named=True)


@pytest.fixture
def export(tmp_path):
    return make_export(tmp_path)


def make_export(root):
    """Give a function that writes versions, each upon the one before."""
    made = []
    runs = count(1)

    def write(*pages, run=None, first=False, **words):
        run = run or f"run{next(runs)}"
        folder = root / "out" / run
        folder.mkdir(parents=True)
        table = Table.model_validate(words)
        facts = {"run_id": run, "loaded_at": "2026-11-30T08:00:00+00:00"}
        last = made[-1].folder if made and not first else None
        written = write_table(rows_of(*pages), table, folder, facts=facts, before=last)
        manifest = Manifest(
            run_id=run,
            feed="f",
            source="s",
            host="h",
            mode=table.layout.mode,
            base=last.name if last and table.layout.mode != "replace" else "",
            drift=written.drift,
            rows=written.rows,
            new_rows=written.new_rows,
            proof=Proof(complete=True, declared=None, rows=written.new_rows),
            columns=written.columns,
            files=written.files,
            started="2026-11-30T08:00:00",
            finished="2026-11-30T08:00:00",
        )
        save_manifest(folder / "manifest.json", manifest)
        made.append(Version(folder, written))
        return made[-1]

    return write
