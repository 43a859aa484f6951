"""SIGTERM in the middle of a load: how soon it ends, and what becomes of the rest."""

import time
from pathlib import Path
from random import Random
from typing import Any

from torture_ground import POSTS, Ground, write_feed, write_receipts
from torture_report import Report, check_store, check_sums, tell

MOST = 10.0
RESUMABLE = {2, 5}
# What every answer but the first ones meets when the signal comes.
CASES: dict[str, dict[str, Any]] = {
    "answers at once": {},
    "answers drip in, a byte in 20 ms": {"fault": "slow", "seconds": 0.02, "path": "/transactions"},
    "no answer, all stored": {"fault": "hang", "seconds": 60, "stored": "all"},
    "no answer, half stored": {"fault": "hang", "seconds": 60, "stored": "half"},
    "429, wait 300 s": {"fault": "busy", "retry_after": 300},
    "503 pages": {"fault": "html_503"},
}


def torture(work: Path, seed: int, *, quick: bool) -> Report:
    """Stop a load while answers are slow, absent or refusals; then let it go on."""
    report = Report("SIGTERM", ("the platform", "s to the end", "exit code", "s to go on and end"))
    work.mkdir(parents=True, exist_ok=True)
    keys = write_receipts(work / "receipts.csv", 2_000 if quick else 20_000, seed)
    feed = write_feed(
        work / "stopped",
        work / "receipts.csv",
        20,
        retries={"first_wait": 0.1, "longest_wait": 1, "longest_asked_wait": 300},
    )
    for case in list(CASES)[1:3] if quick else CASES:
        with Ground(work / "ground") as ground:
            broken = len(report.broken)
            pause = Random(f"{seed}:{case}").uniform(0.3, 1.0)
            _stop(ground, feed, case, pause, report)
            check_store(report, ground.stored(), keys, case)
            check_sums(report, ground.summaries(), case)
            ground.keep = len(report.broken) > broken
    return report


def _stop(ground: Ground, feed: Path, case: str, pause: float, report: Report) -> None:
    process = ground.start(feed)
    while process.poll() is None and ground.seen()[POSTS] < 10:
        time.sleep(0.02)
    if CASES[case]:
        ground.set_faults([CASES[case]])
    time.sleep(pause)
    report.expect(f"{case}: it had ended before", kept=process.poll() is None)
    asked = time.perf_counter()
    process.terminate()
    code = process.wait()
    took = time.perf_counter() - asked
    report.expect(f"{case}: {took:.1f} s from SIGTERM to the end", kept=took <= MOST)
    report.expect(f"{case}: exit code {code}: {ground.last_words()}", kept=code in RESUMABLE)
    ground.set_faults([])
    again, seconds = ground.run(feed)
    report.expect(f"{case}: exit code {again} at last: {ground.last_words()}", kept=again == 0)
    report.add(case, f"{took:.1f}", code, f"{seconds:.1f}")
    tell(f"stop, {case}: {took:.1f} s, exit code {code}")
