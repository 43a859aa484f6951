"""Whom to talk to: base URL, key, environment, further headers and patience.

What is unsafe or unusable is refused at once.
"""

import ipaddress
import math
import re
from dataclasses import dataclass, field
from urllib.parse import SplitResult, urlsplit

__all__ = ["Account", "AccountError", "Timeout", "describe", "name_settings"]

PRODUCTION = "production"
ENVIRONMENTS = ("sandbox", "staging", PRODUCTION)
_KNOWN = {"api.oculos.no": PRODUCTION, "api.staging.oculos.no": "staging"}
_MAX_KEY = 4096
_MAX_HEADER = 4096
_HEADER_NAME = re.compile(r"[A-Za-z0-9!#$%&'*+.^_`|~-]{1,100}")
_OURS = {
    *("x-api-key", "host", "user-agent", "accept-encoding", "content-type", "content-length"),
    *("content-encoding", "transfer-encoding", "connection", "keep-alive", "expect", "te"),
    *("trailer", "upgrade", "range"),
}
"""Headers that the client sets, or that change how a request is framed."""


class AccountError(ValueError):
    """An account cannot be used, or not for this. The message is one line and says what to do.

    Args:
        message: it, with the variables of the account that has no profile.
        profile: whose variables are meant.
    """

    def __init__(self, message: str, profile: str = "") -> None:
        who = f"profile {profile}: " if profile else ""
        super().__init__(who + name_settings(message, profile))


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
    """A base URL (`https://api.oculos.no/v4`), its key, and all that goes with them.

    The key and the headers are kept out of `repr`. `base_url` is stored without a trailing slash.

    Attributes:
        base_url, api_key, timeout: where to, as whom, with how much patience.
        profile: the brand's name; empty for the account that has none.
        environment: `sandbox`, `staging` or `production`. Where it is not told, known hosts say
            it, and any other is taken for production, which is the careful way (reading T23).
        headers: names and values that go with every request that carries the key: how a brand is
            chosen on an account of several is not documented (reading T22).

    Raises:
        AccountError: the URL is no plain http(s) URL, http leads off this machine, the key or a
            header is empty or holds what a header cannot carry, or the environment cannot be.
    """

    base_url: str
    api_key: str = field(repr=False)
    timeout: Timeout = field(default_factory=Timeout)
    profile: str = ""
    environment: str = ""
    headers: tuple[tuple[str, str], ...] = field(default=(), repr=False)

    def __post_init__(self) -> None:
        try:
            _check_url(self.base_url)
            _check_key(self.api_key)
            _check_headers(self.headers)
            environment = _check_environment(self.environment, self.known)
        except AccountError as error:
            raise AccountError(str(error), self.profile) from None
        object.__setattr__(self, "environment", environment)
        object.__setattr__(self, "base_url", self.base_url.rstrip("/"))

    @property
    def host(self) -> str:
        """The host, with the port where one is given: `api.oculos.no`, `127.0.0.1:8800`."""
        return urlsplit(self.base_url).netloc.lower()

    @property
    def known(self) -> str:
        """The environment that the host is known to be, empty where it is not."""
        host = (urlsplit(self.base_url).hostname or "").rstrip(".")
        return _KNOWN.get(host) or ("sandbox" if _is_loopback(host) else "")

    @property
    def place(self) -> str:
        """The host and the path: `api.oculos.no/v4`."""
        return self.host + urlsplit(self.base_url).path

    @property
    def where(self) -> str:
        """The place, and what it is: `api.oculos.no/v4 (production, profile brand_a)`."""
        return f"{self.place} ({describe(self.environment, self.profile)})"

    @property
    def hidden(self) -> tuple[str, ...]:
        """Values of the headers, which are not to be shown."""
        return tuple(value for _, value in self.headers)


def describe(environment: str, profile: str) -> str:
    """Say what an account is: `production, profile brand_a`."""
    return f"{environment}, profile {profile}" if profile else environment


def name_settings(text: str, profile: str) -> str:
    """Put the variables of a profile where a text names those of the account without one."""
    return text.replace("TRIGG_", f"TRIGG_{profile.upper()}_") if profile else text


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


def _check_headers(headers: tuple[tuple[str, str], ...]) -> None:
    seen = set()
    for name, value in headers:
        if not _HEADER_NAME.fullmatch(name):
            raise AccountError("TRIGG_HEADERS: a name is letters, digits and -, as in x-brand")
        if name.lower() in _OURS:
            raise AccountError(f"TRIGG_HEADERS: {name} is set by the client, take it out")
        if name.lower() in seen:
            raise AccountError(f"TRIGG_HEADERS: {name} stands twice")
        if not 0 < len(value) <= _MAX_HEADER or not all(" " <= sign <= "~" for sign in value):
            raise AccountError(
                f"TRIGG_HEADERS: the value of {name} is empty, absurdly long, or holds a control"
                " character or a letter beyond ASCII"
            )
        seen.add(name.lower())


def _check_environment(told: str, known: str) -> str:
    if told and told not in ENVIRONMENTS:
        raise AccountError(f"TRIGG_ENVIRONMENT is none of {', '.join(ENVIRONMENTS)}")
    if told and known == PRODUCTION != told:
        raise AccountError(f"TRIGG_ENVIRONMENT says {told}, and the host is production's")
    return told or known or PRODUCTION
