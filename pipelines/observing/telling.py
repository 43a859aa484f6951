"""Telling whoever listens what happens in a run."""

import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from importlib.util import find_spec
from typing import Protocol

from pipelines.settings import get_setting

__all__ = ["Event", "Fact", "Listener", "flush", "listeners", "tell"]

Fact = str | int | float | bool


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened.

    Attributes:
        name: what, as in docs/observability.md: `step.begun`, `step.ended`, `batch`, …
        run, feed: whose.
        facts: numbers and closed words; never a value of a record.
        at: Unix seconds.
    """

    name: str
    run: str
    feed: str
    facts: dict[str, Fact] = field(default_factory=dict)
    at: float = field(default_factory=time.time)


class Listener(Protocol):
    """Somebody who is told."""

    def hear(self, event: Event) -> None:
        """Take an event: quick, as it may come a hundred times a second."""

    def flush(self) -> None:
        """Pass on what was held back; a step has ended."""


_listening: dict[tuple[str, ...], list[Listener]] = {}
_NAMES = ("LOYALTY_ETL_LOG", "LOYALTY_ETL_METRICS", "OTEL_EXPORTER_OTLP_ENDPOINT")
_told: set[str] = set()


def tell(name: str, run: str, feed: str, **facts: Fact) -> None:
    """Tell an event to all who listen. What goes wrong there breaks nothing here."""
    heard = listeners()
    if heard:
        event = Event(name, run, feed, facts)
        for listener in heard:
            _try(lambda listener=listener: listener.hear(event), listener)  # type: ignore[misc]


def flush() -> None:
    """Have all who listen pass on what they hold."""
    for listener in listeners():
        _try(listener.flush, listener)


def listeners() -> list[Listener]:
    """Give those who listen, as the settings are now."""
    settings = tuple(get_setting(name) for name in _NAMES)
    if settings not in _listening:
        _listening[settings] = [*_make(*settings)] if any(settings) else []
    return _listening[settings]


def _make(log: str, metrics: str, traces: str) -> list[Listener]:
    made: list[Listener] = []
    if log:
        from pipelines.observing.json_log import JsonLog  # noqa: PLC0415  (few need it)

        made.append(JsonLog(log))
    if metrics and find_spec("prometheus_client") is None:
        _warn("LOYALTY_ETL_METRICS needs the extra `observe`; no metrics are written")
    elif metrics:
        from pipelines.observing.totals import Totals  # noqa: PLC0415  (few need it)

        made.append(Totals())
    if traces:
        try:
            from pipelines.observing.traces import Traces  # noqa: PLC0415  (an extra)
        except ImportError:
            _warn("OTEL_EXPORTER_OTLP_ENDPOINT needs the extra `observe`; no traces are sent")
        else:
            made.append(Traces())
    return made


def _try(call: Callable[[], None], listener: Listener) -> None:
    try:
        call()
    except Exception as error:  # noqa: BLE001  (a full disk of the log must not break a load)
        why = getattr(error, "strerror", None) or type(error).__name__
        _warn(f"{type(listener).__name__} cannot be kept: {why}; the run goes on")


def _warn(line: str) -> None:
    """Say it on stderr, once in a process."""
    if line not in _told:
        _told.add(line)
        sys.stderr.write(f"loyalty-etl: {line}\n")
