"""`loyalty-etl resolve`: a person says what became of a batch that is in doubt."""

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from pipelines.cli.finding import feed_of, find_load, run_of, with_changed
from pipelines.feeds import FeedError
from pipelines.progress import several
from pipelines.runs import Summary, now, read_summary

if TYPE_CHECKING:
    from delivery.ledger import Entry, Load
    from delivery.ledger.book import Ledger

SHOWN = 5
"""Records of a batch that are told."""


@click.command()
@click.argument("run_id")
@click.option("--feed", help="Which of the run's feeds, by its name or path.")
@click.option("--batch", type=click.IntRange(min=1), help="Only this batch.")
@click.option("--landed/--not-landed", default=None, help="What became of it.")
@click.option("--abandon", is_flag=True, help="Give the load up: what was not sent stays unsent.")
@click.option("--yes", is_flag=True, help="Do not ask before several batches are settled at once.")
@click.pass_context
def resolve(
    context: click.Context,
    *,
    run_id: str,
    feed: str | None,
    batch: int | None,
    landed: bool | None,
    abandon: bool,
    yes: bool,
) -> None:
    """Settle what is in doubt of a run by hand; without --landed or --not-landed show it.

    What landed counts as accepted; what did not is sent by the next resume. Nothing is sent by
    this command.
    """
    from delivery.ledger import open_ledger
    from pipelines.settings import ledger_url

    with open_ledger(ledger_url()) as ledger:
        load = find_load(ledger.loads(), run_id, feed)
        left = _settle(ledger, load, batch, landed=landed, yes=yes)
        if abandon and left:
            message = "say --landed or --not-landed of all that is in doubt before giving it up"
            raise click.ClickException(message)
        if abandon:
            _give_up(ledger, load, feed)
        elif left:
            click.echo(f"Next: loyalty-etl resolve {run_of(load)} --batch N --landed")
            context.exit(5)
        elif load.state == "open":
            click.echo(f"Next: loyalty-etl resume --run {run_of(load)}")
        else:
            click.echo("Next: loyalty-etl status")


def _settle(
    ledger: "Ledger", load: "Load", batch: int | None, *, landed: bool | None, yes: bool
) -> int:
    """Show batches in doubt and settle them; give how many there still are."""
    from pipelines.settling import doubtful, settle

    there = doubtful(ledger, load)
    chosen = [entry for entry in there if batch in {None, entry.number}]
    if batch and not chosen:
        raise click.ClickException(f"batch {batch} of run {run_of(load)} is not in doubt")
    if not there:
        click.echo(f"Nothing of run {run_of(load)} is in doubt")
    for entry in chosen:
        click.echo(_describe(load, entry))
    if landed is None or not chosen:
        return len(there)
    said = "landed" if landed else "did not land"
    if len(chosen) > 1 and not yes:
        if not sys.stdin.isatty():
            raise click.UsageError(f"{len(chosen)} batches at once: say --batch N, or --yes")
        click.confirm(f"Write down that all {len(chosen)} batches {said}?", abort=True)
    left = settle(ledger, load, [entry.number for entry in chosen], landed=landed)
    batches = several(len(chosen), "batch", "batches")
    records = several(sum(entry.records for entry in chosen), "record")
    click.echo(f"{batches}, {records}: written down that they {said}")
    return left


def _describe(load: "Load", entry: "Entry") -> str:
    from pipelines.settling import describe_records

    told = describe_records(load, entry, SHOWN)
    told += ["…"] if told and entry.records > len(told) else []
    which = "; ".join(told) or "which they are is known no more"
    return f"batch {entry.number}: {doubt(entry)}: {which}"


def doubt(entry: "Entry") -> str:
    """Say of a batch how many records are in doubt, why, since when, and what was answered."""
    sent = datetime.fromtimestamp(entry.sent_at, UTC) if entry.sent_at else None
    since = f", sent {sent.isoformat(timespec='seconds')}" if sent else ""
    status = f", status {entry.status}" if entry.status else ""
    why = f" ({entry.reason})" if entry.reason else ""
    return f"{entry.records:,} records, {entry.cause or 'unclear'}{since}{status}{why}"


def _give_up(ledger: "Ledger", load: "Load", word: str | None) -> None:
    from pipelines.cli.summing import equation
    from pipelines.settling import give_up

    if load.state == "closed":
        raise click.ClickException(f"run {run_of(load)} is finished: there is nothing to give up")
    blank = Summary(run_of(load), load.feed, "load", started=now(), folder=load.folder)
    summary = read_summary(run_of(load), load.feed) or blank
    try:
        feed = with_changed(feed_of(summary, word), summary.changed)
    except FeedError:
        feed = None
    ended = give_up(ledger, load, feed, summary)
    click.echo(f"{load.feed}: given up (run {ended.run_id})")
    click.echo(f"  records   {equation(ended)}")
    click.echo(f"Next: loyalty-etl results {ended.run_id}")
