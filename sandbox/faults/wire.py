"""What happens to the connection: it is dropped, cut, dripped on, or left hanging, for real."""

import asyncio
import os
import socket
import struct
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import cast

from starlette.responses import Response, StreamingResponse
from starlette.types import Receive, Scope, Send

from sandbox.faults.rules import End

# SO_LINGER with no time to linger: the end of the connection is a RST, not a FIN.
_NO_LINGER = struct.pack("ii", 1, 0)


class Waits:
    """Everything that waits on purpose; a sandbox that stops lets none of it wait on."""

    def __init__(self) -> None:
        self._stopping = asyncio.Event()
        self._late: set[asyncio.Task[None]] = set()

    @property
    def late(self) -> int:
        """How many batches are still to be stored."""
        return len(self._late)

    async def pause(self, seconds: float, receive: Receive | None = None) -> bool:
        """Wait; False when the sandbox stops before, or when the client has gone."""
        ends: list[asyncio.Task[bool]] = [asyncio.create_task(self._stopping.wait())]
        if receive is not None:
            ends.append(asyncio.create_task(_wait_for_disconnect(receive)))
        try:
            done, _ = await asyncio.wait(ends, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in ends:
                task.cancel()
        return not done

    def do_later(self, seconds: float, act: Callable[[], Awaitable[object]]) -> None:
        """Do this after some seconds; at once when the sandbox stops before."""

        async def wait_and_act() -> None:
            await self.pause(seconds)
            await act()

        task = asyncio.create_task(wait_and_act())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    def stop(self) -> None:
        """Let nothing wait any longer."""
        self._stopping.set()

    async def finish(self) -> None:
        """Return when all that was to be done later is done."""
        await asyncio.gather(*self._late)


async def _wait_for_disconnect(receive: Receive) -> bool:
    while (await receive())["type"] != "http.disconnect":
        pass
    return True


class Dropped(Response):
    """No answer: the connection is reset (RST), or closed (FIN)."""

    def __init__(self, end: End) -> None:
        super().__init__()
        self._end = end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        await _end_connection(scope, receive, self._end)


class Cut(Response):
    """The head of an answer and half of its body, then the end of the connection."""

    def __init__(self, whole: Response, end: End) -> None:
        super().__init__()
        self._whole, self._end = whole, end

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        head, body = await _spell(self._whole)
        await _write(scope, head + body[: len(body) // 2])
        await _end_connection(scope, receive, self._end)


class Dripped(Response):
    """An answer of which each byte, the head's too, takes some seconds."""

    def __init__(self, whole: Response, seconds: float, waits: Waits) -> None:
        super().__init__()
        self._whole, self._seconds, self._waits = whole, seconds, waits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI
        head, body = await _spell(self._whole)
        end: End = "close"
        for byte in head + body:
            if not await self._waits.pause(self._seconds, receive):
                end = "reset"
                break
            await _write(scope, bytes([byte]))
        await _end_connection(scope, receive, end)


class Hung(Response):
    """Nothing for some seconds, then the answer, or the end of the connection without one."""

    def __init__(self, then: Response | None, seconds: float, waits: Waits) -> None:
        super().__init__()
        self._then, self._seconds, self._waits = then, seconds, waits

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        passed = await self._waits.pause(self._seconds, receive)
        if passed and self._then is not None:
            await self._then(scope, receive, send)
        else:
            await _end_connection(scope, receive, "reset")


async def _spell(response: Response) -> tuple[bytes, bytes]:
    status = response.status_code
    if isinstance(response, StreamingResponse):
        body = b"".join([_encode(part) async for part in response.body_iterator])
    else:
        body = bytes(response.body)
    lines = [f"HTTP/1.1 {status} {HTTPStatus(status).phrase}".encode()]
    lines += [name + b": " + value for name, value in response.raw_headers]
    return b"\r\n".join([*lines, b"connection: close", b"", b""]), body


def _encode(part: str | bytes | memoryview) -> bytes:
    return part.encode() if isinstance(part, str) else bytes(part)


def _find_transport(scope: Scope) -> asyncio.Transport:
    # The server puts it there; uvloop's is no asyncio.Transport by class.
    return cast("asyncio.Transport", scope["state"]["transport"])


async def _write(scope: Scope, data: bytes) -> None:
    """Write below the server, which would send an answer whole, and wait until it is on its way."""
    transport = _find_transport(scope)
    if not transport.is_closing():
        transport.write(data)
    while transport.get_write_buffer_size() and not transport.is_closing():  # noqa: ASYNC110 - only the server is told when the buffer is empty
        await asyncio.sleep(0.001)


async def _end_connection(scope: Scope, receive: Receive, end: End) -> None:
    """End the connection, and wait until the server knows, so that it adds no answer of its own."""
    transport = _find_transport(scope)
    if not transport.is_closing():
        if end == "reset":
            sock = transport.get_extra_info("socket")
            with socket.socket(fileno=os.dup(sock.fileno())) as same:
                same.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _NO_LINGER)
            transport.abort()
        else:
            transport.close()
    await _wait_for_disconnect(receive)
