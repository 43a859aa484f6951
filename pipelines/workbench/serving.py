"""The server: on this machine only, for as long as the command runs."""

import socket
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import uvicorn

from pipelines.workbench.app import build_app
from pipelines.workbench.desk import Desk

__all__ = ["Serving", "open_server", "serve"]

HOST = "127.0.0.1"


@dataclass(frozen=True)
class Serving:
    """A server that listens, and is yet to answer.

    Attributes:
        address: its first page, with the token.
        run: answers until a signal comes.
        stop: has `run` end.
    """

    address: str
    run: Callable[[], None]
    stop: Callable[[], None]


@contextmanager
def open_server(port: int = 0) -> Iterator[Serving]:
    """Give a server of this machine's own address; what it has begun is ended in good order.

    Args:
        port: 0 takes a free one.

    Raises:
        OSError: the port is taken.
    """
    desk = Desk()
    config = uvicorn.Config(
        build_app(desk),
        log_level="warning",
        access_log=False,  # addresses have the token
        lifespan="off",
        server_header=False,
        timeout_graceful_shutdown=2,
    )
    server = uvicorn.Server(config)

    def stop() -> None:
        server.should_exit = True

    with socket.create_server((HOST, port)) as listener:
        root = f"http://{HOST}:{listener.getsockname()[1]}"
        try:
            yield Serving(f"{root}/?token={desk.keys.token}", lambda: server.run([listener]), stop)
        finally:
            desk.jobs.end()


def serve(port: int, on_ready: Callable[[str], None]) -> None:
    """Answer until SIGINT or SIGTERM comes.

    Args:
        port: 0 takes a free one.
        on_ready: told the address, which has the token.

    Raises:
        OSError: the port is taken.
    """
    with open_server(port) as serving:
        on_ready(serving.address)
        serving.run()
