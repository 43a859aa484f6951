"""Drafts: a file that was dropped, what a person has said of it, and the feed that this makes.

.state/workbench/<id>/draft.json          what was said, where it was saved, its runs (0600)
                      file/<name>         the file as it was dropped (0600)
                      feed/defs.yaml      the feed as it stands (0600)

A draft is forgotten a week after it was last used, and by `loyalty-etl runs prune` likewise.
"""

import json
import os
import re
import secrets
import shutil
import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields, replace
from pathlib import Path
from typing import IO, Literal

from pipelines.runs import write_private
from pipelines.settings import private_folder, state_dir

__all__ = [
    "DRAFT", "MOST_BYTES", "MOST_KEPT", "Answers", "Draft", "NoRoomError", "find_draft",
    "forget_draft", "forget_drafts", "keep_file", "list_drafts", "write_draft",
]  # fmt: skip

MOST_BYTES = 512 << 20
"""A larger file is for the command line."""
MOST_KEPT = 2 << 30
"""Bytes of all drafts together."""
DAYS = 7
DRAFT = "draft.json"
"""What stands for a whole draft, with its file."""


class NoRoomError(Exception):
    """A file is too large, or there are too many. One line with what to do."""


@dataclass(frozen=True)
class Answers:
    """What a person has said of a file; what is not said is guessed.

    Attributes:
        target: what its records are.
        columns: column → a wire name or LEFT, OWN, FULL, CLOCK (`pipelines.guessing.records`).
        values, receipts: words of these blocks of a feed; "" leaves a word out.
        constants: wire name → the text that every record has there.
        settled: the questions that are answered.
    """

    target: Literal["members", "receipts"] | None = None
    columns: Mapping[str, str] = field(default_factory=dict)
    values: Mapping[str, str] = field(default_factory=dict)
    receipts: Mapping[str, str] = field(default_factory=dict)
    constants: Mapping[str, str] = field(default_factory=dict)
    settled: tuple[str, ...] = ()


@dataclass(frozen=True)
class Draft:
    """A file on its way to a feed.

    Attributes:
        id: its folder's name.
        name: of the file.
        answers: what was said.
        feed, text: the name that it was saved under and the YAML that was written; "" before.
        source: where that feed reads.
        description: what it is, as was said.
        told: what to say of how it was saved.
        planned: the run of the dry run, with the digest of its plan.
        plan: that digest.
        loaded: the run of the load.
    """

    id: str
    name: str
    answers: Answers = Answers()
    feed: str = ""
    text: str = ""
    source: str = ""
    description: str = ""
    told: str = ""
    planned: str = ""
    plan: str = ""
    loaded: str = ""

    @property
    def folder(self) -> Path:
        """Where it lies."""
        return drafts_dir() / self.id

    @property
    def file(self) -> Path:
        """The file that was dropped."""
        return self.folder / "file" / self.name


def drafts_dir() -> Path:
    """Give the folder of all drafts."""
    return state_dir() / "workbench"


def keep_file(name: str, file: IO[bytes]) -> Draft:
    """Keep a file that was dropped, for its owner only, and begin a draft of it.

    Raises:
        NoRoomError: it is too large, or the drafts together are.
        OSError: it cannot be written.
    """
    size = file.seek(0, os.SEEK_END)
    file.seek(0)
    if size > MOST_BYTES:
        raise NoRoomError(f"more than {MOST_BYTES >> 20} MB: use loyalty-etl guess FILE")
    kept = sum(path.stat().st_size for path in drafts_dir().rglob("*") if path.is_file())
    if kept + size > MOST_KEPT:
        raise NoRoomError("the drafts hold too much together: discard some of them below")
    draft = Draft(secrets.token_hex(8), safe_name(name))
    private_folder(draft.file.parent)
    try:
        with os.fdopen(
            os.open(draft.file, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb"
        ) as to:
            shutil.copyfileobj(file, to, 1 << 20)
    except OSError:
        forget_draft(draft)
        raise
    return write_draft(draft)


def safe_name(name: str) -> str:
    """Make a file's name fit for a path and a pattern: letters, digits, dots and dashes."""
    base = re.split(r"[/\\]", name)[-1]
    safe = re.sub(r"[^\w.-]+", "_", base, flags=re.ASCII).strip("._-")
    return safe[-100:] or "file"


def write_draft(draft: Draft) -> Draft:
    """Write a draft down, in one step."""
    write_private(draft.folder / DRAFT, json.dumps(asdict(draft), ensure_ascii=False, indent=2))
    return draft


def find_draft(name: str) -> Draft | None:
    """Read a draft by its id; None where there is none."""
    if not re.fullmatch("[0-9a-f]{16}", name):
        return None
    return _read(drafts_dir() / name / DRAFT)


def list_drafts() -> list[Draft]:
    """List all drafts, the one that was last used first."""
    found = [(path.stat().st_mtime, _read(path)) for path in drafts_dir().glob(f"*/{DRAFT}")]
    return [draft for _, draft in sorted(found, key=lambda f: -f[0]) if draft]


def _read(path: Path) -> Draft | None:
    try:
        told = json.loads(path.read_text(encoding="utf-8"))
        known = {each.name: told[each.name] for each in fields(Draft) if each.name in told}
        draft = replace(Draft(**known), answers=Answers(**told["answers"]))
    except (OSError, ValueError, TypeError, KeyError):
        return None
    return draft if draft.file.is_file() else None


def forget_draft(draft: Draft) -> None:
    """Remove a draft and its file; a feed that was saved stays."""
    shutil.rmtree(draft.folder, ignore_errors=True)


def forget_drafts(days: int = DAYS) -> int:
    """Remove what was not used for so many days; give how many drafts that were."""
    before = time.time() - days * 86_400
    old = []
    for folder in drafts_dir().glob("*"):
        used = folder / DRAFT
        if (used if used.exists() else folder).stat().st_mtime < before:
            old.append(folder)
    for folder in old:
        shutil.rmtree(folder, ignore_errors=True)
    return len(old)
