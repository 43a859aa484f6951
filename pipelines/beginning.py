"""How the run of a load begins: the summary that says what it reads, and where it goes."""

from contextlib import suppress

from connectors.trigg.account import AccountError
from pipelines.feeds import LoadFeed
from pipelines.runs import Summary, now, run_folder, write_summary
from pipelines.settings import trigg_account
from pipelines.sourcing import day_of_run, path_of, resolve_source

__all__ = ["begin"]


def begin(
    run_id: str,
    name: str,
    feed: LoadFeed,
    source: str,
    *,
    dry_run: bool,
    retry_of: str = "",
    feed_path: str = "",
    day: str = "",
) -> Summary:
    """Open the run's summary.

    Raises:
        WindowError: the feed has a file for each day, and none for this one.
    """
    of = day_of_run(feed, source, day)
    target, environment = str(feed.target.endpoint), ""
    with suppress(AccountError):  # told by the step; a dry run needs no account
        account = trigg_account(feed.profile)
        target, environment = f"{target} at {account.place}", account.environment
    return write_summary(
        Summary(
            run_id,
            name,
            "load",
            started=now(),
            source=resolve_source(source or path_of(feed.source, feed.partitions, of)),
            day=str(of or ""),
            target=target,
            environment=environment,
            profile=feed.profile,
            dry_run=dry_run,
            folder=str(run_folder(run_id, name)),
            retry_of=retry_of,
            feed_path=feed_path,
            changed=feed.delivery.changed or "",
        )
    )
