"""A run in a process of its own, so that it can be stopped in good order and holds up no page.

What to run comes as JSON on stdin; where it is, and at last its run or its error, go as a line of
JSON each to stdout. `python -m pipelines.workbench.child` is that process, `run_apart` starts it.
"""

import json
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict
from typing import Any

from pipelines import ROOT
from pipelines.progress import Progress, Reporter, Step
from pipelines.runs import Summary, read_summary
from pipelines.workbench.jobs import Job, JobFailedError

__all__ = ["run_apart"]


def run_apart(job: Job, feed: str, **words: Any) -> Summary:  # noqa: ANN401  (those of `run_feed`)
    """Run a feed as `loyalty-etl run` does, in a process of its own.

    Args:
        job: told how far it is; its `stop` asks the process to end as SIGTERM does.
        feed: its name, or the path of its folder.
        words: `source`, `dry_run`, `plan` and others of `pipelines.materializing.run_feed`.

    Raises:
        JobFailedError: there is no run: it was not even begun, or its process died.
    """
    child = subprocess.Popen(
        [sys.executable, "-m", "pipelines.workbench.child"],
        cwd=ROOT,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,  # Ctrl-C is for the workbench, which then asks the run to end
    )
    assert child.stdin is not None
    assert child.stdout is not None
    job.stop = child.terminate
    with child:
        with child.stdin as asked:
            json.dump({"feed": feed, **words}, asked)
        last: dict[str, Any] = {}
        for line in child.stdout:
            with suppress(ValueError):  # a library may print
                last = json.loads(line)
                if "step" in last:
                    job.tell(Step(**last["step"]))
    if "error" in last:
        raise JobFailedError(last["error"])
    summary = read_summary(last["run"], last["feed"]) if "run" in last else None
    if summary is None:
        raise JobFailedError("the run's process ended early: see loyalty-etl status")
    return summary


class _Telling(Reporter):
    """Tells the other process how far a step is."""

    seconds = 0.3

    @contextmanager
    def following(self, log: Callable[[str], None]) -> Iterator[Progress]:  # noqa: ARG002  (Reporter's signature)
        """Give the progress function of one step."""
        last = 0.0

        def progress(step: Step) -> None:
            nonlocal last
            if time.monotonic() - last >= self.seconds:
                last = time.monotonic()
                _tell(step=asdict(step))

        yield progress


def _tell(**told: Any) -> None:  # noqa: ANN401  (JSON)
    with suppress(OSError):  # the workbench is gone; the run goes on
        sys.stdout.write(json.dumps(told) + "\n")
        sys.stdout.flush()


def main() -> None:
    """Run what is asked."""
    from pipelines.failures import classify, is_failure, keep_trace  # noqa: PLC0415
    from pipelines.settings import state_dir  # noqa: PLC0415

    asked = json.load(sys.stdin)
    try:
        from pipelines.feeds import find_feed  # noqa: PLC0415
        from pipelines.materializing import run_feed  # noqa: PLC0415

        name, feed = find_feed(asked.pop("feed"))
        summary = run_feed(name, feed, _Telling(), **asked)
    except BaseException as error:  # noqa: BLE001  (the other process tells it)
        known = classify(error) if is_failure(error) else ("it was broken off", "run")
        _tell(error=known[0] if known else keep_trace(error, state_dir()))
    else:
        _tell(run=summary.run_id, feed=name)


if __name__ == "__main__":
    main()
