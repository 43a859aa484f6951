"""What a run does about the file of an inbox that it loads: holds it, and writes its id down.

A run says by a tag which file it loads, and at which attempt. A step of a run without the tag
passes through.
"""

from collections.abc import Iterator
from contextlib import contextmanager

from pipelines.runs import read_summary
from pipelines.triggers.book import Book, InboxBusy, Taken

__all__ = ["TAG", "at_work", "begin_with"]

TAG = "loyalty-etl/inbox"
_mine: set[str] = set()


@contextmanager
def at_work(feed: str, tag: str) -> Iterator[None]:
    """Hold a file for as long as this block lasts, so that nobody takes its run for dead.

    Raises:
        InboxBusy: another process holds it.
    """
    if not tag or tag in _mine:
        yield
        return
    with Book(feed).loading(tag.partition(".")[0]):
        _mine.add(tag)
        try:
            yield
        finally:
            _mine.discard(tag)


def begin_with(feed: str, tag: str, run_id: str) -> None:
    """Write down that a run has begun with a file; the same attempt may be begun by a second run.

    Raises:
        InboxBusy: the file is another run's by now, or was loaded.
    """
    if not tag:
        return
    book = Book(feed)
    with book.alone(wait=True):
        entry = book.find_open(tag.partition(".")[0])
        if entry is None or entry.tag != tag or _is_over(feed, entry, run_id):
            raise InboxBusy("another run has loaded this file meanwhile; nothing was read")
        book.write(entry.add(begun=entry.attempt, run_id=run_id))


def _is_over(feed: str, entry: Taken, run_id: str) -> bool:
    """Tell whether another run has loaded the file to its end."""
    if entry.ending or entry.run_id in {"", run_id}:
        return bool(entry.ending)
    summary = read_summary(entry.run_id, feed)
    return summary is not None and summary.state == "finished"
