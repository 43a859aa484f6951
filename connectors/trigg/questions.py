"""Putting many questions to the platform, several at a time, patiently but not for ever."""

import threading
from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Generic, TypeVar

from connectors.trigg.errors import ApiError, Forbidden, Refused

__all__ = ["Answers", "Patience", "put_questions"]

Told = TypeVar("Told")

_LOOK = 0.1
"""Seconds between two looks whether to stop."""


@dataclass(frozen=True, slots=True)
class Patience:
    """How to ask; a question may be put again, for it changes nothing.

    Attributes:
        workers: questions at once.
        tries: how often one is put, at most.
        first_wait: seconds before it is put again; doubled each time.
        longest_wait: seconds at most, whatever the platform asks for.
        failures: questions without an answer in a row after which the rest is not put.
    """

    workers: int = 4
    tries: int = 4
    first_wait: float = 0.5
    longest_wait: float = 30.0
    failures: int = 5


@dataclass(frozen=True, slots=True)
class Answers(Generic[Told]):
    """What came of the questions.

    Attributes:
        told: the answers; a question that got none is not in it.
        error: why, for one of those; None if all were answered or it was told to stop.
    """

    told: dict[str, Told]
    error: ApiError | None


def put_questions(
    questions: Iterable[str],
    ask: Callable[[str], Told],
    patience: Patience,
    stop: threading.Event,
) -> Answers[Told]:
    """Ask each question in one of several threads.

    Returns when all are done, or soon after `stop` is set: then calls under way are left to
    themselves, in threads that do not keep the process from ending.

    Args:
        questions: each is asked once.
        ask: gives the answer, or raises ApiError.
        patience: how often and how many at a time.
        stop: set it to have it end.

    Raises:
        What `ask` raises that is no ApiError.
    """
    return _Round(questions, ask, patience, stop).run()


class _Round(Generic[Told]):
    def __init__(
        self,
        questions: Iterable[str],
        ask: Callable[[str], Told],
        patience: Patience,
        stop: threading.Event,
    ) -> None:
        self._waiting = deque(dict.fromkeys(questions))
        self._ask = ask
        self._patience = patience
        self._stop = stop
        self._lock = threading.Lock()
        self._over = threading.Event()
        self._told: dict[str, Told] = {}
        self._error: ApiError | None = None
        self._failures = 0
        self._broken: Exception | None = None

    def run(self) -> Answers[Told]:
        count = min(self._patience.workers, len(self._waiting))
        threads = [
            threading.Thread(target=self._work, name=f"ask-{number}", daemon=True)
            for number in range(count)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            while thread.is_alive() and not self._stop.is_set():
                thread.join(_LOOK)
        with self._lock:
            if self._broken is not None:
                raise self._broken
            return Answers(dict(self._told), self._error)

    def _work(self) -> None:
        while not (self._stop.is_set() or self._over.is_set()):
            try:
                question = self._waiting.popleft()
            except IndexError:
                return
            try:
                told = self._ask_again(question)
            except ApiError as error:
                self._count_failure(error)
            except Exception as error:  # noqa: BLE001  (raised by whoever waits)
                self._broken = error
                self._over.set()
            else:
                with self._lock:
                    self._told[question] = told
                    self._failures = 0

    def _ask_again(self, question: str) -> Told:
        wait = self._patience.first_wait
        for _ in range(self._patience.tries - 1):
            try:
                return self._ask(question)
            except (Forbidden, Refused):
                raise
            except ApiError as error:
                pause = wait if error.retry_after is None else error.retry_after
                if self._stop.wait(min(pause, self._patience.longest_wait)):
                    raise
            wait *= 2
        return self._ask(question)

    def _count_failure(self, error: ApiError) -> None:
        with self._lock:
            self._error = self._error or error
            self._failures += 1
            if isinstance(error, Forbidden) or self._failures >= self._patience.failures:
                self._over.set()
