"""E-mail, Slack and all the other services that the library apprise can reach."""

import logging
import re
from urllib.parse import unquote, urlsplit

from connectors.notifying.ways import BadAddress, Notice, NotSent, Way, is_loopback

__all__ = ["open_service"]

_LEAST = 3
"""Characters below which a part of an address is no secret."""


def open_service(address: str, scheme: str) -> Way:
    """Give what sends by apprise.

    Raises:
        BadAddress: apprise is not installed or knows no such address, or it is not encrypted.
    """
    try:
        import apprise  # noqa: PLC0415  (an extra, and slow)
    except ImportError:
        message = f"{scheme}:// needs the extra `alerts`: pip install -e '.[alerts]'"
        raise BadAddress(message) from None
    log = logging.getLogger("apprise")  # it would write pieces of the address to stderr
    log.propagate = False
    log.addHandler(logging.NullHandler())
    service = apprise.Apprise.instantiate(address, suppress_exceptions=True)
    if service is None:
        raise BadAddress(f"{scheme}:// is no address that apprise knows, or lacks something")
    name, host = str(service.service_name), str(service.host or "")
    plain = getattr(service, "protocol", None) or ()
    plain = (plain,) if isinstance(plain, str) else tuple(plain)
    if scheme in plain and not is_loopback(host):
        secure = getattr(service, "secure_protocol", None)
        secure = secure if isinstance(secure, str) else next(iter(secure or ()), "")
        raise BadAddress(
            f"{scheme}:// would send in the clear" + (f": use {secure}://" if secure else "")
        )
    if not service.verify_certificate:
        raise BadAddress(f"{scheme}:// with verify=no would trust anybody: leave it out")
    shown = f"{name} at {host}" if scheme.startswith("mailto") and host else name

    def send(notice: Notice) -> None:
        kind = apprise.NotifyType.FAILURE if notice.bad else apprise.NotifyType.SUCCESS
        heard = _Listener()
        log.addHandler(heard)
        try:
            sent = service.notify(title=notice.title, body=notice.body, notify_type=kind)
        except Exception as error:  # noqa: BLE001  (of any of its services; may repeat the address)
            raise NotSent(f"{shown} failed ({type(error).__name__})") from None
        finally:
            log.removeHandler(heard)
        if not sent:
            why = hide(address, "; ".join(heard.lines))
            raise NotSent(f"{shown} failed" + (f": {why}" if why else ""))

    return Way(shown, send)


class _Listener(logging.Handler):
    """Keeps what the library says while it sends."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.lines: list[str] = []

    def emit(self, record: logging.LogRecord) -> None:
        """Keep a line."""
        self.lines.append(" ".join(record.getMessage().split())[:200])


def hide(address: str, text: str) -> str:
    """Take what could be a secret of an address out of a text; the host stays."""
    parts = urlsplit(address)
    raw = re.split(r"[/?&=:@;,]+", address)
    pieces = {piece for text in raw for piece in (text, unquote(text)) if len(piece) >= _LEAST}
    pieces -= {parts.hostname or "", parts.scheme}
    secret = "|".join(re.escape(piece) for piece in sorted(pieces, key=len, reverse=True))
    secret = secret or "(?!)"
    host = re.escape(parts.hostname or "\0")
    return re.sub(rf"({host})|{secret}", lambda found: found[1] or "…", text, flags=re.IGNORECASE)
