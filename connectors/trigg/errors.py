"""What can go wrong with a request, classed by what to do next.

    ApiError
    ├── Unreachable   nothing left this machine (connect, DNS, TLS)   → retry
    ├── Busy          429: the platform asks to wait                  → retry after `retry_after`
    ├── Refused       a definite no to this request (400, 404, 409 …) → reject the record
    ├── Forbidden     401, 403: no to everything from this account    → stop the run
    └── Unclear       it may have been stored: a timeout or a break
                      after sending, 5xx, 3xx, a foreign or cut answer → look, then decide

Every error is one line without the key, and without what looks like personal data: servers
echo the values they refuse. Facts stand in attributes, for code to decide by.
"""

# ruff: noqa: N818  (the names are words for what happened: `except Busy`)

from typing import ClassVar

__all__ = ["ApiError", "Busy", "Forbidden", "Refused", "Unclear", "Unreachable"]


class ApiError(Exception):
    """A request that did not end in a 2xx answer which can be trusted.

    Attributes:
        method, path: what was asked, personal data masked; the query is left out.
        status: HTTP status, or None when no answer came.
        reason: the status in words ("400 Bad Request"), or what happened instead of an answer.
        code, message, detail: the documented envelope (`code`, `message`,
            `detailedErrorMessage`), masked and bounded; empty where there was none
            (reading T25).
        retry_after: seconds the server asks to wait, or None.
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
        retry_after: float | None = None,
        todo: str | None = None,
    ) -> None:
        self.method = method
        self.path = path
        self.reason = reason
        self.status = status
        self.code = code
        self.message = message
        self.detail = detail
        self.retry_after = retry_after
        if todo is not None:
            self.todo = todo  # type: ignore[misc]  # a default of the class, said better by one
        # "Conflict" after "409 Conflict" says nothing new.
        said = [reason, "" if message and message in reason else message, detail]
        super().__init__(f"{method} {path}: {': '.join(filter(None, said))}; {self.todo}")


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
