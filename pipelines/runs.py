"""The memory of runs: one folder per run and feed, with a summary that a person can read.

.state/runs/<run id>/<feed>/summary.json    what happened, in numbers
.state/runs/<run id>/<feed>/rejects.csv     rejected rows with every reason
"""

import json
import os
import shutil
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Literal, Self

from pipelines.settings import state_dir

State = Literal["running", "prepared", "finished", "failed"]
SUMMARY = "summary.json"


@dataclass(frozen=True)
class Summary:
    """What one run of one feed did. Holds counts and names, no personal data.

    `error` is the one line a user reads, `error_kind` its class: configuration, network or run.
    """

    run_id: str
    feed: str
    kind: Literal["load", "export"]
    state: State = "running"
    started: str = ""
    finished: str = ""
    source: str = ""
    target: str = ""
    dry_run: bool = False
    rows: int = 0
    records: int = 0
    rejected_rows: int = 0
    rejected_records: int = 0
    reasons: dict[str, int] = field(default_factory=dict)
    totals: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)
    accepted_records: int = 0
    requests: int = 0
    bytes: int = 0
    seconds: float = 0.0
    folder: str = ""
    output: str = ""
    error: str = ""
    error_kind: Literal["", "configuration", "network", "run"] = ""

    @property
    def exit_code(self) -> int:
        """0 all accepted, 1 configuration, 2 network or server, 3 failed, 4 with rejects."""
        if self.state == "failed":
            return {"configuration": 1, "network": 2}.get(self.error_kind, 3)
        if self.state not in {"finished", "prepared"}:
            return 3
        return 4 if self.rejected_rows else 0

    def add(self, **changes: Any) -> Self:  # noqa: ANN401  (checked by `replace`)
        """Give a copy with some facts replaced."""
        return replace(self, **changes)


def run_folder(run_id: str, feed: str) -> Path:
    """Give the folder of one run of one feed; it is made, for its owner only."""
    folder = state_dir() / "runs" / run_id / feed
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    return folder


def now() -> str:
    """Give the time in UTC, to the millisecond, so that sorting tells what came first."""
    return datetime.now(UTC).isoformat(timespec="milliseconds")


def write_summary(summary: Summary) -> Summary:
    """Write the summary in one step: a reader sees the old one or the new."""
    folder = run_folder(summary.run_id, summary.feed)
    written = folder / f".{SUMMARY}"
    text = json.dumps(summary.__dict__, indent=2, ensure_ascii=False)
    with os.fdopen(os.open(written, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text + "\n")
        file.flush()
        os.fsync(file.fileno())
    written.replace(folder / SUMMARY)
    return summary


def read_summary(run_id: str, feed: str) -> Summary | None:
    """Read one summary, or None where there is none."""
    path = state_dir() / "runs" / run_id / feed / SUMMARY
    return Summary(**json.loads(path.read_text(encoding="utf-8"))) if path.exists() else None


def forget_run(run_id: str) -> None:
    """Remove the folder of a run, with its rejects."""
    shutil.rmtree(state_dir() / "runs" / run_id, ignore_errors=True)


def list_summaries(feed: str | None = None) -> list[Summary]:
    """Read all summaries, newest first."""
    paths = (state_dir() / "runs").glob(f"*/{feed or '*'}/{SUMMARY}")
    found = [Summary(**json.loads(path.read_text(encoding="utf-8"))) for path in paths]
    return sorted(found, key=lambda s: (s.started, s.run_id, s.feed), reverse=True)
