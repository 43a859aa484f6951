"""What the forms do; each ends by leading to a page, so that a reload does nothing twice."""

from dataclasses import replace
from pathlib import Path
from typing import Literal, cast

from starlette.datastructures import FormData, UploadFile
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from connectors.trigg.account import PRODUCTION
from pipelines.feeds import find_feed
from pipelines.guessing import GuessError
from pipelines.planning import PLAN, load_plan
from pipelines.runs import Summary
from pipelines.settings import trigg_account
from pipelines.workbench import pages
from pipelines.workbench.answering import AnswerError, guess_of, read_form
from pipelines.workbench.child import run_apart
from pipelines.workbench.desk import Desk, draft_of, go, texts
from pipelines.workbench.drafts import (
    Answers,
    NoRoomError,
    forget_draft,
    keep_file,
    write_draft,
)
from pipelines.workbench.jobs import Job
from pipelines.workbench.saving import barred, save_feed

__all__ = ["answer", "discard", "load", "plan", "retarget", "save", "stop", "upload"]

QUICK = 1.0
"""Seconds that an act waits for what it began, since most of it is quick."""


def upload(desk: Desk, request: Request, form: FormData) -> Response:
    """Take a file, and look whether anything can be made of it."""
    file = form.get("file")
    if not isinstance(file, UploadFile) or not file.filename:
        return pages.start(desk, request, "choose a file first, or drop one on the field")
    try:
        draft = keep_file(file.filename, file.file)
    except NoRoomError as error:
        return pages.start(desk, request, str(error))
    target = _target(texts(form).get("target", ""))
    draft = write_draft(replace(draft, answers=Answers(target)))
    try:
        guess_of(draft)
    except GuessError as error:
        forget_draft(draft)
        return pages.start(desk, request, str(error).replace(str(draft.file), draft.name))
    return go(draft)


def _target(word: str) -> Literal["members", "receipts"] | None:
    return cast("Literal['members', 'receipts']", word) if word in {"members", "receipts"} else None


def answer(desk: Desk, request: Request, form: FormData) -> Response:
    """Note what was said of columns and values."""
    draft, said = draft_of(request), texts(form)
    try:
        draft = write_draft(replace(draft, answers=read_form(draft, said)))
    except AnswerError as error:
        return pages.columns(desk, request, str(error))
    return go(draft, said.get("then", "") and "check")


def retarget(_: Desk, request: Request, form: FormData) -> Response:
    """Take the file for the other kind; what was said of the one is forgotten."""
    draft = draft_of(request)
    target = _target(texts(form).get("target", ""))
    return go(write_draft(replace(draft, answers=Answers(target))))


def save(desk: Desk, request: Request, form: FormData) -> Response:
    """Write the feed, and begin the dry run."""
    draft, said = draft_of(request), texts(form)
    name, source = said.get("name", "").strip(), said.get("source", "").strip()
    try:
        draft = save_feed(
            draft, name, source, said.get("description", "").strip(), overwrite="overwrite" in said
        )
    except AnswerError as error:
        return pages.save(desk, request, str(error), said)
    desk.jobs.forget(draft.id)
    return go(draft, "plan")


def plan(desk: Desk, request: Request, _: FormData) -> Response:
    """Begin a dry run."""
    draft = draft_of(request)
    if not draft.feed:
        return go(draft, "save")

    def work(job: Job) -> Summary:
        made = run_apart(job, draft.feed, source=str(draft.file), dry_run=True)
        digest = ""
        if made.state != "failed":
            digest = load_plan(Path(made.folder) / PLAN).digest
        write_draft(replace(draft, planned=made.run_id, plan=digest))
        return made

    desk.jobs.start(draft.id, "plan", work, wait=QUICK)
    return go(draft, "plan")


def load(desk: Desk, request: Request, form: FormData) -> Response:
    """Begin the load of what the dry run has told."""
    draft = draft_of(request)
    if not draft.plan:
        return go(draft, "plan")
    if why := barred(draft):
        raise AnswerError(why)
    account = trigg_account(find_feed(draft.feed)[1].profile)
    if account.environment == PRODUCTION and "production" not in form:
        raise AnswerError("this is production: tick that you mean it; nothing was sent")

    def work(job: Job) -> Summary:
        made = run_apart(job, draft.feed, source=str(draft.file), plan=draft.plan)
        write_draft(replace(draft, loaded=made.run_id, planned="", plan=""))
        return made

    desk.jobs.start(draft.id, "load", work, wait=QUICK)
    return go(draft, "load")


def stop(desk: Desk, request: Request, _: FormData) -> Response:
    """Ask what is under way to end in good order."""
    draft = draft_of(request)
    job = desk.jobs.running(draft.id)
    if job:
        job.stop()
    return go(draft, job.kind if job else "plan")


def discard(desk: Desk, request: Request, _: FormData) -> Response:
    """Forget a draft and its file."""
    draft = draft_of(request)
    if desk.jobs.running(draft.id):
        raise AnswerError("something of this draft is under way: stop it, or let it end")
    forget_draft(draft)
    desk.jobs.forget(draft.id)
    return RedirectResponse("/", 303)
