"""From an address to what sends to it; what is unsafe is refused before anything is sent."""

import ipaddress
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

__all__ = ["BadAddress", "NotSent", "Notice", "Way", "is_loopback", "open_way"]

_SLACK = "hooks.slack.com"


class BadAddress(ValueError):  # noqa: N818  (says what was met)
    """An address that cannot be used; one line, without the address."""


class NotSent(Exception):  # noqa: N818  (says what happened)
    """A notice that did not arrive; one line, without the address."""


@dataclass(frozen=True, slots=True)
class Notice:
    """What is told.

    Attributes:
        title: one line.
        body: plain text of some lines.
        bad: whether something is the matter, or only over.
        facts: the same for a program, as JSON values.
    """

    title: str
    body: str
    bad: bool
    facts: Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Way:
    """A way to tell somebody.

    Attributes:
        shown: what it is, without its secrets: `webhook at hooks.example`.
        send: takes a notice; raises NotSent.
    """

    shown: str
    send: Callable[[Notice], None] = field(repr=False)


def open_way(address: str) -> Way:
    """Judge an address and give what sends to it; nothing is sent.

    Args:
        address: `https://…` is given JSON; `https://hooks.slack.com/…`, `mailtos://…`, `slack://…`
            and many more go through apprise.

    Raises:
        BadAddress: it is none, it would send in the clear off this machine, or apprise is not
            installed.
    """
    try:
        parts = urlsplit(address)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise BadAddress("an address has a broken host or port") from None
    if parts.scheme in {"http", "https"} and host != _SLACK:
        if not host:
            raise BadAddress(f"an address with {parts.scheme}:// has no host")
        if parts.scheme == "http" and not is_loopback(host):
            raise BadAddress(
                f"http://{host} would send in the clear: use https://"
                " (http is for this machine only: localhost, 127.0.0.1, [::1])"
            )
        from connectors.notifying.webhook import post  # noqa: PLC0415  (httpx is slow to import)

        return Way(f"webhook at {host}", lambda notice: post(address, host, notice))
    if not parts.scheme:
        raise BadAddress("an address begins with https://, mailtos://, slack:// or the like")
    from connectors.notifying.services import open_service  # noqa: PLC0415  (an extra)

    return open_service(address, parts.scheme)


def is_loopback(host: str) -> bool:
    """Tell whether a host is this machine."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
