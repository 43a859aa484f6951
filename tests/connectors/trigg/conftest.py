"""A server that does as it is told: each path answers by a function of the test."""

import json
import socket
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

from connectors.trigg.account import Account, Timeout
from connectors.trigg.client import Client

KEY = "test-key-5f2a"


@dataclass(frozen=True)
class Seen:
    method: str
    path: str
    query: dict[str, str]
    raw_path: str
    headers: dict[str, str]
    body: bytes


@dataclass
class Reply:
    """What to answer; `length` overrides Content-Length, `hang` waits before anything is sent."""

    status: int = 200
    body: bytes = b""
    content_type: str = "application/json"
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    hang: threading.Event | None = None


Answerer = Callable[[Seen], Reply]


@dataclass
class Server:
    url: str
    seen: list[Seen]
    answer: Answerer
    Reply = Reply

    def reply(self, status=200, body=b"", **more) -> None:
        """Answer every request alike."""
        raw = body if isinstance(body, bytes) else json.dumps(body).encode()
        self.answer = lambda _: Reply(status, raw, **more)


@contextmanager
def run_server() -> Iterator[Server]:
    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def handle_one_request(self):
            try:
                super().handle_one_request()
            except (ConnectionError, TimeoutError):  # the client went away: often the test's point
                self.close_connection = True

        def do_GET(self):
            parts = urlsplit(self.path)
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
            headers = {name.lower(): value for name, value in self.headers.items()}
            seen = Seen(self.command, parts.path, query, self.path, headers, body)
            server.seen.append(seen)
            reply = server.answer(seen)
            if reply.hang is not None:
                reply.hang.wait(10)
            self.send_response(reply.status)
            self.send_header("content-type", reply.content_type)
            length = len(reply.body) if reply.length is None else reply.length
            self.send_header("content-length", str(length))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body)
            if length != len(reply.body):
                self.close_connection = True

        do_POST = do_GET  # noqa: N815  (the names http.server looks for)

        def log_message(self, *_):
            pass

    class Quiet(ThreadingHTTPServer):
        daemon_threads = True

        def handle_error(self, *_):
            pass

    http = Quiet(("127.0.0.1", 0), Handler)
    server = Server(f"http://127.0.0.1:{http.server_port}/v4", [], lambda _: Reply())
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield server
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


@pytest.fixture
def server():
    with run_server() as one:
        yield one


@pytest.fixture
def other():
    """A second origin."""
    with run_server() as one:
        yield one


class Raw:
    """A server that is a function of the connection: `talk(number, line)`, in a thread each.

    Attributes:
        heads: the first bytes of each request that `read` has read.
        connections: how many were made.
    """

    def __init__(self, talk) -> None:
        self.talk = talk
        self.heads: list[bytes] = []
        self.connections = 0
        self.over = threading.Event()
        self._door = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._door.getsockname()[1]}/v4"
        self._lines: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self) -> None:
        while True:
            try:
                line, _ = self._door.accept()
            except OSError:
                return
            self._lines.append(line)
            self.connections += 1
            talk = threading.Thread(target=self._run, args=(self.connections, line), daemon=True)
            talk.start()

    def _run(self, number: int, line: socket.socket) -> None:
        with line, suppress(OSError):  # the client went away
            self.talk(self, number, line)

    def read(self, line: socket.socket) -> bool:
        """Read one request whole; False at the end of the connection."""
        data = b""
        while b"\r\n\r\n" not in data:
            if not (more := line.recv(65536)):
                return False
            data += more
        head, _, body = data.partition(b"\r\n\r\n")
        self.heads.append(head)
        length = head.lower().partition(b"content-length: ")[2].partition(b"\r\n")[0]
        left = int(length or 0) - len(body)
        while left > 0 and (more := line.recv(65536)):
            left -= len(more)
        return left <= 0

    def answer(self, line: socket.socket, body: bytes = b"{}", status: str = "200 OK") -> None:
        head = f"HTTP/1.1 {status}\r\ncontent-length: {len(body)}\r\n\r\n"
        line.sendall(head.encode() + body)

    def close(self) -> None:
        self.over.set()
        self._door.shutdown(socket.SHUT_RDWR)
        self._door.close()
        for line in self._lines:
            line.close()


@pytest.fixture
def serve_raw():
    """Start servers that do as badly as they are told."""
    started = []

    def start(talk) -> Raw:
        started.append(Raw(talk))
        return started[-1]

    yield start
    for one in started:
        one.close()


@pytest.fixture
def make_client(server):
    """Open clients with little patience, closed at the end."""
    opened = []

    def make(**more):
        wait = more.pop("timeout", Timeout(connect=5, read=5, write=5, pool=5, total=10))
        opened.append(Client(Account(more.pop("url", server.url), KEY, wait), **more))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def client(make_client):
    return make_client()
