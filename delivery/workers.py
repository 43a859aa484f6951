"""Threads that make the calls while one other thread decides."""

import threading
from collections.abc import Callable
from queue import Empty, SimpleQueue
from types import TracebackType
from typing import Generic, Self, TypeVar

Job = TypeVar("Job")
Result = TypeVar("Result")


class Workers(Generic[Job, Result]):
    """Runs calls in threads and hands back what they gave or raised.

    The threads are daemons: a call that hangs can't keep the process from ending. Whoever leaves
    while calls are under way gives them up, and must have written down that they were begun.
    """

    def __init__(self, count: int, call: Callable[[Job], Result]) -> None:
        self._call = call
        self._jobs: SimpleQueue[Job | None] = SimpleQueue()
        self._done: SimpleQueue[tuple[Job, Result | Exception]] = SimpleQueue()
        self._count = count
        self.flying = 0

    def __enter__(self) -> Self:
        for number in range(self._count):
            threading.Thread(target=self._work, name=f"send-{number}", daemon=True).start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        for _ in range(self._count):
            self._jobs.put(None)

    def start(self, job: Job) -> None:
        """Have a job done."""
        self.flying += 1
        self._jobs.put(job)

    def wait(self, seconds: float) -> list[tuple[Job, Result | Exception]]:
        """Give the jobs that are done, with what the call gave or raised.

        Waits for the first of them at most so many seconds.
        """
        done: list[tuple[Job, Result | Exception]] = []
        while self.flying:
            try:
                done.append(self._done.get(block=not done, timeout=seconds))
            except Empty:
                break
            self.flying -= 1
        return done

    def _work(self) -> None:
        while (job := self._jobs.get()) is not None:
            try:
                self._done.put((job, self._call(job)))
            except Exception as error:  # noqa: BLE001  (handed to whoever waits)
                self._done.put((job, error))


__all__ = ["Workers"]
