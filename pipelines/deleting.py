"""Deletions of customers: never by accident, only what was planned and asked for by its number."""

from pipelines.feeds import LoadFeed

MOST_KEYS = 1_000
"""Keys of those to be deleted that a plan holds."""


class NotAskedForError(Exception):
    """A feed would delete customers, and nobody has asked for just that."""


def require_asked(name: str, feed: LoadFeed, *, plan: str, delete: int | None) -> None:
    """See that whoever runs a feed that deletes customers has planned it, and says how many.

    Args:
        name: the feed's name.
        feed: its words.
        plan: the digest of the plan; empty without one.
        delete: how many were asked for; None if nobody did.

    Raises:
        NotAskedForError: it is not so.
    """
    if feed.target.erases and not (plan and delete is not None):
        raise NotAskedForError(
            f"{name} deletes customers, for good: nothing was sent; look whom:"
            f" loyalty-etl plan {name} -o plan.json, then delete just them:"
            f" loyalty-etl run {name} --plan plan.json --delete N, the number that the plan tells"
        )


def require_number(feed: LoadFeed, planned: int, delete: int | None) -> None:
    """See that as many customers are deleted as were asked for.

    Raises:
        NotAskedForError: it is not so.
    """
    if feed.target.erases and planned != delete:
        raise NotAskedForError(
            f"the plan deletes {planned:,} customers, and {delete} were asked for:"
            " nothing was sent; look at the plan"
        )


__all__ = ["MOST_KEYS", "NotAskedForError", "require_asked", "require_number"]
