"""How far a migration has come: one file that a person can read, written anew after each step.

.state/migrations/<plan>/checkpoint.json    the steps that are finished, with what they were made of
"""

import json
import re
from collections.abc import Collection, Mapping
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Self

import xxhash

from connectors.files import take_stamp
from connectors.files.fetching import is_url
from pipelines.codes import Kind
from pipelines.loading import file_source_of
from pipelines.migration.keeping import write_json
from pipelines.migration.words import RECONCILE, MigrationPlan
from pipelines.platforms import platform_of
from pipelines.publishing import CannotWrite
from pipelines.runs import Summary, now
from pipelines.settings import private_folder, state_dir, trigg_account
from pipelines.sourcing import path_of, resolve_source

CHECKPOINT = "checkpoint.json"


class StepUnfinishedError(Exception):
    """A feed was loaded, and not to its end: what comes next would build on half of it."""

    def __init__(self, summary: Summary) -> None:
        counts = (
            [f"{summary.in_doubt_records:,} records in doubt"] if summary.in_doubt_records else []
        )
        if summary.held_records:
            counts.append(f"{summary.held_records:,} held, delivered before with other content")
        todo = (
            "loyalty-etl status shows them; the same command asks again"
            if summary.in_doubt_records
            else f"loyalty-etl run {summary.feed} --changed resend, or --changed reject"
        )
        super().__init__(f"{summary.feed} is not finished: {', '.join(counts)}: {todo}")


@dataclass(frozen=True)
class Done:
    """A finished step.

    Attributes:
        run: the run that finished it.
        finished: when, UTC.
        made_of: a digest of its words and its source, and of all steps before it.
        line: what it did, in words, without personal data.
        counts: the same in numbers.
    """

    run: str
    finished: str
    made_of: str
    line: str = ""
    counts: dict[str, int] = field(default_factory=dict)


@dataclass(frozen=True)
class Failed:
    """A step that came to no end: why, in one line, and the class of that (`failures.Kind`)."""

    step: str
    line: str
    kind: Kind


@dataclass(frozen=True)
class Checkpoint:
    """What is known of a migration between runs.

    Attributes:
        plan: the plan's file.
        platform: where it goes.
        started: when its first run began, UTC.
        done: the finished steps by name.
        runs: the runs so far, by id, oldest first.
        failed: why the last run stopped, None where it did not.
    """

    plan: str
    platform: str
    started: str = ""
    done: dict[str, Done] = field(default_factory=dict)
    runs: list[str] = field(default_factory=list)
    failed: Failed | None = None

    def with_run(self, run: str, todo: Collection[str]) -> Self:
        """Note a run that has begun, and that what it is to do is not finished any more."""
        done = {step: facts for step, facts in self.done.items() if step not in todo}
        runs = [*self.runs, run]
        return replace(self, started=self.started or now(), done=done, runs=runs, failed=None)

    def with_done(self, step: str, done: Done) -> Self:
        """Note a step that is finished."""
        return replace(self, done={**self.done, step: done})


def migration_folder(name: str) -> Path:
    """Give the folder of a migration; it is made, for its owner only.

    Raises:
        CannotWrite: it cannot be made.
    """
    folder = state_dir() / "migrations" / name
    try:
        return private_folder(folder)
    except OSError as error:
        message = f"{folder} cannot be written ({error.strerror}): set LOYALTY_ETL_STATE"
        raise CannotWrite(message) from None


