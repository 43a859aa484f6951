"""Breaks loads in every way and counts: `make torture`, the figures of docs/reliability.md.

    python benchmarks/torture.py [WORK] [--only WORD] [--seed N] [--quick] [--out FILE] [--year CSV]

WORK (default build/torture) holds sources and what a broken promise leaves to be looked at. Every
figure comes from the sandbox's own store, not from what the load says of itself. The exit code is
1 if a promise is broken. All of it takes about 30 minutes, `--quick` about one.
"""

import argparse
import os
import sys
import time
from collections.abc import Callable
from pathlib import Path

import torture_faults
import torture_kill
import torture_ledger
import torture_poison
import torture_schedules
import torture_stop
from torture_ground import ROOT
from torture_report import Report, tell


def parts(
    work: Path, seed: int, year: Path | None, *, quick: bool
) -> dict[str, Callable[[], Report]]:
    """List what is done, by name."""
    return {
        "kill": lambda: torture_kill.torture(work / "kill", seed, quick=quick),
        "faults": lambda: torture_faults.torture(work / "faults", seed, year, quick=quick),
        "poison": lambda: torture_poison.torture(work / "poison", seed, year, quick=quick),
        "again": lambda: torture_poison.send_again(work / "again", seed, year, quick=quick),
        "schedules": lambda: torture_schedules.torture(work / "schedules", seed, quick=quick),
        "stop": lambda: torture_stop.torture(work / "stop", seed, quick=quick),
        "ledger": lambda: torture_ledger.torture(quick=quick),
    }


def main() -> None:
    words = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    words.add_argument("work", nargs="?", type=Path, default=ROOT / "build/torture")
    words.add_argument("--only", default="", help="only the part of this name")
    words.add_argument("--seed", type=int, default=1)
    words.add_argument("--quick", action="store_true", help="small: about a minute")
    words.add_argument("--out", type=Path, help="also write the tables to this file")
    words.add_argument("--year", type=Path, help="receipts.csv of loyalty-etl sample-data")
    given = words.parse_args()
    work = given.work.resolve()
    found = parts(work, given.seed, given.year, quick=given.quick)
    if given.only and given.only not in found:
        words.error(f"--only is one of {', '.join(found)}")
    reports = []
    for name, torture in found.items():
        if given.only in {"", name}:
            tell(f"{name} begins")
            reports.append(torture())
    size = ", quick" if given.quick else ""
    head = f"{time.strftime('%Y-%m-%d %H:%M')}, {os.cpu_count()} cores, seed {given.seed}{size}."
    text = "\n".join([head, "", *(line for report in reports for line in report.lines())])
    print(text)
    if given.out:
        given.out.write_text(text, encoding="utf-8")
    sys.exit(any(report.broken for report in reports))


if __name__ == "__main__":
    main()
