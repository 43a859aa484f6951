"""A server that does as it is told: each path answers by a function of the test."""

import json
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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


@pytest.fixture
def make_client(server):
    """Open clients with little patience, closed at the end."""
    opened = []

    def make(**more):
        wait = more.pop("timeout", Timeout(connect=2, read=0.3, write=2, pool=2, total=5))
        opened.append(Client(Account(server.url, KEY, wait), **more))
        return opened[-1]

    yield make
    for one in opened:
        one.close()


@pytest.fixture
def client(make_client):
    return make_client()
