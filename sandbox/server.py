"""The server around the application: a socket, a loop, and an orderly end."""

import asyncio
import signal
import socket
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from types import FrameType

import uvicorn
from uvicorn.protocols.http.auto import AutoHTTPProtocol

from sandbox.app import BASE_PATH, Inside, build_app
from sandbox.faults.chosen import Faults
from sandbox.faults.plan import read_plan
from sandbox.faults.wire import Waits
from sandbox.imports import take_file
from sandbox.intake import Intake
from sandbox.offers import read_offers
from sandbox.settings import Settings
from sandbox.state import State

# One request is checked while another is written to disk; more would only share the same core.
_WORKERS = 4


@dataclass(frozen=True, slots=True)
class Running:
    """A sandbox that answers.

    Attributes:
        base_url: with the base path, without a slash at the end.
        facts_url: where it tells its counts and sums.
        faults_url: where its faults are read (GET), replaced (PUT) and removed (DELETE).
        receipts_url: where it lists each receipt and how often it is stored.
        files_url: where it lists what became of each file of POST /import/file.
        bodies_url: below it stand the stored carts, vehicles, redemptions and triggers.
    """

    base_url: str
    facts_url: str
    faults_url: str
    receipts_url: str
    files_url: str
    bodies_url: str
    api_key: str = field(repr=False)


class _Protocol(AutoHTTPProtocol):  # type: ignore[valid-type,misc]  # one of two classes, found at run time
    """Lets a fault reach the connection below the server, as `scope["state"]["transport"]`."""

    app_state: dict[str, object]

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.app_state = {**self.app_state, "transport": transport}
        super().connection_made(transport)


class _Server(uvicorn.Server):
    """Says when it listens, leaves signals to its caller, and waits for no fault at its end."""

    def __init__(self, config: uvicorn.Config, on_ready: Callable[[], None], waits: Waits) -> None:
        super().__init__(config)
        self._on_ready = on_ready
        self._waits = waits

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self._on_ready()

    async def main_loop(self) -> None:
        # Five times as often as uvicorn's own: whoever starts a sandbox a test waits for its end.
        tick = 0
        while not await self.on_tick(tick):
            tick += 1
            await asyncio.sleep(0.02)

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        self._waits.stop()
        await super().shutdown(sockets)
        await self._waits.finish()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


@contextmanager
def _prepare(
    data: Path, address: tuple[str, int], settings: Settings, on_ready: Callable[[Running], None]
) -> Iterator[tuple[_Server, socket.socket]]:
    """Give a server and its socket; the socket, the workers and the state are closed at the end."""
    faults, waits = Faults(read_plan(settings.faults)), Waits()
    offers = read_offers(settings.offers)
    take = partial(take_file, envelope=settings.import_envelope)
    host, port = address
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        listener = socket.create_server((host, port), family=family)
    except OSError as error:
        reason = (error.strerror or "no such address").partition(" (")[0]  # the address, once more
        message = f"cannot listen on {host} port {port}: {reason}; --port 0 takes a free one"
        raise OSError(error.errno, message) from None
    with listener, ExitStack() as stack:
        state = State(data)
        stack.callback(state.close)
        intake = Intake(state, settings.import_seconds, take)
        stack.callback(intake.close)
        workers = ThreadPoolExecutor(_WORKERS, thread_name_prefix="sandbox")
        stack.enter_context(workers)
        shown = f"[{host}]" if ":" in host else host
        root = f"http://{shown}:{listener.getsockname()[1]}"
        look = f"{root}/_sandbox"
        running = Running(
            f"{root}{BASE_PATH}",
            f"{look}/facts",
            f"{look}/faults",
            f"{look}/receipts",
            f"{look}/files",
            f"{look}/bodies",
            settings.api_key,
        )
        inside = Inside(state, settings, offers, intake, faults, waits)
        config = uvicorn.Config(
            build_app(inside, workers),
            http=_Protocol,
            lifespan="off",
            log_config=None,
            access_log=False,  # a query can hold a phone number
            server_header=False,
            timeout_graceful_shutdown=5,
        )
        yield _Server(config, lambda: on_ready(running), waits), listener


def serve(
    data: Path,
    address: tuple[str, int],
    settings: Settings,
    on_ready: Callable[[Running], None] = lambda _: None,
) -> None:
    """Answer until SIGINT or SIGTERM comes; to be called in the main thread."""
    with _prepare(data, address, settings, on_ready) as (server, listener):

        def stop(_: int, __: FrameType | None) -> None:
            server.should_exit = True

        before = {kind: signal.signal(kind, stop) for kind in (signal.SIGINT, signal.SIGTERM)}
        try:
            server.run(sockets=[listener])
        finally:
            for kind, handler in before.items():
                signal.signal(kind, handler)


@contextmanager
def run_in_thread(data: Path, settings: Settings) -> Iterator[Running]:
    """Answer in a thread of its own, on a free port, until the block is left."""
    ready = threading.Event()
    told: list[Running] = []

    def tell(running: Running) -> None:
        told.append(running)
        ready.set()

    with _prepare(data, ("127.0.0.1", 0), settings, tell) as (server, listener):

        def run() -> None:
            try:
                server.run(sockets=[listener])
            finally:
                ready.set()

        thread = threading.Thread(target=run, name="sandbox")
        thread.start()
        try:
            ready.wait()
            if not told:
                raise RuntimeError("the sandbox did not start; its log says why")
            yield told[0]
        finally:
            server.should_exit = True
            thread.join()
