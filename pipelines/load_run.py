"""The two steps of a load as they are run: work plus the run's summary. No Dagster here."""

import json
import re
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pipelines import ROOT
from pipelines.feeds import ImportTarget, LoadFeed
from pipelines.loading import RECORDS, REJECTS, Delivered, deliver, plan, prepare
from pipelines.progress import Progress
from pipelines.runs import Summary, now, read_summary, run_folder, write_summary
from pipelines.settings import trigg_account


def begin(run_id: str, name: str, feed: LoadFeed, source: str, *, dry_run: bool) -> Summary:
    """Open the run's summary."""
    path = (ROOT / (source or feed.source.path)).resolve()
    return write_summary(
        Summary(
            run_id,
            name,
            "load",
            started=now(),
            source=str(path),
            target=feed.target.endpoint,
            dry_run=dry_run,
            folder=str(run_folder(run_id, name)),
        )
    )


def prepare_step(feed: LoadFeed, begun: Summary, progress: Progress) -> Summary:
    """Read the source and make its records ready; nothing is sent.

    Returns:
        The summary, `prepared`, or `failed` if more records are at fault than the feed allows.

    Raises:
        AccountError: before anything is read.
        SourceError: the source cannot be read to its end.
    """
    started = time.perf_counter()
    if not begun.dry_run:
        trigg_account()
    folder = Path(begun.folder)
    try:
        done = prepare(feed, Path(begun.source), folder, progress)
    except BaseException:  # also when stopped: half of a source is of no use to anyone
        _forget_records(folder)
        raise
    summary = begun.add(
        state="prepared",
        rows=done.rows,
        records=done.records,
        rejected_rows=done.rejected_rows,
        rejected_records=done.rejected_records,
        reasons=done.reasons,
        totals=done.totals,
        warnings=done.warnings,
        seconds=round(time.perf_counter() - started, 3),
    )
    if done.rejected_percent > feed.rejects.max_percent:
        line = (
            f"{done.rejected_records:,} of {done.records:,} records rejected"
            f" ({done.rejected_percent:.1f} %, allowed {feed.rejects.max_percent:g} %):"
            f" nothing was sent; most often {_most_common(done.reasons)}; see {folder / REJECTS}"
        )
        summary = summary.add(state="failed", error=line, error_kind="run", finished=now())
        _forget_records(folder)
    elif begun.dry_run:
        batches = [(len(b.body), b.records) for b in plan(feed, folder)]
        sizes = sum(size for size, _ in batches)
        summary = summary.add(requests=len(batches), bytes=sizes, finished=now())
        _forget_records(folder)
    return write_summary(summary)


def deliver_step(feed: LoadFeed, run_id: str, name: str, progress: Progress) -> Summary:
    """Send what was made ready in the same run.

    Raises:
        ApiError: the first request that was not taken; those before it were.
        FileNotFoundError: nothing was made ready in this run.
    """
    from connectors.trigg.client import Client  # noqa: PLC0415  (httpx is slow to import)

    ready = read_summary(run_id, name)
    if ready is None or ready.state != "prepared":
        message = "nothing was prepared in this run: materialise prepared and delivered together"
        raise FileNotFoundError(0, message)
    started = time.perf_counter()
    account = trigg_account()
    folder = Path(ready.folder)
    expected, done = ready.records - ready.rejected_records, Delivered(0, 0, 0)
    try:
        with Client(account, in_flight=feed.target.in_flight) as client:
            for done in deliver(feed, folder, client.post):
                progress("sending", done.records, expected, done.records, 0)
    finally:  # also when it fails: what was taken before is taken
        ready = write_summary(
            ready.add(
                target=f"{feed.target.endpoint} at {account.host}",
                accepted_records=done.records,
                requests=done.requests,
                bytes=done.bytes,
                seconds=round(ready.seconds + time.perf_counter() - started, 3),
            )
        )
    _forget_records(folder)
    return write_summary(ready.add(state="finished", finished=now()))


def _most_common(reasons: Mapping[str, int]) -> str:
    fault = max(reasons, key=reasons.__getitem__)
    return f"{fault} ({reasons[fault]:,})"


def sample(feed: LoadFeed, summary: Summary, count: int = 5) -> list[dict[str, Any]]:
    """Show the first records without a person's data: of members only the shape of each value.

    Nothing is shown once the prepared records are gone: after sending, or when none are sent.
    """
    if not (Path(summary.folder) / RECORDS).exists():
        return []
    batch = next(plan(feed, Path(summary.folder)), None)
    if batch is None:
        return []
    records = next(iter(json.loads(batch.body).values()))[:count]
    if isinstance(feed.target, ImportTarget):
        return [{k: _shape(v) for k, v in record.items()} for record in records]
    keys = ("StoreId", "ReceiptId", "TimeStamp", "GrossAmount")
    return [{k: r["Header"].get(k) for k in keys} | {"lines": len(r["Items"])} for r in records]


def _shape(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False) if not isinstance(value, str) else value
    return re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "9", text))


def _forget_records(folder: Path) -> None:
    """Remove the prepared records: they hold personal data and are of no more use."""
    for file in folder.glob(f"{RECORDS}*"):
        file.unlink()
