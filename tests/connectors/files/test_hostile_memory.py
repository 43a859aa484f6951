"""The large hostile files: a process of its own reads each, its memory and time measured."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from sample_data.hostile import list_hostile, write

LARGE = {case.name: case for case in list_hostile() if case.large}
ROOT = Path(__file__).resolve().parents[3]
MB, SECONDS = 1024, 120
READ = r"""
import json, re, resource, sys, time
from pathlib import Path
from connectors.files import FileSource, SourceError, read

word = json.loads(sys.argv[1])
limit = 8 << 30  # of addresses; what is used is measured
resource.setrlimit(resource.RLIMIT_AS, (limit, limit))
source = FileSource(Path(word["path"]), word["format"], tuple(word["columns"]), **word["options"])
good, rejects, first, error, row = 0, 0, None, None, None
begin = time.perf_counter()
try:
    for frame in read(source):
        bad = frame["_fault"].is_not_null() if "_fault" in frame.columns else None
        if bad is not None and bad.any() and first is None:
            first = frame.filter(bad)["_row"][0]
        rejects += 0 if bad is None else bad.sum()
        good += frame.height - (0 if bad is None else bad.sum())
except SourceError as stopped:
    error, row = str(stopped), stopped.row
# ru_maxrss would begin with that of the parent.
peak = int(re.search(r"VmHWM:\s+(\d+) kB", Path("/proc/self/status").read_text())[1])
print(json.dumps({"good": good, "rejects": rejects, "first": first, "error": error, "row": row,
    "peak": peak, "seconds": time.perf_counter() - begin}))
"""


@pytest.mark.slow
@pytest.mark.parametrize("name", LARGE)
def test_a_large_hostile_file_is_bounded(name: str, tmp_path: Path) -> None:
    case = LARGE[name]
    path = write(case, tmp_path)
    word = {"path": str(path), "format": case.format, "columns": case.columns}
    word |= {"options": case.options}
    done = subprocess.run(
        [sys.executable, "-c", READ, json.dumps(word)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=SECONDS,
        check=False,
    )
    path.unlink()
    assert done.returncode == 0, done.stderr[-1000:]
    told = json.loads(done.stdout)
    print(name, told)  # noqa: T201 - figures for who asks for them (pytest -rA)
    assert told["peak"] < 1024 * MB, told
    assert {path.name for path in tmp_path.iterdir()} == set()
    error = told["error"]
    if error is not None:
        assert "\n" not in error
        assert 20 < len(error) < 1000
    if case.end == "error":
        assert error, told
    elif case.end in {"rejects", "kept"}:
        assert not error, told
        assert bool(told["rejects"]) == (case.end == "rejects"), told
    if case.at is not None and case.end == "rejects":
        assert told["first"] == case.at
    if case.good is not None:
        assert told["good"] == case.good
