"""The files of migrations that may name a person."""

from pathlib import Path

from pipelines.settings import state_dir

PAGE = ".html"


def kept_of_migrations() -> list[Path]:
    """List the tables and the pages; each is made again by a reconciliation."""
    found = (state_dir() / "migrations").rglob("*.*")
    return sorted(path for path in found if path.suffix in {".parquet", PAGE})


__all__ = ["PAGE", "kept_of_migrations"]
