"""Measures what the ledger and the outcomes cost in a load: `python benchmarks/share.py`.

    python benchmarks/share.py [WORK] [--rounds N]

Loads the year of real receipts (made by `make bench`) in this process, with a stopwatch on every
call of the ledger, on hashing and on writing outcomes. Hashing is done in a thread beside the
reading, so of it the CPU time counts; of the others the wall time.
"""

import argparse
import os
import statistics
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Callable
from functools import wraps
from pathlib import Path
from typing import Any

from run import FEEDS, HERE, prepare, serve

sys.path.insert(0, str(HERE.parent))  # the checkout
SPENT: Counter[str] = Counter()


def watch(owner: Any, name: str, label: str, clock: Callable[[], float]) -> None:  # noqa: ANN401  (a class or a module)
    """Put a stopwatch on a function."""
    function = getattr(owner, name)

    @wraps(function)
    def timed(*words: Any, **more: Any) -> Any:  # noqa: ANN401  (any function's)
        started = clock()
        try:
            return function(*words, **more)
        finally:
            SPENT[label] += clock() - started

    setattr(owner, name, timed)


def watch_all() -> None:
    """Put stopwatches on all that the ledger and the outcomes cost."""
    from delivery import records
    from delivery.ledger.book import Ledger
    from pipelines import closing, delivering, load_run

    for name in ("begin", "interrupt", "write", "entries", "learned", "learn", "close"):
        watch(Ledger, name, "ledger", time.perf_counter)
    watch(delivering, "compare_records", "ledger", time.perf_counter)
    watch(load_run, "open_ledger", "ledger", time.perf_counter)
    watch(records, "hash_texts", "hashing (CPU)", time.thread_time)
    watch(closing, "write_outcomes", "outcomes", time.perf_counter)


def load(source: Path) -> float:
    """Load the year into an empty state folder; give the seconds of the whole run."""
    from pipelines.assets import Reporter
    from pipelines.feeds import find_feed
    from pipelines.materializing import run_feed

    name, feed = find_feed(str(FEEDS / "receipts_year_csv"))
    with tempfile.TemporaryDirectory() as state:
        os.environ["LOYALTY_ETL_STATE"] = state
        started = time.perf_counter()
        summary = run_feed(name, feed, Reporter(), source=str(source))
        seconds = time.perf_counter() - started
    if summary.state != "finished":
        raise SystemExit(summary.error)
    return seconds


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("work", nargs="?", type=Path, default=HERE.parent / "build/bench")
    parser.add_argument("--rounds", type=int, default=3)
    words = parser.parse_args()
    prepare(words.work / "year", 1)
    watch_all()
    rounds: list[dict[str, float]] = []
    with serve(0) as url:
        os.environ |= {"TRIGG_BASE_URL": f"{url}/v4", "TRIGG_API_KEY": "benchmark"}
        for _ in range(words.rounds + 1):
            SPENT.clear()
            seconds = load(words.work / "year/receipts.csv")
            rounds.append({**SPENT, "all of it": sum(SPENT.values()), "the run": seconds})
    rounds = rounds[1:]  # the first one imports
    whole = statistics.median(each["the run"] for each in rounds)
    print("| | s | % of the run |\n| --- | --: | --: |")
    for name in rounds[0]:
        spent = statistics.median(each[name] for each in rounds)
        print(f"| {name} | {spent:.2f} | {100 * spent / whole:.1f} |")


if __name__ == "__main__":
    main()
