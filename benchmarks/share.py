"""Measures what the ledger and the outcomes cost in a load: `python benchmarks/share.py`.

    python benchmarks/share.py [WORK] [--rounds N]

Loads the year of real receipts (made by `make bench`) in turns with and without them: whole
processes, from start to exit, and the median of the rounds' differences. Without them nothing is
hashed, written down, compared or told, so such a load could neither be resumed nor explained.
"""

import argparse
import sys
from collections.abc import Iterable
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any

import polars as pl
import pyarrow as pa
from measure import interleave, middle
from run import HERE, PRODUCT, command, prepare, serve

if TYPE_CHECKING:
    from delivery.ledger import Entry
    from delivery.outcomes import Counts, Facts


def do_without() -> None:
    """Take the ledger and the outcomes out of this process."""
    from delivery import records
    from delivery.ledger import Fate
    from delivery.ledger.book import Ledger
    from delivery.outcomes import OUTCOMES, Counts
    from pipelines import closing, delivering

    batches: dict[int, Entry] = {}

    def keep(_: Ledger, added: Iterable["Entry"] = (), changed: Iterable["Entry"] = ()) -> None:
        batches.update({entry.number: entry for entry in (*added, *changed)})

    def count(facts: "Facts", _: Path) -> "Counts":
        taken = sum(entry.records for entry in facts.entries)  # the sink refuses nothing
        return Counts({**dict.fromkeys(OUTCOMES, 0), "accepted": taken}, 0)

    def compare(_: Ledger, _target: str, kept: Path, _load: str | None = None) -> pl.Series:
        count = sum(len(frame) for frame in records.read_records(kept, ("row",)))
        return pl.repeat(Fate.NEW, count, dtype=pl.UInt8, eager=True)

    def hashes(texts: pa.LargeStringArray) -> pa.LargeBinaryArray:
        return pa.repeat(bytes(16), len(texts)).cast(pa.large_binary())

    instead: dict[Any, dict[str, Any]] = {
        Ledger: {
            "write": keep,
            "entries": lambda *_, **__: list(batches.values()),
            "fold": lambda *_: 0,
            "close": lambda *_, **__: None,
        },
        records: {"hash_texts": hashes},
        delivering: {"compare_records": compare},
        closing: {"write_outcomes": count, "write_back": lambda _, summary, __: summary},
    }
    for owner, functions in instead.items():
        for name, function in functions.items():
            assert hasattr(owner, name), name
            setattr(owner, name, function)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("work", nargs="?", type=Path, default=HERE.parent / "build/bench")
    parser.add_argument("--rounds", type=int, default=15)
    given = parser.parse_args()
    work = given.work.resolve()
    (work / "logs").mkdir(parents=True, exist_ok=True)
    prepare(work / "year", 1)
    source = work / "year/receipts.csv"
    without = [sys.executable, __file__, "--without", *PRODUCT["csv"][1:]]
    with serve(0) as url:
        runs = {
            "with": command(PRODUCT["csv"], source, url, work),
            "without": command(without, source, url, work, "without"),
        }
        figures = interleave(runs, given.rounds)
    failed = [done.code for all_of in figures.values() for done in all_of if done.code]
    if failed:
        raise SystemExit(f"a load failed: see {work}/logs")
    # A busy minute meets both of a round, so each round gives one difference.
    pairs = list(zip(figures["with"], figures["without"], strict=True))
    print("| | wall, s | CPU, s |\n| --- | --: | --: |")
    for name, all_of in figures.items():
        print(f"| {name} | {middle(all_of).wall:.2f} | {middle(all_of).cpu:.2f} |")
    wall = median(100 * (full.wall - bare.wall) / full.wall for full, bare in pairs)
    cpu = median(100 * (full.cpu - bare.cpu) / full.cpu for full, bare in pairs)
    print(f"| ledger and outcomes | {wall:.1f} % | {cpu:.1f} % |")


if __name__ == "__main__":
    if sys.argv[1:2] == ["--without"]:
        from pipelines.cli import main as etl

        do_without()
        sys.argv[:2] = ["loyalty-etl"]
        etl()
    else:
        main()
