"""Who may use the workbench: whoever has the token, from pages of its own, on this machine.

The address that is printed has the token; it is exchanged for a cookie at once, which every other
request must carry. A request that changes something must come from a page of this server, by its
`Origin`, and its form must hold the key that only these pages have. Any name but this machine's is
refused, since another site may have its own name lead here.
"""

import secrets
from collections.abc import MutableMapping
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import URL, MutableHeaders
from starlette.requests import Request
from starlette.responses import PlainTextResponse, RedirectResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

__all__ = ["Guard", "Keys"]

LOCAL = ("127.0.0.1", "localhost")
COOKIE = "loyalty-etl-workbench"
HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'unsafe-inline'; img-src data:;"
    " form-action 'self'; frame-ancestors 'none'; base-uri 'none'",
    "cache-control": "no-store",
    "referrer-policy": "same-origin",  # `no-referrer` would take the origin off forms, too
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
}
"""What every answer says: nothing from elsewhere, no script, and nothing is kept."""


def _secret() -> str:
    return secrets.token_urlsafe(32)


@dataclass(frozen=True)
class Keys:
    """The secrets of one server, made when it starts: in the address, the cookie, the forms."""

    token: str = field(default_factory=_secret, repr=False)
    session: str = field(default_factory=_secret, repr=False)
    form: str = field(default_factory=_secret, repr=False)


class Guard:
    """Lets in what may use the workbench, and puts `HEADERS` on every answer."""

    def __init__(self, app: ASGIApp, keys: Keys) -> None:
        self._app, self._keys = app, keys

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or let it through."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        async def send_guarded(message: MutableMapping[str, Any]) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).update(HEADERS)
            await send(message)

        answer = self._answer(Request(scope)) or self._app
        await answer(scope, receive, send_guarded)

    def _answer(self, request: Request) -> Response | None:
        """Refuse a request, or give the cookie; None lets it through."""
        host = request.headers.get("host", "")
        if URL(f"http://{host}").hostname not in LOCAL:
            return _refuse(421, "this workbench answers to 127.0.0.1 and localhost only")
        token = request.query_params.get("token")
        if request.method == "GET" and request.url.path == "/" and token is not None:
            if not _same(token, self._keys.token):
                return _refuse(403, "this address is of another workbench: open the newest one")
            answer = RedirectResponse("/", 303)
            name = f"{COOKIE}-{URL(f'http://{host}').port}"
            answer.set_cookie(name, self._keys.session, httponly=True, samesite="strict")
            return answer
        name = f"{COOKIE}-{URL(f'http://{host}').port}"
        if not _same(request.cookies.get(name, ""), self._keys.session):
            return _refuse(403, "open the address that loyalty-etl workbench has printed")
        if request.method not in {"GET", "HEAD"} and (
            request.headers.get("origin") != f"http://{host}"
            or request.headers.get("sec-fetch-site", "same-origin") != "same-origin"
        ):
            return _refuse(403, "this form is of another page: nothing was changed")
        return None


def _same(given: str, right: str) -> bool:
    return secrets.compare_digest(given.encode(), right.encode())


def _refuse(status: int, why: str) -> Response:
    return PlainTextResponse(f"loyalty-etl: {why}\n", status)
