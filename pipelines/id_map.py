"""The id map: which customer of the platform each member of a feed is, learned and kept.

POST /import answers a status only (reading T04), so ids are asked for: all customers that changed
since the members were loaded, by one call, and who is not among them one after the other.
"""

import tempfile
import time
from dataclasses import replace as changed
from datetime import datetime
from pathlib import Path

from pipelines.feeds import LoadFeed
from pipelines.id_learning import AT_ONCE, Learned, Learning
from pipelines.id_members import NoMembersError, read_members
from pipelines.id_store import hold_ids, ids_file, read_ids
from pipelines.progress import Progress, quiet
from pipelines.settings import trigg_account
from pipelines.stopping import told_to_stop


def learn_ids(
    feed_name: str,
    feed: LoadFeed,
    progress: Progress = quiet,
    *,
    source: str = "",
    since: datetime | None = None,
    replace: bool = False,
) -> Learned:
    """Learn the ids of a feed's members, and keep them; who is known already is not asked for.

    What was learned before it breaks off is kept.

    Args:
        feed_name: the feed's name.
        feed: its words.
        progress: told how far it is.
        source: a path or URL instead of the feed's own.
        since: list what changed since then, in UTC, whether or not somebody is unknown.
        replace: what the platform says now counts, where it said something else before.

    Raises:
        NoMembersError: the feed loads none, or names them by the platform's own ids.
        AccountError: there is no account.
        SourceError: the source cannot be read to its end.
        ApiError: the platform cannot be asked.
        CannotWrite: the ids cannot be kept, or are being learned already.
        LedgerError: the ledger cannot be read.
        KeyboardInterrupt: it was told to stop.
    """
    if feed.target.noun != "member" or feed.key == ["id"]:
        why = "names them by the platform's ids" if feed.key == ["id"] else "loads no members"
        raise NoMembersError(f"{feed_name} {why}: name the feed that brings the members in")
    from connectors.trigg.client import Client  # noqa: PLC0415  (httpx is slow to import)

    started, account = time.perf_counter(), trigg_account(feed.profile)
    with (
        hold_ids(path := ids_file(account)),
        tempfile.TemporaryDirectory(prefix=f".{path.stem}-", dir=path.parent) as temporary,
        Client(account, in_flight=AT_ONCE) as client,
    ):
        members = read_members(feed, source, Path(temporary), progress)
        names = [name for name in feed.key if name in feed.mapping]
        with told_to_stop() as stop:
            learning = Learning(feed_name, client, members, stop, progress, again=replace)
            try:
                told = learning.learn(names, since, Path(temporary))
            finally:
                learning.keep()
                client.abandon()
    return changed(told, seconds=round(time.perf_counter() - started, 3))


__all__ = ["Learned", "NoMembersError", "learn_ids", "read_ids"]
