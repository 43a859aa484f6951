"""The application: which page or act stands at which path, and what becomes of errors."""

import secrets
from collections.abc import Awaitable, Callable

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.datastructures import FormData
from starlette.middleware import Middleware
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from pipelines.failures import classify, keep_trace
from pipelines.guessing import GuessError
from pipelines.settings import state_dir
from pipelines.workbench import acts, pages
from pipelines.workbench.answering import AnswerError
from pipelines.workbench.desk import Desk, LostError
from pipelines.workbench.drafts import MOST_BYTES, NoRoomError
from pipelines.workbench.forms import FormError, read_form
from pipelines.workbench.guarding import Guard
from pipelines.workbench.rendering import show

__all__ = ["build_app"]

DRAFT = "/drafts/{draft}"
OURS = (AnswerError, FormError, GuessError, NoRoomError)
"""Errors whose text is the line that a person reads."""
Page = Callable[[Desk, Request], Response]
Act = Callable[[Desk, Request, FormData], Response]


def build_app(desk: Desk) -> Starlette:
    """Build the application; `desk` holds its secrets and its jobs."""
    shown: dict[str, Page] = {
        "/": pages.start,
        DRAFT: pages.columns,
        f"{DRAFT}/check": pages.check,
        f"{DRAFT}/save": pages.save,
        f"{DRAFT}/plan": pages.plan,
        f"{DRAFT}/load": pages.load,
        "/runs/{run}/{feed}": pages.report,
        "/runs/{run}/{feed}/rejects.csv": pages.rejects,
    }
    done: dict[str, Act] = {
        DRAFT: acts.answer,
        f"{DRAFT}/target": acts.retarget,
        f"{DRAFT}/save": acts.save,
        f"{DRAFT}/plan": acts.plan,
        f"{DRAFT}/load": acts.load,
        f"{DRAFT}/stop": acts.stop,
        f"{DRAFT}/discard": acts.discard,
    }
    routes = [Route(path, _page(desk, page)) for path, page in shown.items()]
    routes += [Route(path, _act(desk, act), methods=["POST"]) for path, act in done.items()]
    routes.append(Route("/upload", _act(desk, acts.upload, MOST_BYTES), methods=["POST"]))
    return Starlette(routes=routes, middleware=[Middleware(Guard, keys=desk.keys)])


def _page(desk: Desk, page: Page) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        return await run_in_threadpool(_answer, lambda: page(desk, request), "/")

    return endpoint


def _act(desk: Desk, act: Act, most_file: int = 0) -> Callable[[Request], Awaitable[Response]]:
    async def endpoint(request: Request) -> Response:
        back = request.url.path.rpartition("/")[0] or "/"
        try:
            form = await read_form(request, most_file)
        except FormError as error:
            return show("sorry", "Workbench", 413, error=str(error), back=back)
        try:
            key = form.get("key")
            if not (isinstance(key, str) and secrets.compare_digest(key, desk.keys.form)):
                line = (
                    "this form is of another page, or of a workbench that has ended: open it anew"
                )
                return show("sorry", "Workbench", 403, error=line, back=back)
            return await run_in_threadpool(_answer, lambda: act(desk, request, form), back)
        finally:
            await form.close()

    return endpoint


def _answer(answer: Callable[[], Response], back: str) -> Response:
    """Give an answer, or the page that says in one line why there is none."""
    try:
        return answer()
    except LostError as error:
        return show("sorry", "Not found", 404, error=str(error), back="/")
    except OURS as error:
        return show("sorry", "Workbench", 400, error=str(error), back=back)
    except Exception as error:  # noqa: BLE001  (whatever it is, it becomes one line)
        known = classify(error)
        line = known[0] if known else keep_trace(error, state_dir())
        return show("sorry", "Workbench", 400 if known else 500, error=line, back=back)
