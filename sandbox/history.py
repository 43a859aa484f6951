"""The receipts of each customer as they were last shown, so that only new ones are read again.

Stored receipts never change and come in order, so what was shown stays true; new ones are added
behind it. Kept compressed, the customers asked for longest ago forgotten first.
"""

import sqlite3
import threading
import zlib
from collections import OrderedDict

from sandbox.receipt_store import find_receipts
from sandbox.receipt_views import show_receipt

_MOST_BYTES = 64 * 1024 * 1024
_FAST = 1


class History:
    """What was shown of stored receipts, in bounded memory."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._size = 0
        self._forgotten = 0
        # By the customer's keys: the first line of the last receipt, and pieces of text.
        self._shown: OrderedDict[tuple[str, ...], tuple[int, tuple[bytes, ...]]] = OrderedDict()

    def show(self, sql: sqlite3.Connection, keys: set[str]) -> str:
        """Return the receipts of these customers, with commas between them; no receipt is ""."""
        customers = tuple(sorted(keys))
        with self._lock:
            last, pieces = self._shown.get(customers, (0, ()))
            forgotten = self._forgotten
        texts = [zlib.decompress(piece).decode() for piece in pieces]
        found = find_receipts(sql, customers, last)
        if found:
            text = ",".join([show_receipt(body) for _, body in found])
            texts.append(text)
            more = (*pieces, zlib.compress(text.encode(), _FAST))
            with self._lock:
                if forgotten == self._forgotten:
                    self._keep(customers, found[-1][0], more)
        return ",".join(texts)

    def forget(self, ids: set[str]) -> None:
        """Forget what was shown of the customers with these ids."""
        with self._lock:
            self._forgotten += 1
            for customers in [key for key in self._shown if not ids.isdisjoint(key)]:
                _, pieces = self._shown.pop(customers)
                self._size -= sum(map(len, pieces))

    def _keep(self, customers: tuple[str, ...], last: int, pieces: tuple[bytes, ...]) -> None:
        _, before = self._shown.pop(customers, (0, ()))
        self._shown[customers] = (last, pieces)
        self._size += sum(map(len, pieces)) - sum(map(len, before))
        while self._size > _MOST_BYTES:
            _, (_, forgotten) = self._shown.popitem(last=False)
            self._size -= sum(map(len, forgotten))
