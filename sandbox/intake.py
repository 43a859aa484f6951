"""Files that were taken in (202) and are worked through a moment later, also after a restart."""

import logging
import threading
import time
from collections import deque
from collections.abc import Callable

from sandbox.answers import Refusal
from sandbox.state import Change, State
from sandbox.strict_json import NotJsonError

_LOG = logging.getLogger("sandbox")
# Stores what a file of this format holds, and returns how many members that is.
Work = Callable[[Change, str, bytes], int]


class Intake:
    """Works through the files in the order in which they came, in a thread of its own."""

    def __init__(self, state: State, seconds: float, work: Work) -> None:
        self._state, self._seconds, self._work = state, seconds, work
        self._changed = threading.Condition()
        self._due: deque[tuple[float, int]] = deque()
        self._thread: threading.Thread | None = None
        self._is_closed = False
        with state.read() as sql:
            query = "SELECT number FROM files WHERE state = 'waiting' ORDER BY number"
            left = [number for (number,) in sql.execute(query)]
        for number in left:
            self._put(number)

    def add(self, form: str, content: bytes) -> None:
        """Take a file in; it is on the disk when this returns."""
        with self._state.write() as change:
            number = change.sql.execute(
                "INSERT INTO files (format, state, content) VALUES (?, 'waiting', ?)",
                (form, content),
            ).lastrowid
            change.count({"files.taken": 1})
        assert number is not None
        self._put(number)

    def close(self) -> None:
        """Stop after the file at hand; the next start goes on."""
        with self._changed:
            self._is_closed = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join()

    def _put(self, number: int) -> None:
        with self._changed:
            self._due.append((time.monotonic() + self._seconds, number))
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="sandbox-intake")
                self._thread.start()
            self._changed.notify()

    def _run(self) -> None:
        while (number := self._wait()) is not None:
            self._take(number)

    def _wait(self) -> int | None:
        with self._changed:
            while not self._is_closed:
                left = self._due[0][0] - time.monotonic() if self._due else None
                if left is not None and left <= 0:
                    return self._due.popleft()[1]
                self._changed.wait(left)
        return None

    def _take(self, number: int) -> None:
        try:
            with self._state.write() as change:
                query = "SELECT format, content FROM files WHERE number = ?"
                form, content = change.sql.execute(query, (number,)).fetchone()
                _end(change, number, "done", self._work(change, form, content), None)
        except Refusal as refusal:
            reason = str(refusal.detail)
        except NotJsonError as error:
            reason = f"the file is not JSON: {error}"
        except Exception as error:  # noqa: BLE001 - any bug ends one file, told without its values
            _LOG.error("a file failed: %s", type(error).__name__)
            reason = "the sandbox failed; its log says where"
        else:
            return
        with self._state.write() as change:
            _end(change, number, "failed", 0, reason)


def _end(change: Change, number: int, state: str, members: int, reason: str | None) -> None:
    change.sql.execute(
        "UPDATE files SET state = ?, members = ?, reason = ?, content = NULL WHERE number = ?",
        (state, members, reason, number),
    )
    change.count({f"files.{state}": 1})
