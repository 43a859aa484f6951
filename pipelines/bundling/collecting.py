"""What goes into a support bundle: versions, settings, feeds, what a run came to, and shapes."""

import json
import platform
import re
import sqlite3
from collections.abc import Iterator, Mapping
from contextlib import closing, suppress
from dataclasses import asdict
from importlib.metadata import distributions
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Any

import polars as pl

from delivery.records import read_records
from delivery.rejects import ADDED
from pipelines.bundling.shapes import shape, shapes
from pipelines.feeds import ExportFeed, FeedError, LoadFeed, find_feed
from pipelines.feeds.mapping import columns_of
from pipelines.forgetting.looking import kept
from pipelines.hashing import hash_key
from pipelines.loading import RECORDS
from pipelines.runs import Summary, now
from pipelines.settings import SETTINGS, get_setting, state_dir
from transforms.requests import split_request

if TYPE_CHECKING:
    from delivery.ledger.book import Ledger

SAMPLES = 50
"""Rows and requests whose shapes are told."""
_TOLD = ("LOYALTY_ETL_ALLOW_PRODUCTION", "TRIGG_ENVIRONMENT", "TRIGG_TIMEOUTS")
_FRAME = re.compile(r'^\s*File "(?:.*/)?([^/"]+/[^/"]+)", line (\d+), in (\S+)')
_RAISED = re.compile(r"^([A-Za-z_][\w.]*(?:Error|Exception|Panic\w*))(?::|$)")


def collect(summary: Summary, ledger: "Ledger") -> dict[str, Any]:
    """Give the files of a bundle about one run of one feed: name → JSON document."""
    key, folder = hash_key(), Path(summary.folder)
    feed = feed_of(summary)
    files: dict[str, Any] = {
        "about.json": _about(),
        "settings.json": _settings(summary.profile),
        "feed.json": _feed(feed),
        "summary.json": _summary(summary),
        "ledger.json": _ledger(ledger, summary),
        "outcomes.json": _outcomes(folder, feed),
        "dagster.json": _events(summary.run_id),
        "errors.json": [*_trace(folder / "error.log"), *_trace(state_dir() / "error.log")],
        "requests.json": shapes([*islice(requests(folder), SAMPLES)], key),
    }
    for path in sorted(folder.glob("*.csv")):
        rows = kept(path).head(SAMPLES)
        own = [name for name in rows.columns if name not in ADDED]
        told = [
            {k: v for k, v in row.items() if v is not None} for row in rows.select(own).to_dicts()
        ]
        files[f"{path.stem}.json"] = shapes(told, key)
    return files


def feed_of(summary: Summary) -> LoadFeed | ExportFeed | None:
    """Give the feed of a run; None where it is there no more."""
    try:
        return find_feed(summary.feed_path or summary.feed)[1]
    except FeedError:
        return None


def requests(folder: Path) -> Iterator[Any]:
    """Give the bodies that are to be sent: those of an unfinished load, or a plan's example."""
    texts: Iterator[str] = iter(())
    if (folder / RECORDS).exists():
        texts = (t for frame in read_records(folder / RECORDS, ("json",)) for t in frame["json"])
    elif (folder / "plan.json").exists():
        with suppress(ValueError, KeyError):
            texts = iter([json.loads((folder / "plan.json").read_text("utf-8"))["example"]])
    for text in texts:
        with suppress(ValueError):
            yield json.loads(split_request(text)[1] or "{}")


def _about() -> dict[str, Any]:
    packages = {dist.name: dist.version for dist in distributions()}
    return {
        "made": now(),
        "python": platform.python_version(),
        "system": platform.system(),
        "machine": platform.machine(),
        "packages": dict(sorted(packages.items())),
    }


def _settings(profile: str) -> dict[str, str]:
    told = {}
    for name in SETTINGS:
        value = get_setting(name, profile if name.startswith("TRIGG_") else "")
        hidden = f"set, {len(value)} characters" if value else "not set"
        told[name] = value if name in _TOLD and value else hidden
    return told


