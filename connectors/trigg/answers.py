"""From an HTTP answer to a verdict: what it says, what may be shown of it, what kind it is."""

import json
import re
import time
import unicodedata
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import Any

from connectors.trigg.account import name_settings
from connectors.trigg.echo import hide_echo
from connectors.trigg.errors import ApiError, Busy, Forbidden, Gateway, Refused, Unclear
from connectors.trigg.named import NOTHING, find_named

__all__ = ["find_fault", "hide", "make_error", "mask"]

_SHOWN = 300
"""Characters of an answer that an error may quote."""
_LOOKED_AT = 4000
_SHORT = 6

_EMAIL = re.compile(r"[^\s@<>\"',;:()]{1,64}@[^\s@<>\"',;()]{0,255}")
_NUMBER = re.compile(r"\+?\d(?:[ .()/\u00a0\u202f-]{0,2}\d){6,}")
_TAG = re.compile(r"<[^<>]*>")
_TODO = {
    401: "check TRIGG_API_KEY: the key is absent, wrong or of another environment",
    403: "this method is not activated for the account: ask the platform's operator",
    404: "nothing was taken: check TRIGG_BASE_URL and the path or id",
    409: "nothing was taken: it is there already or in conflict",
    413: "nothing was taken: send less at a time (max_receipts, max_bytes)",
}


