"""`loyalty-etl alerts`: what is the matter, and who was told."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from pipelines.cli.finding import json_option
from pipelines.progress import several

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pipelines.alerts.facts import Condition
    from pipelines.alerts.telling import Told


@click.group()
def alerts() -> None:
    """See what is the matter, and have somebody told.

    Whom: LOYALTY_ETL_ALERTS has the addresses, https://… or mailtos://… or slack://… and so on.
    """


@alerts.command(name="list")
@json_option
@click.pass_context
def list_(context: click.Context, *, as_json: bool) -> None:
    """List what is the matter now, and the ways to tell. Ends with 4 if anything is."""
    from pipelines.alerts.looking import look
    from pipelines.alerts.telling import list_ways

    conditions, ways = look(datetime.now(UTC)), list_ways()
    if as_json:
        told = [asdict(each) | {"counts": dict(each.counts)} for each in conditions]
        click.echo(json.dumps({"conditions": told, "ways": [asdict(way) for way in ways]}))
    else:
        _print(conditions)
        for way in ways:
            known = f"; it was told of {way.new:,} of these" if way.new else ""
            click.echo(f"way  {way.shown}: {way.why or 'ready'}{known}")
        if not ways:
            click.echo("Nobody is told: set LOYALTY_ETL_ALERTS, then loyalty-etl alerts test")
    context.exit(4 if conditions else 0)


@alerts.command()
@json_option
@click.pass_context
def check(context: click.Context, *, as_json: bool) -> None:
    """Look, and tell by every way what is new and what is over since it was told last.

    Dagster's daemon does the same each minute, and every run when it ends. Ends with 2 if a way
    failed, else with 4 if anything is the matter.
    """
    from pipelines.alerts.telling import tell

    conditions, told = tell(datetime.now(UTC), at_once=True)
    if as_json:
        click.echo(json.dumps({"conditions": len(conditions), "ways": [asdict(x) for x in told]}))
    else:
        for way in told:
            what = f"told {way.new:,} new, {way.over:,} over" if way.new or way.over else "no news"
            if not way.why:
                click.echo(f"{way.shown}: {what}")
        there = f"{several(len(conditions), 'condition')}: loyalty-etl alerts list"
        click.echo(there if conditions else "Nothing is the matter")
    context.exit(_failed(told) or (4 if conditions else 0))


@alerts.command()
@click.pass_context
def test(context: click.Context) -> None:
    """Send a test by every way. Ends with 2 if one failed."""
    from pipelines.alerts.telling import try_ways

    told = try_ways(datetime.now(UTC))
    if not told:
        raise click.ClickException(
            "nobody is to be told: set LOYALTY_ETL_ALERTS in the environment or in .env"
        )
    for way in told:
        if not way.why:
            click.echo(f"{way.shown}: sent")
    context.exit(_failed(told))


def _failed(told: "Sequence[Told]") -> int:
    """Say which ways failed; give the exit code."""
    for way in told:
        if way.why:
            click.echo(f"loyalty-etl: {way.shown}: {way.why}", err=True)
    return 2 if any(way.why for way in told) else 0


def _print(conditions: "Sequence[Condition]") -> None:
    from pipelines.alerts.wording import lines_of

    for each in conditions:
        click.echo("\n".join(lines_of(each)))
    if not conditions:
        click.echo("Nothing is the matter")
