"""Whether a run was killed is told by the mark of its process, not by the clock."""

import os
import subprocess
import sys
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest

from pipelines.alerts.looking import SILENT, look
from pipelines.runs import Summary, run_folder, write_summary
from pipelines.supervising.marks import find_marks, running

HOLD = """
import sys, time
from pipelines.supervising.marks import running
with running("run1", "members_csv"):
    print("held", flush=True)
    time.sleep(600)
"""


@pytest.fixture
def begun() -> Summary:
    """A run that reads, and has been silent for an hour."""
    folder = run_folder("run1", "members_csv")
    now = datetime.now(UTC).isoformat(timespec="milliseconds")
    summary = Summary("run1", "members_csv", "load", folder=str(folder), started=now)
    written = write_summary(summary.add(state="running"))
    be_silent(folder)
    return written


def be_silent(folder: Path) -> None:
    past = time.time() - SILENT - 3600
    for path in (*folder.rglob("*"), folder):
        os.utime(path, (past, past))


def causes() -> list[str]:
    return [each.cause for each in look(datetime.now(UTC)) if each.feed == "members_csv"]


def test_a_living_run_is_never_told_as_killed_however_silent(begun) -> None:
    with running("run1", "members_csv"):
        be_silent(Path(begun.folder))
        assert causes() == []
    be_silent(Path(begun.folder))
    assert causes() == ["unfinished"]  # without a mark the clock says it


@pytest.mark.usefixtures("begun")
def test_a_dead_run_is_told_at_once() -> None:
    with subprocess.Popen([sys.executable, "-c", HOLD], stdout=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == b"held\n"
        assert causes() == []
        process.kill()
    assert [mark.alive for mark in find_marks()] == [False]
    assert causes() == ["unfinished"]
