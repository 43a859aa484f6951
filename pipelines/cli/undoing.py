"""`loyalty-etl undo`: what would reverse the creations of a run or a migration, for review."""

import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.cli.finding import json_option

if TYPE_CHECKING:
    from pipelines.migration.before import Before
    from pipelines.runs import Summary


@click.command()
@click.argument("run")
@click.option(
    "-o",
    "--output",
    type=click.Path(path_type=Path),
    help="The folder to make; else one in the state folder.",
)
@json_option
def undo(*, run: str, output: Path | None, as_json: bool) -> None:
    """Write the feed that would delete what a run created; nothing is sent.

    RUN is the id of a run, of which the start is enough, or a migration: its plan's file or name.
    """
    from connectors.trigg.client import Client
    from pipelines.cli.terminal import TerminalReporter
    from pipelines.migration.asking import Asker
    from pipelines.migration.undoing import LOOK_AT, MEMBERS, write_undo
    from pipelines.settings import state_dir, trigg_account
    from pipelines.stopping import told_to_stop

    what, name, summaries, before = _find(run)
    folder = (output or state_dir() / "undo" / name).resolve()
    account = trigg_account(summaries[0].profile)
    click.echo(f"from  {account.where}", err=True)
    with (
        told_to_stop() as stop,
        Client(account) as client,
        TerminalReporter(silent=as_json).following(lambda _: None) as progress,
    ):
        asker = Asker(client, folder / ".asked", 8, stop, progress)
        done = write_undo(what, summaries, before, asker, folder)
    if as_json:
        told = {**asdict(done), "folder": str(folder), "feed": str(done.feed)}
        click.echo(json.dumps(told, ensure_ascii=False))
        return
    click.echo(f"{what}: nothing was sent")
    click.echo(f"  created   {done.members:,} members, in {done.feed / MEMBERS}")
    if done.unsure:
        click.echo(
            f"  unsure    {done.unsure:,} members may have been there before:"
            f" {folder / LOOK_AT}; move those that were not to {MEMBERS}"
        )
    if done.gone:
        click.echo(f"  gone      {done.gone:,} members are there no more")
    for line, count in done.left.items():
        click.echo(f"  stays     {count:,} {line}: the API takes these back for nobody")
    click.echo("  a member who is deleted takes points, stamps, vehicles and cards along;")
    click.echo("  receipts stay, without their customer. A deletion cannot be undone.")
    feed = shlex.quote(str(done.feed))
    click.echo(
        f"Next: read {MEMBERS}, then loyalty-etl plan {feed} -o plan.json, which says how on"
    )


def _find(word: str) -> tuple[str, str, list["Summary"], "Before | None"]:
    """Find the loads of a run or of a migration, and who was there before the latter.

    Raises:
        ClickException: there is none.
    """
    from pipelines.cli.finding import find_summary
    from pipelines.migration.before import read_before
    from pipelines.migration.checkpoint import find_migration, migration_of
    from pipelines.runs import list_summaries

    every = list_summaries()
    found = find_migration(word)
    if found is not None:
        name, runs = found
        mine = [s for s in every if s.run_id in runs and s.kind == "load" and not s.dry_run]
        if not mine:
            raise click.ClickException(f"the migration {name} has loaded nothing yet")
        return f"the migration {name}", f"undo_{name}", mine, read_before(_folder(name))
    run_ids = sorted({s.run_id for s in every if s.run_id.startswith(word)})
    if len(run_ids) != 1:
        return _only_one(find_summary(word))
    mine = [s for s in every if s.run_id == run_ids[0] and s.kind == "load" and not s.dry_run]
    if not mine:
        raise click.ClickException(f"run {run_ids[0]} has loaded nothing")
    name = migration_of(run_ids[0])
    before = read_before(_folder(name)) if name else None
    return f"run {run_ids[0]}", f"undo_{run_ids[0][:8]}", mine, before


def _only_one(summary: "Summary") -> tuple[str, str, list["Summary"], "Before | None"]:
    return f"run {summary.run_id}", f"undo_{summary.run_id[:8]}", [summary], None


def _folder(name: str) -> Path:
    from pipelines.migration.checkpoint import migration_folder

    return migration_folder(name)