def read_checkpoint(plan: MigrationPlan) -> Checkpoint:
    """Read how far a migration has come; it has not begun where there is no file.

    Raises:
        AccountError: no account is set.
        CannotWrite: the file is broken, or that of another plan or another platform.
    """
    path = migration_folder(plan.name) / CHECKPOINT
    platform = platform_of(trigg_account(plan.words.profile))
    if not path.exists():
        return Checkpoint(str(plan.file), platform)
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        done = {name: Done(**facts) for name, facts in told.pop("done").items()}
        failed = told.pop("failed")
        found = Checkpoint(**told, done=done, failed=failed and Failed(**failed))
    except (OSError, ValueError, TypeError, KeyError, AttributeError):
        raise CannotWrite(f"{path} cannot be read: put its last copy back, or remove it") from None
    if found.plan != str(plan.file) and Path(found.plan).exists():
        raise CannotWrite(f"{path} is that of {found.plan}: give one of the plans another name")
    if found.platform != platform:
        raise CannotWrite(
            f"{path} is of a migration into {found.platform}, and the settings lead to {platform}:"
            " nothing was sent; for another platform copy the plan to another name"
        )
    return replace(found, plan=str(plan.file))


def write_checkpoint(plan: MigrationPlan, checkpoint: Checkpoint) -> Checkpoint:
    """Write it in one step: a reader sees the old one or the new."""
    write_json(migration_folder(plan.name) / CHECKPOINT, asdict(checkpoint))
    return checkpoint


def note_failure(plan: MigrationPlan, failed: Failed) -> None:
    """Write down why a step came to no end."""
    write_checkpoint(plan, replace(read_checkpoint(plan), failed=failed))


def find_migration(word: str) -> tuple[str, list[str]] | None:
    """Find a migration by its name or its plan's file; give its name and its runs."""
    name = Path(word).stem if word.endswith((".yaml", ".yml")) else word
    path = state_dir() / "migrations" / name / CHECKPOINT
    if not re.fullmatch("[A-Za-z0-9_]+", name) or not path.exists():
        return None
    return name, _runs_of(path)


def migration_of(run_id: str) -> str:
    """Name the migration that a run is of; empty if it is of none."""
    paths = (state_dir() / "migrations").glob(f"*/{CHECKPOINT}")
    return next((path.parent.name for path in paths if run_id in _runs_of(path)), "")


def _runs_of(path: Path) -> list[str]:
    try:
        runs = json.loads(path.read_text(encoding="utf-8"))["runs"]
    except (OSError, ValueError, KeyError, TypeError):
        raise CannotWrite(f"{path} cannot be read: put its last copy back, or remove it") from None
    return [str(run) for run in runs]


def steps_to_do(
    plan: MigrationPlan, checkpoint: Checkpoint, made_of: Mapping[str, str], first: str = ""
) -> list[str]:
    """Give the steps that are not finished, or were made of something else, and all behind them.

    Args:
        plan: the plan.
        checkpoint: how far it has come.
        made_of: of each step, what it would be made of now.
        first: the step to begin again at, if one is named.
    """
    for number, step in enumerate(plan.steps):
        done = checkpoint.done.get(step)
        if step == first or done is None or done.made_of != made_of[step]:
            return plan.steps[number:]
    return []


def what_steps_are_made_of(plan: MigrationPlan) -> dict[str, str]:
    """Hash the words of each step, its source's size and time, and all steps before it.

    What lies behind a URL is not looked at; its steps go by the URL alone.
    """
    digest = xxhash.xxh3_128(plan.words.profile.encode())
    found: dict[str, str] = {}
    for step in plan.steps:
        told: object = [s for s in plan.words.steps if step in s.model_fields_set]
        if step == RECONCILE:
            told = plan.words.reconcile
        elif step in plan.feeds:
            feed = plan.feeds[step].feed
            source = resolve_source(path_of(feed.source, feed.partitions))
            stamp = None if is_url(source) else take_stamp(file_source_of(feed, Path(source)))
            told = (feed, source, stamp)
        digest.update(f"{step}\n{told!r}\n".encode())
        found[step] = digest.hexdigest()
    return found


__all__ = [
    "Checkpoint",
    "Done",
    "Failed",
    "StepUnfinishedError",
    "find_migration",
    "migration_folder",
    "migration_of",
    "note_failure",
    "read_checkpoint",
    "steps_to_do",
    "what_steps_are_made_of",
    "write_checkpoint",
]
