"""The ASGI application: paths, the key, threads, and an envelope around every error."""

import asyncio
import hmac
import logging
import traceback
from concurrent.futures import Executor
from dataclasses import dataclass
from functools import partial

from starlette.applications import Starlette
from starlette.datastructures import Headers
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route, compile_path
from starlette.types import ASGIApp, Receive, Scope, Send

from sandbox import looking, methods
from sandbox.answers import Refusal, answer_error
from sandbox.calls import Call, read_body
from sandbox.faults.acting import meet
from sandbox.faults.chosen import Asked, Faults
from sandbox.faults.wire import Waits
from sandbox.history import History
from sandbox.intake import Intake
from sandbox.offers import Offers
from sandbox.routes import API
from sandbox.settings import Settings
from sandbox.state import State
from sandbox.strict_json import NotJsonError

BASE_PATH = "/v4"
_PING = f"{BASE_PATH}/health/ping"
_LOG = logging.getLogger("sandbox")

_METHODS: dict[str, dict[str, methods.Method]] = {
    _PING: {"GET": methods.ping},
    **{BASE_PATH + path: by_verb for path, by_verb in API.items()},
    "/_sandbox/facts": {"GET": looking.tell_facts},
    "/_sandbox/receipts": {"GET": looking.list_receipts},
    "/_sandbox/files": {"GET": looking.list_files},
    "/_sandbox/bodies/{kind}": {"GET": looking.list_bodies},
    "/_sandbox/faults": {
        "GET": looking.get_faults,
        "PUT": looking.put_faults,
        "DELETE": looking.delete_faults,
    },
}


@dataclass(frozen=True, slots=True)
class Inside:
    """What the methods work with, besides their request."""

    state: State
    settings: Settings
    offers: Offers
    intake: Intake
    faults: Faults
    waits: Waits


def build_app(inside: Inside, workers: Executor) -> ASGIApp:
    """Return the application; the methods run in `workers`, so the loop stays free."""
    history = History()
    settings = inside.settings

    async def run_method(method: methods.Method, call: Call) -> Response:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(workers, _run_method, method, call)

    async def take(by_verb: dict[str, methods.Method], request: Request) -> Response:
        try:
            headers = request.headers
            call = Call(
                state=inside.state,
                settings=settings,
                offers=inside.offers,
                intake=inside.intake,
                history=history,
                faults=inside.faults,
                waits=inside.waits,
                path=request.path_params,
                query=request.query_params.multi_items(),
                content_type=headers.get("content-type", ""),
                content_encoding=headers.get("content-encoding", ""),
                body=await read_body(request, settings.max_body_bytes),
                on_repeat=settings.duplicate_receipt,
            )
            verb = "GET" if request.method == "HEAD" else request.method
            run = partial(run_method, by_verb[verb])
            below = request.url.path.removeprefix(BASE_PATH)
            if below == request.url.path:  # not the API: a way to look into the sandbox
                return await run(call)
            asked = Asked(verb, below, request.query_params)
            return await meet(inside.faults, inside.waits, asked, call, run)
        except Refusal as refusal:
            return answer_error(refusal)
        except ClientDisconnect:
            return Response(status_code=400)

    # Starlette calls a partial of a coroutine function as it calls the function.
    routes = [
        Route(path, partial(take, by_verb), methods=list(by_verb))
        for path, by_verb in _METHODS.items()
    ]
    app = Starlette(routes=routes, exception_handlers={HTTPException: _answer_unrouted})
    app.router.redirect_slashes = False
    return _Count(_KeyGate(app, settings.api_key), inside.state)


def _run_method(method: methods.Method, call: Call) -> Response:
    try:
        return method(call)
    except Refusal as refusal:
        return answer_error(refusal)
    except NotJsonError as error:
        return answer_error(Refusal(400, f"the body is not JSON: {error}"))
    except RecursionError:
        return answer_error(Refusal(400, "the body is nested too deeply"))
    except Exception as error:  # noqa: BLE001 - any bug is answered, and told without its values
        # No traceback: it can hold personal data.
        where = traceback.extract_tb(error.__traceback__)[-1]
        _LOG.error("%s failed: %s at %s:%s", method.__name__, type(error).__name__, *where[:2])
        return answer_error(Refusal(500, "the sandbox failed; its log says where"))


async def _answer_unrouted(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    allowed = dict(error.headers or {})
    detail = f"no such path below {BASE_PATH}"
    if error.status_code == 405:
        detail = f"{request.method} is not a method of this path: {allowed.get('Allow', '')}"
    return answer_error(Refusal(error.status_code, detail), allowed)


class _Count:
    """Counts every request below the base path, whatever becomes of it."""

    def __init__(self, app: ASGIApp, state: State) -> None:
        self._app = app
        self._state = state
        self._paths = [
            (compile_path(path)[0], path.removeprefix(BASE_PATH).replace(":path}", "}"))
            for path in _METHODS
            if path.startswith(BASE_PATH)
        ]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        if scope["type"] == "http" and path.startswith(f"{BASE_PATH}/"):
            # An id in a path can be a person's: the path's pattern is counted.
            known = (shown for pattern, shown in self._paths if pattern.match(path))
            self._state.count_request(f"{scope['method']} {next(known, 'elsewhere')}")
        await self._app(scope, receive, send)


class _KeyGate:
    """Answers 401 below the base path when `x-api-key` is absent or unknown, whatever the path."""

    def __init__(self, app: ASGIApp, api_key: str) -> None:
        self._app = app
        self._key = api_key.encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        path = str(scope.get("path", ""))
        guarded = path == BASE_PATH or path.startswith(f"{BASE_PATH}/")
        if scope["type"] == "http" and guarded and path != _PING:
            sent = Headers(scope=scope).get("x-api-key", "").encode("latin-1")
            if not hmac.compare_digest(sent, self._key):
                refusal = Refusal(401, "the header x-api-key is absent or holds an unknown key")
                await answer_error(refusal)(scope, receive, send)
                return
        await self._app(scope, receive, send)
