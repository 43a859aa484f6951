"""The pages: each shows where a draft or a run stands, and changes nothing."""

import hashlib
from pathlib import Path
from typing import Any

from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, Response

from pipelines.feeds import FeedError, LoadFeed
from pipelines.loading import REJECTS
from pipelines.previewing import Preview, preview
from pipelines.run_page import write_page
from pipelines.runs import list_summaries
from pipelines.validating import Report, validate
from pipelines.workbench import telling
from pipelines.workbench.answering import feed_of
from pipelines.workbench.desk import Desk, LostError, draft_of, run_of
from pipelines.workbench.drafts import MOST_BYTES, Draft, forget_drafts, list_drafts
from pipelines.workbench.jobs import Job
from pipelines.workbench.rendering import show
from pipelines.workbench.saving import suggest_path

__all__ = ["check", "columns", "load", "plan", "rejects", "report", "save", "start"]

SHOWN = 5
"""Records of a preview."""
LISTED = 10
"""Runs on the first page."""
QUICK = 1.5
"""Seconds that a page waits for a check, before it says how far it is."""


def start(desk: Desk, _: Request, error: str = "") -> Response:
    """Show where a file is dropped, and what was begun before."""
    forget_drafts()
    return show(
        "start",
        "Workbench",
        400 if error else 200,
        error=error,
        form_key=desk.keys.form,
        most_mb=MOST_BYTES >> 20,
        drafts=list_drafts(),
        runs=list_summaries()[:LISTED],
        **telling.tell_account(),
    )


def columns(desk: Desk, request: Request, error: str = "") -> Response:
    """Show what each column is taken for, and why."""
    draft = draft_of(request)
    return desk.show("columns", draft, error, **telling.tell_columns(draft))


def check(desk: Desk, request: Request) -> Response:
    """Show what of the whole file would be rejected, and the first records."""
    draft = draft_of(request)
    try:
        feed, text = feed_of(draft)
    except FeedError as error:
        line = f"the feed lacks something: {str(error).partition(': ')[2]}"
        return desk.show("check", draft, line, job=None, report=None)
    of = hashlib.sha256(text.encode()).hexdigest()
    job = desk.jobs.find(draft.id, "check", of) or desk.jobs.start(
        draft.id, "check", lambda job: _judge(feed, draft, job), of, QUICK
    )
    if not job.done.is_set():
        return _wait(desk, "check", draft, job, report=None)
    if job.kind != "check" or job.error:
        return desk.show("check", draft, job.error, job=None, report=None)
    judged, seen = job.result
    return desk.show("check", draft, job=None, **telling.tell_check(draft, feed, judged, seen))


def _judge(feed: LoadFeed, draft: Draft, job: Job) -> tuple[Report, Preview]:
    seen = preview(feed, str(draft.file), SHOWN)
    return validate(feed, str(draft.file), progress=job.tell), seen


def _wait(desk: Desk, page: str, draft: Draft, job: Job, **facts: Any) -> Response:  # noqa: ANN401  (a template's)
    answer = desk.show(page, draft, job=job, **facts)
    answer.headers["refresh"] = "1"
    return answer


def save(
    desk: Desk, request: Request, error: str = "", said: dict[str, str] | None = None
) -> Response:
    """Show what the feed is called and where it reads."""
    draft = draft_of(request)
    told = telling.tell_save(draft)
    shown = {
        "name": draft.feed or told["guessed"],
        "source": suggest_path(draft),
        "description": draft.description or told["guessed_description"],
    }
    shown |= {name: text for name, text in (said or {}).items() if name in shown}
    return desk.show("save", draft, error, clash="overwrite it" in error, **shown, **told)


def plan(desk: Desk, request: Request) -> Response:
    """Show what a load would send."""
    draft = draft_of(request)
    if not draft.feed:
        raise LostError("save the feed first")
    job = desk.jobs.find(draft.id, "plan")
    told = telling.tell_plan(draft)
    if job and not job.done.is_set():
        return _wait(desk, "plan", draft, job, **told)
    error = (job.error if job else "") or told["why"]
    return desk.show("plan", draft, error, job=None, **told)


def load(desk: Desk, request: Request) -> Response:
    """Show what a load did, or how far it is."""
    draft = draft_of(request)
    job = desk.jobs.find(draft.id, "load")
    if job and not job.done.is_set():
        return _wait(desk, "load", draft, job, run=None)
    return desk.show("load", draft, job.error if job else "", job=None, **telling.tell_load(draft))


def report(_: Desk, request: Request) -> Response:
    """Show the report of a run, made anew: the run may have gone on since."""
    run = run_of(request)
    return HTMLResponse(write_page(run.run_id, run.feed).read_text(encoding="utf-8"))


def rejects(_: Desk, request: Request) -> Response:
    """Give the rejected rows of a run."""
    run = run_of(request)
    file = Path(run.folder) / REJECTS
    if not file.is_file():
        raise LostError("this run has no rejected rows")
    return FileResponse(file, media_type="text/csv", filename=f"{run.feed}-{REJECTS}")
