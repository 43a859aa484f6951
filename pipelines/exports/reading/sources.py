"""From the words of an export to what reads it."""

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

from pipelines.exports.reading.changes import Changes
from pipelines.exports.reading.each import EachMember
from pipelines.exports.reading.members import read_members
from pipelines.exports.reading.once import Once
from pipelines.exports.reading.questions import Question
from pipelines.exports.reading.source import Source
from pipelines.feeds.read import Read
from pipelines.feeds.window import WindowError
from pipelines.progress import Progress, several
from pipelines.sourcing import forget_copies

if TYPE_CHECKING:
    from connectors.trigg.client import Client

ANSWER = "answer.json"
__all__ = ["reader_of", "refuse_window", "tell_asked", "tell_list"]


def reader_of(
    read: Read,
    client: "Client",
    folder: Path,
    *,
    watermark: str,
    stop: Event,
    progress: Progress,
) -> Source:
    """Give what reads a method without pages.

    Args:
        read: the feed's words.
        client: asks.
        folder: of the run, for a copy of a list that lies elsewhere.
        watermark: that of the version before; empty if there is none, or all is to be read.
        stop: set from outside to end in good order.
        progress: told while whom to ask about is read.

    Raises:
        SourceError, NoMembers: whom to ask about cannot be read.
    """
    question = Question(client, read, folder / ANSWER)
    if read.over:
        try:
            members = read_members(read.over, folder, progress)
        finally:
            forget_copies(folder)
        return EachMember(question, stop, members)
    if read.since:
        return Changes(question, stop, read.since, watermark, datetime.now(UTC))
    return Once(question, stop)


def refuse_window(since: str, until: str) -> None:
    """Refuse a window for what has none.

    Raises:
        WindowError: there is one.
    """
    if since or until:
        raise WindowError("only reports have a window: leave --since and --until out")


def tell_asked(asked: Mapping[str, int]) -> str:
    """Say what became of the members that were asked about."""
    members = several(asked["members"], "member")
    said = f"{members} = {asked['answered']:,} answered + {asked['without_any']:,} without any"
    return said + (f" + {asked['refused']:,} refused" if asked["refused"] else "")


def tell_list(asked: Mapping[str, int]) -> Iterator[str]:
    """Say what of a list of members named nobody, a line each."""
    if blank := asked.get("blank"):
        yield f"{several(blank, 'row names', 'rows name')} nobody to ask about"
    if repeated := asked.get("repeated"):
        yield f"{several(repeated, 'row names', 'rows name')} somebody who was named before"
