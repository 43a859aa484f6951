"""The memory of runs: one folder per run and feed, with a summary that a person can read.

.state/runs/<run id>/<feed>/summary.json    what happened, in numbers
.state/runs/<run id>/<feed>/rejects.csv     rejected rows with every reason
.state/runs/<run id>/<feed>/report.html     the same as a page (`pipelines.run_page`)
"""

import json
import os
import shutil
from collections.abc import Callable
from dataclasses import dataclass, field, fields, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

from pipelines.settings import private_folder, state_dir

State = Literal["running", "prepared", "finished", "failed"]
SUMMARY, PAGE = "summary.json", "report.html"


@dataclass(frozen=True)
class Summary:
    """What one run of one feed did. Holds counts and names, no personal data.

    `error` is the one line a user reads, `error_kind` its class: configuration, network or run,
    `error_code` its code (`pipelines.codes`);
    `resumable` says that `loyalty-etl resume` goes on with it. Records are counted by outcome;
    those held, since they were delivered before with other content, are among the unsent, and so
    are those waiting for a member whom nobody knows yet.
    `merged_by` tells how many of the merged share what with the record that stands for them.
    `feed_path` is the YAML of a feed from elsewhere, `changed` what this run does about changed
    records (empty: as the feed says); a load that goes on keeps to both. `resumed` are the runs
    whose loads were finished first, `retry_of` is the run whose rejects are loaded.
    `environment` is what the account of `profile` is, sandbox, staging or production.
    `checked_rows`, `checked_records` and `rejects_size` are what the checks alone rejected: rows,
    records, and bytes of rejects.csv, which has `rejects_end` of them in all; `source_stamp` is
    the source's size in bytes and its time in nanoseconds. `declared` are the totals that the
    source tells of itself, `taken` how much of each the platform has; there is none of it before
    the load has ended. `columns` are those of the source, of a CSV all of its header, else those
    wanted that some row fills.
    `proof` says of an export how it is known to be complete, `days` how many days it has read, of
    one that is read day by day; `day` is the day of the file of a load that has one a day.
    """

    run_id: str
    feed: str
    kind: Literal["load", "export"]
    state: State = "running"
    started: str = ""
    finished: str = ""
    source: str = ""
    target: str = ""
    environment: str = ""
    profile: str = ""
    dry_run: bool = False
    rows: int = 0
    records: int = 0
    rejected_rows: int = 0
    rejected_records: int = 0
    checked_rows: int = 0
    checked_records: int = 0
    rejects_size: int = 0
    rejects_end: int = 0
    source_stamp: tuple[int, int] = (0, 0)
    reasons: dict[str, int] = field(default_factory=dict)
    totals: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    accepted_records: int = 0
    unchanged_records: int = 0
    quarantined_records: int = 0
    merged_records: int = 0
    in_doubt_records: int = 0
    unsent_records: int = 0
    held_records: int = 0
    waiting_records: int = 0
    requests: int = 0
    bytes: int = 0
    seconds: float = 0.0
    folder: str = ""
    output: str = ""
    error: str = ""
    error_kind: Literal["", "configuration", "network", "run"] = ""
    error_code: str = ""
    resumable: bool = False
    retry_of: str = ""
    feed_path: str = ""
    changed: str = ""
    resumed: list[str] = field(default_factory=list)
    declared: dict[str, str] = field(default_factory=dict)
    taken: dict[str, str] = field(default_factory=dict)
    merged_by: dict[str, int] = field(default_factory=dict)
    columns: list[str] = field(default_factory=list)
    proof: str = ""
    days: int = 0
    day: str = ""

    @property
    def exit_code(self) -> int:
        """0 all accepted … 5 in doubt or held: the numbers of the README."""
        if self.in_doubt_records or self.held_records:
            return 5
        if self.state == "failed":
            return {"configuration": 1, "network": 2}.get(self.error_kind, 3)
        if self.state not in {"finished", "prepared"}:
            return 3
        less = self.rejected_records or self.rejected_rows or self.unsent_records
        less = less or self.quarantined_records
        return 4 if less or not self.as_declared else 0

    @property
    def as_declared(self) -> bool:
        """Whether the platform has all that the source declares, as far as this is known."""
        return not self.taken or self.taken == self.declared

    @property
    def accounted_for(self) -> bool:
        """Whether each record that was read has come to one outcome."""
        return self.records == (
            self.accepted_records
            + self.rejected_records
            + self.quarantined_records
            + self.unchanged_records
            + self.merged_records
            + self.in_doubt_records
            + self.unsent_records
        )

    def add(self, **changes: Any) -> Self:  # noqa: ANN401  (checked by `replace`)
        """Give a copy with some facts replaced."""
        return replace(self, **changes)


def run_folder(run_id: str, feed: str) -> Path:
    """Give the folder of one run of one feed; it is made, for its owner only."""
    return private_folder(state_dir() / "runs" / run_id / feed)


def now() -> str:
    """Give the time in UTC, to the millisecond, so that sorting tells what came first."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def write_summary(summary: Summary) -> Summary:
    """Write the summary in one step: a reader sees the old one or the new."""
    text = json.dumps(summary.__dict__, indent=2, ensure_ascii=False) + "\n"
    write_private(run_folder(summary.run_id, summary.feed) / SUMMARY, text)
    return summary


def write_private(path: Path, text: str) -> None:
    """Write a file for its owner only, durably and in one step.

    Raises:
        OSError: it cannot be written.
    """
    written = path.with_name(f".{path.name}")
    flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC
    with os.fdopen(os.open(written, flags, 0o600), "w", encoding="utf-8") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    written.replace(path)


def read_summary(run_id: str, feed: str) -> Summary | None:
    """Read one summary, or None where there is none, or none that can be read."""
    return _read(state_dir() / "runs" / run_id / feed / SUMMARY)


def _read(path: Path) -> Summary | None:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        return Summary(**{name: fact for name, fact in told.items() if name in _NAMES})
    except (OSError, ValueError, TypeError, AttributeError):
        return None


_NAMES = {each.name for each in fields(Summary)}
"""Another version may have written more."""


def forget_run(run_id: str) -> None:
    """Remove the folder of a run, with its rejects."""
    shutil.rmtree(state_dir() / "runs" / run_id, ignore_errors=True)


def list_summaries(
    feed: str | None = None, unreadable: Callable[[Path], None] = lambda _: None
) -> list[Summary]:
    """Read all summaries, newest first; `unreadable` is told those that cannot be read."""
    found = []
    for path in sorted((state_dir() / "runs").glob(f"*/{feed or '*'}/{SUMMARY}")):
        summary = _read(path)
        if summary is None:
            unreadable(path)
        else:
            found.append(summary)
    return sorted(found, key=lambda s: (s.started, s.run_id, s.feed), reverse=True)
