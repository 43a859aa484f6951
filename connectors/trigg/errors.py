"""What can go wrong with a request, classed by what to do next.

    ApiError
    ├── Unreachable   nothing left this machine (connect, DNS, TLS)   → retry
    ├── Busy          429: the platform asks to wait                  → retry after `retry_after`
    ├── Refused       a definite no to this request (400, 404, 409 …) → reject the record
    ├── Forbidden     401, 403: no to everything from this account    → stop the run
    └── Unclear       it may have been stored: a timeout or a break
        │             after sending, 5xx, 3xx, a foreign or cut answer → look, then decide
        └── Gateway   502 in the documented envelope               → back off, look, send the rest

Every error is one line without the key, and without what looks like personal data: servers
echo the values they refuse. Facts stand in attributes, for code to decide by.
"""

# ruff: noqa: N818  (the names are words for what happened: `except Busy`)

from typing import ClassVar

__all__ = ["ApiError", "Busy", "Forbidden", "Gateway", "Refused", "Unclear", "Unreachable"]


class ApiError(Exception):
    """A request that did not end in a 2xx answer which can be trusted.

    Attributes:
        method, path: what was asked, personal data masked; the query is left out.
        status: HTTP status, or None when no answer came.
        reason: the status in words ("400 Bad Request"), or what happened instead of an answer.
        code, message, detail: the documented envelope (`code`, `message`,
            `detailedErrorMessage`), masked and bounded; empty where there was none
            (reading T25).
        documented: whether there was such an envelope: it is the API that answered.
        retry_after: seconds the server asks to wait, or None.
        named_ids: what a refusal says that may be ids of records at fault. Raw and more than
            that: to be matched against the ids that were sent, never to be shown.
        named_places: positions from 0 in what was sent that a refusal points at, as it says.
        said: the reason and what the server said of it, without the request and the advice.
        todo: what to do next, in words.
    """

    todo: ClassVar[str] = "see the message"

    def __init__(
        self,
        method: str,
        path: str,
        reason: str,
        *,
        status: int | None = None,
        code: str = "",
        message: str = "",
        detail: str = "",
        documented: bool = False,
        retry_after: float | None = None,
        named_ids: frozenset[str] = frozenset(),
        named_places: frozenset[int] = frozenset(),
        todo: str | None = None,
    ) -> None:
        self.method = method
        self.path = path
        self.reason = reason
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail
        self.documented = documented
        self.retry_after = retry_after
        self.named_ids = named_ids
        self.named_places = named_places
        if todo is not None:
            self.todo = todo  # type: ignore[misc]  # a default of the class, said better by one
        # "Conflict" after "409 Conflict" says nothing new.
        said = [reason, "" if message and message in reason else message, detail]
        self.said = ": ".join(filter(None, said))
        super().__init__()
        self.tell_as(path)

    def tell_as(self, path: str) -> None:
        """Tell another path than the one that was asked."""
        self.path = path
        self.args = (f"{self.method} {path}: {self.said}; {self.todo}",)


class Unreachable(ApiError):
    """Nothing left this machine: no connection, unknown host, bad certificate. Retry."""

    todo = "nothing was sent: check TRIGG_BASE_URL and the network, then run again"


class Busy(ApiError):
    """429: the platform or a system behind it is at its limit. Retry after `retry_after`."""

    todo = "nothing was taken: wait, then run again"


class Refused(ApiError):
    """A definite no to this one request; nothing of it was taken (reading T03). Reject it."""

    todo = "nothing of it was taken: correct what is named and send it again"


class Forbidden(ApiError):
    """No to everything from this account: 401 and 403. Stop the run."""

    todo = "check TRIGG_API_KEY"


class Unclear(ApiError):
    """What was sent may have been stored. Look before sending it again."""

    todo = "it may have been stored: look before sending it again"


class Gateway(Unclear):
    """502 in the documented envelope: a system behind the platform failed.

    A part may have been stored. The documents ask to back off; look what has landed, then send
    the rest.
    """

    todo = "a part of it may have been stored: wait, look, then send the rest"
