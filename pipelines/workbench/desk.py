"""What all pages share: the secrets of this server, its jobs, and how a draft is found."""

import re
from dataclasses import dataclass, field
from typing import Any

from starlette.datastructures import FormData
from starlette.requests import Request
from starlette.responses import HTMLResponse, RedirectResponse

from pipelines.runs import Summary, read_summary
from pipelines.workbench.drafts import Draft, find_draft
from pipelines.workbench.guarding import Keys
from pipelines.workbench.jobs import Jobs
from pipelines.workbench.rendering import show

__all__ = ["Desk", "LostError", "draft_of", "go", "run_of", "texts"]


class LostError(Exception):
    """There is no such draft or run."""


@dataclass(frozen=True)
class Desk:
    """One server's secrets and jobs."""

    keys: Keys = field(default_factory=Keys)
    jobs: Jobs = field(default_factory=Jobs)

    def show(self, page: str, draft: Draft, error: str = "", **facts: Any) -> HTMLResponse:  # noqa: ANN401  (a template's)
        """Show a page of a draft."""
        status = 400 if error else 200
        shared = {"draft": draft, "error": error, "form_key": self.keys.form}
        return show(page, draft.name, status, **shared, **facts)


def draft_of(request: Request) -> Draft:
    """Find the draft of a path.

    Raises:
        LostError: there is none.
    """
    draft = find_draft(request.path_params["draft"])
    if draft is None:
        raise LostError("there is no such draft: it was discarded, or not used for a week")
    return draft


def run_of(request: Request) -> Summary:
    """Find the run of a path.

    Raises:
        LostError: there is none.
    """
    run, feed = request.path_params["run"], request.path_params["feed"]
    plain = re.fullmatch("[0-9a-f-]+", run) and re.fullmatch("[A-Za-z0-9_]+", feed)
    summary = read_summary(run, feed) if plain else None
    if summary is None:
        raise LostError("there is no such run: loyalty-etl runs list tells those there are")
    return summary


def texts(form: FormData) -> dict[str, str]:
    """Give the texts of a form; of a name that stands twice the last."""
    return {name: value for name, value in form.multi_items() if isinstance(value, str)}


def go(draft: Draft, page: str = "") -> RedirectResponse:
    """Lead to a page of a draft."""
    return RedirectResponse(f"/drafts/{draft.id}{page and f'/{page}'}", 303)
