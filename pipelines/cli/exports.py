"""`loyalty-etl exports`: what was exported, how whole it is, and what changed."""

import json
import shlex
from collections.abc import Iterator
from datetime import timedelta
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli.finding import json_option
from pipelines.cli.opening_exports import dictionary, duckdb
from pipelines.cli.telling_exports import moment, tell_age, tell_size, tell_state

if TYPE_CHECKING:
    from pipelines.exports.versions import Version
    from pipelines.feeds import ExportFeed

IN_DOUBT, DIFFERS = 5, 4


@click.group()
def exports() -> None:
    """Look at what was exported, and open it."""


@exports.command("list")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
@click.pass_context
def list_exports(context: click.Context, *, as_json: bool) -> None:
    """List the newest version of each export, wherever it was published.

    Ends with 5 if one of them is not known to be complete.
    """
    from pipelines.exports.versions import list_versions, outputs

    newest = [versions[-1] for out in outputs() if (versions := list_versions(out))]
    newest.sort(key=lambda one: (one.manifest.feed, one.folder))
    told = [_told(version) for version in newest]
    never = sorted({*_export_feeds()} - {one.manifest.feed for one in newest})
    if as_json:
        for row in told:
            click.echo(json.dumps(row, ensure_ascii=False))
    else:
        _print_list(told, never)
    context.exit(0 if all(row["complete"] for row in told) else IN_DOUBT)


def _print_list(told: list[dict[str, Any]], never: list[str]) -> None:
    from pipelines.cli.terminal import plain

    width = max((len(x) for x in [*never, *(row["feed"] for row in told)]), default=0)
    for row in told:
        late = f", LATE: wanted every {row['within_hours']} h" if row["late"] else ""
        age = tell_age(timedelta(seconds=row["age_seconds"]))
        elsewhere = f"  in {plain(row['folder'])}" if row["word"] == row["folder"] else ""
        click.echo(
            f"{row['feed']:<{width}}  {moment(row['finished'])} UTC  {row['rows']:>12,} rows"
            f"  {tell_size(row['bytes']):>9}  {age} old{late}"
            f"  {plain(row['state'])}{elsewhere}"
        )
    for feed in never:
        click.echo(f"{feed:<{width}}  never")
    if told:
        doubtful = [row for row in told if not row["complete"]] or told
        click.echo(f"Next: loyalty-etl exports show {shlex.quote(doubtful[0]['word'])}")
    else:
        click.echo(f"Next: loyalty-etl export {never[0] if never else 'FEED'}")


def _told(version: "Version") -> dict[str, Any]:
    """Tell of a version what a list has of it."""
    from pipelines.settings import exports_dir

    made, out = version.manifest, version.folder.parent
    feed = feed_words(made.feed)
    within = feed.freshness.within_hours if feed and feed.freshness else None
    return {
        "feed": made.feed,
        "version": version.folder.name,
        "finished": made.finished,
        "rows": made.rows,
        "bytes": made.bytes,
        "complete": made.proof.complete,
        "state": tell_state(version),
        "age_seconds": round(version.age.total_seconds()),
        "within_hours": within,
        "late": within is not None and version.age > timedelta(hours=within),
        "folder": str(out),
        "word": made.feed if out.parent == exports_dir() else str(out),
    }


@exports.command()
@click.argument("feed")
@click.option("--version", "run_id", default="", metavar="RUN", help="Not the newest one.")
@json_option
@click.pass_context
def show(context: click.Context, *, feed: str, run_id: str, as_json: bool) -> None:
    """Show one version of an export: what was proven, its columns, and how to open it.

    FEED is the name of a feed, or the folder that its versions lie in; the start of RUN is enough.
    Ends with 5 if the version is not known to be complete.
    """
    from pipelines.cli.telling_exports import tell_version
    from pipelines.exports.looking.columns import describe_columns
    from pipelines.exports.versions import find_output, find_version, list_versions

    out = find_output(feed)
    version = find_version(out, run_id)
    kept = list_versions(out)
    columns = {table: describe_columns(version, table) for table in version.tables}
    if as_json:
        from dataclasses import asdict

        told = {**_told(version), "manifest": asdict(version.manifest)}
        told["columns"] = {name: [asdict(x) for x in found] for name, found in columns.items()}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        for line in tell_version(version, kept, columns):
            click.echo(line)
        word = shlex.quote(feed)
        then = f"loyalty-etl exports diff {word}" if len(kept) > 1 else "loyalty-etl exports duckdb"
        click.echo(f"Next: {then}")
    context.exit(0 if version.manifest.proof.complete else IN_DOUBT)


@exports.command()
@click.argument("feed")
@click.argument("before", default="", metavar="[A]")
@click.argument("after", default="", metavar="[B]")
@click.option("--limit", type=click.IntRange(min=0), default=5, show_default=True)
@click.option("--show-values", is_flag=True, help="Show keys and values; they may be of persons.")
@click.option("--exit-code", is_flag=True, help="End with 4 if anything differs.")
@json_option
@click.pass_context
def diff(
    context: click.Context,
    *,
    feed: str,
    before: str,
    after: str,
    limit: int,
    show_values: bool,
    exit_code: bool,
    as_json: bool,
) -> None:
    """Compare two versions of an export: columns, and rows by the feed's key.

    A and B are runs, of which the start is enough: by default the last version but one, and the
    last one. Keys are told as hashes and values as shapes, unless they are asked for.
    """
    from pipelines.cli.telling_exports import sample_changes, tell_difference
    from pipelines.exports.looking.comparing import compare
    from pipelines.exports.versions import find_output, find_version, list_versions

    out = find_output(feed)
    new = find_version(out, after)
    if before:
        old = find_version(out, before)
    else:
        earlier = [x for x in list_versions(out) if x.manifest.finished < new.manifest.finished]
        if not earlier:
            raise click.ClickException(f"{feed} has one version only: export it again, later")
        old = earlier[-1]
    words = feed_words(new.manifest.feed)
    found = compare(old, new, words.key if words else (), show=limit)
    sample = sample_changes(old, new, found, show_values=show_values)
    if as_json:
        from dataclasses import asdict

        told = asdict(found) | {"equal": found.equal, "sample": sample}
        told = {name: fact for name, fact in told.items() if not name.endswith("_at")}
        told |= {"feed": new.manifest.feed, "a": old.folder.name, "b": new.folder.name}
        click.echo(json.dumps(told, ensure_ascii=False, default=str))
    else:
        click.echo(f"{new.manifest.feed}: {'nothing' if found.equal else 'something'} differs")
        for line in tell_difference(old, new, found, sample):
            click.echo(line)
        again = "" if show_values or not sample else " --show-values"
        then = f"diff {shlex.quote(feed)}{again}" if again else f"show {shlex.quote(feed)}"
        click.echo(f"Next: loyalty-etl exports {then}")
    context.exit(DIFFERS if exit_code and not found.equal else 0)


def _export_feeds() -> Iterator[str]:
    from pipelines.feeds import list_feeds

    return (name for name in list_feeds() if feed_words(name))


def feed_words(name: str) -> "ExportFeed | None":
    """Give the words of an export feed; None if it is gone or wrong, which others tell."""
    from pipelines.feeds import ExportFeed, FeedError, read_feed

    try:
        feed = read_feed(name)
    except FeedError:
        return None
    return feed if isinstance(feed, ExportFeed) else None


exports.add_command(duckdb)
exports.add_command(dictionary)
