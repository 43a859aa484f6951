"""`loyalty-etl nightly`: the nightly job, once its files are there."""

import json
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli.finding import json_option, production_option

if TYPE_CHECKING:
    from pipelines.runs import Summary
    from pipelines.triggers.late import Overdue
    from pipelines.triggers.night import Night

_EVERY = 30.0
"""Seconds between two looks for a late file."""


@click.command()
@click.option("--no-wait", is_flag=True, help="Go on without the files that are not there yet.")
@production_option
@json_option
@click.pass_context
def nightly(context: click.Context, *, no_wait: bool, as_json: bool) -> None:
    """Run every feed in order, as the schedule `nightly` does, without Dagster's daemon.

    Late files are waited for until the time that their feeds say (`late.until`); then it goes on
    without them, says which are missing, and ends with 3. Days that were missed are loaded first.
    """
    night = _wait(wait=not no_wait).go_on()
    from pipelines.alerts import tell_after_run
    from pipelines.cli.summing import equation, worst
    from pipelines.cli.terminal import TerminalReporter
    from pipelines.materializing import run_nightly
    from pipelines.stopping import heard

    reporter = TerminalReporter(silent=as_json)
    summaries: list[Summary] = []
    lost: list[str] = []
    for day, feeds in night.runs():
        done = run_nightly(reporter, feeds, day) if feeds and not heard.is_set() else []
        begun = {summary.feed for summary in done if summary.state != "prepared"}
        lost += sorted({*feeds} - begun)
        summaries += done
    tell_after_run()
    for summary in summaries:
        if as_json:
            told = {**vars(summary), "exit_code": summary.exit_code}
            click.echo(json.dumps(told, ensure_ascii=False))
        elif summary.state == "failed":
            click.echo(f"{summary.feed}: failed: {summary.error}")
        elif summary.state != "prepared":
            what = equation(summary) if summary.kind == "load" else f"{summary.rows:,} rows"
            of = f" of {summary.day}" if summary.day else ""
            click.echo(f"{summary.feed}{of}: {what}")
    why = "told to stop" if heard.is_set() else "what it comes after has failed"
    for name in lost:
        click.echo(f"loyalty-etl: {name}: nothing was sent: {why}", err=True)
    for each in night.missing:
        click.echo(f"loyalty-etl: {each.feed}: missing: {each.what}, due {_at(each)}", err=True)
    if as_json:
        click.echo(json.dumps({"night": night.name, "missing": [*map(_told, night.missing)]}))
    codes = [summary.exit_code for summary in summaries]
    codes += [3 for _ in (*night.missing, *([] if heard.is_set() else lost))]
    context.exit(worst(codes))


def _wait(*, wait: bool) -> "Night":
    from pipelines.triggers.night import look_at_night

    said: set[str] = set()
    while True:
        night = look_at_night(datetime.now(UTC))
        if not night.awaited or not wait:
            return night
        for each in night.awaited:
            if each.feed not in said:
                click.echo(f"waits for {each.feed}: {each.what}, until {_at(each)}", err=True)
                said.add(each.feed)
        time.sleep(_EVERY)


def _at(each: "Overdue") -> str:
    return f"{each.due:%Y-%m-%d %H:%M}"


def _told(each: "Overdue") -> dict[str, Any]:
    return {"feed": each.feed, "what": each.what, "due": each.due.isoformat()}
