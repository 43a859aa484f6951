"""`loyalty-etl run`, `plan` and `export`: one feed, now."""

import shlex
from datetime import UTC, datetime
from pathlib import Path

import click

from pipelines.cli.finding import (
    changed_option,
    json_option,
    load_feed,
    production_option,
    tell_target,
    with_changed,
)
from pipelines.feeds import ExportFeed, LoadFeed, find_feed

_FILES = {".parquet", ".csv", ".xlsx", ".json", ".duckdb"}
"""How the name of a file ends that somebody may take `export -o` for."""


def _make_absolute(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> str | None:
    """Take a file or folder that is there, a pattern or a URL; a run may go on from elsewhere."""
    if value is None:
        return None
    if "://" in value:
        from connectors.files.fetching import hide_password

        return hide_password(value)
    if not {*"*?["} & {*value}:
        click.Path(exists=True, readable=True).convert(value, parameter, context)
    return str(Path(value).resolve())


source_option = click.option(
    "--source",
    metavar="PATH",
    callback=_make_absolute,
    help="Read this file, folder, pattern or URL instead of the feed's own.",
)


def source_of_day(feed: LoadFeed, source: str | None, day: datetime | None) -> str:
    """Check the day of a file, and give it in ISO; empty where none is asked for."""
    if day is None:
        return ""
    if feed.partitions is None:
        raise click.UsageError("this feed has no `partitions`: leave --day out")
    if source:
        raise click.UsageError("--source names a file, --day another one: choose one")
    return feed.partitions.check(day.date(), datetime.now(UTC)).isoformat()


day_option = click.option(
    "--day",
    metavar="DAY",
    type=click.DateTime(["%Y-%m-%d"]),
    help="Of a feed with a file a day: whose file; by default that of the newest day.",
)


@click.command()
@click.argument("feed")
@source_option
@day_option
@click.option("--dry-run", is_flag=True, help="Read, judge, compare and count; send nothing.")
@click.option(
    "--plan",
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
    help="Send exactly what this plan says, or nothing.",
)
@click.option(
    "--delete",
    metavar="N",
    type=click.IntRange(min=0),
    help="Of a feed that deletes customers: how many, as the plan tells.",
)
@changed_option
@production_option
@json_option
@click.pass_context
def run(
    context: click.Context,
    *,
    feed: str,
    source: str | None,
    day: datetime | None,
    dry_run: bool,
    plan: Path | None,
    delete: int | None,
    changed: str | None,
    as_json: bool,
) -> None:
    """Load a feed: read its source, reject what is faulty, send what is new.

    FEED is the name of a folder in pipelines/defs/, or the path of any folder with a defs.yaml.
    """
    name, words, path = load_feed(feed)
    words = with_changed(words, changed)
    of_day = source_of_day(words, source, day)
    if dry_run and plan:
        raise click.UsageError("--plan is for sending, --dry-run for not sending: choose one")
    if delete is not None and not words.target.erases:
        raise click.UsageError(f"{feed} deletes no customers: leave --delete out")
    digest, planned = "", ""
    if plan:
        from pipelines.cli.plans import check_plan, read_plan

        made = read_plan(plan)
        check_plan(plan, made, name, words)
        digest, planned = made.digest, made.source
    if not dry_run:
        from pipelines.deleting import require_asked, require_number

        require_asked(feed, words, plan=digest, delete=delete)
        if plan:
            require_number(words, made.to_send, delete)
        tell_target(words)
    from pipelines.cli.summing import print_summary
    from pipelines.cli.terminal import TerminalReporter
    from pipelines.materializing import run_feed

    summary = run_feed(
        name,
        words,
        TerminalReporter(silent=as_json),
        source=source or planned,
        dry_run=dry_run,
        plan=digest,
        delete=delete,
        feed_path=path,
        day=of_day,
    )
    erases = words.target.erases
    then = _again("plan" if erases else "run", feed, source, changed, of_day) if dry_run else ""
    print_summary(summary, as_json=as_json, then=then)
    context.exit(summary.exit_code)


@click.command()
@click.argument("feed")
@source_option
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write the plan to this file too; it always lies in the run's folder.",
)
@changed_option
@json_option
@click.pass_context
def plan(
    context: click.Context,
    *,
    feed: str,
    source: str | None,
    output: Path | None,
    changed: str | None,
    as_json: bool,
) -> None:
    """Do all of a load but the sending, and write down what would be sent.

    `loyalty-etl run FEED --plan FILE` then sends exactly that, or refuses.
    """
    name, words, path = load_feed(feed)
    words = with_changed(words, changed)
    from pipelines.cli.plans import copy_plan, print_plan, read_plan, unfinished
    from pipelines.cli.terminal import TerminalReporter
    from pipelines.materializing import run_feed
    from pipelines.planning import PLAN

    summary = run_feed(
        name,
        words,
        TerminalReporter(silent=as_json),
        source=source or "",
        dry_run=True,
        feed_path=path,
    )
    made = Path(summary.folder) / PLAN
    if summary.state != "failed" and output:
        copy_plan(made, output)
        made = output
    then = f"{_again('run', feed, None, changed)} --plan {shlex.quote(str(made))}"
    if words.target.erases and summary.state != "failed":
        then += f" --delete {read_plan(made).to_send}"
    if unfinished(name, words):
        then = f"loyalty-etl resume --feed {shlex.quote(feed)}, which comes first; then plan again"
    print_plan(summary, made, as_json=as_json, then=then)
    context.exit(summary.exit_code)


