"""Hundreds of random schedules of faults, each over a small load and a real socket.

Runs in one process, without Dagster: what is tried is what decides, not what starts it. A client
between load and network watches that nothing ambiguous is sent again before it was asked about.
"""

import json
import os
import shutil
import sys
import threading
import time
from collections import Counter
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from random import Random
from typing import TYPE_CHECKING, Any
from urllib.request import Request, urlopen

from torture_ground import ROOT, write_feed, write_receipts
from torture_report import Key, Report, tell
from torture_rules import LATEST, draw_rules

if TYPE_CHECKING:
    from sandbox.server import Running

RECEIPTS, BATCH = 400, 10
SETTLE = 0.4
"""Longer than a read that times out and a batch that is stored late."""
TIMEOUT = 0.25
PASSES = 8
PATIENT = 4
"""Passes after which nothing goes wrong any more."""


@dataclass
class Outcome:
    """What one schedule came to."""

    seed: int
    kinds: list[str] = field(default_factory=list)
    broken: list[str] = field(default_factory=list)
    passes: int = 0
    posts: int = 0
    asks: int = 0
    ambiguous: int = 0
    rejected: int = 0
    in_doubt: int = 0
    ends: list[str] = field(default_factory=list)
    seconds: float = 0.0


def torture(work: Path, seed: int, *, quick: bool) -> Report:
    """Try 500 schedules, four at a time: most of each is waiting."""
    count = 20 if quick else 500
    report = Report("Random schedules of faults", ("what", "figure"))
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir(parents=True)
    begun = time.perf_counter()
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        jobs = [pool.submit(try_one, work / str(n), seed * 100_000 + n) for n in range(count)]
        outcomes = []
        for job in jobs:
            outcomes.append(job.result())
            if len(outcomes) % 50 == 0:
                tell(f"schedules: {len(outcomes)} done")
    for outcome in outcomes:
        for fault in outcome.broken:
            report.expect(
                f"schedule {outcome.seed} ({', '.join(outcome.kinds)}): {fault}", kept=False
            )
    kinds = {kind for outcome in outcomes for kind in outcome.kinds}
    ends = Counter(end for outcome in outcomes for end in outcome.ends)
    report.add(f"schedules, {RECEIPTS} receipts in batches of {BATCH} each", count)
    report.add("kinds of fault", len(kinds))
    report.add("requests", sum(each.posts for each in outcomes))
    report.add("of these ambiguous", sum(each.ambiguous for each in outcomes))
    report.add(
        "ambiguous ones sent again without asking", "0" if not report.broken else "see below"
    )
    report.add("customers asked about", sum(each.asks for each in outcomes))
    report.add("receipts refused for what they hold", sum(each.rejected for each in outcomes))
    report.add("store differs from what is told as accepted", sum(bool(x.broken) for x in outcomes))
    report.add(
        "still in doubt in the end, never told as accepted", sum(x.in_doubt for x in outcomes)
    )
    for end in sorted(ends):
        report.add(f"ended early, then resumed: {end}", ends[end])
    report.add("all of it, s", f"{time.perf_counter() - begun:.0f}")
    return report


def try_one(folder: Path, seed: int) -> Outcome:
    """Load some receipts under one schedule, as often as needed, and compare with the store."""
    sys.path.insert(0, str(ROOT))
    import sandbox

    random, outcome = Random(seed), Outcome(seed)
    folder.mkdir(parents=True)
    keys = write_receipts(folder / "receipts.csv", RECEIPTS, seed, returns=True)
    ids = sorted({key[1] for key in keys})
    rules = draw_rules(random, ids)
    outcome.kinds = [rule["fault"] for rule in rules]
    plan = {"seed": seed, "repeats": random.choice(("accept", "accept", "ignore", "conflict"))}
    (folder / "plan.json").write_text(json.dumps(plan | {"rules": rules}), encoding="utf-8")
    begun = time.perf_counter()
    with sandbox.running(folder / "store", faults=plan | {"rules": rules}) as api:
        os.environ |= {
            "TRIGG_BASE_URL": api.base_url,
            "TRIGG_API_KEY": api.api_key,
            "LOYALTY_ETL_STATE": str(folder / "state"),
            "LOYALTY_ETL_LEDGER": "",
        }
        try:
            _load(folder, random, outcome, api)
        except Exception as error:  # noqa: BLE001  (any of them breaks a promise)
            outcome.broken.append(f"{type(error).__name__}: {error}")
    outcome.seconds = time.perf_counter() - begun
    if not outcome.broken:
        shutil.rmtree(folder)
    return outcome


