"""One connection, an httpx transport on the standard library's HTTP client.

httpx's own transport takes a body to pieces in Python: with eight threads at work a post of a
megabyte costs four times the CPU of this one, and a load makes hundreds of them.
"""

import http.client
import io
import math
import select
import socket
import ssl
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import Any

import httpx

__all__ = ["Lane"]

_REST = 5.0
"""Seconds after which a connection at rest is opened anew: many servers have closed it by then."""
_PIECE = 64 * 1024
_PORTS = {"http": 80, "https": 443}


class Lane(httpx.BaseTransport):
    """One HTTP/1.1 connection, kept between requests and used for one at a time.

    Nothing is sent twice, not even where the server closes a connection that was kept: what of it
    has been read nobody knows.

    Args:
        trust: judges certificates.
        options: of the httpx client above it.

    Attributes:
        http: what sends over it.
        deadline: when an exchange must have ended, by the monotonic clock.
        cut: why it was cut, empty if it was not.
        sent_whole: whether the request left without an error, as far as it has left.
    """

    def __init__(self, trust: ssl.SSLContext, **options: Any) -> None:  # noqa: ANN401  (httpx's own words)
        self.http = httpx.Client(transport=self, **options)
        self.cut, self.sent_whole, self.deadline = "", True, math.inf
        self._trust = trust
        self._line: http.client.HTTPConnection | None = None
        self._origin = ("", "", 0)
        self._socket: socket.socket | None = None
        self._rested = 0.0

    def begin(self, deadline: float) -> None:
        """Make ready for an exchange that ends before this time of the monotonic clock."""
        self.cut, self.sent_whole, self.deadline = "", True, deadline

    def end(self, why: str) -> None:
        """Cut the exchange from another thread: whoever waits for it gets an error at once.

        The socket is shut down, not closed: closing would not wake who waits on it, and its
        number could be given to another file meanwhile.
        """
        self.cut, self.deadline = why, math.inf
        if (found := self._socket) is not None:
            with suppress(OSError):  # closed by now
                # Not SSLSocket's own: that takes the TLS state from under the reader.
                socket.socket.shutdown(found, socket.SHUT_RDWR)

    def close(self) -> None:
        """Close the connection; called by the httpx client's own `close` too."""
        if self._line is not None:
            self._line.close()
        self._line = self._socket = None

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        """Send a request and read the head of its answer; the body comes as it is read.

        Raises:
            httpx.ConnectError, httpx.ConnectTimeout: nothing has left.
            httpx.TransportError: it may have arrived.
        """
        wait = request.extensions["timeout"]
        line = self._line
        if line is None or self._stale() or self._origin != _origin_of(request.url):
            line = self._connect(request.url, wait["connect"])
        self._send(line, request, wait["write"])
        with self.reading():
            self._set_patience(wait["read"])
            answer = line.getresponse()
            try:
                _check_head(answer)
            except http.client.HTTPException:
                answer.close()
                raise
        headers = [(k.encode("latin-1"), v.encode("latin-1")) for k, v in answer.getheaders()]
        return httpx.Response(answer.status, headers=headers, stream=_Body(self, answer))

    def _stale(self) -> bool:
        """Tell whether a connection at rest is of no more use: old, closed, or with words in it."""
        if self._socket is None or time.monotonic() - self._rested > _REST:
            return True
        poll = select.poll()
        poll.register(self._socket, select.POLLIN)
        return bool(poll.poll(0))

    def _connect(self, url: httpx.URL, patience: float | None) -> http.client.HTTPConnection:
        self.close()
        scheme, host, port = _origin_of(url)
        line = (
            http.client.HTTPSConnection(host, port, timeout=patience, context=self._trust)
            if scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=patience)
        )
        line.auto_open = 0  # never behind our back
        line.response_class = _Answer
        try:
            line.connect()
        except TimeoutError as error:
            raise httpx.ConnectTimeout(str(error)) from error
        except (OSError, UnicodeError) as error:
            raise httpx.ConnectError(str(error)) from error
        self._line, self._socket, self._origin = line, line.sock, (scheme, host, port)
        if self.cut:
            self.close()
            raise httpx.ConnectError(self.cut)
        return line

    def _send(
        self, line: http.client.HTTPConnection, request: httpx.Request, patience: float | None
    ) -> None:
        body = request.read()
        path = request.url.raw_path.decode("ascii")
        try:
            line.putrequest(request.method, path, skip_host=True, skip_accept_encoding=True)
            for name, value in request.headers.raw:
                line.putheader(name, value)
        except (http.client.HTTPException, ValueError) as error:  # a sign that no head may hold
            self.close()
            raise httpx.UnsupportedProtocol(str(error)) from error
        try:
            self._set_patience(patience)
            small = len(body) < _PIECE
            line.endheaders(body if small else None)
            if not small:
                _send_all(line.sock, body)
        except TimeoutError as error:
            self.close()
            raise httpx.WriteTimeout(str(error)) from error
        except OSError:
            # What it says is read all the same: servers may refuse before they have read all.
            self.sent_whole = False

    def _set_patience(self, seconds: float | None) -> None:
        if self._socket is not None:
            self._socket.settimeout(seconds)

    @contextmanager
    def reading(self) -> Iterator[None]:
        """Speak of what goes wrong in httpx's words, and never use the connection again."""
        try:
            yield
        except TimeoutError as error:
            self.close()
            raise httpx.ReadTimeout(str(error)) from error
        except http.client.HTTPException as error:
            self.close()
            raise httpx.RemoteProtocolError(str(error)) from error
        except OSError as error:
            self.close()
            raise httpx.ReadError(str(error)) from error

    def rest(self, *, whole: bool) -> None:
        """Keep the connection for the next request, unless the last answer was left unread."""
        self._rested = time.monotonic()
        if not whole or self.cut or self._line is None or self._line.sock is None:
            self.close()


