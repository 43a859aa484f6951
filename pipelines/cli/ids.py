"""`loyalty-etl ids`: which customer of the platform a member is."""

import json
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.cli.finding import json_option, load_feed
from pipelines.cli.running import source_option

if TYPE_CHECKING:
    import polars as pl

    from pipelines.id_learning import Learned

profile_option = click.option("--profile", default="", help="Of this brand's account.")


@click.group()
def ids() -> None:
    """Learn and look up which customer of the platform a member is."""


@ids.command()
@click.argument("feed")
@source_option
@click.option(
    "--since",
    metavar="TIME",
    help="List what changed since then, in UTC, such as 2024-01-31 or 2024-01-31T14:50:05.",
)
@click.option("--replace", is_flag=True, help="Take what the platform says now, where it differs.")
@json_option
@click.pass_context
def learn(
    context: click.Context,
    *,
    feed: str,
    source: str | None,
    since: str | None,
    replace: bool,
    as_json: bool,
) -> None:
    """Ask the platform for the ids of the members of FEED, and keep them.

    Who is known already is not asked for. Ends with 0 if all members are known, with 4 if some are
    not, or if an id turned out to be of two customers.
    """
    name, words, _ = load_feed(feed)
    moment = _moment(since) if since else None
    from pipelines.cli.terminal import TerminalReporter, ending_on_sigterm
    from pipelines.id_map import learn_ids
    from pipelines.settings import trigg_account

    click.echo(f"from  {trigg_account(words.profile).where}", err=True)
    reporter = TerminalReporter(silent=as_json)
    with ending_on_sigterm(), reporter.following(click.echo) as progress:
        told = learn_ids(name, words, progress, source=source or "", since=moment, replace=replace)
    if as_json:
        click.echo(json.dumps(asdict(told) | {"exit_code": told.exit_code}, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(told)))
        click.echo(f"Next: {_next(told, words.profile)}")
    context.exit(told.exit_code)


def _moment(text: str) -> datetime:
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        message = f"--since {text}: write a time such as 2024-01-31T14:50:05"
        raise click.UsageError(message) from None
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _lines(told: "Learned") -> "list[str]":
    listed = f"{told.listed:,} customers that changed since {told.since}, " if told.since else ""
    return [
        f"{told.feed}: learned in {told.seconds:.1f} s",
        f"  of        {told.account}",
        f"  members   {told.members:,} in the source, {told.known:,} known before",
        f"  unknown   {told.unknown:,} members, the platform has no such customers",
        f"  asked     {listed}{told.looked_up:,} members one by one",
        f"  ids       {told.ids:,} kept, {told.new:,} of them new: {told.file}",
        *(
            f"  CONFLICT  {n:,} ids turned out to be of two customers"
            for n in [told.conflicts]
            if n
        ),
        *(f"  warning   {warning}" for warning in told.warnings),
    ]


def _next(told: "Learned", profile: str) -> str:
    of = f" --profile {profile}" if profile else ""
    if told.conflicts:
        return f"loyalty-etl ids list --conflicts{of}"
    if told.unknown:
        return f"loyalty-etl run {told.feed}, then loyalty-etl ids learn {told.feed}"
    return "loyalty-etl run FEED, one whose mapping says customer_of"


@ids.command("list")
@profile_option
@click.option("--conflicts", is_flag=True, help="Only ids that turned out to be of two customers.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_ids(*, profile: str, conflicts: bool, limit: int, as_json: bool) -> None:
    """List the ids that are kept, those learned last first."""
    import polars as pl

    kept = _read(profile)
    found = kept.filter(pl.col("conflict").is_not_null()) if conflicts else kept
    shown = found.sort("learned", "legacy_id", descending=[True, False]).head(limit)
    _print(shown, as_json=as_json)
    if not as_json:
        click.echo(f"{shown.height:,} of {found.height:,}")
        settle = "loyalty-etl ids learn FEED --replace, if what the platform says now is right"
        click.echo(f"Next: {settle if conflicts else 'loyalty-etl ids show ID'}")


@ids.command()
@click.argument("legacy_id", metavar="ID")
@profile_option
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def show(*, legacy_id: str, profile: str, as_json: bool) -> None:
    """Tell what is known of an id, a legacy one or the platform's own."""
    import polars as pl

    low = legacy_id.lower()
    names = ("legacy_id", "customer_id", "conflict")
    kept = _read(profile)
    found = kept.filter(pl.any_horizontal(pl.col(n).str.to_lowercase() == low for n in names))
    if found.is_empty():
        raise click.ClickException("nobody is known by this id: loyalty-etl ids learn FEED")
    _print(found, as_json=as_json)


@ids.command()
@click.option(
    "-o",
    "--output",
    type=click.Path(dir_okay=False, path_type=Path),
    required=True,
    help="A new file: CSV if it ends so, else Parquet.",
)
@profile_option
def export(*, output: Path, profile: str) -> None:
    """Write all ids to a file, readable by its owner only."""
    kept = _read(profile)
    try:
        output.unlink(missing_ok=True)
        output.touch(mode=0o600)
        if output.suffix.lower() == ".csv":
            kept.write_csv(output)
        else:
            kept.write_parquet(output, compression="zstd")
    except OSError as error:
        raise click.ClickException(f"{output}: {error.strerror}") from None
    click.echo(f"{kept.height:,} ids: {output}")


def _read(profile: str) -> "pl.DataFrame":
    from pipelines.feeds.block import check_profile
    from pipelines.id_map import read_ids
    from pipelines.settings import trigg_account

    try:
        return read_ids(trigg_account(check_profile(profile) if profile else ""))
    except ValueError as error:
        if type(error) is not ValueError:  # AccountError is one
            raise
        raise click.UsageError(f"--profile: {error}") from None


def _print(ids_: "pl.DataFrame", *, as_json: bool) -> None:
    from pipelines.cli.terminal import plain

    for row in ids_.iter_rows(named=True):
        row["learned"] = row["learned"].isoformat(timespec="seconds")
        if as_json:
            click.echo(json.dumps(row, ensure_ascii=False))
            continue
        end = f"  CONFLICT {row['conflict']}" if row["conflict"] else ""
        told = f"{row['name']} {row['legacy_id']}  {row['customer_id']}"
        click.echo(plain(f"{told}  {row['how']} {row['learned']} by {row['feed']}{end}"))
