"""Where a load reads: a path below the project, or a copy of what a URL names."""

import json
import os
import shutil
from collections.abc import Sequence
from datetime import UTC, date, datetime
from fnmatch import fnmatchcase
from functools import partial
from pathlib import Path
from typing import Any

from connectors.files import FileSource, Limits, check_paths, list_labels
from connectors.files.arrivals import last_written
from connectors.files.fetching import fetch, hide_password, is_at, is_url
from connectors.files.stores import show_url
from pipelines import ROOT
from pipelines.feeds import LoadFeed
from pipelines.feeds.dated import fill, is_dated
from pipelines.feeds.source import Source, SourceLimits
from pipelines.feeds.triggers import FileDays
from pipelines.progress import Progress, Step, quiet

FETCHED, LABELS = "fetched", "files.json"


def resolve_source(source: str) -> str:
    """Give a source's full path, or its URL as it is."""
    return hide_password(source) if is_url(source) else str((ROOT / source).resolve())


def path_of(words: Source, days: FileDays | None, day: date | None = None) -> str:
    """Give the path that a feed reads; of one with days that of a day, by default of the newest."""
    if days is None or not is_dated(words.path):
        return words.path
    return fill(words.path, day or days.newest_day(datetime.now(UTC)))


def day_of_run(feed: LoadFeed, source: str, day: str) -> date | None:
    """Give the day that a run is for; None of a feed without days, and of a file from elsewhere.

    Args:
        feed: its words.
        source: a file instead of the feed's own, or nothing.
        day: the day, ISO; the newest if that is empty.

    Raises:
        WindowError: the feed has no file of that day.
    """
    if feed.partitions is None or (source and not day):
        return None
    now = datetime.now(UTC)
    newest = feed.partitions.newest_day(now)
    return feed.partitions.check(date.fromisoformat(day), now) if day else newest


def is_there(source: str) -> bool:
    """Tell whether there is any file at a full path, a pattern or a URL.

    Raises:
        SourceError: nobody can tell.
    """
    return is_at(source) if is_url(source) else last_written(Path(source)) is not None


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


def file_source(
    words: Source,
    path: Path,
    columns: Sequence[str],
    **more: Any,  # noqa: ANN401  (fields of one class)
) -> FileSource:
    """Say how to read columns of a file that a feed's words describe.

    Args:
        words: under `source`.
        path: of the file, or of its copy.
        columns: the columns wanted.
        more: what else `FileSource` takes.

    Raises:
        SourceError: the paths do not go together, or are none.
    """
    source = FileSource(
        path=path,
        format=words.kind,
        columns=tuple(columns),
        record=words.record,
        items=words.items,
        delimiter=words.delimiter,
        quote=words.quote,
        header=tuple(words.header) if words.header else None,
        skip_lines=words.skip_lines,
        fields=words.fields,
        sheet=words.sheet,
        member=words.member,
        encoding=words.encoding,
        limits=limits_of_source(words.limits),
        **more,
    )
    check_paths(source)
    return source


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
