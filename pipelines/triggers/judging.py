"""What is to be done next about a file that was taken: a pure rule of what is known of it."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from pipelines.runs import Summary
from pipelines.triggers.book import Taken

__all__ = ["NO_RUN", "RunState", "Verdict", "judge", "wait_before"]

DEATHS = 5
"""Attempts that may end without a word; a file that kills every run is laid aside."""
SETTLES = 120
"""Seconds in which one step of a run may follow another, in another process."""
STARTS = 600
"""Seconds that a run may take to begin with its file, once it has been started."""


class RunState(NamedTuple):
    """What Dagster knows of the run of an attempt, and for how many seconds it has been so."""

    word: Literal["none", "waiting", "going", "ended", "cancelled"]
    seconds: float = 0.0


NO_RUN = RunState("none")


@dataclass(frozen=True)
class Verdict:
    """What comes next.

    Attributes:
        word: `load` it, `resume` its run, `wait`, move it as `loaded` or `failed`; `doubt` keeps
            it, and lets others pass.
        why: one line, for a person.
        again: whether it is another attempt than the last one.
        at_once: whether that needs no rest first.
    """

    word: Literal["load", "resume", "wait", "doubt", "loaded", "failed"]
    why: str = ""
    again: bool = False
    at_once: bool = False


def wait_before(attempt: int) -> timedelta:
    """Give how long to rest before an attempt: one minute before the second, an hour at most."""
    return timedelta(minutes=min(60, 2 ** max(0, attempt - 2)))


def judge(
    entry: Taken,
    summary: Summary | None,
    run: RunState,
    *,
    has_load: Callable[[], bool],
    now: datetime,
    insists: bool = False,
) -> Verdict:
    """Say what comes next about a file that no process is loading now.

    Args:
        entry: the file.
        summary: of its run, None if there is none.
        run: what Dagster knows of the attempt.
        has_load: tells whether the ledger has an unfinished load of that run.
        now: with a zone.
        insists: whether a person asks, who overrules rests and cancellations.
    """
    if why := _held(run, insists=insists):
        return Verdict("wait", why)
    if entry.begun < entry.attempt:
        return _unbegun(entry, run, now, insists=insists)
    state = summary.state if summary else ""
    if summary and state == "finished":
        return _finished(summary, run, now)
    if summary and state == "failed":
        return _failed(summary, has_load=has_load)
    if run.word == "going" and run.seconds < SETTLES and not insists:
        return Verdict("wait", "its run is between two steps, or begins anew")
    return _died(entry, "resume" if has_load() else "load")


def _held(run: RunState, *, insists: bool) -> str:
    """Say why nothing is done whatever is known of the file; empty where that is not so."""
    if run.word == "cancelled" and not insists:
        return "its run was cancelled; to go on: loyalty-etl inbox FEED"
    return "its run waits for its turn" if run.word == "waiting" else ""


def _finished(summary: Summary, run: RunState, now: datetime) -> Verdict:
    if run.word == "going" and _age(summary.finished, now) < SETTLES:
        return Verdict("wait", "its run is at its end")
    doubt = Verdict("doubt", "in doubt: loyalty-etl status")
    return doubt if summary.resumable else Verdict("loaded")


def _failed(summary: Summary, *, has_load: Callable[[], bool]) -> Verdict:
    if summary.resumable or has_load():
        return Verdict("resume", summary.error, again=True)
    if summary.error_kind in {"network", "configuration"}:
        return Verdict("load", summary.error, again=True)
    return Verdict("failed", summary.error)


def _unbegun(entry: Taken, run: RunState, now: datetime, *, insists: bool) -> Verdict:
    """Judge an attempt that no run has begun with."""
    if run.word == "going" and run.seconds < STARTS:
        return Verdict("wait", "its run waits for its turn")
    then = datetime.fromisoformat(entry.not_before) if entry.not_before else now
    if now < then and not insists:
        when = then.astimezone().strftime("%H:%M")
        return Verdict("wait", f"tried again at {when}: {entry.why}")
    return Verdict("resume" if entry.run_id else "load", again=run.word != "none", at_once=True)


def _died(entry: Taken, how: Literal["load", "resume"]) -> Verdict:
    if how == "load" and entry.attempt >= DEATHS:
        return Verdict("failed", f"{DEATHS} runs of it ended without a word")
    return Verdict(how, "its run ended without a word", again=True, at_once=True)


def _age(moment: str, now: datetime) -> float:
    return (now - datetime.fromisoformat(moment)).total_seconds() if moment else 0.0
