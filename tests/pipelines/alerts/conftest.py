"""Somebody who is told: a webhook on a real socket."""

import json
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import pytest


@dataclass
class Hook:
    """A webhook: what it was told, and what it answers.

    Attributes:
        told: the JSON of each post, oldest first.
        tries: how many posts came, also those answered with no.
        answer: the status of the next answers.
    """

    url: str = ""
    told: list[dict[str, Any]] = field(default_factory=list)
    tries: int = 0
    answer: int = 204

    def news(self) -> list[str]:
        """Give what was told since the last time, such as `+ members: columns`."""
        found = [
            f"{sign} {each['feed']}: {each['cause']}"
            for told in self.told
            for sign, word in (("+", "new"), ("-", "over"))
            for each in told[word]
        ]
        self.told.clear()
        return found


@pytest.fixture
def hook(monkeypatch: pytest.MonkeyPatch) -> Iterator[Hook]:
    found = Hook()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            found.tries += 1
            if found.answer < 300:
                found.told.append(json.loads(body))
            self.send_response(found.answer)
            self.end_headers()

        def log_message(self, *_: object) -> None: ...

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    found.url = f"http://127.0.0.1:{server.server_port}/T0P-secret?token=0987654321"
    monkeypatch.setenv("LOYALTY_ETL_ALERTS", found.url)
    yield found
    server.shutdown()
    server.server_close()
    thread.join()
