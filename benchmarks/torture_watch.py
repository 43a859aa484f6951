"""A client that watches what leaves: is anything ambiguous sent again before it was asked about?"""

import json
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field

from torture_report import Key

from connectors.trigg.account import Account
from connectors.trigg.client import Answer, Client
from connectors.trigg.errors import ApiError, Refused, Unclear
from connectors.trigg.taken import taken_ids


@dataclass
class Memory:
    """What was seen, over several clients.

    Attributes:
        unsure: receipts of which the last request was ambiguous and whose customer was not asked
            about since, and who that is.
        posts, asks: requests that were answered or not.
        ambiguous: posts after which nobody knows of some receipt.
        resent: receipts that were sent while they were unsure.
    """

    unsure: dict[Key, str] = field(default_factory=dict)
    posts: int = 0
    asks: int = 0
    ambiguous: int = 0
    resent: int = 0
    lock: threading.Lock = field(default_factory=threading.Lock)

    def begin(self, sent: Mapping[Key, str]) -> None:
        """A request leaves: until it is answered, nobody knows."""
        with self.lock:
            self.posts += 1
            self.resent += len(sent.keys() & self.unsure.keys())
            self.unsure |= sent

    def end(self, sent: Mapping[Key, str], answered: set[Key]) -> None:
        """It has ended, and of these receipts it is known what became of them."""
        with self.lock:
            self.ambiguous += answered != sent.keys()
            for key in answered:
                self.unsure.pop(key, None)

    def asked(self, customer: str) -> None:
        """The platform has told all it holds of a customer."""
        with self.lock:
            self.asks += 1
            for key in [key for key, whose in self.unsure.items() if whose == customer]:
                del self.unsure[key]


class Watched(Client):
    """A client whose requests are remembered."""

    def __init__(self, account: Account, memory: Memory) -> None:
        super().__init__(account, in_flight=4)
        self._memory = memory

    def post(self, path: str, body: bytes, content_type: str = "application/json") -> Answer:
        """Send a body; what the answer leaves open is unsure."""
        sent = dict(_read_keys(body))
        self._memory.begin(sent)
        answered: set[Key] = set()
        try:
            answer = super().post(path, body, content_type)
            named = taken_ids(answer.body)
            answered = {key for key in sent if named is None or key[1] in named}
        except Unclear:
            raise
        except ApiError:
            answered = set(sent)
            raise
        finally:
            self._memory.end(sent, answered)
        return answer

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Answer:
        """Ask about a customer; 404 is an answer too."""
        try:
            answer = super().get(path, params)
        except Refused as refused:
            if refused.status == 404:
                self._memory.asked(path.rpartition("/")[2])
            raise
        self._memory.asked(path.rpartition("/")[2])
        return answer


def _read_keys(body: bytes) -> Iterator[tuple[Key, str]]:
    """Give each receipt of a request, and whose it is."""
    for receipt in json.loads(body)["ReceiptRequests"]:
        head, kind = receipt["Header"], receipt["Items"][0].get("TransactionType", "PURCHASE")
        yield (head["StoreId"], head["ReceiptId"], kind), head["ConsumerId"]
