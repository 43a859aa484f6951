"""`kill -9` at random moments of a load, until enough have hit; then the sandbox is asked."""

import subprocess
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from torture_ground import ASKS, IN_FLIGHT, POSTS, Ground, kill, write_feed, write_receipts
from torture_report import Key, Report, check_store, check_sums, tell

PHASES = ("starting", "reading", "sending", "asking", "closing", "between")


@dataclass
class Lane:
    """One load after another, each with a sandbox and a state of its own.

    Attributes:
        kills, doubles: how many are still to hit; a double is two in a row, the second into the
            resume.
    """

    work: Path
    source: Path
    expected: set[Key]
    batch: int
    random: Random
    kills: int
    doubles: int
    report: Report
    phases: Counter[str] = field(default_factory=Counter)
    hits: int = 0
    pairs: int = 0
    loads: int = 0
    asks: int = 0
    posts: int = 0
    in_doubt: list[int] = field(default_factory=list)
    start: float = 0.0
    life: float = 0.0
    aimed: float = 0.1

    def run(self) -> None:
        """Kill until enough have hit."""
        feed = write_feed(self.work / "killed", self.source, self.batch)
        self._measure(feed)
        while self.kills > 0 or self.doubles > 0:
            broken = len(self.report.broken)
            with Ground(self.work / f"load{self.loads + 1}") as ground:
                self._torment(ground, feed)
                ground.keep = len(self.report.broken) > broken

    def _measure(self, feed: Path) -> None:
        """Let one load run undisturbed, to know how long it lives."""
        with Ground(self.work / "ground") as ground:
            process, begun = ground.start(feed), time.perf_counter()
            _await(ground, process, 1, "running")
            self.start = time.perf_counter() - begun
            _await(ground, process, 1, "finished")
            self.life = time.perf_counter() - begun - self.start
            code = process.wait()
            self.report.expect(
                f"undisturbed: exit code {code}: {ground.last_words()}", kept=code == 0
            )

    def _torment(self, ground: Ground, feed: Path) -> None:
        self.loads += 1
        hit, double = 0, False
        while self.kills > 0 or self.doubles > 0:
            asked, runs = ground.seen()[ASKS], len(ground.summaries())
            begun = time.time()
            process = ground.start(feed)
            delay = self._wait(ground, process, runs, double=double)
            if process.poll() is not None or _is_done(ground, runs):
                break
            kill(process)
            hit += 1
            self.hits += 1
            self.phases[_phase(ground, runs, asked, begun)] += 1
            left = ground.batches()["sending"]
            self.in_doubt.append(left)
            what = f"kill {self.hits} of {self.work.name}, {delay:.2f} s into it"
            self.report.expect(f"{what}: {left} batches in doubt", kept=left <= IN_FLIGHT)
            if double:
                self.doubles, self.pairs, double = self.doubles - 1, self.pairs + 1, False
            elif self.doubles > 0 and self.random.random() < self.doubles / (
                self.doubles + max(self.kills, 0)
            ):
                double = True
            else:
                self.kills -= 1
        else:
            process = ground.start(feed)
        code = process.wait()
        what = f"load {self.loads} of {self.work.name}, killed {hit} times"
        self.report.expect(f"{what}: exit code {code}: {ground.last_words()}", kept=code == 0)
        self._check(ground, what)
        tell(f"{what}: whole; {self.kills} kills and {self.doubles} doubles to go")

    def _wait(
        self, ground: Ground, process: "subprocess.Popen[bytes]", runs: int, *, double: bool
    ) -> float:
        """Wait for a random moment of the process's life; one in twenty is before it has begun.

        A kill soon after the beginning lets a load outlive many of them.
        """
        aim = self.random.random()
        if aim < 0.05:
            delay = self.random.uniform(0, self.start)
        elif aim < 0.05 + self.aimed:
            # Short steps at the end of a load, which a blind shot hardly ever hits.
            step = self.random.choice(("asking", "closing"))
            _await_step(ground, process, runs, step)
            delay = self.random.uniform(0, 0.05)
        else:
            _await(ground, process, runs + 1, "running")
            most = self.life if self.random.random() < 0.4 else self.life / 4
            delay = self.random.uniform(0, min(2.0, self.life) if double else most)
        with suppress(subprocess.TimeoutExpired):
            process.wait(delay)
        return delay

    def _check(self, ground: Ground, what: str) -> None:
        check_store(self.report, ground.stored(), self.expected, what)
        summaries = ground.summaries()
        check_sums(self.report, summaries, what)
        done = [each for each in summaries if each["state"] == "finished"]
        accepted = sum(each["accepted_records"] for each in done)
        self.report.expect(
            f"{what}: {accepted} accepted of {len(self.expected)}",
            kept=accepted == len(self.expected),
        )
        doubt = ground.batches()["in_doubt"]
        self.report.expect(f"{what}: {doubt} batches still in doubt", kept=doubt == 0)
        seen = ground.seen()
        self.asks += seen[ASKS]
        self.posts += seen[POSTS]


