"""The HTTP client: what is asked of httpx, and what its answers and errors mean."""

import logging
import time
from collections.abc import Generator, Mapping
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from types import TracebackType
from typing import Any, BinaryIO, Self

import httpx

from connectors.trigg.account import Account, name_settings
from connectors.trigg.answers import find_fault, hide, make_error, mask
from connectors.trigg.errors import ApiError, Unclear, Unreachable
from connectors.trigg.lane import Lane
from connectors.trigg.lanes import Lanes

__all__ = ["Answer", "Client"]

MAX_ANSWER = 64 * 1024 * 1024
"""Bytes of one answer that are read; more is an error, before it fills the memory."""
MAX_FILE = 16 * 1024**3
"""The same of one that is written to a file."""
_ENDS = 64
"""Bytes at either end of an answer that tell whether it is one."""
_MAX_ERROR = 256 * 1024
"""Bytes of an error that are read: room for a line on each record of a batch."""

# At INFO httpx logs every URL with its query, where a member's phone may stand.
logging.getLogger("httpx").setLevel(logging.WARNING)


@dataclass(frozen=True, slots=True)
class Answer:
    """A 2xx answer: status, body, wall seconds from call to last byte, content type and date."""

    status: int
    body: bytes
    seconds: float
    content_type: str
    date: str = ""


