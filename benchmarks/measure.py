"""Runs commands as whole processes, in interleaved rounds, and tells what each took.

A round runs every command once, so that a drift of the machine meets all of them alike: compare
within one run only. Keep the process that measures small, for a child's peak memory cannot read
lower than what its parent held when it was started.
"""

import os
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from shutil import which
from statistics import median
from threading import Timer


@dataclass(frozen=True, slots=True)
class Figures:
    """One process, or the medians of several.

    Attributes:
        wall: seconds from start to end.
        cpu: seconds of user and system time, children it waited for included.
        peak: megabytes (10^6) of resident memory at the highest, of the largest process.
        code: exit code, negative for a signal.
        counts: what the server counted meanwhile.
    """

    wall: float
    cpu: float
    peak: float
    code: int = 0
    counts: Mapping[str, float] = field(default_factory=dict)


def run_once(
    command: Sequence[str],
    *,
    log: Path,
    env: Mapping[str, str],
    cwd: Path,
    timeout: float = 900,
) -> Figures:
    """Run one command to its end.

    Args:
        command: Program and arguments.
        log: File that takes stdout and stderr.
        env: Added to this process's environment.
        cwd: Folder it runs in.
        timeout: Seconds after which it is killed.

    Returns:
        The figures; where there is no such program, zeros with the shell's code 127.
    """
    if which(command[0]) is None:
        return Figures(0, 0, 0, code=127)
    with log.open("wb") as out:
        start = time.perf_counter()
        process = subprocess.Popen(
            command,
            stdout=out,
            stderr=out,
            stdin=subprocess.DEVNULL,
            env={**os.environ, **env},
            cwd=cwd,
        )
        killer = Timer(timeout, process.kill)
        killer.start()
        _, status, usage = os.wait4(process.pid, 0)
        wall = time.perf_counter() - start
        killer.cancel()
    process.returncode = code = os.waitstatus_to_exitcode(status)
    cpu = usage.ru_utime + usage.ru_stime
    return Figures(wall, cpu, usage.ru_maxrss * 1024 / 1e6, code)


def interleave(
    runs: Mapping[str, Callable[[], Figures]],
    rounds: int,
    *,
    tell: Callable[[str, Figures], None] = lambda _name, _figures: None,
) -> dict[str, list[Figures]]:
    """Run everything once a round; what failed once is not run again.

    Returns:
        The figures of each name, in order of the rounds.
    """
    figures: dict[str, list[Figures]] = {name: [] for name in runs}
    for _ in range(rounds):
        for name, run in runs.items():
            if all(done.code == 0 for done in figures[name]):
                figures[name].append(run())
                tell(name, figures[name][-1])
    return figures


def middle(figures: Sequence[Figures]) -> Figures:
    """Give the medians; the exit code is the worst, the counts are the last."""
    return Figures(
        wall=median(each.wall for each in figures),
        cpu=median(each.cpu for each in figures),
        peak=median(each.peak for each in figures),
        code=max((each.code for each in figures), key=abs),
        counts=figures[-1].counts,
    )
