"""What a run of a small feed costs beyond its own work: `python benchmarks/start.py [ROUNDS]`.

Each round loads the sample members into a sandbox of this process, in a fresh process, which tells
where its time went. The feed's own work is what the run's summary says; all the rest is overhead.
CPU is that of all its threads: where it is far below the wall time, the machine was busy elsewhere.
"""

import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parent.parent
FEED = "members_csv"
PARTS = {
    "python": "python starts",
    "imports": "imports: Dagster, polars, the rooms",
    "memory": "Dagster's memory is opened, dead runs are looked for",
    "run": "the run in Dagster, the feed's own work in it",
    "work": "of that, the feed's own work",
    "again": "a second run in the same process",
    "overhead": "**the first run, without the feed's own work** (CPU: with it)",
}
INSIDE = f"""
import time
marks = [(time.time(), time.process_time())]
def mark():
    marks.append((time.time(), time.process_time()))
from pipelines.feeds import read_feed
from pipelines.materializing import open_instance, run_feed
from pipelines.progress import Reporter
from pipelines.supervising.dead_runs import reap
mark()
with open_instance() as instance:
    reap(instance)
mark()
runs = []
for _ in range(2):
    runs.append(run_feed({FEED!r}, read_feed({FEED!r}), Reporter()))
    mark()
assert [run.exit_code for run in runs] == [0, 0], runs
import json
print(json.dumps([marks, runs[0].seconds]))
"""


def main(rounds: int) -> None:
    """Print the medians of some rounds."""
    sys.path.insert(0, str(ROOT))
    import sandbox

    found: list[dict[str, tuple[float, ...]]] = []
    with tempfile.TemporaryDirectory() as temporary, sandbox.running(Path(temporary, "api")) as api:
        env = {
            **os.environ,
            "TRIGG_BASE_URL": api.base_url,
            "TRIGG_API_KEY": api.api_key,
            "LOYALTY_ETL_STATE": str(Path(temporary, "state")),
        }
        for number in range(rounds + 1):
            started = time.time()
            done = subprocess.run(
                [sys.executable, "-c", INSIDE], cwd=ROOT, env=env, capture_output=True, check=True
            )
            if number:  # the first makes Dagster's tables
                found.append(measure(started, *json.loads(done.stdout)))
    print("| what | wall s | CPU s |\n| --- | --: | --: |")
    for name, text in PARTS.items():
        columns = zip(*(each[name] for each in found), strict=True)
        print(f"| {text} | {' | '.join(f'{median(column):.2f}' for column in columns)} |")


def measure(started: float, marks: list[list[float]], work: float) -> dict[str, tuple[float, ...]]:
    """Give what each part took, in wall and CPU seconds; of the work only the first is known."""
    ends = [(started, 0.0), *map(tuple, marks)]
    names = ("python", "imports", "memory", "run", "again")
    took = {
        name: (after[0] - before[0], after[1] - before[1])
        for name, before, after in zip(names, ends[:-1], ends[1:], strict=True)
    }
    took["work"] = (work, 0.0)
    took["overhead"] = tuple(sum(took[name][i] for name in names[:4]) for i in (0, 1))
    took["overhead"] = (took["overhead"][0] - work, took["overhead"][1])
    return took


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 5)
