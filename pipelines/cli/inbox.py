"""`loyalty-etl inbox`: load what lies in the inboxes, without Dagster's daemon."""

import json
from collections.abc import Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from pipelines.cli.finding import json_option, load_feed, production_option, tell_target

if TYPE_CHECKING:
    from pipelines.feeds import LoadFeed
    from pipelines.triggers.inbox import Look


@click.command()
@click.argument("feed", required=False)
@click.option("--dry-run", is_flag=True, help="Say what lies there and what it waits for.")
@production_option
@json_option
@click.pass_context
def inbox(context: click.Context, *, feed: str | None, dry_run: bool, as_json: bool) -> None:
    """Load each file of an inbox that is whole, then move it to archive/ or failed/.

    Without FEED the inboxes of all feeds, members before their receipts. It does what the sensors
    do, and may be called from cron; a file is loaded once, whoever looks first.
    """
    if dry_run:
        for name, words, _ in _feeds(feed):
            _print_lying(name, words, as_json=as_json)
        return
    from pipelines.cli.summing import print_summary, worst
    from pipelines.cli.terminal import TerminalReporter
    from pipelines.stopping import heard
    from pipelines.triggers.inbox import Look
    from pipelines.triggers.loading_inbox import load_inbox

    codes: list[int] = []
    for name, words, path in _feeds(feed):
        if heard.is_set():
            break
        tell_target(words)
        for told in load_inbox(name, words, TerminalReporter(silent=as_json), path):
            if isinstance(told, Look):
                _print_rest(name, told, as_json=as_json)
            else:
                print_summary(told, as_json=as_json)
                codes.append(told.exit_code)
    context.exit(worst(codes))


def _feeds(word: str | None) -> Iterator[tuple[str, "LoadFeed", str]]:
    from pipelines.triggers.loading_inbox import inbox_feeds

    words = [word] if word else inbox_feeds()
    if not words:
        raise click.UsageError("no feed has an inbox; see docs/triggers.md")
    for each in words:
        name, feed, path = load_feed(each)
        if feed.inbox is None:
            raise click.UsageError(f"{each} has no inbox; use: loyalty-etl run {each}")
        yield name, feed, path


def _print_rest(name: str, seen: "Look", *, as_json: bool) -> None:
    if as_json:
        told = {"feed": name, "moved": [asdict(each) for each in seen.moved], "waits": seen.waits}
        click.echo(json.dumps(told, ensure_ascii=True))
        return
    from pipelines.cli.terminal import plain

    for each in seen.moved:
        why = f" ({each.why})" if each.ending == "again" else ""
        click.echo(f"{name}: {plain(each.name)} is in {plain(each.place)}{why}")
    for file, why in seen.waits.items():
        click.echo(f"{name}: {plain(file)} {why}")
    if not seen.moved and not seen.waits:
        click.echo(f"{name}: nothing there")


def _print_lying(name: str, feed: "LoadFeed", *, as_json: bool) -> None:
    """Say what lies in an inbox, and what became of those before; take nothing."""
    from pipelines.cli.terminal import plain
    from pipelines.triggers.book import Book
    from pipelines.triggers.folder import list_waiting, whole_later

    assert feed.inbox is not None
    now, book = datetime.now(UTC), Book(name)
    lying = {
        x.name: whole_later(feed.inbox, x, now) or "is whole" for x in list_waiting(feed.inbox)
    }
    taken = {x.name: x.why or f"is taken by run {x.run_id or '…'}" for x in book.open()}
    last = {x.name: f"{x.ending} by run {x.run_id}: {x.place}" for x in book.last(10)}
    if as_json:
        told = {"feed": name, "lying": lying, "taken": taken, "last": last}
        click.echo(json.dumps(told, ensure_ascii=True))
        return
    for file, what in [*last.items(), *taken.items(), *lying.items()]:
        click.echo(f"{name}: {plain(file)} {plain(what)}")
    if not (lying or taken or last):
        click.echo(f"{name}: nothing there")
