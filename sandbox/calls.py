"""One request as the methods of the API see it: all of it read, none of it trusted."""

import re
from dataclasses import dataclass, field

from starlette.requests import Request

from sandbox.answers import Refusal
from sandbox.faults.chosen import Faults
from sandbox.faults.content import Content
from sandbox.faults.wire import Waits
from sandbox.history import History
from sandbox.settings import OnRepeat, Settings
from sandbox.state import State


@dataclass(frozen=True, slots=True)
class Call:
    """A request that carried the right key.

    Attributes:
        history: what was shown of stored receipts.
        faults: what goes wrong on purpose.
        waits: what waits on purpose.
        path: the parameters found in the path.
        query: the query parameters, in order.
        on_repeat: what happens to a receipt that is stored already.
        content: the rules on what this request holds.
        half: whether only the first half of a batch is to be stored, once all of it was judged.
    """

    state: State
    settings: Settings
    history: History
    faults: Faults
    waits: Waits
    path: dict[str, str]
    query: list[tuple[str, str]]
    content_type: str
    content_encoding: str
    body: bytes
    on_repeat: OnRepeat
    content: Content = field(default_factory=Content)
    half: bool = False

    def json_text(self) -> str:
        """Return the body of a JSON request.

        Raises:
            Refusal: 400 for another content type, charset or encoding. Not 415: the contract lists
                400 for what a method does not take.
        """
        media, _, rest = self.content_type.partition(";")
        charset = re.fullmatch(r'\s*charset="?utf-8"?\s*', rest, re.IGNORECASE)
        if media.strip().lower() != "application/json" or (rest.strip() and not charset):
            raise Refusal(400, "the content type must be application/json, in UTF-8")
        if self.content_encoding not in ("", "identity"):
            raise Refusal(400, "a body with a content encoding is not taken: send it as it is")
        try:
            return self.body.decode()
        except UnicodeDecodeError as error:
            raise Refusal(400, f"the body is not UTF-8: byte {error.start}") from None

    def read_query(self, *allowed: str) -> dict[str, str]:
        """Return the query parameters.

        Raises:
            Refusal: 400 for a parameter that the method does not have, or that stands twice.
        """
        found = dict(self.query)
        if not found.keys() <= set(allowed) or len(found) != len(self.query):
            takes = ", ".join(allowed) or "none"
            raise Refusal(400, f"query parameters, each at most once: {takes}")
        return found

    def require_activation(self, method: str) -> None:
        """Refuse with 403 when this method is not set up for the client."""
        if method not in self.settings.activated:
            raise Refusal(403, f"{method} is not activated and configured for this client")


async def read_body(request: Request, limit: int) -> bytes:
    """Return the body, never holding more than `limit` bytes and one chunk.

    Raises:
        Refusal: 413 when it is longer.
    """
    chunks, size = [], 0
    async for chunk in request.stream():
        size += len(chunk)
        if size > limit:
            raise Refusal(413, f"the body is longer than {limit} bytes")
        chunks.append(chunk)
    return b"".join(chunks)
