"""`loyalty-etl run` and `loyalty-etl export`: one feed, now."""

from pathlib import Path

import click

from pipelines.feeds import ExportFeed, LoadFeed, find_feed


@click.command()
@click.argument("feed")
@click.option(
    "--source",
    type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path),
    help="Read this file instead of the feed's own.",
)
@click.option("--dry-run", is_flag=True, help="Read, judge and count; send nothing.")
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object.")
@click.pass_context
def run(
    context: click.Context, *, feed: str, source: Path | None, dry_run: bool, as_json: bool
) -> None:
    """Load a feed: read its source, reject what is faulty, send the rest.

    FEED is the name of a folder in pipelines/defs/, or the path of any folder with a defs.yaml.
    """
    name, words = find_feed(feed)
    if not isinstance(words, LoadFeed):
        raise click.UsageError(f"{feed} is an export; use: loyalty-etl export {feed}")
    if not dry_run:
        from pipelines.settings import trigg_account

        account = trigg_account()
        click.echo(f"loading into {account.base_url}", err=True)
    from pipelines.cli.terminal import TerminalReporter, print_summary
    from pipelines.materializing import run_feed

    path = str(source.resolve()) if source else ""
    reporter = TerminalReporter(silent=as_json)
    summary = run_feed(name, words, reporter, source=path, dry_run=dry_run)
    print_summary(summary, as_json=as_json)
    context.exit(summary.exit_code)


@click.command()
@click.argument("feed")
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Publish into this folder instead of the state folder.",
)
@click.option("--json", "as_json", is_flag=True, help="Print the summary as one JSON object.")
@click.pass_context
def export(context: click.Context, *, feed: str, output: Path | None, as_json: bool) -> None:
    """Read a report whole and publish it as Parquet, in one step."""
    name, words = find_feed(feed)
    if not isinstance(words, ExportFeed):
        raise click.UsageError(f"{feed} is a load; use: loyalty-etl run {feed}")
    from pipelines.settings import trigg_account

    click.echo(f"reading from {trigg_account().base_url}", err=True)
    from pipelines.cli.terminal import TerminalReporter, print_summary
    from pipelines.materializing import run_feed

    out = str(output.resolve()) if output else ""
    summary = run_feed(name, words, TerminalReporter(silent=as_json), output=out)
    print_summary(summary, as_json=as_json)
    context.exit(summary.exit_code)
