"""Measures records that are requests of their own: `python benchmarks/single.py`.

    python benchmarks/single.py [--records N] [--rounds N]

In turns: bare loops with the same number of threads, which send ready bodies and forget them, one
by the client that a load has too and one by httpx as it comes; and a load of the same bodies, whose
rate while it sends is the ledger's own figure. Every request of the load is written down before it
leaves, and its outcome after.
"""

import argparse
import os
import tempfile
import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from queue import SimpleQueue
from statistics import median

import httpx
import polars as pl
import yaml
from run import serve

PATH = "/loyalty/bonus/import"
METHOD = f"POST {PATH}"
IN_FLIGHT = 8


def send_bare(post: Callable[[bytes], object], bodies: list[str]) -> float:
    """Send every body, in threads; give requests a second."""
    waiting: SimpleQueue[bytes | None] = SimpleQueue()
    for body in [*(body.encode() for body in bodies), *[None] * IN_FLIGHT]:
        waiting.put(body)

    def work() -> None:
        while (body := waiting.get()) is not None:
            post(body)

    threads = [threading.Thread(target=work) for _ in range(IN_FLIGHT)]
    started = time.perf_counter()
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(bodies) / (time.perf_counter() - started)


def send_by_client(bodies: list[str]) -> float:
    """Send every body by the client that a load has; give requests a second."""
    from connectors.trigg.client import Client
    from pipelines.settings import trigg_account

    with Client(trigg_account(), in_flight=IN_FLIGHT) as client:
        return send_bare(partial(client.post, PATH), bodies)


def send_by_httpx(url: str, bodies: list[str]) -> float:
    """Send every body by an httpx client as it comes; give requests a second."""
    limits = httpx.Limits(max_connections=IN_FLIGHT, max_keepalive_connections=IN_FLIGHT)
    headers = {"x-api-key": "benchmark", "content-type": "application/json"}
    with httpx.Client(limits=limits, headers=headers, trust_env=False) as client:
        return send_bare(
            lambda body: client.post(url + PATH, content=body).raise_for_status(), bodies
        )


def write_feed(folder: Path, count: int) -> Path:
    """Write a source of so many records, and the feed that loads it."""
    pl.select(number=pl.int_range(count)).select(
        member=pl.format("+47{}", 90_000_000 + pl.col("number")),
        day=pl.lit("2026-11-01"),
        value=pl.lit("10"),
    ).write_csv(folder / "bonus.csv")
    mapping = {
        "externalId": "member",
        "activity": {"constant": "20"},
        "activityDate": "day",
        "activityValue": "value",
    }
    attributes = {
        "source": {"path": str(folder / "bonus.csv")},
        "target": {"endpoint": METHOD, "in_flight": IN_FLIGHT},
        "mapping": mapping,
    }
    feed = folder / "bonus"
    feed.mkdir()
    words = {"type": "pipelines.components.LoadFeedComponent", "attributes": attributes}
    (feed / "defs.yaml").write_text(yaml.safe_dump(words), encoding="utf-8")
    return feed


def load(folder: Path, feed: Path) -> tuple[float, list[str]]:
    """Load the source anew; give requests a second while it sent, and the bodies."""
    from delivery.ledger import open_ledger
    from pipelines.comparing import target_of
    from pipelines.feeds import find_feed
    from pipelines.loading import prepare
    from pipelines.materializing import run_feed
    from pipelines.progress import Reporter
    from pipelines.settings import ledger_url, trigg_account

    name, words = find_feed(str(feed))
    prepare(words, folder / "bonus.csv", folder)
    texts = pl.read_ipc((folder / "records.arrow").read_bytes())["json"].to_list()
    with tempfile.TemporaryDirectory() as state:
        os.environ["LOYALTY_ETL_STATE"] = state
        summary = run_feed(name, words, Reporter())
        assert summary.accepted_records == len(texts), summary.error
        with open_ledger(ledger_url()) as ledger:
            rate = ledger.learned(target_of(words, trigg_account())).records_per_second
    assert rate
    return rate, [text.partition("\n")[2] for text in texts]


def main() -> None:
    words = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    words.add_argument("--records", type=int, default=10_000)
    words.add_argument("--rounds", type=int, default=5)
    given = words.parse_args()
    with tempfile.TemporaryDirectory() as work, serve(0) as url:
        os.environ |= {"TRIGG_BASE_URL": f"{url}/v4", "TRIGG_API_KEY": "benchmark"}
        folder = Path(work)
        feed = write_feed(folder, given.records)
        found = []
        for _ in range(given.rounds):
            ours, bodies = load(folder, feed)
            bare, plain = send_by_client(bodies), send_by_httpx(f"{url}/v4", bodies)
            found.append((ours / bare, ours / plain))
            told = f"{ours:,.0f} requests a second; bare, by the same client {bare:,.0f}"
            print(f"{told}, by httpx {plain:,.0f}", flush=True)
    of_bare, of_plain = (median(ratios) for ratios in zip(*found, strict=True))
    print(f"medians of {given.rounds}: {of_bare:.0%} of the same client, {of_plain:.0%} of httpx")


if __name__ == "__main__":
    main()
