"""Where a load reads: a path below the project, or a copy of what a URL names."""

import json
import os
import shutil
from collections.abc import Sequence
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path

from connectors.files import FileSource, Limits, list_labels
from connectors.files.fetching import fetch, hide_password, is_url
from connectors.files.stores import show_url
from pipelines import ROOT
from pipelines.feeds.source import SourceLimits
from pipelines.progress import Progress, Step, quiet

FETCHED, LABELS = "fetched", "files.json"


def resolve_source(source: str) -> str:
    """Give a source's full path, or its URL as it is."""
    return hide_password(source) if is_url(source) else str((ROOT / source).resolve())


def limits_of_source(words: SourceLimits) -> Limits:
    """Say what a source may take."""
    return Limits(
        file_bytes=words.file_mb << 20,
        unpacked_bytes=words.unpacked_mb << 20,
        ratio=words.ratio,
        members=words.members,
        record_bytes=words.record_mb << 20,
        field_chars=words.field_chars,
        depth=words.depth,
        attributes=words.attributes,
    )


def bring(source: str, folder: Path, limits: SourceLimits, progress: Progress = quiet) -> Path:
    """Give the path to read of a source: its own, or of a copy that is fetched into the folder.

    Raises:
        SourceError: it cannot be fetched.
    """
    if not is_url(source):
        return Path(source)
    shutil.rmtree(folder / FETCHED, ignore_errors=True)
    return fetch(
        source, folder / FETCHED, limits_of_source(limits), partial(_tell_fetching, progress)
    )


def _tell_fetching(progress: Progress, done: int, total: int) -> None:
    progress(Step("fetching", done, total))


def find_brought(source: str, folder: Path) -> Path:
    """Give the path that `bring` gave for a source."""
    if not is_url(source):
        return Path(source)
    copies = folder / FETCHED
    single = copies / source.rpartition("/")[2]
    return single if single.is_file() else copies


def label_parts(source: FileSource, told: str = "") -> list[str]:
    """Name the parts of a source, as what was told rather than by the path of a copy.

    Raises:
        SourceError: they cannot be listed.
    """
    labels = list_labels(source)
    if not is_url(told):
        return labels
    path, shown = str(source.path), show_url(told)
    if source.path.is_dir():
        shown = shown.rpartition("/")[0]
    return [shown + label.removeprefix(path) for label in labels]


def is_part(label: str, source: str) -> bool:
    """Tell whether a name is that of a part of a source."""
    shown = show_url(source) if is_url(source) else source
    below = label.startswith((f"{shown}/", f"{shown}!"))
    return label == shown or below or fnmatchcase(label.partition("!")[0], shown)


def keep_labels(folder: Path, labels: Sequence[str]) -> None:
    """Write down the names of a source's parts, for when the load ends."""
    path = folder / LABELS
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT, 0o600), "w") as file:
        json.dump(list(labels), file, ensure_ascii=True)


def read_labels(folder: Path, source: str) -> list[str]:
    """Read them; a source without them is one file."""
    path = folder / LABELS
    if not path.exists():
        return [source]
    labels: list[str] = json.loads(path.read_text())
    return labels


def forget_copies(folder: Path) -> None:
    """Remove the copies of a source that lay elsewhere, and the names of its parts."""
    shutil.rmtree(folder / FETCHED, ignore_errors=True)
    (folder / LABELS).unlink(missing_ok=True)
