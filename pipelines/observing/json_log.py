"""A log of one JSON object a line, for those who gather logs."""

import json
import os
import sys
from datetime import UTC, datetime
from pathlib import Path

from pipelines.observing.telling import Event

__all__ = ["JsonLog"]

STREAM = {"json", "-"}
"""Settings that mean stderr."""


class JsonLog:
    """Writes events to stderr, or to the end of a file of its owner's only.

    The file is opened for each line, so that it may be rotated at any time, and several
    processes may write to one.
    """

    def __init__(self, where: str) -> None:
        self._path = None if where in STREAM else Path(where)

    def hear(self, event: Event) -> None:
        """Write a line."""
        at = datetime.fromtimestamp(event.at, UTC).isoformat(timespec="milliseconds")
        told = {
            "time": at.replace("+00:00", "Z"),
            "level": _level(event),
            "event": event.name,
            "run": event.run,
            "feed": event.feed,
            **event.facts,
        }
        line = json.dumps(told, ensure_ascii=False) + "\n"
        if self._path is None:
            sys.stderr.write(line)
            sys.stderr.flush()
            return
        file = os.open(self._path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
        try:
            os.write(file, line.encode())
        finally:
            os.close(file)

    def flush(self) -> None:
        """Nothing is held back."""


def _level(event: Event) -> str:
    facts = event.facts
    if event.name == "run.dead" or facts.get("state") == "failed":
        return "error"
    careful = event.name == "waiting" or facts.get("outcome") in {"in_doubt", "rejected"}
    return "warning" if careful or facts.get("exit_code", 0) in {4, 5} else "info"
