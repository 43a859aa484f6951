"""Whom to talk to: base URL, key and patience, refused at once if they are unsafe or unusable."""

import ipaddress
import math
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

__all__ = ["Account", "AccountError", "Timeout"]

_MAX_KEY = 4096


class AccountError(ValueError):
    """The base URL or the key cannot be used. The message is one line and says what to do."""


@dataclass(frozen=True, slots=True)
class Timeout:
    """How long to wait, in seconds, each above 0.

    `total` bounds one whole exchange, so that an answer that drips in a byte at a time ends too.
    """

    connect: float = 5.0
    read: float = 60.0
    write: float = 60.0
    pool: float = 60.0
    total: float = 300.0

    def __post_init__(self) -> None:
        for name in self.__slots__:
            seconds = getattr(self, name)
            if not (math.isfinite(seconds) and seconds > 0):
                raise AccountError(f"timeout {name}={seconds}: give seconds above 0")


@dataclass(frozen=True, slots=True)
class Account:
    """A base URL (`https://api.oculos.no/v4`), its key, and the timeouts.

    The key is kept out of `repr`. `base_url` is stored without a trailing slash.

    Raises:
        AccountError: the URL is no plain http(s) URL, http leads off this machine, or the key
            is empty or holds what a header cannot carry.
    """

    base_url: str
    api_key: str = field(repr=False)
    timeout: Timeout = field(default_factory=Timeout)

    def __post_init__(self) -> None:
        _check_url(self.base_url)
        _check_key(self.api_key)
        object.__setattr__(self, "base_url", self.base_url.rstrip("/"))

    @property
    def host(self) -> str:
        """The host, with the port where one is given: `api.oculos.no`, `127.0.0.1:8800`."""
        return urlsplit(self.base_url).netloc.lower()


def _check_url(url: str) -> None:
    if not url:
        raise AccountError(
            "the base URL is empty: set TRIGG_BASE_URL, e.g. https://api.oculos.no/v4"
        )
    if not all("!" <= sign <= "~" for sign in url) or "\\" in url:
        raise AccountError(
            "the base URL holds a space, a control character, a backslash or a letter beyond ASCII:"
            " set TRIGG_BASE_URL to a plain URL"
        )
    parts = _split(url)
    if parts.scheme not in {"http", "https"} or not parts.hostname:
        raise AccountError(
            "the base URL needs a scheme and a host: set TRIGG_BASE_URL,"
            " e.g. https://api.oculos.no/v4"
        )
    if "@" in parts.netloc:
        raise AccountError(
            "the base URL holds a user or a password: take it out, the key goes in TRIGG_API_KEY"
        )
    if "?" in url or "#" in url:
        raise AccountError("the base URL holds a query or a fragment: end it with the path")
    if parts.scheme == "http" and not _is_loopback(parts.hostname):
        raise AccountError(
            f"http://{parts.hostname} would send the key in the clear: use https://"
            " (http is for this machine only: localhost, 127.0.0.1, [::1])"
        )


def _split(url: str) -> SplitResult:
    try:
        parts = urlsplit(url)
        _ = parts.port  # raises when it is no port
    except ValueError:
        raise AccountError(
            "the base URL has a broken host or port: set TRIGG_BASE_URL,"
            " e.g. https://api.oculos.no/v4"
        ) from None
    return parts


def _is_loopback(host: str) -> bool:
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _check_key(key: str) -> None:
    if not key:
        raise AccountError("the API key is empty: set TRIGG_API_KEY in the environment or in .env")
    if len(key) > _MAX_KEY or not all("!" <= sign <= "~" for sign in key):
        raise AccountError(
            "the API key holds a space, a line break, a control character or a letter beyond"
            " ASCII, or is absurdly long: copy it again into TRIGG_API_KEY"
        )
