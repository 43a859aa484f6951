"""Many questions, several at a time, each asked until it is answered or cannot be.

The rules of delivery hold (`delivery.policy`, `delivery.pace`), but a question may be asked again
without a thought.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from threading import Event
from typing import Generic, TypeVar

from connectors.trigg.errors import ApiError, Busy, Forbidden, Refused, Unreachable
from connectors.trigg.reports import BadReport
from delivery.pace import Pace
from delivery.policy import Policy
from delivery.workers import Workers
from pipelines.exports.reading.source import Stopped

__all__ = ["Asker"]

Job = TypeVar("Job")
Result = TypeVar("Result")

_TICK = 0.25
"""Seconds after which a loop that waits looks around again."""
_FEW = 3
"""Tries where more would not help: nobody has answered yet, or what came was no use."""


@dataclass(frozen=True, slots=True, order=True)
class _Ask(Generic[Job]):
    """A question: when it is due, in which order it came, which try it is."""

    due: float
    place: int
    tries: int
    job: Job


class Asker(Generic[Job, Result]):
    """Asks questions in threads and gives the answers as they come, in no order.

    Args:
        call: asks one question, in a thread, and gives what is made of the answer.
        policy: how many at once, and how patiently.
        stop: set from outside to end in good order.
        waiting: told why nothing is asked just now, such as `12 s: 429 Too Many Requests`.
    """

    def __init__(
        self,
        call: Callable[[Job], Result],
        policy: Policy,
        stop: Event,
        waiting: Callable[[str], None] = lambda _: None,
    ) -> None:
        self._call = call
        self._policy = policy
        self._stop = stop
        self._waiting = waiting
        self._pace = Pace(policy)
        self._heard = False
        self._got_on = 0.0
        self._trouble = ""

    def ask(self, jobs: Iterable[Job]) -> Iterator[tuple[Job, Result]]:
        """Ask all of them.

        Raises:
            Forbidden, Refused: at once; asking again would not help.
            ApiError, BadReport: after as many tries as the policy allows.
            Stopped: told to stop. Before any of these, what is in flight is waited for.
        """
        fresh = (_Ask(0.0, place, 1, job) for place, job in enumerate(jobs))
        upcoming = next(fresh, None)
        again: list[_Ask[Job]] = []
        self._got_on = time.monotonic()
        with Workers[_Ask[Job], Result](
            self._policy.in_flight, lambda ask: self._call(ask.job)
        ) as workers:
            while upcoming or again or workers.flying:
                now = time.monotonic()
                failed: Exception | None = Stopped() if self._stop.is_set() else None
                while not failed and workers.flying < self._pace.allowed(now):
                    if again and again[0].due <= now:
                        workers.start(heappop(again))
                    elif upcoming:
                        workers.start(upcoming)
                        upcoming = next(fresh, None)
                    else:
                        break
                if not workers.flying and not failed:
                    self._rest(again, now)
                for ask, result in workers.wait(_TICK):
                    if not isinstance(result, Exception):
                        self._heard, self._got_on = True, time.monotonic()
                        self._pace.answered()
                        yield ask.job, result
                    elif self._may_repeat(result, ask.tries):
                        due = self._slow_down(result, ask.tries)
                        heappush(again, replace(ask, due=due, tries=ask.tries + 1))
                    else:
                        failed = failed or result
                if failed:
                    yield from self._drain(workers)
                    raise failed

    def _may_repeat(self, error: Exception, tries: int) -> bool:
        if isinstance(error, (Forbidden, Refused)) or not isinstance(error, (ApiError, BadReport)):
            return False
        status = error.status if isinstance(error, ApiError) else 200
        if status and 300 <= status < 400:
            return False  # a redirect stays one
        useless = status == 200 or (isinstance(error, Unreachable) and not self._heard)
        most = _FEW if useless else self._policy.attempts
        return tries < most and time.monotonic() - self._got_on < self._policy.deadline

    def _slow_down(self, error: Exception, tries: int) -> float:
        """Ask less, as the failure wants it; give when to ask again."""
        now = time.monotonic()
        self._trouble = error.reason if isinstance(error, ApiError) else "a page that is none"
        if isinstance(error, Busy):
            self._pace.busy(now, error.retry_after, tries)
            return now
        self._pace.failed(now)
        return now + self._pace.back_off(tries)

    def _rest(self, again: list[_Ask[Job]], now: float) -> None:
        until = max(self._pace.until, again[0].due if again else now)
        if until - now > _TICK:
            self._waiting(f"{until - now:.0f} s: {self._trouble}")
        self._stop.wait(min(_TICK, max(until - now, 0.0)))

    def _drain(self, workers: Workers[_Ask[Job], Result]) -> Iterator[tuple[Job, Result]]:
        """Wait for what is in flight; what comes need not be asked for next time."""
        until = time.monotonic() + self._policy.drain
        while workers.flying and time.monotonic() < until:
            for ask, result in workers.wait(_TICK):
                if not isinstance(result, Exception):
                    yield ask.job, result