def _await(ground: Ground, process: "subprocess.Popen[bytes]", runs: int, state: str) -> None:
    """Wait until so many runs have a summary, the last one of this state or beyond."""
    while process.poll() is None:
        summaries = ground.summaries()
        if len(summaries) >= runs and state in {"running", summaries[-1]["state"]}:
            return
        time.sleep(0.01)


def _await_step(ground: Ground, process: "subprocess.Popen[bytes]", runs: int, step: str) -> None:
    """Wait until a process asks, or writes the outcomes; or until it is done."""
    begun, asked = time.time(), ground.seen()[ASKS]
    while process.poll() is None and not _is_done(ground, runs):
        if step == "closing" and _writes_outcomes(ground, begun):
            return
        if step == "asking" and ground.seen()[ASKS] > asked:
            return
        time.sleep(0.01)


def _writes_outcomes(ground: Ground, begun: float) -> bool:
    written = ground.state.glob("runs/*/*/*outcomes.parquet")
    with suppress(FileNotFoundError):  # renamed meanwhile
        return any(path.stat().st_mtime >= begun for path in written)
    return True


def _is_done(ground: Ground, runs: int) -> bool:
    """Tell whether a process has done all, and only takes its leave."""
    summaries = ground.summaries()
    return len(summaries) > runs and summaries[-1]["state"] == "finished"


def _phase(ground: Ground, runs: int, asked: int, begun: float) -> str:
    """Tell from what lies on the disk what a process was at when it was killed."""
    summaries = ground.summaries()
    if len(summaries) == runs:
        return "starting"
    if summaries[-1]["state"] == "running":
        return "reading"
    if _writes_outcomes(ground, begun):
        return "closing"
    if ground.batches()["sending"]:
        return "sending"
    if ground.seen()[ASKS] > asked:
        return "asking"
    return "between"


def torture(work: Path, seed: int, *, quick: bool) -> Report:
    """Kill a load of 20,000 receipts 200 times, and 50 times twice in a row, on two lanes."""
    report = Report("kill -9", ("what", "figure"))
    receipts, batch, kills, doubles, lanes = (
        (2_000, 5, 5, 1, 1) if quick else (20_000, 20, 200, 50, 2)
    )
    work.mkdir(parents=True, exist_ok=True)
    expected = write_receipts(work / "receipts.csv", receipts, seed)
    begun = time.perf_counter()
    found = [
        Lane(
            work / f"lane{n}",
            work / "receipts.csv",
            expected,
            batch,
            Random(f"{seed}:{n}"),
            kills // lanes,
            doubles // lanes,
            report,
        )
        for n in range(lanes)
    ]
    with ThreadPoolExecutor(lanes) as pool:
        list(pool.map(Lane.run, found))
    hits, in_doubt = sum(x.hits for x in found), max(n for x in found for n in x.in_doubt)
    loads, asks = sum(x.loads for x in found), sum(x.asks for x in found)
    phases = sum((x.phases for x in found), Counter())
    extra = sum(x.posts for x in found) - loads * (receipts // batch)
    report.add(f"loads of {receipts:,} receipts, {receipts // batch:,} requests each", loads)
    report.add("kills that hit", hits)
    report.add("of these twice in a row, the second into the resume", sum(x.pairs for x in found))
    for phase in PHASES:
        what = f"while {phase}" if phase != "between" else "between these steps"
        report.add(f"killed {what}", phases[phase])
    report.add("receipts lost", 0 if not report.broken else "see below")
    report.add("receipts doubled", 0 if not report.broken else "see below")
    report.add(f"batches in doubt after a kill, at most (in flight {IN_FLIGHT})", in_doubt)
    report.add("batches in doubt in the end", 0 if not report.broken else "see below")
    report.add("customers asked about per kill", f"{asks / hits:.1f}")
    report.add("requests sent beyond one per batch, per kill", f"{extra / hits:.2f}")
    report.add("an undisturbed load, s", f"{max(x.start + x.life for x in found):.1f}")
    report.add("all of it, s", f"{time.perf_counter() - begun:.0f}")
    return report
