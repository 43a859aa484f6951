"""`loyalty-etl resume`: going on with loads that were killed or stopped."""

from typing import TYPE_CHECKING

import click

from pipelines.cli.finding import (
    feed_of,
    find_load,
    find_summary,
    json_option,
    load_feed,
    production_option,
    run_of,
    tell_target,
)
from pipelines.runs import Summary, read_summary

if TYPE_CHECKING:
    from delivery.ledger import Load
    from pipelines.feeds import LoadFeed

STOPS = {1, 2}
"""Exit codes after which no other load would get further."""


@click.command()
@click.option("--run", "run_id", help="Only this run's load; the start of its id is enough.")
@click.option("--feed", help="Only loads of this feed, by its name or path.")
@production_option
@json_option
@click.pass_context
def resume(context: click.Context, *, run_id: str | None, feed: str | None, as_json: bool) -> None:
    """Go on with loads that were killed or stopped, oldest first.

    Each goes on from its own records, whatever has become of its source. What is in doubt is
    asked about, sent again or left, as the feed says.
    """
    loads = _open_loads(run_id, feed)
    if not loads:
        if not as_json:
            click.echo("Nothing to resume: no load is unfinished")
        return
    from pipelines.cli.summing import print_summary, worst
    from pipelines.cli.terminal import TerminalReporter
    from pipelines.materializing import resume_feed

    codes: list[int] = []
    failed: set[str] = set()
    for done, load in enumerate(loads):
        if load.feed in failed:
            _skip(load, "an earlier load of its feed comes first")
            continue
        words = _words(load, feed)
        if why_not := _why_not(load, words):
            _skip(load, why_not)
            codes.append(1)
            continue
        tell_target(words)
        summary = resume_feed(load.feed, words, TerminalReporter(silent=as_json), run_of(load))
        print_summary(summary, as_json=as_json)
        codes.append(summary.exit_code)
        if summary.state == "failed":
            failed.add(load.feed)
            if summary.error_kind in {"network", "configuration"}:
                for later in loads[done + 1 :]:
                    _skip(later, "not tried any more")
                break
    context.exit(worst(codes))


def _open_loads(run_id: str | None, feed: str | None) -> list["Load"]:
    from delivery.ledger import open_ledger
    from pipelines.settings import ledger_url

    name = load_feed(feed)[0] if feed else None
    with open_ledger(ledger_url()) as ledger:
        loads = ledger.loads(feed=name, state="open")
    if run_id is None:
        return loads
    if any(load.id.startswith(run_id) for load in loads):
        return [find_load(loads, run_id, feed)]
    find_summary(run_id, feed)  # says so if there never was such a run
    return []


def _words(load: "Load", feed: str | None) -> "LoadFeed":
    summary = read_summary(run_of(load), load.feed) or Summary(run_of(load), load.feed, "load")
    return feed_of(summary, feed)


def _why_not(load: "Load", words: "LoadFeed") -> str:
    """Say why a load cannot go on now: no account, another one, or production."""
    from connectors.trigg.account import AccountError, name_settings
    from pipelines.comparing import target_of
    from pipelines.settings import trigg_account, writing_account

    try:
        target = target_of(words, trigg_account(words.profile))
        if load.target == target:
            writing_account(words.profile)
            return ""
    except AccountError as error:
        return str(error)
    setting = name_settings("TRIGG_BASE_URL", words.profile)
    return f"it goes into {load.target}, and {setting} leads to {target}"


def _skip(load: "Load", why: str) -> None:
    click.echo(f"loyalty-etl: run {run_of(load)} of {load.feed} stays unfinished: {why}", err=True)
