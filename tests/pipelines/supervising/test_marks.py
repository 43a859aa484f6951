"""A mark tells whether the process that works at a run is alive, whatever became of it."""

import subprocess
import sys
from pathlib import Path

from pipelines import ROOT
from pipelines.supervising.marks import find_marks, running, taking_away

HOLD = """
from pipelines.supervising.marks import running
with running("r1", "till", "r2"):
    print("held", flush=True)
    input()
"""


def hold() -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def told() -> list[tuple[str, str, str, bool]]:
    return [(m.run_id, m.feed, m.dagster_run, m.alive) for m in find_marks()]


def test_a_killed_process_leaves_a_mark_that_nobody_holds(state: Path) -> None:
    process = hold()
    assert told() == [("r1", "till", "r2", True)]
    process.kill()
    process.communicate()
    assert told() == [("r1", "till", "r2", False)]
    (mark,) = find_marks()
    assert mark.path.stat().st_mode & 0o777 == 0o600
    with running("r1", "till", "r3"):  # somebody goes on with it
        assert told() == [("r1", "till", "r3", True)]
        with taking_away(mark) as is_dead:
            assert not is_dead
        assert told() == [("r1", "till", "r3", True)]
    assert told() == []
    assert not (state / "runs" / "r1" / "till" / ".running").exists()


def test_a_process_that_ends_takes_its_mark_along(state: Path) -> None:
    process = hold()
    process.communicate("\n")
    assert told() == []
    assert not (state / "runs" / "r1" / "till" / ".running").exists()
