"""A year of receipts through a platform of which one request in five goes wrong."""

from collections import Counter
from pathlib import Path
from typing import Any

from torture_ground import ASKS, POSTS, Ground
from torture_report import Report, check_store, check_sums, tell
from torture_year import find_source

# Parts of all requests, questions too, together 20 %; `late` is shorter than the feed's `settle`.
RULES: list[dict[str, Any]] = [
    {"fault": "busy", "share": 0.03, "burst": 2, "retry_after": 0.2},
    {"fault": "gateway", "share": 0.02, "stored": "none"},
    {"fault": "gateway", "share": 0.015, "stored": "all"},
    {"fault": "gateway", "share": 0.015, "stored": "half"},
    {"fault": "html_503", "share": 0.02},
    {"fault": "error_500", "share": 0.01, "stored": "half"},
    {"fault": "error_504", "share": 0.01, "stored": "all"},
    {"fault": "html_200", "share": 0.01, "stored": "all"},
    {"fault": "drop_before", "share": 0.02},
    {"fault": "drop_after", "share": 0.02},
    {"fault": "drop_after", "share": 0.01, "stored": "half", "end": "close"},
    {"fault": "cut", "share": 0.01},
    {"fault": "slow", "share": 0.01, "seconds": 0.001, "method": "POST"},
    {"fault": "short", "share": 0.01, "stored": "half"},
    {"fault": "short", "share": 0.01, "stored": "all"},
    {"fault": "late", "share": 0.01, "seconds": 0.5},
]
SETTLE = 3.0
MOST_RUNS = 6


def torture(work: Path, seed: int, year: Path | None, *, quick: bool) -> Report:
    """Load a year; what stays in doubt after one run is asked about by the next."""
    report = Report("20 % mixed faults", ("what", "figure"))
    source = find_source(work.parent, seed, year, quick=quick)
    feed = source.feed(
        work / "faults",
        settle=SETTLE,
        retries={"first_wait": 0.05, "longest_wait": 1, "longest_asked_wait": 1, "deadline": 300},
        breaker={"failures": 10, "rest": 0.2},
    )
    with Ground(work / "ground", {"seed": seed, "rules": RULES}) as ground:
        codes: list[int] = []
        seconds: list[float] = []
        while len(codes) < MOST_RUNS and (not codes or codes[-1] in {2, 5}):
            code, took = ground.run(feed)
            codes.append(code)
            seconds.append(took)
            tell(f"faults: run {len(codes)} ended with {code} after {took:.1f} s")
        report.expect(f"faults: exit codes {codes}: {ground.last_words()}", kept=codes[-1] == 0)
        fired: Counter[str] = Counter()
        for rule in ground.look("faults")["rules"]:
            fired[rule["fault"]] += rule["fired"]
        check_store(report, ground.stored(), source.keys, "faults")
        check_sums(report, ground.summaries(), "faults")
        seen = ground.seen()
        ground.keep = bool(report.broken)
    report.add("receipts", len(source.keys))
    report.add("runs until nothing was in doubt", len(codes))
    report.add("requests", seen[POSTS])
    report.add("customers asked about", seen[ASKS])
    report.add("requests that went wrong", sum(fired.values()))
    report.add("kinds of fault that struck", len(fired))
    report.add("lost, doubled", "0, 0" if not report.broken else "see below")
    report.add("wall time, s", f"{sum(seconds):.1f}")
    return report