class Client:
    """Sends requests of one account; share one between threads, close it with `with`.

    Redirects are errors, proxies of the environment are ignored, certificates are verified, and
    the key and the account's headers go to its own origin only. Answers are asked for
    uncompressed: a small gzip can unfold to gigabytes. Nothing is ever sent twice, not even where
    the server closes a connection that was kept.

    Args:
        account: where to send, with what key and how much patience.
        in_flight: requests at once, each on a connection of its own; a further call waits.
        max_answer: bytes of one answer that are read.

    Raises:
        ApiError: from every call, classed by what to do next (see `connectors.trigg.errors`).
    """

    def __init__(
        self,
        account: Account,
        *,
        in_flight: int = 8,
        max_answer: int = MAX_ANSWER,
    ) -> None:
        self.account = account
        self._max_answer = max_answer
        self._key = _KeyForOrigin(account)
        self._trust = httpx.create_ssl_context(trust_env=False)
        self._lanes = Lanes(in_flight, self._open, account.timeout.total)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections; those in use when their exchange has ended. Never waits."""
        self._lanes.close()

    def abandon(self) -> None:
        """Close all connections now, from any thread; never waits, never raises.

        Calls under way end with an error at once, `Unclear` if they may have been sent, and
        later ones with `Unreachable`. One that is still connecting ends when that does.
        """
        self._lanes.close("given up", cut=True)

    def post(self, path: str, body: bytes, content_type: str = "application/json") -> Answer:
        """Send one body once. Nothing is retried here: who sends knows what may be sent twice."""
        headers = {"content-type": content_type}
        return self._send("POST", path, self._key, content=body, headers=headers)

    def call(self, method: str, path: str, body: bytes = b"", *, told_as: str = "") -> Answer:
        """Make one call once, as `post` does; the path may have a query, encoded already.

        Errors tell `told_as` instead of the path, where that names a person.
        """
        headers = {"content-type": "application/json"} if body else None
        try:
            return self._send(method, path, self._key, content=body or None, headers=headers)
        except ApiError as error:
            if told_as:
                error.tell_as(told_as)
            raise

    def get(self, path: str, params: Mapping[str, str | int] | None = None) -> Answer:
        """Ask for one answer; `params` are encoded (`+` as %2B, reading T08)."""
        return self._send("GET", path, self._key, params=params)

    def download(self, path: str, into: BinaryIO) -> Answer:
        """Ask for one answer of any size, up to `MAX_FILE`, and write its body to a file."""
        return self._send("GET", path, self._key, into)

    def ping(self) -> Answer:
        """Ask `GET /health/ping`, which needs no key, so none is sent."""
        return self._send("GET", "/health/ping", None)

    def hide(self, text: str) -> str:
        """Take the key and the values of the account's headers out of a text."""
        return hide(text, self.account.api_key, self.account.hidden)

    def _send(
        self,
        method: str,
        path: str,
        auth: httpx.Auth | None,
        into: BinaryIO | None = None,
        **what: Any,  # noqa: ANN401  (httpx's own words)
    ) -> Answer:
        if not path.startswith("/"):
            raise ValueError(f"a path starts with a slash, {path[:1]!r} does not")
        started = time.perf_counter()
        try:
            with self._lanes.borrow(self.account.timeout.pool) as lane:
                code, body, kind, date = self._exchange(lane, method, path, auth, what, into=into)
        except httpx.HTTPError as error:  # no lane
            raise self._lost(error, method, path) from None
        body = b"" if into is not None else body
        return Answer(code, body, time.perf_counter() - started, kind, date)

    def _exchange(
        self,
        lane: Lane,
        method: str,
        path: str,
        auth: httpx.Auth | None,
        what: dict[str, Any],
        *,
        into: BinaryIO | None,
    ) -> tuple[int, bytes, str, str]:
        """Send one request and read its answer; give status, body, content type and date."""
        try:
            request = lane.http.build_request(method, self.account.base_url + path, **what)
            response = lane.http.send(request, auth=auth, stream=True)
            try:
                body = self._read(response, method, path, into)
            finally:
                response.close()
                response.stream = httpx.ByteStream(b"")  # they held each other, and the body
        except httpx.HTTPError as error:
            raise self._lost(error, method, path, lane.cut) from None
        content_type = response.headers.get("content-type", "")
        fault = lane.cut or find_fault(content_type, body)
        if not lane.sent_whole:
            fault = fault or "a success before the whole request had left"
        if fault:
            raise self._unclear(method, path, fault, response.status_code)
        return response.status_code, body, content_type, response.headers.get("date", "")

    def _open(self) -> Lane:
        wait = self.account.timeout
        return Lane(
            self._trust,
            headers={"user-agent": f"loyalty-etl/{_version()}", "accept-encoding": "identity"},
            timeout=httpx.Timeout(
                connect=wait.connect, read=wait.read, write=wait.write, pool=wait.pool
            ),
            follow_redirects=False,
            trust_env=False,
        )

    def _read(
        self, response: httpx.Response, method: str, path: str, into: BinaryIO | None
    ) -> bytes:
        """Read a body; of one that goes into a file give the two ends."""
        status = response.status_code
        if not response.is_success:
            raise make_error(
                method,
                path,
                status,
                _read_head(response),
                headers=response.headers,
                secret=self.account.api_key,
                hidden=self.account.hidden,
                profile=self.account.profile,
                sent=(str(response.request.url.raw_path, "ascii"), response.request.content),
            )
        if response.headers.get("content-encoding", "identity").lower() != "identity":
            raise self._unclear(method, path, "a compressed answer that was not asked for", status)
        most = self._max_answer if into is None else MAX_FILE
        pieces, size, head, tail = [], 0, b"", b""
        for piece in response.iter_raw():
            size += len(piece)
            if size > most:
                todo = "ask for less at a time (rows_page)"
                fault = f"an answer above {most:,} bytes"
                raise self._unclear(method, path, fault, status, todo)
            if into is None:
                pieces.append(piece)
            else:
                into.write(piece)
                head = (head + piece[:_ENDS])[:_ENDS]
                tail = (tail + piece[-_ENDS:])[-_ENDS:]
        return b"".join(pieces) if into is None else head + tail

    def _unclear(
        self,
        method: str,
        path: str,
        fault: str,
        status: int | None,
        todo: str = "ask again later",
    ) -> Unclear:
        """Make the error of an exchange that tells nothing; `todo` is for questions."""
        return Unclear(
            method, self._shown(path), fault, status=status, todo=todo if method == "GET" else None
        )

    def _shown(self, text: str) -> str:
        return mask(text, self.account.api_key, hidden=self.account.hidden)

    def _lost(self, error: httpx.HTTPError, method: str, path: str, cut: str = "") -> ApiError:
        """Class an exchange that ended without a whole answer; `cut` says why we ended it."""
        words = self._shown(str(error)) or type(error).__name__
        if isinstance(error, _NEVER_LEFT):
            what = f"{self.account.host} not reached: {words}"
            todo = name_settings(Unreachable.todo, self.account.profile)
            return Unreachable(method, self._shown(path), what, todo=todo)
        if cut:
            words = cut
        elif isinstance(error, httpx.TimeoutException):
            words = f"timed out ({type(error).__name__})"
        return self._unclear(method, path, f"no whole answer: {words}", None)


_NEVER_LEFT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
)


class _KeyForOrigin(httpx.Auth):
    """Puts key and headers on requests to the account's own origin, and on no others."""

    def __init__(self, account: Account) -> None:
        self._origin = _origin_of(httpx.URL(account.base_url))
        self._carried = (*account.headers, ("x-api-key", account.api_key))

    def auth_flow(self, request: httpx.Request) -> Generator[httpx.Request, httpx.Response, None]:
        if _origin_of(request.url) == self._origin:
            request.headers.update(self._carried)
        yield request


def _origin_of(url: httpx.URL) -> tuple[str, str, int | None]:
    return url.scheme, url.host, url.port


def _read_head(response: httpx.Response) -> bytes:
    """Read the beginning of an error's body. The status is the verdict, so a break is no matter."""
    pieces, size = [], 0
    try:
        for piece in response.iter_raw():
            pieces.append(piece)
            size += len(piece)
            if size >= _MAX_ERROR:
                break
    except httpx.HTTPError:
        pass
    return b"".join(pieces)[:_MAX_ERROR]


def _version() -> str:
    try:
        return version("loyalty-etl")
    except PackageNotFoundError:  # run from a checkout that was never installed
        return "0"
