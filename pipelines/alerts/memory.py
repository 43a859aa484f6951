"""What each way was told: `.state/alerts/told.json`, one file that never grows beyond what is.

Of a way only a keyed hash of its address is kept, and what it is in words.
"""

import fcntl
import json
import os
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import Any

from pipelines.alerts.facts import Condition
from pipelines.publishing import sync
from pipelines.settings import private_folder, state_dir

__all__ = ["Busy", "WayMemory", "alone", "read_memory", "write_memory"]

FILE, LOCK = "told.json", ".lock"


class Busy(Exception):  # noqa: N818  (says what was met)
    """Another process is telling, and has not come to an end."""


@dataclass(frozen=True, slots=True)
class WayMemory:
    """What one way was told.

    Attributes:
        shown: what it is.
        told: the conditions it knows of, by their keys, as they were told first.
        failed: how often in a row it could not be told; `why`, and not tried again before `again`,
            Unix seconds.
    """

    shown: str
    told: Mapping[str, Condition] = field(default_factory=dict)
    failed: int = 0
    why: str = ""
    again: float = 0.0


def folder() -> Path:
    """Give the folder of the memory, for its owner only."""
    return private_folder(state_dir() / "alerts")


@contextmanager
def alone(wait: float) -> Iterator[None]:
    """Keep other processes from looking and telling at the same time.

    Raises:
        Busy: one is at it for longer than `wait` seconds.
    """
    lock = os.open(folder() / LOCK, os.O_CREAT | os.O_RDWR, 0o600)
    until = time.monotonic() + wait
    try:
        while True:
            try:
                fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
                break
            except BlockingIOError:
                if time.monotonic() > until:
                    raise Busy("another process is telling still") from None
                time.sleep(0.2)
        yield
    finally:
        os.close(lock)


def read_memory() -> dict[str, WayMemory]:
    """Read what each way was told; a file that cannot be read is none, and all is told anew."""
    with suppress(OSError, ValueError, TypeError, KeyError, AttributeError):
        told = json.loads((state_dir() / "alerts" / FILE).read_text(encoding="utf-8"))
        return {name: _way(way) for name, way in told["ways"].items()}
    return {}


def write_memory(ways: Mapping[str, WayMemory]) -> None:
    """Write it in one step."""
    path = folder() / FILE
    fresh = path.with_name(f".{FILE}")
    text = json.dumps({"ways": {name: asdict(way) for name, way in ways.items()}}, indent=1)
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
        file.write(text + "\n")
    sync(fresh)
    fresh.replace(path)


def _way(told: dict[str, Any]) -> WayMemory:
    known = {key: Condition(**_known(one)) for key, one in told.pop("told").items()}
    return WayMemory(told=known, **told)


def _known(told: dict[str, Any]) -> dict[str, Any]:
    """Leave out what another version may have written."""
    names = {each.name for each in fields(Condition)}
    return {name: fact for name, fact in told.items() if name in names}
