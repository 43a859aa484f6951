"""A process that dies at any named point of a load leaves what can be gone on with."""

import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.delivery.crashing import POINTS


def crash(folder, points, most):
    """Give what came of each kill: point, hit, and `ok` or the exit codes."""
    program = str(Path(__file__).with_name("crashing.py"))
    done = subprocess.run(
        [sys.executable, program, str(folder), ",".join(points), str(most)],
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    found = [line.split("|") for line in done.stdout.splitlines()]
    assert all(ending == "ok" for *_, ending in found), done.stdout + done.stderr
    return Counter(point for point, *_ in found)


@pytest.mark.slow
def test_a_kill_at_each_point_and_one_more_in_what_resumes_it(tmp_path):
    assert crash(tmp_path, POINTS, 1) == dict.fromkeys(POINTS, 1)


@pytest.mark.slow
@pytest.mark.parametrize("point", POINTS)
def test_a_kill_at_every_hit_of_a_point(tmp_path, point):
    hits = crash(tmp_path, [point], 1000)
    assert hits[point] >= (1 if "clos" in point or "asking" in point else 4)