def _again(command: str, feed: str, source: str | None, changed: str | None, day: str = "") -> str:
    """Give the command that goes on with what was looked at."""
    line = ["loyalty-etl", command, feed]
    line += ["--source", source] if source else []
    line += ["--changed", changed] if changed else []
    line += ["--day", day] if day else []
    return shlex.join(line)


def _moment(context: click.Context, parameter: click.Parameter, value: str | None) -> str:
    """Take a point in time."""
    from pipelines.feeds.window import WindowError, check_moment

    try:
        return check_moment(value) if value else ""
    except WindowError as error:
        raise click.BadParameter(str(error), context, parameter) from None


@click.command()
@click.argument("feed")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Publish into this folder instead of the state folder.",
)
@click.option("--since", metavar="TIME", callback=_moment, help="Begin of the window: see below.")
@click.option("--until", metavar="TIME", callback=_moment, help="End of it, which is not in it.")
@click.option("--full-refresh", is_flag=True, help="Read all anew, into an empty table.")
@json_option
@click.pass_context
def export(
    context: click.Context,
    *,
    feed: str,
    output: Path | None,
    since: str,
    until: str,
    full_refresh: bool,
    as_json: bool,
) -> None:
    """Read it whole, prove it, and publish it as Parquet, in one step.

    A run that was stopped or killed is gone on with by the same command. TIME is 2026-03-01,
    2026-03-01T08:00, today, yesterday, "7 days ago" or now; only feeds with a window take it.
    """
    name, words = find_feed(feed)
    if not isinstance(words, ExportFeed):
        raise click.UsageError(f"{feed} is a load; use: loyalty-etl run {feed}")
    if output and output.suffix.lower() in _FILES and not output.is_dir():
        raise click.UsageError(
            f"{output} looks like a file: -o is a folder of versions, the newest in latest/data;"
            f" use: -o {shlex.quote(str(output.with_suffix('')))}"
        )
    from pipelines.settings import trigg_account

    click.echo(f"from  {trigg_account(words.profile).where}", err=True)
    from pipelines.cli.summing import print_summary
    from pipelines.cli.terminal import TerminalReporter
    from pipelines.materializing import run_feed

    out = str(output.resolve()) if output else ""
    summary = run_feed(
        name,
        words,
        TerminalReporter(silent=as_json),
        output=out,
        since=since,
        until=until,
        full=full_refresh,
    )
    print_summary(summary, as_json=as_json)
    context.exit(summary.exit_code)
