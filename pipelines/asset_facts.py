"""What Dagster is told of a step: counts, sums, speed and paths, never a person's data."""

import json
from pathlib import Path
from typing import Any

import dagster as dg
import polars as pl

from delivery.records import read_records
from pipelines.controlling import tell_declared
from pipelines.feeds import LoadFeed
from pipelines.hashing import shape_of
from pipelines.loading import RECORDS
from pipelines.run_page import is_quick, page_of
from pipelines.runs import Summary
from pipelines.settings import get_setting
from transforms.requests import split_request

__all__ = ["link_page", "sample", "table", "told"]


def told(summary: Summary) -> dict[str, dg.MetadataValue]:
    """Tell counts, sums, speed and paths of a step."""
    numbers = {
        "rows": summary.rows,
        "records": summary.records,
        "rejected_rows": summary.rejected_rows,
        "rejected_records": summary.rejected_records,
        "accepted_records": summary.accepted_records,
        "quarantined_records": summary.quarantined_records,
        "unchanged_records": summary.unchanged_records,
        "merged_records": summary.merged_records,
        "in_doubt_records": summary.in_doubt_records,
        "unsent_records": summary.unsent_records,
        "batches": summary.requests,
        "bytes": summary.bytes,
        "rows_per_second": round(summary.rows / summary.seconds) if summary.seconds else 0,
    }
    facts: dict[str, dg.MetadataValue] = {k: dg.MetadataValue.int(v) for k, v in numbers.items()}
    facts["dagster/row_count"] = dg.MetadataValue.int(summary.rows)
    facts["seconds"] = dg.MetadataValue.float(summary.seconds)
    where = "source" if summary.kind == "export" else "target"
    for name in (where, "environment", "profile"):
        if said := getattr(summary, name):
            facts[name] = dg.MetadataValue.text(said)
    facts["folder"] = dg.MetadataValue.path(summary.output or summary.folder)
    for name, total in summary.totals.items():
        facts[f"total_{name}"] = dg.MetadataValue.text(total)
    if summary.declared:
        facts["declared"] = dg.MetadataValue.text(tell_declared(summary))
    reasons = [{"fault": k, "times": v} for k, v in summary.reasons.items()]
    return {**link_page(summary), **facts, **table("rejects_by_fault", reasons)}


def link_page(summary: Summary) -> dict[str, dg.MetadataValue]:
    """Say where the page of a run is: its address if pages are served, else its path."""
    served = get_setting("LOYALTY_ETL_REPORT_URL").rstrip("/")
    if served:
        return {"report": dg.MetadataValue.url(f"{served}/{summary.run_id}/{summary.feed}")}
    if is_quick(summary):
        return {"report": dg.MetadataValue.path(page_of(summary.run_id, summary.feed))}
    return {"report": dg.MetadataValue.text(f"loyalty-etl report {summary.run_id}")}


def table(name: str, rows: list[dict[str, Any]]) -> dict[str, dg.MetadataValue]:
    """Give rows as a table under a name; nothing if there are none."""
    if not rows:
        return {}
    columns = dict.fromkeys(key for row in rows for key in row)
    records = [dg.TableRecord({key: row.get(key, "") for key in columns}) for row in rows]
    return {name: dg.MetadataValue.table(records)}


def sample(feed: LoadFeed, summary: Summary, count: int = 5) -> list[dict[str, Any]]:
    """Show the first records without a person's data: of members only the shape of each value.

    Nothing is shown once the prepared records are gone: after sending, or when none are sent.
    """
    if not (Path(summary.folder) / RECORDS).exists():
        return []
    frames = read_records(Path(summary.folder) / RECORDS, ["json"])
    first = next((frame["json"].head(count) for frame in frames if frame.height), pl.Series())
    records = [json.loads(split_request(text)[1] or "{}") for text in first]
    if not feed.of_receipts:
        return [{k: shape_of(v) for k, v in record.items()} for record in records]
    keys = ("StoreId", "ReceiptId", "TimeStamp", "GrossAmount")
    return [{k: r["Header"].get(k) for k in keys} | {"lines": len(r["Items"])} for r in records]
