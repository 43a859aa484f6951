"""Loading what lies in an inbox, in this process: look, run, look again, until nothing is left."""

from collections.abc import Iterator
from datetime import UTC, datetime

from pipelines.feeds import LoadFeed, list_feeds, read_feed
from pipelines.progress import Reporter
from pipelines.runs import Summary
from pipelines.triggers.claiming import at_work
from pipelines.triggers.inbox import Asked, Look, look

__all__ = ["inbox_feeds", "load_inbox"]


def inbox_feeds() -> list[str]:
    """Name the feeds with an inbox, those that come after others behind these."""
    feeds = {name: read_feed(name) for name in list_feeds()}
    ordered: list[str] = []

    def visit(name: str, above: tuple[str, ...]) -> None:
        for other in feeds[name].after:
            if other not in above:
                visit(other, (*above, name))
        if name not in ordered:
            ordered.append(name)

    for name in feeds:
        visit(name, ())
    return [name for name in ordered if getattr(feeds[name], "inbox", None)]


def load_inbox(
    name: str, feed: LoadFeed, reporter: Reporter, feed_path: str = ""
) -> Iterator[Summary | Look]:
    """Load each file of an inbox that is whole; give the summaries as they come, then the rest.

    A load that fails for want of network or settings ends it: the next file would fare the same.

    Raises:
        AccountError, InboxBusy, SourceError: as `pipelines.triggers.inbox.look`.
    """
    from pipelines.materializing import open_instance  # noqa: PLC0415  (imports Dagster)
    from pipelines.triggers.sensing import ask_dagster  # noqa: PLC0415

    moved = []
    stuck = False
    with open_instance() as instance:
        state_of = ask_dagster(instance)
        while True:
            seen = look(name, feed, state_of, datetime.now(UTC), insists=not stuck)
            moved += seen.moved
            if seen.asked is None:
                break
            yield (done := _run(name, feed, reporter, seen.asked, feed_path))
            stuck = done.state == "failed"
    yield Look(moved=moved, waits=seen.waits)


def _run(name: str, feed: LoadFeed, reporter: Reporter, asked: Asked, feed_path: str) -> Summary:
    from pipelines.materializing import resume_feed, run_feed  # noqa: PLC0415  (imports Dagster)

    entry = asked.entry
    with at_work(name, entry.tag):
        if asked.resume:
            return resume_feed(name, feed, reporter, entry.run_id, tag=entry.tag)
        return run_feed(
            name,
            feed,
            reporter,
            source=asked.source,
            feed_path=feed_path,
            day=entry.day,
            tag=entry.tag,
        )
