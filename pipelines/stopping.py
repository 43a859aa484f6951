"""Ending in good order: the first signal asks for it, the second insists; so does a feed's time."""

import signal
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

from pipelines.progress import Progress, Step

__all__ = ["Stop", "TimeIsUp", "heard", "in_time", "told_to_stop"]

heard = threading.Event()
"""Set once a signal has told this process to end: no step of a run is begun any more.

A process that does several runs takes it back before each.
"""


class Stop(threading.Event):
    """Set to end in good order; `reason` says why, in words."""

    reason = "told to stop"

    def run_out(self, minutes: float) -> None:
        """Set it, since the feed's time is up."""
        if not self.is_set():
            self.reason = _time_is_up(minutes)
            self.set()


class TimeIsUp(Exception):  # noqa: N818  (says what happened)
    """A source was not read to its end in the feed's time. Nothing was sent."""

    def __init__(self, minutes: float) -> None:
        super().__init__(f"{_time_is_up(minutes)} before all was read; nothing was sent")


@contextmanager
def told_to_stop(minutes: float | None = None, used: float = 0.0) -> Iterator[Stop]:
    """Give an event that SIGINT or SIGTERM sets, instead of breaking off whatever is under way.

    A second signal raises KeyboardInterrupt. Handlers can be set in the main thread only; in
    others the event is set by no signal.

    Args:
        minutes: how long a run of the feed may take, after which it is set too.
        used: seconds of them that have passed.
    """
    stop = Stop()
    timer = None
    if minutes is not None:
        timer = threading.Timer(max(0.0, minutes * 60 - used), stop.run_out, (minutes,))
        timer.daemon = True
        timer.start()

    signals = 0

    def handle(_signal: int, _frame: FrameType | None) -> None:
        nonlocal signals
        signals += 1
        if signals > 1:
            raise KeyboardInterrupt
        heard.set()
        stop.set()

    here = threading.current_thread() is threading.main_thread()
    numbers = (signal.SIGINT, signal.SIGTERM) if here else ()
    before = {number: signal.signal(number, handle) for number in numbers}
    try:
        yield stop
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
        if timer is not None:
            timer.cancel()


def in_time(progress: Progress, minutes: float | None) -> Progress:
    """Give a progress function that breaks a step off once the feed's time is up.

    Raises:
        TimeIsUp: from the function that is given.
    """
    if minutes is None:
        return progress
    until = time.monotonic() + minutes * 60

    def tell(step: Step) -> None:
        if time.monotonic() >= until:
            raise TimeIsUp(minutes)
        progress(step)

    return tell


def _time_is_up(minutes: float) -> str:
    return f"its time is up (timeout_minutes: {minutes:g})"
