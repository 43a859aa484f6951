"""Long work behind a page: one at a time for each draft, and how far it is."""

import threading
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any

from pipelines.failures import classify, is_failure, keep_trace
from pipelines.progress import Step
from pipelines.settings import state_dir

__all__ = ["Job", "JobFailedError", "Jobs"]

Work = Callable[["Job"], Any]
BEGUN = Step("starting")


class JobFailedError(Exception):
    """A job gave nothing. The message is the line that says why."""


@dataclass
class Job:
    """Work under way, or done.

    Attributes:
        kind: what it does, a word of the pages: `check`, `plan`, `load`.
        of: what it was begun for, to know it again.
        step: where it is.
        result: what it gave.
        error: the line that says why it gave nothing.
        stop: asks it to end in good order, where it can.
    """

    kind: str
    of: str = ""
    step: Step = BEGUN
    result: Any = None
    error: str = ""
    stop: Callable[[], None] = lambda: None
    done: threading.Event = field(default_factory=threading.Event)

    def tell(self, step: Step) -> None:
        """Note where it is."""
        self.step = step


class Jobs:
    """The last job of each draft."""

    def __init__(self) -> None:
        self._jobs: dict[str, Job] = {}
        self._threads: list[threading.Thread] = []
        self._lock = threading.Lock()

    def find(self, draft: str, kind: str, of: str = "") -> Job | None:
        """Give the job of a draft, if its last one is of this kind, and for this."""
        job = self._jobs.get(draft)
        return job if job and job.kind == kind and of in {"", job.of} else None

    def running(self, draft: str) -> Job | None:
        """Give the job of a draft that is not done."""
        job = self._jobs.get(draft)
        return job if job and not job.done.is_set() else None

    def start(self, draft: str, kind: str, work: Work, of: str = "", wait: float = 0) -> Job:
        """Begin a job, unless one of the draft is under way; that one is given then.

        Args:
            draft: its id.
            kind: what the job does.
            work: does it; what it gives or raises is the job's result or error.
            of: what it is begun for.
            wait: so many seconds, since most are quick.
        """
        with self._lock:
            job = self.running(draft)
            if job is None:
                job = self._jobs[draft] = Job(kind, of)
                thread = threading.Thread(target=_do, args=(job, work), name=f"{kind} {draft}")
                self._threads = [t for t in self._threads if t.is_alive()]
                self._threads.append(thread)
                thread.start()
        job.done.wait(wait)
        return job

    def forget(self, draft: str) -> None:
        """Forget what a draft's last job gave."""
        with self._lock:
            if self.running(draft) is None:
                self._jobs.pop(draft, None)

    def end(self) -> None:
        """Ask all to end in good order, and wait for it."""
        for job in self._jobs.values():
            with suppress(OSError):
                job.stop()
        for thread in self._threads:
            thread.join()


def _do(job: Job, work: Work) -> None:
    try:
        job.result = work(job)
    except JobFailedError as error:
        job.error = str(error)
    except BaseException as error:  # noqa: BLE001  (it becomes a line on a page, whatever it is)
        known = classify(error) if is_failure(error) else None
        job.error = known[0] if known else keep_trace(error, state_dir())
    finally:
        job.done.set()
