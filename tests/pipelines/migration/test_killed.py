"""Killed with SIGKILL along its way, a migration ends as an undisturbed one: all of it compared."""

import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent.parent.parent


@pytest.mark.slow
def test_killed_it_ends_the_same(tmp_path: Path) -> None:
    line = [sys.executable, str(ROOT / "benchmarks" / "migration.py"), str(tmp_path / "work")]
    line += ["--members", "0", "--kill-members", "60", "--seed", "20"]
    line += ["--kill-in", "members_web,balances,reconcile"]
    done = subprocess.run(line, capture_output=True, text=True, check=False, timeout=1_800)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.count("| yes |") == 3
