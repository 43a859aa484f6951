"""A whole legacy programme, migrated, migrated again, and killed: `python benchmarks/migration.py`.

    python benchmarks/migration.py [WORK] [--members 100000] [--kill-members 2000] [--kill-in …]
                                   [--half-way]

Prints the seconds of each step, the peak memory, the differences found, and what a second run
sends. Then a smaller programme is killed with SIGKILL, once in every step, and run again to its
end, and everything that the sandbox holds is compared with what it holds after an undisturbed one.
The kill falls at a random moment of the step's usual time, or half-way through it. Where both have
as many members, the first migration is the undisturbed one.
Ends with 1 if anything is not as promised.
"""

import argparse
import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from random import Random

import httpx
from measure import run_once
from migration_state import whole_state

HERE = Path(__file__).resolve().parent
ROOT = HERE.parent
PLAN = "old_club.yaml"
CHECKPOINT = "migrations/old_club/checkpoint.json"
TRIES = 3
"""Kills until one falls in the step that is meant, or at least in one: a late one is none."""
WRITES = ("POST", "PUT", "DELETE")
STEPS = (
    *("stores", "before", "members_shop", "members_web", "members_app", "ids"),
    *("balances", "stamps", "vehicles", "payment_cards", "history", "reconcile"),
)


@contextmanager
def serving(data: Path, offers: Path) -> Iterator[str]:
    """Serve a sandbox in a process of its own; give its base URL."""
    line = [sys.executable, "-m", "pipelines", "sandbox", "--port", "0"]
    line += ["--data", str(data), "--offers", str(offers)]
    process = subprocess.Popen(line, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    try:
        assert process.stdout is not None
        told = next(text for text in process.stdout if "TRIGG_BASE_URL=" in text)
        yield told.partition("TRIGG_BASE_URL=")[2].split()[0]
    finally:
        process.terminate()
        process.wait()


def write_programme(folder: Path, members: int, seed: int) -> dict[str, int]:
    """Write a programme, with no time for the platform to settle: nothing here is late."""
    shutil.rmtree(folder, ignore_errors=True)
    line = [sys.executable, "-m", "sample_data.legacy", str(folder)]
    line += ["--members", str(members), "--seed", str(seed)]
    subprocess.run(line, cwd=ROOT, check=True)
    for feed in (folder / "feeds").glob("*/defs.yaml"):
        text = feed.read_text(encoding="utf-8")
        if "  delivery:\n" not in text:
            text += "  delivery:\n"
        text = text.replace("  delivery:\n", "  delivery:\n    settle: 0\n")
        feed.write_text(text, encoding="utf-8")
    facts: dict[str, int] = json.loads((folder / "facts.json").read_text())
    return facts


def environment(base_url: str, state: Path) -> dict[str, str]:
    """Give what a run needs beside this process's own environment."""
    return {
        "TRIGG_BASE_URL": base_url,
        "TRIGG_API_KEY": "sandbox",
        "LOYALTY_ETL_STATE": str(state),
        "LOYALTY_ETL_LEDGER": "",
    }


def command(folder: Path, *words: str) -> list[str]:
    """Give the command line of a migration."""
    return [sys.executable, "-m", "pipelines", "migrate", str(folder / PLAN), "--json", *words]


def facts_of(base_url: str) -> dict[str, object]:
    """Ask a sandbox what it holds."""
    url = f"{base_url.removesuffix('/v4')}/_sandbox/facts"
    told: dict[str, object] = httpx.get(url, trust_env=False, timeout=60).json()
    return told


def writes(base_url: str) -> int:
    """Count the requests that could have changed anything."""
    seen = facts_of(base_url)["seen"]
    assert isinstance(seen, dict)
    return sum(count for name, count in seen.items() if name.startswith(WRITES))


def held(told: dict[str, object]) -> dict[str, int]:
    """Tell of a sandbox's facts what a programme's facts tell."""
    returns = told["returns"]
    assert isinstance(returns, dict)
    gross = 100 * (float(str(told["gross"])) - 2 * float(returns["gross"]))
    return {
        "members": int(str(told["customers"])),
        "points": int(str(told["points"])),
        "stamps": int(str(told["clips"])),
        "vehicles": int(str(told["vehicles"])),
        "payment_cards": int(str(told["payment_cards"])),
        "receipts": int(str(told["receipts"])),
        "gross": round(gross),
    }


def migrate_once(work: Path, members: int, seed: int) -> tuple[bool, dict[str, float]]:
    """Migrate a programme, then again, and print the figures; tell how long each step took."""
    folder, state = work / "programme", work / "state"
    expected = write_programme(folder, members, seed)
    with serving(work / "sandbox", folder / "offers.yaml") as base_url:
        env = environment(base_url, state)
        run = run_once(command(folder), log=work / "first.log", env=env, cwd=ROOT, timeout=14_400)
        print(f"\n{members:,} members, exit code {run.code}\n\n| step | s |\n| --- | --: |")
        took = seconds_of(state)
        for step, seconds in took.items():
            print(f"| {step} | {seconds:.1f} |")
        print(f"| all | {run.wall:.1f} |")
        report = state / "migrations/old_club/reconciliation.json"
        made = json.loads(report.read_text()) if report.exists() else {"differences": -1}
        sent = writes(base_url)
        there = held(facts_of(base_url))
        lost = {k: (expected[k], v) for k, v in there.items() if expected[k] != v}
        again = run_once(command(folder), log=work / "again.log", env=env, cwd=ROOT)
        after_skip = writes(base_url)
        from_first = run_once(
            command(folder, "--from", "stores"),
            log=work / "from.log",
            env=env,
            cwd=ROOT,
            timeout=14_400,
        )
        after_all = writes(base_url)
        print(f"| again: nothing to do | {again.wall:.1f} |")
        print(f"| again from the first step | {from_first.wall:.1f} |")
        rows = {
            "requests that write": sent,
            "peak memory, MB": round(run.peak),
            "CPU, s": round(run.cpu),
            "differences found": made["differences"],
            "not as the maker says": len(lost),
            "requests that write, second run": after_skip - sent,
            "requests that write, again from the first step": after_all - after_skip,
        }
        print("\n| what | figure |\n| --- | --: |")
        for name, figure in rows.items():
            print(f"| {name} | {figure:,} |")
        if lost:
            print(f"\nexpected and held: {lost}")
    good = run.code == 4 and not made["differences"] and not lost and after_all == sent
    return good, took


def migrate_killed(
    work: Path,
    members: int,
    steps: list[str],
    seed: int,
    *,
    half_way: bool = False,
    took: dict[str, float] | None = None,
) -> bool:
    """Kill a migration in each of these steps; what the sandbox holds in the end is the same.

    Args:
        work: for all of it.
        members: how many are migrated.
        seed: which.
        steps: to be killed in.
        half_way: in their middle.
        took: seconds of each step, if this programme was migrated by `migrate_once` just now.
    """
    if took is None:
        folder = work / "small"
        write_programme(folder, members, seed)
        straight, _, _ = run_to_its_end(work / "straight", folder)
        took = seconds_of(work / "straight/state")
    else:
        folder, straight = work / "programme", whole_state(work / "sandbox")
    print(f"\n{members:,} members, {len(straight):,} things held\n")
    print("| killed in | of, s | after, s | fell in | runs | same |")
    print("| --- | --: | --: | --- | --: | --- |")
    lot, good = Random(seed), True  # the same moments each time, as far as the machine allows
    for step in steps:
        share = 0.5 if half_way else lot.uniform(0.05, 0.95)
        seconds = share * took[step]
        for _ in range(TRIES):
            held_now, runs, met = run_to_its_end(work / step, folder, step, seconds)
            same = held_now == straight
            good &= same
            if met == step or (met and not half_way):
                break
            seconds /= 3  # this time the step took less
        figures = f"{took[step]:.1f} | {seconds:.1f} | {met or 'no step'} | {runs}"
        print(f"| {step} | {figures} | {'yes' if same else 'NO'} |", flush=True)
        good &= bool(met)
    return good


def seconds_of(state: Path) -> dict[str, float]:
    """Tell how long each step took of a migration that ran once."""
    told = json.loads((state / CHECKPOINT).read_text())
    began, took = datetime.fromisoformat(told["started"]), {}
    for step, done in told["done"].items():
        ended = datetime.fromisoformat(done["finished"])
        took[step] = (ended - began).total_seconds()
        began = ended
    return took


def run_to_its_end(
    place: Path, folder: Path, step: str = "", seconds: float = 0
) -> tuple[list[str], int, str]:
    """Run a migration in a fresh sandbox until it is finished, killed once if asked.

    Args:
        place: for the sandbox and the state.
        folder: of the programme.
        step: the one to be killed in.
        seconds: how long after it has begun.

    Returns:
        All that the sandbox holds, how often it was run, and the step that was killed; empty if
        none was.
    """
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    runs, met = 0, ""
    with serving(place / "sandbox", folder / "offers.yaml") as base_url:
        env = {**os.environ, **environment(base_url, place / "state")}
        for runs in range(1, 9):
            with (place / f"run{runs}.log").open("wb") as log:
                process = subprocess.Popen(
                    command(folder), cwd=ROOT, env=env, stdout=log, stderr=log
                )
                if runs == 1 and step:
                    wait_for(place / "state", step, process)
                    time.sleep(seconds)
                    process.kill()
                code = process.wait()
            if code < 0:
                done = finished(place / "state")
                met = next((name for name in STEPS if name not in done), "")
            if code in {0, 4}:
                break
    return whole_state(place / "sandbox"), runs, met


def wait_for(state: Path, step: str, process: subprocess.Popen[bytes]) -> None:
    """Wait until the step before this one is finished, or the first one begins."""
    before = {*STEPS[: STEPS.index(step)]}
    while process.poll() is None:
        if (state / CHECKPOINT).exists() and before <= finished(state):
            return
        time.sleep(0.05)


def finished(state: Path) -> set[str]:
    """Name the steps that a migration has finished."""
    return {*json.loads((state / CHECKPOINT).read_text())["done"]}


def main() -> None:
    """Run both, and end with 1 if anything was lost, doubled or different."""
    parser = argparse.ArgumentParser(description="Migrate an invented programme, and measure it.")
    parser.add_argument("work", type=Path, nargs="?", default=ROOT / ".state/benchmark-migration")
    parser.add_argument("--members", type=int, default=100_000)
    parser.add_argument("--kill-members", type=int, default=2_000)
    parser.add_argument("--kill-in", default=",".join(STEPS[1:]), help="steps; none for no kills")
    parser.add_argument("--half-way", action="store_true", help="kill in the middle of each step")
    parser.add_argument("--seed", type=int, default=1)
    said = parser.parse_args()
    shutil.rmtree(said.work, ignore_errors=True)
    said.work.mkdir(parents=True)
    good, took = True, None
    if said.members:
        good, took = migrate_once(said.work, said.members, said.seed)
    if steps := list(filter(None, said.kill_in.split(","))):
        known = took if said.kill_members == said.members else None
        good &= migrate_killed(
            said.work, said.kill_members, steps, said.seed, half_way=said.half_way, took=known
        )
    sys.exit(0 if good else 1)


if __name__ == "__main__":
    main()