def mask(text: str, secret: str = "", limit: int = _SHOWN, *, hidden: Collection[str] = ()) -> str:
    """Make foreign text fit to be shown: one line, bounded, no personal data, no key.

    E-mail addresses and runs of seven digits or more (phones, cards, national ids; blanks,
    dots and dashes inside) are replaced; control characters go.
    """
    text = hide(text, secret, hidden)
    if len(text) > _LOOKED_AT:
        # The last word may be half an address: drop it.
        text = text[:_LOOKED_AT].rpartition(" ")[0] + " …"
    text = "".join(
        " " if sign.isspace() or unicodedata.category(sign) in {"Cc", "Cf", "Cs", "Zl"} else sign
        for sign in text
    )
    text = _NUMBER.sub("<number>", _EMAIL.sub("<e-mail>", text))
    text = " ".join(text.split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def hide(text: str, secret: str, hidden: Collection[str]) -> str:
    """Take a key out of a text, and values of headers, in any case of their letters.

    A short value goes only where it stands as a word: `2` is a part of many numbers.
    """
    if secret:
        text = text.replace(secret, "<key>")
    for value in sorted(hidden, key=len, reverse=True):
        found = re.escape(value)
        if len(value) < _SHORT:
            found = rf"(?<![A-Za-z0-9]){found}(?![A-Za-z0-9])"
        text = re.sub(found, "<header>", text, flags=re.IGNORECASE)
    return text


def make_error(
    method: str,
    path: str,
    status: int,
    body: bytes,
    *,
    headers: Mapping[str, str],
    secret: str,
    hidden: Collection[str] = (),
    profile: str = "",
    sent: tuple[str, bytes] = ("", b""),
) -> ApiError:
    """Class an answer that is no 2xx, and read the documented envelope if it holds one.

    Args:
        method: the method asked.
        path: the path asked, without the query.
        status: the HTTP status.
        body: the answer's body, or its beginning.
        headers: the answer's headers, found without regard to case.
        secret: the key, never to be shown.
        hidden: values of further headers, likewise.
        profile: whose settings the advice names.
        sent: path and body of the request, which an answer may repeat.
    """

    def shown(text: str, limit: int = _SHOWN) -> str:
        return mask(text, secret, limit, hidden=hidden)

    said = _read_envelope(body)
    kind = _class_of(status, said)
    todo = _TODO.get(status)
    if 300 <= status < 400:
        todo = "redirects are never followed: check TRIGG_BASE_URL"
    elif issubclass(kind, Unclear) and method == "GET":
        todo = "ask again later"
    wait = _read_wait(headers.get("retry-after", ""))
    if kind is Busy and wait is not None:
        todo = f"nothing was taken: wait {wait:.0f} s, then run again"
    named = find_named(body, secret) if kind is Refused else NOTHING
    return kind(
        method,
        shown(path),
        _phrase(status),
        status=status,
        code=shown(said.code, 40),
        message=shown(hide_echo(said.message, *sent), 120),
        detail=shown(hide_echo(said.detail, *sent)),
        documented=said.documented,
        retry_after=wait,
        named_ids=named.ids,
        named_places=named.places,
        todo=name_settings(todo or kind.todo, profile),
    )


def find_fault(content_type: str, body: bytes) -> str:
    """Say why a 2xx answer cannot come from the API, or "" when it can.

    A login page or a proxy's greeting with status 200 is not success, nor is JSON that stops
    in the middle. An empty body is fine (readings T03, T04).
    """
    head = body[:64].lstrip().lower()
    if "html" in content_type.lower() or head.startswith((b"<!doctype html", b"<html")):
        return "an HTML page instead of an answer of the API"
    if "json" in content_type.lower() and head:
        closing = {b"{": b"}", b"[": b"]"}.get(head[:1])
        if closing and not body[-64:].rstrip().endswith(closing):
            return "an answer that is cut off"
    return ""


@dataclass(frozen=True, slots=True)
class _Envelope:
    code: str = ""
    message: str = ""
    detail: str = ""
    documented: bool = False
    gateway: bool = False


def _class_of(status: int, said: _Envelope) -> type[ApiError]:
    if status == 429:
        return Busy
    if status in {401, 403, 407}:
        return Forbidden
    # 408 comes from a server or proxy that gave up on us, which says nothing of what it kept.
    if 400 <= status < 500 and status != 408:
        return Refused
    return Gateway if status == 502 and said.gateway else Unclear


def _phrase(status: int) -> str:
    try:
        return f"{status} {HTTPStatus(status).phrase}"
    except ValueError:
        return str(status)


def _read_envelope(body: bytes) -> _Envelope:
    """Read code, message and detail of an error body; a foreign body becomes the detail."""
    text = body.decode("utf-8", "replace").strip()
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        if text[:1] == "<":
            return _Envelope(detail=f"a page: {_TAG.sub(' ', text[:_LOOKED_AT])}")
        return _Envelope(detail=text)
    if not isinstance(found, dict):
        return _Envelope(detail=_flatten(found))
    detail = found.get("detailedErrorMessage")
    if detail is None and not {"code", "message"} & found.keys():
        return _Envelope(detail=_flatten(found))
    documented = {"code", "message", "detailedErrorMessage"} <= found.keys()
    return _Envelope(
        _flatten(found.get("code")),
        _flatten(found.get("message")),
        _flatten(detail),
        documented,
        # A proxy may write code and message too; only the platform names its gateway.
        documented
        and isinstance(detail, dict)
        and bool({"gateway", "gatewayMessage"} & set(detail)),
    )


def _flatten(value: Any, depth: int = 0) -> str:  # noqa: ANN401  (whatever JSON holds)
    """Write any JSON value as one line: `gateway: …; gatewayMessage: …`."""
    if value is None or depth > 8:
        return ""
    if isinstance(value, dict):
        pairs = ((key, _flatten(inner, depth + 1)) for key, inner in value.items())
        return "; ".join(f"{key}: {inner}" for key, inner in pairs if inner)
    if isinstance(value, list):
        return "; ".join(filter(None, (_flatten(inner, depth + 1) for inner in value)))
    return str(value)


def _read_wait(value: str) -> float | None:
    """Read Retry-After (seconds or an HTTP date) as seconds from now, or None if it is neither."""
    value = value.strip()
    if value.isascii() and value.isdigit() and len(value) < 10:
        return float(value)
    try:
        until = parsedate_to_datetime(value)
    except (ValueError, TypeError, IndexError, OverflowError):
        return None
    until = until if until.tzinfo else until.replace(tzinfo=UTC)
    return max(0.0, (until - datetime.fromtimestamp(time.time(), UTC)).total_seconds())