class _Lines(io.BufferedReader):
    def readline(self, size: int | None = -1, /) -> bytes:
        line = super().readline(size)
        if not line.endswith(b"\n"):
            raise http.client.IncompleteRead(line)
        return line


class _Answer(http.client.HTTPResponse):
    """An answer whose head must be whole: the library takes one that is cut for a short one."""

    def __init__(self, sock: socket.socket, *args: Any, **more: Any) -> None:  # noqa: ANN401  (the library's own)
        super().__init__(sock, *args, **more)
        self.fp: io.BufferedReader = _Lines(self.fp.detach())


class _Body(httpx.SyncByteStream):
    """The body of an answer, as it comes."""

    def __init__(self, lane: Lane, answer: http.client.HTTPResponse) -> None:
        self._lane = lane
        self._answer = answer

    def __iter__(self) -> Iterator[bytes]:
        answer = self._answer
        with self._lane.reading():
            while piece := answer.read(_PIECE):
                yield piece
            if answer.length:
                raise http.client.IncompleteRead(b"", answer.length)

    def close(self) -> None:
        self._lane.rest(whole=self._answer.isclosed())
        self._answer.close()


def _origin_of(url: httpx.URL) -> tuple[str, str, int]:
    return url.scheme, url.raw_host.decode("ascii"), url.port or _PORTS[url.scheme]


def _send_all(line: socket.socket, body: bytes) -> None:
    """Send a body with patience for each piece: `sendall` would have it for the whole."""
    rest = memoryview(body)
    while rest:
        rest = rest[line.send(rest) :]


def _check_head(answer: http.client.HTTPResponse) -> None:
    """Refuse a head that leaves open where the answer ends.

    Raises:
        HTTPException: it does.
    """
    head = answer.headers
    lengths = {*head.get_all("content-length", ())}
    if head.defects or answer.status < 200:
        raise http.client.HTTPException("not a head of an answer")
    if len(lengths) > 1 or any(not (n.isascii() and n.isdigit()) for n in lengths):
        raise http.client.HTTPException("an answer with two lengths, or none that is a number")
    if head.get("transfer-encoding", "chunked").lower() != "chunked":
        raise http.client.HTTPException("an answer in a transfer encoding that nobody asked for")
