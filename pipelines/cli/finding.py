"""From what a user types to a run, a load or a feed."""

from collections.abc import Callable, Iterable
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

import click

from pipelines.feeds import LoadFeed, find_feed
from pipelines.runs import Summary, list_summaries

if TYPE_CHECKING:
    from delivery.ledger import Load

Found = TypeVar("Found")
changed_option: Callable[[click.decorators.FC], click.decorators.FC] = click.option(
    "--changed",
    type=click.Choice(["resend", "hold", "reject"]),
    help="What to do about records delivered before with other content, in this run.",
)
json_option: Callable[[click.decorators.FC], click.decorators.FC] = click.option(
    "--json", "as_json", is_flag=True, help="Print the summary as one JSON object."
)


def _allow(context: click.Context, _: click.Parameter, said: bool) -> None:  # noqa: FBT001  (click's)
    if said:
        from pipelines.settings import production_allowed

        context.with_resource(production_allowed())


production_option: Callable[[click.decorators.FC], click.decorators.FC] = click.option(
    "--allow-production",
    is_flag=True,
    expose_value=False,
    callback=_allow,
    help="Let this command write to production.",
)


def tell_target(feed: LoadFeed) -> None:
    """Say where a load goes, before anything is done.

    Raises:
        AccountError: there is no account, or it is production and that was not asked for.
    """
    from pipelines.settings import writing_account

    click.echo(f"into  {writing_account(feed.profile).where}", err=True)


def load_feed(word: str) -> tuple[str, LoadFeed, str]:
    """Find a load feed by name or path; give its name, its words, and its path if it was one.

    Raises:
        UsageError: it is an export.
        FeedError: there is none, or its YAML is wrong.
    """
    name, feed = find_feed(word)
    if not isinstance(feed, LoadFeed):
        raise click.UsageError(f"{word} is an export; use: loyalty-etl export {word}")
    return name, feed, str(Path(word).resolve()) if "/" in word else ""


def feed_of(summary: Summary, word: str | None = None) -> LoadFeed:
    """Give the feed of a run: the one that is named, else the one it was run with.

    Raises:
        FeedError: it is there no more, or its YAML is wrong.
    """
    return load_feed(word or summary.feed_path or summary.feed)[1]


def with_changed(feed: LoadFeed, changed: str | None) -> LoadFeed:
    """Give the feed with another word for what is done about changed records."""
    if not changed:
        return feed
    words = feed.delivery.model_copy(update={"changed": changed})
    return feed.model_copy(update={"delivery": words})


def find_summary(run_id: str, feed: str | None = None) -> Summary:
    """Find one load by its run, of which the start is enough, and its feed.

    Raises:
        ClickException: there is none, or more than one.
    """
    found = [s for s in list_summaries(named_feed(feed)) if s.run_id.startswith(run_id)]
    found = [s for s in found if s.kind == "load"]
    return _only(found, [(s.run_id, s.feed) for s in found], run_id)


def find_load(loads: Iterable["Load"], run_id: str, feed: str | None = None) -> "Load":
    """Find one load of the ledger likewise.

    Raises:
        ClickException: there is none, or more than one.
    """
    name = named_feed(feed)
    found = [x for x in loads if x.id.startswith(run_id) and name in {None, x.feed}]
    return _only(found, [(run_of(x), x.feed) for x in found], run_id)


def run_of(load: "Load") -> str:
    """Give the run of a load."""
    return load.id.rpartition("/")[0]


def named_feed(feed: str | None) -> str | None:
    """Give a feed's name, where its path may have been given."""
    return feed and (find_feed(feed)[0] if "/" in feed else feed)


def _only(found: list[Found], names: list[tuple[str, str]], run_id: str) -> Found:
    if not found:
        raise click.ClickException(f"no load begins with {run_id}; see: loyalty-etl runs list")
    if len({run for run, _ in names}) > 1:
        raise click.ClickException(f"several runs begin with {run_id}; give more of the id")
    if len(found) > 1:
        feeds = ", ".join(feed for _, feed in names)
        raise click.ClickException(f"run {run_id} has loads of {feeds}; say --feed FEED")
    return found[0]
