"""Counts that only grow, for Prometheus; on the disk, for no run lives long enough to be asked.

    .state/metrics/totals.json    a few hundred bytes a feed

They count what processes told before they ended; what a `kill -9` takes is the last ten seconds.
How things stand is not counted but looked up (`pipelines.observing.standing`).
"""

import fcntl
import json
import os
import time
from collections import Counter
from contextlib import suppress
from pathlib import Path

from pipelines.observing.telling import Event
from pipelines.settings import get_setting, private_folder, state_dir

__all__ = ["BUCKETS", "Totals", "read_totals"]

BUCKETS = (0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0, 60.0)
"""Upper ends, in seconds, of the classes that answers are counted in."""
EVERY = 10.0
Key = tuple[str, ...]


class Totals:
    """Counts events, and adds them to the file now and then."""

    def __init__(self) -> None:
        self._counts: Counter[Key] = Counter()
        self._added = time.monotonic()

    def hear(self, event: Event) -> None:
        """Count it."""
        feed, facts = event.feed, event.facts
        if event.name == "batch" and "seconds" in facts:
            status = int(facts.get("status", 0))
            self._counts["requests", feed, f"{status // 100}xx" if status else "none"] += 1
            seconds = float(facts["seconds"])
            end = next((str(end) for end in BUCKETS if seconds <= end), "inf")
            self._counts["answers", feed, end] += 1
            self._counts["answer_us", feed] += round(seconds * 1e6)
        if event.name == "batch" and facts["outcome"] in {"accepted", "rejected", "in_doubt"}:
            self._counts["sent", feed, str(facts["outcome"])] += int(facts["records"])
        if event.name == "step.ended" and not facts["dry_run"]:
            kind, state = str(facts["kind"]), str(facts["state"])
            if state in {"finished", "failed"}:
                self._counts["runs", feed, kind, state] += 1
        if time.monotonic() - self._added >= EVERY:
            self._add()

    def _add(self) -> None:
        counts, self._counts, self._added = self._counts, Counter(), time.monotonic()
        if counts:
            _add(counts)

    def flush(self) -> None:
        """Add the counts to the file, and write the metrics where they are read."""
        self._add()
        where = get_setting("LOYALTY_ETL_METRICS")
        if where:
            from pipelines.observing.metrics import write_metrics  # noqa: PLC0415  (an extra)

            write_metrics(Path(where))


def _add(counts: Counter[Key]) -> None:
    folder = private_folder(state_dir() / "metrics")
    lock = os.open(folder / ".lock", os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX)
        total = read_totals()
        total.update(counts)
        told = [[*key, count] for key, count in sorted(total.items()) if count]
        written = folder / ".totals.json"
        file = os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
        with os.fdopen(file, "w", encoding="utf-8") as text:
            json.dump(told, text)
        written.replace(folder / "totals.json")
    finally:
        os.close(lock)


def read_totals() -> Counter[Key]:
    """Read all counts; none where there is no file, or none that can be read."""
    with suppress(OSError, ValueError, TypeError):
        told = json.loads((state_dir() / "metrics" / "totals.json").read_text(encoding="utf-8"))
        return Counter({tuple(key): int(count) for *key, count in told})
    return Counter()
