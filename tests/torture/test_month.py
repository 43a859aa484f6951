"""A few nights of `benchmarks/month.py`: a file that does not come, and a worker that is killed."""

import subprocess
import sys
from pathlib import Path

import pytest

SCRIPT = Path(__file__).resolve().parent.parent.parent / "benchmarks" / "month.py"


@pytest.mark.slow
def test_a_few_nights_end_right_or_are_told_once(tmp_path: Path) -> None:
    line = [sys.executable, str(SCRIPT), str(tmp_path), "--quick", "--receipts", "100"]
    done = subprocess.run(line, capture_output=True, text=True, timeout=900, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert "BROKEN" not in done.stdout
    told = [row.split(" | ")[1:3] for row in done.stdout.splitlines() if row.startswith("| 2026")]
    assert told == [
        ["well", "nothing"],
        ["missing", "+ receipts: missing_file"],
        ["killed", told[2][1]],
    ]
    assert sorted(told[2][1].split("; ")) == [
        "+ receipts: unfinished",
        "- receipts: missing_file",
        "- receipts: unfinished",
    ]
