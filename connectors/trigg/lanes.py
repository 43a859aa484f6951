"""The connections of one client: who has which, and which are too late."""

import math
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import httpx

from connectors.trigg.lane import Lane

__all__ = ["Lanes"]


class Lanes:
    """Hands out connections, each to one thread at a time, and cuts those that are too late.

    Args:
        count: connections at once, opened when first needed.
        connect: makes one.
        total: seconds that one exchange may take. A read timeout alone does not bound it: an
            answer may drip in a byte at a time, and a request leave like that.
    """

    def __init__(self, count: int, connect: Callable[[], Lane], total: float) -> None:
        self._connect = connect
        self._total = total
        self._unopened = count
        self._free: list[Lane] = []
        self._flying: set[Lane] = set()
        self._closed = ""
        lock = threading.Lock()
        self._lock = lock
        self._freed = threading.Condition(lock)
        self._began = threading.Condition(lock)
        self._watcher: threading.Thread | None = None

    @contextmanager
    def borrow(self, patience: float) -> Iterator[Lane]:
        """Lend a connection for one exchange.

        Raises:
            httpx.PoolTimeout: none was free within `patience` seconds.
            httpx.ConnectError: they are closed.
        """
        lane = self._take(patience)
        try:
            yield lane
        finally:
            with self._lock:
                self._flying.discard(lane)
                if not self._closed:
                    self._free.append(lane)
                    self._freed.notify()
                closed = self._closed
            if closed:
                lane.http.close()

    def close(self, why: str = "the client is closed", *, cut: bool = False) -> None:
        """Take back the free connections, and each other one when its exchange ends.

        Args:
            why: what later calls are told.
            cut: end the exchanges under way now.
        """
        with self._lock:
            self._closed = why
            idle, self._free = self._free, []
            for lane in self._flying if cut else ():
                lane.end(why)
            self._freed.notify_all()
            self._began.notify_all()
        for lane in idle:
            lane.http.close()

    def _take(self, patience: float) -> Lane:
        with self._lock:
            if not self._freed.wait_for(self._has_news, patience):
                raise httpx.PoolTimeout("no free connection")
            if self._closed:
                raise httpx.ConnectError(self._closed)
            if self._free:
                # The one used last: the others may rest until they are closed.
                lane = self._free.pop()
            else:
                lane = self._connect()
                self._unopened -= 1
            lane.begin(time.monotonic() + self._total)
            self._flying.add(lane)
            if self._watcher is None:
                self._watcher = threading.Thread(target=self._watch, name="deadline", daemon=True)
                self._watcher.start()
            elif len(self._flying) == 1:
                self._began.notify()
            return lane

    def _has_news(self) -> bool:
        return bool(self._closed or self._free or self._unopened)

    def _watch(self) -> None:
        with self._lock:
            while self._flying or not self._closed:
                now = time.monotonic()
                for lane in self._flying:
                    if lane.deadline <= now:
                        lane.end(f"no end of the exchange within {self._total:g} s")
                # Later ones have later deadlines, so nobody need wake it for them.
                first = min((lane.deadline for lane in self._flying), default=math.inf)
                self._began.wait(first - now if first < math.inf else None)
