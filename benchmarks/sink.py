"""A server that only takes bodies and gives pages, so that what is measured is the client.

    python benchmarks/sink.py [--port N] [--rows N] [--save DIR]

It prints `ready PORT` once it listens, and knows no key and no schema:

* POST anything: the body is read and counted (and kept with `--save`), the answer is 200 `{}`.
* GET /v4/reports/TYPE?page=P&rowsPage=N: one page of made-up receipt lines with `metaData`.
* GET /v4/health/ping, and for the benchmark itself GET /stats and GET /reset.

Standard library only; uvloop is used where it is installed.
"""

import argparse
import asyncio
import json
import re
import time
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import cast
from urllib.parse import parse_qs, urlsplit

from pages import render_ahead, render_page

BUFFER = 1 << 20
LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
CHUNKED = re.compile(rb"\r\ntransfer-encoding:", re.IGNORECASE)


@dataclass(slots=True)
class Desk:
    """What all connections share: the size of the report, where bodies go, and the counts."""

    rows: int
    save: Path | None
    counts: dict[str, int] = field(
        default_factory=lambda: dict.fromkeys(("posts", "gets", "body_bytes", "sent_bytes"), 0)
    )

    def take(self, size: int, body: bytearray) -> bytes:
        """Count one POST, keep its body if asked to, and give the answer."""
        if self.save is not None:
            (self.save / f"{self.counts['posts']:06d}.json").write_bytes(body)
        self.counts["posts"] += 1
        self.counts["body_bytes"] += size
        return b"{}"

    def give(self, target: str) -> bytes | None:
        """Answer one GET, or None where there is nothing."""
        url = urlsplit(target)
        if url.path == "/stats":
            return json.dumps({**self.counts, "cpu": time.process_time()}).encode()
        if url.path == "/reset":
            self.counts = dict.fromkeys(self.counts, 0)
            for kept in self.save.glob("*.json") if self.save else ():
                kept.unlink()
            return b"{}"
        self.counts["gets"] += 1
        if url.path.endswith("/health/ping"):
            return b"{}"
        if "/reports/" not in url.path:
            return None
        query = parse_qs(url.query)
        page, size = (int(query.get(k, [d])[0]) for k, d in (("page", "1"), ("rowsPage", "25")))
        body = render_page(url.path.rsplit("/", 1)[1], page, size, of=self.rows)
        self.counts["sent_bytes"] += len(body)
        return body


class Connection(asyncio.BufferedProtocol):
    """One connection: bytes land in one buffer, and bodies are counted where they lie."""

    def __init__(self, desk: Desk) -> None:
        self.desk = desk
        self.buffer = bytearray(BUFFER)
        self.view = memoryview(self.buffer)
        self.held = 0  # bytes of an unfinished head, at the start of the buffer
        self.left = 0  # bytes of the body still to come
        self.size = 0
        self.body = bytearray()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = cast("asyncio.Transport", transport)  # uvloop's is no subclass of it

    def get_buffer(self, _sizehint: int) -> memoryview:
        return self.view[self.held :]

    def buffer_updated(self, nbytes: int) -> None:
        start, end = 0, self.held + nbytes
        while start < end:
            if self.left:
                taken = min(self.left, end - start)
                if self.desk.save is not None:
                    self.body += self.view[start : start + taken]
                self.left -= taken
                start += taken
                if not self.left:
                    self.finish()
            elif (at := self.buffer.find(b"\r\n\r\n", start, end)) >= 0:
                self.read_head(bytes(self.view[start:at]))
                start = at + 4
            else:
                break
        self.held = end - start
        self.view[: self.held] = bytes(self.view[start:end])
        if self.held == BUFFER:
            self.transport.close()

    def read_head(self, head: bytes) -> None:
        method, target = head.split(b" ", 2)[:2]
        if method == b"GET":
            body = self.desk.give(target.decode())
            self.answer(b"404 Not Found" if body is None else b"200 OK", body or b"{}")
        elif CHUNKED.search(head):
            self.answer(b"411 Length Required", b"{}")
            self.transport.close()
        else:
            length = LENGTH.search(head)
            self.size = self.left = int(length[1]) if length else 0
            self.body = bytearray()
            if not self.left:
                self.finish()

    def finish(self) -> None:
        self.answer(b"200 OK", self.desk.take(self.size, self.body))

    def answer(self, status: bytes, body: bytes) -> None:
        head = b"HTTP/1.1 %b\r\ncontent-type: application/json\r\ncontent-length: %d\r\n\r\n"
        self.transport.write(head % (status, len(body)) + body)


async def serve(port: int, desk: Desk) -> None:
    """Serve until the process is ended."""
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(desk), "127.0.0.1", port)
    print("ready", server.sockets[0].getsockname()[1], flush=True)
    await server.serve_forever()


def main() -> None:
    words = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    words.add_argument("--port", type=int, default=0, help="0: a free one")
    words.add_argument("--rows", type=int, default=1_000_000, help="rows of the report")
    words.add_argument("--save", type=Path, help="keep each body as a file in this folder")
    given = words.parse_args()
    if given.save:
        given.save.mkdir(parents=True, exist_ok=True)
    render_ahead(min(1000, given.rows))
    run = asyncio.run
    with suppress(ImportError):
        import uvloop

        run = uvloop.run
    with suppress(KeyboardInterrupt):
        run(serve(given.port, Desk(given.rows, given.save)))


if __name__ == "__main__":
    main()
