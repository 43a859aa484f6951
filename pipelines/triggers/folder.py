"""The folder of an inbox: what lies there, in which order, and what is whole."""

from datetime import datetime
from fnmatch import fnmatchcase
from pathlib import Path

from connectors.files.arrivals import Arrival, list_arrivals
from pipelines import ROOT
from pipelines.feeds.dated import day_in, is_dated
from pipelines.feeds.source import PACKED
from pipelines.feeds.triggers import Inbox

__all__ = ["folder_of", "list_waiting", "marker_of", "put_in", "whole_later"]


def folder_of(words: Inbox) -> Path:
    """Give the folder of an inbox."""
    return (ROOT / words.folder).resolve()


def put_in(name: str, more: str) -> str:
    """Put a word before the suffixes of a name."""
    packed = next((each for each in PACKED if name.lower().endswith(each)), "")
    bare = name[: len(name) - len(packed)]
    stem, dot, suffix = bare.rpartition(".")
    return f"{stem}.{more}{dot}{suffix}{name[len(bare) :]}" if stem else f"{name}.{more}"


def whole_later(words: Inbox, arrival: Arrival, now: datetime) -> str:
    """Say what a file waits for until it is whole; empty if it is."""
    if words.done == "marker":
        marker = marker_of(arrival.path.parent, arrival.name, words)
        return "" if marker.exists() else f"waits for {marker.name}"
    left = words.stable_seconds - (now.timestamp() - arrival.changed)
    return f"is whole if nothing writes to it for {left:.0f} s more" if left > 0 else ""


def marker_of(folder: Path, name: str, words: Inbox) -> Path:
    """Give the marker that says that a file is whole."""
    return folder / f"{name}{words.marker_suffix}"


def list_waiting(words: Inbox) -> list[Arrival]:
    """List what lies in an inbox and nobody has taken: by its day, then oldest first.

    Raises:
        SourceError: the folder cannot be read.
    """

    def fits(name: str) -> bool:
        if words.done == "marker" and name.endswith(words.marker_suffix):
            return False
        if is_dated(words.pattern):
            return day_in(words.pattern, name) is not None
        return fnmatchcase(name, words.pattern)

    found = list_arrivals(folder_of(words), fits)
    return sorted(found, key=lambda each: str(day_in(words.pattern, each.name) or ""))
