"""Saving a draft as a feed of the project, and putting its file where the feed reads."""

import filecmp
import hashlib
import os
import shutil
from dataclasses import replace
from pathlib import Path

from connectors.files.fetching import is_url
from connectors.trigg.account import AccountError
from pipelines import ROOT
from pipelines.feeds import FeedError, find_feed
from pipelines.feeds.reading import feeds_dir, read_yaml, refuse_name
from pipelines.guessing import write_yaml
from pipelines.runs import write_private
from pipelines.settings import private_folder, writing_account
from pipelines.workbench.answering import AnswerError, guess_of
from pipelines.workbench.drafts import Draft, write_draft

__all__ = ["barred", "save_feed", "suggest_path"]


def suggest_path(draft: Draft) -> str:
    """Say where the file of a feed may lie."""
    return draft.source or f"in/{draft.name}"


def save_feed(
    draft: Draft,
    name: str,
    source: str,
    description: str = "",
    *,
    overwrite: bool = False,
    feeds: Path | None = None,
) -> Draft:
    """Write a draft's feed into the project; where nothing lies at its source, put the file there.

    Args:
        draft: it.
        name: of the feed.
        source: where the feed will read: a path from the project's folder, a pattern, a URL.
        description: what the feed is.
        overwrite: also where a feed of that name is there, or was changed since it was saved.
        feeds: the folder of feeds, if not the project's.

    Raises:
        AnswerError: the name or the source cannot be, or a feed of that name is there.
        FeedError: what was said makes no feed.
        OSError: it cannot be written.
    """
    if wrong := refuse_name(name):
        raise AnswerError(f"{name!r} is no feed's name: {wrong}")
    if not source:
        raise AnswerError("say where the file of this feed will lie, such as in/members.csv")
    found = replace(guess_of(draft), path=source, name=name, description=description)
    text = write_yaml(found)
    tried = private_folder(draft.folder / "saving" / name) / "defs.yaml"
    write_private(tried, text)
    try:
        read_yaml(tried)
    except FeedError as error:
        raise AnswerError(str(error).partition(": ")[2]) from None
    finally:
        shutil.rmtree(draft.folder / "saving")
    file = (feeds or feeds_dir()) / name / "defs.yaml"
    if file.exists() and not overwrite and _digest(file.read_text("utf-8")) != draft.text:
        what = "was changed since it was saved here" if draft.feed == name else "is there already"
        raise AnswerError(f"the feed {name} {what}: choose another name, or overwrite it")
    file.parent.mkdir(exist_ok=True)
    written = file.with_name(".defs.yaml")
    written.write_text(text, encoding="utf-8")
    written.replace(file)
    told = _place_file(draft.file, source)
    return write_draft(
        replace(
            draft,
            feed=name,
            text=_digest(text),
            source=source,
            description=description,
            told=told,
            planned="",
            plan="",
        )
    )


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


def _place_file(file: Path, source: str) -> str:
    """Put the file where the feed reads, if nothing is there; say what was done."""
    if is_url(source) or {*"*?["} & {*source}:
        return f"the feed reads {source}: see that a file lies there before it runs by itself"
    to = (ROOT / source).resolve()
    if to.exists():
        if to.is_file() and filecmp.cmp(file, to, shallow=False):
            return f"{source} is this very file"
        return f"at {source} lies another file, which was left as it is"
    if not to.is_relative_to(ROOT):
        return f"nothing lies at {source} yet: put the file there before the feed runs by itself"
    private_folder(to.parent)
    with (
        file.open("rb") as read,
        os.fdopen(os.open(to, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as written,
    ):
        shutil.copyfileobj(read, written, 1 << 20)
    return f"the file was put at {source}"


def barred(draft: Draft) -> str:
    """Say why a draft's feed cannot be loaded where it leads, if it cannot."""
    try:
        writing_account(find_feed(draft.feed)[1].profile)
    except (AccountError, FeedError) as error:
        return str(error)
    return ""
