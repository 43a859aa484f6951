"""Files of a migration: for their owner only, written in one step, and brought to the disk."""

import json
import os
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import polars as pl

from pipelines.publishing import sync
from pipelines.settings import private_folder


def write_json(path: Path, told: Mapping[str, Any]) -> None:
    """Write a JSON file that a person can read."""
    write_text(path, json.dumps(told, indent=2, ensure_ascii=False) + "\n")


def write_text(path: Path, text: str) -> None:
    """Write a text file, in UTF-8."""
    _write(path, lambda written: written.write_text(text, encoding="utf-8"))


def write_table(path: Path, table: pl.DataFrame) -> None:
    """Write a Parquet file."""
    _write(path, lambda written: table.write_parquet(written, compression="zstd"))


def _write(path: Path, fill: Callable[[Path], object]) -> None:
    """Have a reader see the old file or the new one, never half, also after a crash."""
    private_folder(path.parent)
    written = path.with_name(f".{path.name}")
    written.unlink(missing_ok=True)
    os.close(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    fill(written)
    sync(written)
    written.replace(path)
    sync(path.parent)


__all__ = ["write_json", "write_table", "write_text"]
