"""The sandbox: a real HTTP server that speaks the Trigg Integrations API 4.3.0, with durable state.

Try a feed on it, or test against it over a real socket:

    with sandbox.running(Path("data")) as api:
        httpx.get(f"{api.base_url}/stores", headers={"x-api-key": api.api_key})

It is strict: what the contract does not allow is refused with the documented status and envelope.
It shares no code with the rest of the project, so it cannot share a mistake with it. Importing this
module is cheap; the server comes with the first call.
"""

from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from sandbox.settings import FaultsError, Settings

if TYPE_CHECKING:
    from sandbox.server import Running

__all__ = ["FaultsError", "Settings", "running", "serve"]


def serve(
    data: Path,
    host: str = "127.0.0.1",
    port: int = 8085,
    api_key: str = "sandbox",
    on_ready: Callable[[str], None] | None = None,
    **settings: Any,  # noqa: ANN401 - the fields of Settings
) -> None:
    """Answer on `host` and `port` until SIGINT or SIGTERM comes.

    Args:
        data: the directory of its state, made if absent; it holds personal data.
        host: the address to listen on.
        port: 0 takes a free one.
        api_key: the key that requests must carry.
        on_ready: called with the base URL as soon as it answers.
        settings: further fields of `Settings`.

    Raises:
        FaultsError: the faults in `settings` are not spelled as docs/sandbox.md says.
        OSError: the port is taken, or the directory cannot be written.
        sandbox.state.StateError: the directory is another sandbox's, or holds something else.
    """
    from sandbox import server  # noqa: PLC0415 - only who serves pays for the server

    tell = on_ready or (lambda _: None)
    server.serve(
        data,
        (host, port),
        Settings(api_key=api_key, **settings),
        lambda running: tell(running.base_url),
    )


def running(
    data: Path,
    api_key: str = "sandbox",
    **settings: Any,  # noqa: ANN401 - the fields of Settings
) -> AbstractContextManager["Running"]:
    """Run a sandbox in a thread, on a free port of 127.0.0.1, for the length of a `with` block.

    Yields an object with `base_url`, `api_key`, and `facts_url`, `faults_url` and `receipts_url` to
    look into it. State is kept in `data`, so a
    second block goes on where the first one ended. Raises as `serve` does.
    """
    from sandbox import server  # noqa: PLC0415 - only who serves pays for the server

    return server.run_in_thread(data, Settings(api_key=api_key, **settings))
