"""`loyalty-etl retry`: trying again what was not taken."""

import re
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click

from pipelines.cli.finding import (
    changed_option,
    feed_of,
    json_option,
    load_feed,
    production_option,
    tell_target,
    with_changed,
)
from pipelines.runs import Summary, list_summaries

_UNITS = {"m": "minutes", "h": "hours", "d": "days"}


def _read_age(
    context: click.Context, parameter: click.Parameter, value: str | None
) -> timedelta | None:
    """Read an age such as `7d`."""
    if value is None:
        return None
    found = re.fullmatch(r"(\d{1,5})([mhd])", value)
    if found is None:
        raise click.BadParameter("an age is such as 30m, 12h or 7d", context, parameter)
    return timedelta(**{_UNITS[found[2]]: int(found[1])})


@click.command()
@click.argument(
    "file",
    required=False,
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
)
@click.option("--quarantined", is_flag=True, help="Try all again who are in quarantine still.")
@click.option(
    "--older-than",
    "age",
    metavar="AGE",
    callback=_read_age,
    help="With --quarantined: only who has been there for longer, such as 7d.",
)
@click.option("--feed", help="The feed, by its name or path: of --quarantined, or of a lost run.")
@changed_option
@production_option
@json_option
@click.pass_context
def retry(
    context: click.Context,
    *,
    file: Path | None,
    quarantined: bool,
    age: timedelta | None,
    feed: str | None,
    changed: str | None,
    as_json: bool,
) -> None:
    """Load a mended rejects.csv, an unsent.csv or a quarantined.csv, with the feed it comes from.

    The columns that were added are left out again. What is still at fault is rejected again, and
    the rest is sent, however many that are. With --quarantined no file is needed: those of all runs
    are tried who are in quarantine still.
    """
    if (file is None) is not quarantined:
        raise click.UsageError("give a FILE, or --quarantined")
    if age is not None and not quarantined:
        raise click.UsageError("--older-than belongs to --quarantined")
    from pipelines.cli.summing import worst

    if file is None:
        codes = _retry_quarantined(feed, age, changed, as_json=as_json)
        context.exit(worst(codes))
    from connectors.files import read_origin

    file = file.resolve()
    origin = read_origin(file)
    before = _origin_run(origin.run, origin.file, feed)
    if before is None and feed is None:
        message = f"run {origin.run} is known no more; say --feed FEED"
        if not origin.run:
            message = "no run wrote this file (validate does not load); say --feed FEED"
        raise click.ClickException(message)
    if before and before.resumable and file == Path(before.folder) / "unsent.csv":
        message = f"run {before.run_id} is unfinished and would send these rows itself"
        raise click.ClickException(f"{message}: loyalty-etl resume --run {before.run_id}")
    word = feed or (before and (before.feed_path or before.feed)) or ""
    summary = _load(word, file, origin.run, changed, as_json=as_json)
    context.exit(summary.exit_code)


def _load(word: str, file: Path, run_id: str, changed: str | None, *, as_json: bool) -> Summary:
    """Load a file that a run of a feed wrote, and tell what came of it."""
    from pipelines.cli.summing import print_summary
    from pipelines.cli.terminal import TerminalReporter
    from pipelines.feeds.words import Rejects
    from pipelines.materializing import run_feed

    name, words, path = load_feed(word)
    words = with_changed(words, changed).model_copy(update={"rejects": Rejects(max_percent=100)})
    tell_target(words)
    reporter = TerminalReporter(silent=as_json)
    summary = run_feed(name, words, reporter, source=str(file), retry_of=run_id, feed_path=path)
    print_summary(summary, as_json=as_json)
    return summary


def _retry_quarantined(
    feed: str | None, age: timedelta | None, changed: str | None, *, as_json: bool
) -> list[int]:
    """Try those in quarantine again, run by run; give the exit codes."""
    from pipelines.quarantine import find_quarantined, write_still

    found = find_quarantined(load_feed(feed)[0] if feed else None)
    if age is not None:
        before = datetime.now(UTC) - age
        found = [older for each in found if (older := each.older_than(before)).people.height]
    if not found and not as_json:
        click.echo(f"Nobody is in quarantine{' for so long' if age else ''}")
    codes: list[int] = []
    for each in found:
        before_run = each.summary
        words = feed_of(before_run, feed)
        summary = _load(
            feed or before_run.feed_path or before_run.feed,
            write_still(words, each),
            before_run.run_id,
            changed,
            as_json=as_json,
        )
        codes.append(summary.exit_code)
        if summary.error_kind in {"network", "configuration"}:
            break
    return codes


def _origin_run(run_id: str, source: str, feed: str | None) -> Summary | None:
    """Find the load that wrote a file; a run may have loaded several sources."""
    from pipelines.sourcing import is_part

    name = load_feed(feed)[0] if feed else None
    found = [s for s in list_summaries(name) if s.run_id == run_id and s.kind == "load"]
    if len(found) > 1:
        found = [s for s in found if is_part(source, s.source)]
    return found[0] if found else None
