"""Ctrl-C and SIGTERM: the answers in flight are waited for, then one line and the end."""

import json
import signal
import subprocess
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

PATIENCE = 0.5
"""Seconds the server takes for an answer."""


@dataclass
class Slow:
    """A server that takes its time."""

    url: str
    asked: threading.Event = field(default_factory=threading.Event)
    answered: int = 0


@pytest.fixture
def slow(monkeypatch: pytest.MonkeyPatch) -> Iterator[Slow]:
    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["content-length"]))
            server.asked.set()
            time.sleep(PATIENCE)
            self.send_response(200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", "2")
            self.end_headers()
            self.wfile.write(b"{}")
            server.answered += 1

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server = Slow(f"http://127.0.0.1:{http.server_port}/v4")
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.05})
    thread.start()
    monkeypatch.setenv("TRIGG_BASE_URL", server.url)
    yield server
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.mark.parametrize(
    "kind", [signal.SIGINT, pytest.param(signal.SIGTERM, marks=pytest.mark.slow)]
)
def test_a_run_that_is_stopped_says_so(kind: signal.Signals, slow: Slow, cli, write_feed, state):
    few = ("max_receipts: 400", "max_receipts: 1\n    in_flight: 2")
    line = cli.line("run", write_feed("slow", few))
    process = subprocess.Popen(
        line,
        cwd=cli.checkout,
        env=cli.environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert slow.asked.wait(30)
        time.sleep(1.5 * PATIENCE)
        process.send_signal(kind)
        started = time.monotonic()
        out, err = process.communicate(timeout=20)
    finally:
        process.kill()
    assert time.monotonic() - started < 10
    assert process.returncode == 3
    assert out == ""
    first, second = err.splitlines()
    assert first == f"loading into {slow.url}"
    assert second.startswith("loyalty-etl: stopped before it was finished; at least ")
    assert second.endswith("taken before, and running it again sends them again")
    assert 2 <= slow.answered < 20
    (summary,) = Path(state).glob("runs/*/slow/summary.json")
    told = json.loads(summary.read_text())
    assert (told["state"], told["records"]) == ("failed", 89)
    assert told["error"].startswith("stopped")
    assert told["finished"]