def _feed(feed: LoadFeed | ExportFeed | None) -> Any:  # noqa: ANN401  (JSON)
    """Tell a feed by its words; texts that a person chose are shapes, but names are names."""
    if feed is None:
        return None
    apart = {"description", "mapping", "target"}
    words = feed.model_dump(mode="json", exclude_unset=True, exclude=apart)
    words["after"] = len(words.get("after", []))
    if isinstance(feed, ExportFeed):
        _shorten(words, feed)
    if isinstance(feed, LoadFeed):
        words["target"] = feed.target.model_dump(mode="json", exclude_unset=True)
        words["mapping"] = {
            name: {"columns": [*columns_of(mapped)], "kind": type(mapped).__name__}
            for name, mapped in feed.mapping.items()
        }
        words["source"] = {**words["source"], "path": shape(feed.source.path)}
    return words


def _shorten(words: dict[str, Any], feed: ExportFeed) -> None:
    if feed.report:
        words["report"]["parameters"] = [*feed.report.parameters]
    if feed.read and feed.read.over and feed.read.over.file:
        file = words["read"]["over"]["file"]
        words["read"]["over"]["file"] = {**file, "path": shape(feed.read.over.file.path)}


def _summary(summary: Summary) -> dict[str, Any]:
    told = asdict(summary)
    for name in ("source", "folder", "output", "feed_path", "error"):
        told[name] = shape(told[name])
    told["warnings"] = len(summary.warnings)
    told["reasons"] = {
        shape(why) if why.startswith("platform: ") else why: times
        for why, times in summary.reasons.items()
    }
    told |= {name: len(told[name]) for name in ("declared", "taken")}
    return told


def _ledger(ledger: "Ledger", summary: Summary) -> dict[str, Any]:
    loads = ledger.loads()
    told: dict[str, Any] = {"loads_begun": ledger.loads_begun, "loads": len(loads)}
    told["open"] = sum(load.state == "open" for load in loads)
    told["in_doubt"] = {"loads": len(ledger.doubts())}
    load = f"{summary.run_id}/{summary.feed}"
    if ledger.find_load(load) is not None:
        told["tally"] = {state.value: asdict(t) for state, t in ledger.tally(load).items()}
        told["batches"] = [
            {
                "number": e.number,
                "parent": e.parent,
                "state": e.state.value,
                "records": e.records,
                "attempts": e.attempts,
                "status": e.status,
                "cause": e.cause,
                "seconds": e.seconds,
                "reason": shape(e.reason),
            }
            for e in ledger.entries(load, blobs=False)[:1000]
        ]
    return told


def _outcomes(folder: Path, feed: LoadFeed | ExportFeed | None) -> list[dict[str, Any]]:
    """Count outcomes by reason, without any value (`pipelines.cli.reasons`)."""
    path = folder / "outcomes.parquet"
    if not path.exists():
        return []
    from pipelines.cli.reasons import bare_reasons  # noqa: PLC0415  (of the commands)

    rows = bare_reasons(pl.scan_parquet(path), feed if isinstance(feed, LoadFeed) else None)
    by_platform = pl.col("outcome").is_in(["rejected", "in_doubt"]) & pl.col("batch").is_not_null()
    grouped = (
        rows.with_columns(pl.when(~by_platform).then("why").alias("why"))
        .explode("why", empty_as_null=True)
        .group_by("outcome", "status", "attempts", "why")
        .agg(pl.len().alias("records"))
        .sort("records", descending=True)
        .head(200)
    )
    return grouped.collect().to_dicts()


def _events(run_id: str) -> list[Mapping[str, Any]]:
    """List the kinds of Dagster's events of a run, and when they were."""
    path = state_dir() / "dagster" / "history" / "runs" / f"{run_id}.db"
    if not path.exists():
        return []
    asked = "SELECT timestamp, dagster_event_type, step_key FROM event_logs ORDER BY id LIMIT 2000"
    names = ("time", "event", "step")
    try:
        with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
            return [dict(zip(names, row, strict=True)) for row in connection.execute(asked)]
    except sqlite3.Error:
        return []


def _trace(path: Path) -> Iterator[dict[str, Any]]:
    """Tell of a trace where it went and what was raised, not what was said."""
    if not path.exists():
        return
    lines = path.read_text("utf-8", "replace").splitlines()
    frames = [f"{m[1]}:{m[2]} {m[3]}" for line in lines if (m := _FRAME.match(line))]
    raised = [m[1] for line in lines if (m := _RAISED.match(line))]
    yield {"frames": frames, "raised": raised}


__all__ = ["collect", "feed_of", "requests"]
