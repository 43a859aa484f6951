"""One request as the methods of the API see it: all of it read, none of it trusted."""

import re
from dataclasses import dataclass, field

from starlette.requests import Request

from sandbox.answers import Refusal
from sandbox.faults.chosen import Faults
from sandbox.faults.content import Content
from sandbox.faults.wire import Waits
from sandbox.history import History
from sandbox.intake import Intake
from sandbox.offers import Offers
from sandbox.settings import OnRepeat, Settings
from sandbox.state import State


@dataclass(frozen=True, slots=True)
class Call:
    """A request that carried the right key.

    Attributes:
        offers: what campaigns hold.
        intake: the files that wait to be worked through.
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
    offers: Offers
    intake: Intake
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

    @property
    def media(self) -> str:
        """The type of the body, without parameters."""
        return self.content_type.partition(";")[0].strip().lower()

    def json_text(self) -> str:
        """Return the body of a JSON request; raises as `text` does."""
        return self.text("application/json")

    def text(self, *allowed: str) -> str:
        """Return the body of a request of one of these types.

        Raises:
            Refusal: 400 for another content type, charset or encoding. Not 415: the contract lists
                400 for what a method does not take.
        """
        _, _, rest = self.content_type.partition(";")
        charset = re.fullmatch(r'\s*charset="?utf-8"?\s*', rest, re.IGNORECASE)
        if self.media not in allowed or (rest.strip() and not charset):
            raise Refusal(400, f"the content type must be {' or '.join(allowed)}, in UTF-8")
        self.require_plain()
        return decode(self.body)

    def require_plain(self) -> None:
        """Refuse with 400 a body with a content encoding."""
        if self.content_encoding not in ("", "identity"):
            raise Refusal(400, "a body with a content encoding is not taken: send it as it is")

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

    def require_preview(self) -> None:
        """Refuse with 404 when previews are switched off: they may vanish without notice."""
        if "previews" not in self.settings.activated:
            raise Refusal(404, "this method is a preview, and previews are switched off")


def decode(body: bytes) -> str:
    """Return the text of a body in UTF-8; raises a 400 for any other."""
    try:
        return body.decode()
    except UnicodeDecodeError as error:
        raise Refusal(400, f"the body is not UTF-8: byte {error.start}") from None


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
