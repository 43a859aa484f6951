"""Metrics for Prometheus: how things stand, and counts, in its text format."""

import os
from collections import Counter
from collections.abc import Iterator
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import (
    CounterMetricFamily,
    GaugeMetricFamily,
    HistogramMetricFamily,
    Metric,
)
from prometheus_client.registry import Collector

from pipelines.observing.standing import FeedStanding, count_doubts, look, seconds_of
from pipelines.observing.steps import OUTCOMES
from pipelines.observing.totals import BUCKETS, Key, read_totals

__all__ = ["make_registry", "tell_metrics", "write_metrics"]


def tell_metrics() -> bytes:
    """Give all metrics as text.

    Raises:
        LedgerError: the ledger cannot be read.
    """
    return generate_latest(make_registry())


def write_metrics(path: Path) -> None:
    """Write them to a file, in one step, for the textfile collector of node_exporter.

    It holds no personal data, and whoever gathers it is another user: it is readable by all.
    """
    written = path.with_name(f".{path.name}.{os.getpid()}")
    written.write_bytes(tell_metrics())
    written.chmod(0o644)
    written.replace(path)


def make_registry() -> CollectorRegistry:
    """Give a registry that looks each time it is asked."""
    registry = CollectorRegistry()
    registry.register(_Standing())
    return registry


class _Standing(Collector):
    def describe(self) -> list[Metric]:
        """Nothing is looked up only to be registered."""
        return []

    def collect(self) -> Iterator[Metric]:
        """Look."""
        info = GaugeMetricFamily("loyalty_etl_info", "The toolkit.", labels=["version"])
        info.add_metric([_version()], 1)
        yield info
        yield from _feeds(look())
        yield from _doubts()
        yield from _totals(read_totals())


def _version() -> str:
    try:
        return version("loyalty-etl")
    except PackageNotFoundError:
        return "unknown"


def _gauge(name: str, text: str, *labels: str) -> GaugeMetricFamily:
    return GaugeMetricFamily(f"loyalty_etl_{name}", text, labels=["feed", *labels])


def _feeds(feeds: list[FeedStanding]) -> Iterator[Metric]:
    begun = _gauge("last_run_started_timestamp_seconds", "When the last run began.", "kind")
    ended = _gauge("last_run_ended_timestamp_seconds", "When it ended; 0 while it runs.", "kind")
    good = _gauge("last_success_timestamp_seconds", "When a run last did all there was.", "kind")
    code = _gauge("last_run_exit_code", "Its exit code, as in the README.", "kind")
    took = _gauge("last_run_seconds", "Seconds it worked.", "kind")
    rows = _gauge("last_run_rows", "Rows it read.", "kind")
    records = _gauge("last_run_records", "Its records, by outcome.", "outcome")
    runs = _gauge("running", "Whether a process is at work on the feed.")
    dead = _gauge("dead", "Whether a process died at work on it, and nobody has noted it yet.")
    for each in feeds:
        last, labels = each.last, [each.feed, each.last.kind]
        begun.add_metric(labels, seconds_of(last.started))
        ended.add_metric(labels, seconds_of(last.finished))
        good.add_metric(labels, seconds_of(each.last_good.finished) if each.last_good else 0)
        if last.finished:
            code.add_metric(labels, last.exit_code)
        took.add_metric(labels, last.seconds)
        rows.add_metric(labels, last.rows)
        if last.kind == "load":
            for outcome in OUTCOMES:
                records.add_metric([each.feed, outcome], getattr(last, f"{outcome}_records"))
        runs.add_metric([each.feed], each.runs)
        dead.add_metric([each.feed], each.dead)
    yield from (begun, ended, good, code, took, rows, records, runs, dead)


def _doubts() -> Iterator[Metric]:
    loads = _gauge("unfinished_loads", "Loads that are open.")
    batches = _gauge("in_doubt_batches", "Batches of which nobody knows whether they arrived.")
    records = _gauge("in_doubt_records", "Their records.")
    for feed, counts in sorted(count_doubts().items()):
        for family, count in zip((loads, batches, records), counts, strict=True):
            family.add_metric([feed], count)
    yield from (loads, batches, records)


def _totals(totals: Counter[Key]) -> Iterator[Metric]:
    runs = _counter("runs", "Runs that ended.", "kind", "state")
    records = _counter("sent_records", "Records sent, by what their batch became.", "outcome")
    requests = _counter("requests", "Requests answered, by class of the status.", "status")
    answers: dict[str, Counter[str]] = {}
    for (what, feed, *rest), count in sorted(totals.items()):
        families = {"runs": runs, "sent": records, "requests": requests}
        if what in families:
            families[what].add_metric([feed, *rest], count)
        elif what == "answers":
            answers.setdefault(feed, Counter())[rest[0]] = count
    seconds = HistogramMetricFamily(
        "loyalty_etl_request_seconds", "How long answers took.", labels=["feed"]
    )
    for feed, counts in answers.items():
        below, buckets = 0, []
        for end in (*map(str, BUCKETS), "inf"):
            below += counts[end]
            buckets.append(("+Inf" if end == "inf" else end, float(below)))
        seconds.add_metric([feed], buckets, totals["answer_us", feed] / 1e6)
    yield from (runs, records, requests, seconds)


def _counter(name: str, text: str, *labels: str) -> CounterMetricFamily:
    return CounterMetricFamily(f"loyalty_etl_{name}", text, labels=["feed", *labels])
