"""Every part of `make torture`, small: it holds, prints its table, and tells a broken promise."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent
SCRIPT = ROOT / "benchmarks" / "torture.py"
TITLES = {
    "kill": "kill -9",
    "faults": "20 % mixed faults",
    "poison": "Poison receipts",
    "again": "The same file again",
    "schedules": "Random schedules of faults",
    "stop": "SIGTERM",
    "ledger": "The ledger",
}

pytestmark = pytest.mark.slow


@pytest.mark.parametrize("part", TITLES)
def test_a_part_holds(part: str, tmp_path: Path) -> None:
    out = tmp_path / "tables.md"
    line = [sys.executable, str(SCRIPT), str(tmp_path / "work"), "--quick", "--only", part]
    done = subprocess.run(
        [*line, "--out", str(out)],
        env=os.environ,
        capture_output=True,
        text=True,
        timeout=600,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert "BROKEN" not in done.stdout
    assert out.read_text(encoding="utf-8").splitlines()[2] == f"### {TITLES[part]}"


def test_a_broken_promise_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is lost, doubled, or stored though it was not accepted; sums that do not hold."""
    monkeypatch.syspath_prepend(str(SCRIPT.parent))
    from collections import Counter

    from torture_report import Report, check_store, check_sums

    from delivery.outcome_tables import OUTCOMES

    report = Report("part", ("what", "figure"))
    a, b, c = (("1", name, "PURCHASE") for name in "abc")
    check_store(report, Counter({a: 1, b: 1}), [a, b], "whole")
    counts = dict.fromkeys(OUTCOMES, 1)
    summary = {f"{name}_records": n for name, n in counts.items()} | {"state": "finished"}
    check_sums(report, [summary | {"records": 7}, summary | {"state": "failed"}], "whole")
    assert report.broken == []
    check_store(report, Counter({a: 2, c: 1}), [a, b], "broken")
    check_sums(report, [summary | {"records": 8}], "broken")
    told = [line.split()[2] for line in report.broken]
    assert told == ["receipts", "doubled,", "stored", "read,"]
    assert sum("**BROKEN**" in line for line in report.lines()) == 4
