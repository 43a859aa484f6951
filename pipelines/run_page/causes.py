"""Why records were not sent or not taken: by cause, each value as its shape."""

import json
from dataclasses import asdict
from pathlib import Path

import polars as pl

from pipelines.judging import WAITS
from pipelines.runs import write_private
from pipelines.validating import Cause, Sample
from pipelines.writing_back import OUTCOMES

__all__ = ["CAUSES", "VALUES", "Refusal", "read_causes", "read_refusals", "write_causes"]

CAUSES = "causes.json"
VALUES = 200
"""Values of a cause that are told apart in some thousands of rows."""
Refusal = tuple[str, str, int, list[int]]
"""An outcome, the reason, how many records have it, and the rows of the first of them."""
_ROWS, _REASONS = 5, 50


def write_causes(folder: Path, causes: list[Cause]) -> None:
    """Write the causes of a run, which are masked, beside its summary."""
    told = json.dumps([asdict(cause) for cause in causes], indent=2, ensure_ascii=False)
    write_private(folder / CAUSES, told)


def read_causes(folder: Path) -> list[Cause]:
    """Read them; nothing where there are none, or none that can be read."""
    try:
        told = json.loads((folder / CAUSES).read_text(encoding="utf-8"))
        return [
            Cause(
                **each
                | {
                    "columns": tuple(each["columns"]),
                    "samples": [Sample(**sample) for sample in each["samples"]],
                }
            )
            for each in told
        ]
    except (OSError, ValueError, TypeError, KeyError):
        return []


def read_refusals(folder: Path) -> list[Refusal]:
    """Count what was refused by the platform, or not sent, by its reason, which holds no value."""
    path = folder / OUTCOMES
    if not path.exists():
        return []
    by_checks = (pl.col("outcome") == "rejected") & pl.col("batch").is_null()
    by_checks &= ~pl.col("reasons").str.starts_with("delivered before")
    others = pl.col("outcome").is_in(["rejected", "quarantined", "in_doubt", "unsent"])
    waits = pl.col("reasons").str.ends_with(WAITS)  # it quotes who is waited for
    groups = (
        pl.scan_parquet(path)
        .filter(others & ~by_checks)
        .with_columns(
            reason=pl.when(waits)
            .then(pl.lit(f"its member is not known{WAITS}"))
            .otherwise("reasons")
        )
        .group_by("outcome", "reason")
        .agg(pl.len().alias("records"), pl.col("row").sort().head(_ROWS).alias("rows"))
        .sort("records", "reason", descending=[True, False])
        .head(_REASONS)
    )
    return [*groups.collect().iter_rows()]