def _load(folder: Path, random: Random, outcome: Outcome, api: "Running") -> None:
    from torture_watch import Memory, Watched

    from connectors.trigg.account import Account, Timeout
    from delivery.ledger import open_ledger
    from pipelines.beginning import begin
    from pipelines.delivering import Delivery
    from pipelines.feeds import LoadFeed, find_feed
    from pipelines.load_run import prepare_step
    from pipelines.progress import quiet
    from pipelines.settings import ledger_url
    from pipelines.stopping import Stop

    path = write_feed(
        folder / "schedule", folder / "receipts.csv", BATCH, settle=SETTLE, **_patience(random)
    )
    name, feed = find_feed(str(path))
    assert isinstance(feed, LoadFeed)
    begun = begin(f"schedule-{outcome.seed}", name, feed, "", dry_run=False)
    summary = prepare_step(feed, begun, quiet)
    wait = Timeout(connect=1, read=TIMEOUT, write=1, pool=60, total=2 * TIMEOUT)
    account, memory = Account(api.base_url, api.api_key, wait), Memory()
    while outcome.passes < PASSES:
        outcome.passes += 1
        if outcome.passes > PATIENT:
            urlopen(Request(api.faults_url, method="DELETE"), timeout=10).close()
        stop = Stop()
        if outcome.passes == 1 and random.random() < 0.2:
            threading.Timer(random.uniform(0, 1.0), stop.set).start()
        with open_ledger(ledger_url()) as ledger, Watched(account, memory) as client:
            delivery = Delivery(name, feed, ledger, client, stop, quiet)
            with delivery.alone():
                summary = delivery.load(summary)
            client.abandon()
        _compare(Path(summary.folder), api, outcome, last=not summary.resumable)
        if not summary.accounted_for:
            outcome.broken.append("the equation does not hold")
        if not summary.resumable:
            break
        outcome.ends.append(summary.error_kind or "in doubt")
    outcome.posts, outcome.asks = memory.posts, memory.asks
    outcome.ambiguous, outcome.rejected = memory.ambiguous, summary.rejected_records
    outcome.in_doubt = summary.in_doubt_records
    if memory.resent:
        outcome.broken.append(f"{memory.resent} receipts sent again without asking")
    if summary.resumable:
        outcome.broken.append(
            f"not finished after {PASSES} passes, {PASSES - PATIENT} of them without faults:"
            f" {summary.in_doubt_records} in doubt, {summary.unsent_records} unsent,"
            f" {summary.error}"
        )


def _compare(folder: Path, api: "Running", outcome: Outcome, *, last: bool) -> None:
    """See that what is told as accepted is stored once, and nothing else but what is in doubt."""
    import polars as pl

    told = pl.read_parquet(folder / "outcomes.parquet")
    by: dict[str, set[Key]] = {}
    for key, state in told["key", "outcome"].rows():
        store, receipt, kind = key.split("\x1f")
        by.setdefault(state, set()).add((store, receipt, kind))
    if not last:
        time.sleep(LATEST)
    stored = _stored(api)
    accepted, in_doubt = by.get("accepted", set()), by.get("in_doubt", set())
    when = f"after pass {outcome.passes}"
    if lost := accepted - stored.keys():
        outcome.broken.append(f"{when}: {len(lost)} accepted, not stored: {sorted(lost)[:3]}")
    if foreign := stored.keys() - accepted - in_doubt:
        outcome.broken.append(f"{when}: {len(foreign)} stored, not told: {sorted(foreign)[:3]}")
    if doubled := [key for key, times in stored.items() if times > 1]:
        outcome.broken.append(f"{when}: {len(doubled)} doubled: {sorted(doubled)[:3]}")


def _stored(api: "Running") -> Counter[Key]:
    while json.load(urlopen(api.faults_url, timeout=10))["late"]:
        time.sleep(0.02)
    with urlopen(api.receipts_url, timeout=10) as answer:
        rows = [json.loads(line) for line in answer]
    return Counter({(r["storeId"], r["receiptId"], r["kind"]): r["times"] for r in rows})


def _patience(random: Random) -> dict[str, Any]:
    return {
        "order": random.choice(("none", "none", "customer")),
        "retries": {
            "attempts": random.choice((3, 8)),
            "first_wait": 0,
            "longest_wait": 0,
            "longest_asked_wait": 0.02,
            "deadline": random.choice((1, 5)),
        },
        "breaker": {"failures": random.choice((2, 5)), "rest": 0.02},
        "stop_after": {"in_a_row": None},
    }
