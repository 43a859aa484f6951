"""`loyalty-etl migrate`: a whole legacy programme, in the order of its plan."""

import json
import shlex
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.cli.finding import json_option, production_option

if TYPE_CHECKING:
    from pipelines.migration.checkpoint import Checkpoint
    from pipelines.migration.words import MigrationPlan


@click.command()
@click.argument("plan", type=click.Path(exists=True, dir_okay=False, readable=True, path_type=Path))
@click.option("--dry-run", is_flag=True, help="Look at stores and sources; send nothing.")
@click.option("--from", "first", metavar="STEP", help="Begin again at this step.")
@production_option
@json_option
@click.pass_context
def migrate(
    context: click.Context, *, plan: Path, dry_run: bool, first: str | None, as_json: bool
) -> None:
    """Migrate a whole programme by PLAN, and reconcile it to the point.

    Goes on after the last finished step; a second run sends nothing. STEP is a feed's name,
    stores, before, ids or reconcile.
    """
    from pipelines.migration.checkpoint import (
        read_checkpoint,
        steps_to_do,
        what_steps_are_made_of,
    )
    from pipelines.migration.words import read_plan
    from pipelines.settings import trigg_account, writing_account

    read = read_plan(plan)
    account = (trigg_account if dry_run else writing_account)(read.words.profile)
    click.echo(f"{'from' if dry_run else 'into'}  {account.where}", err=True)
    made_of = what_steps_are_made_of(read)
    before = read_checkpoint(read)
    todo = steps_to_do(read, before, made_of, _known_step(read, before, first))
    if dry_run:
        context.exit(_look(read, before, as_json=as_json))
    if not todo:
        _print(read, before, as_json=as_json)
        context.exit(_exit_code(before, success=True))
    from pipelines.cli.terminal import TerminalReporter
    from pipelines.migration.job import run_migration

    def tell(step: str, line: str) -> None:
        if not as_json:
            click.echo(f"  {step:<14} {line}", err=True)

    for step in read.steps:
        if step not in todo:
            tell(step, f"done before: {before.done[step].line}")
    _, success = run_migration(read, todo, made_of, TerminalReporter(silent=as_json), tell)
    after = read_checkpoint(read)
    _print(read, after, as_json=as_json, success=success)
    context.exit(_exit_code(after, success=success))


def _look(plan: "MigrationPlan", before: "Checkpoint", *, as_json: bool) -> int:
    from pipelines.cli.summing import worst
    from pipelines.cli.terminal import TerminalReporter
    from pipelines.migration.looking import Looked, look_ahead

    def tell(looked: Looked) -> None:
        if not as_json:
            click.echo(f"  {looked.step:<14} {looked.line}")

    with TerminalReporter(silent=as_json).following(lambda _: None) as progress:
        found = look_ahead(plan, before, progress, tell)
    code = worst([looked.exit_code for looked in found])
    if as_json:
        steps = {looked.step: asdict(looked) for looked in found}
        click.echo(json.dumps({"plan": plan.name, "steps": steps, "exit_code": code}))
    elif code in {0, 4}:
        click.echo(f"Next: loyalty-etl migrate {shlex.quote(str(plan.file))}")
    return code


def _known_step(plan: "MigrationPlan", before: "Checkpoint", first: str | None) -> str:
    """Give the step to begin at; those before it must be finished.

    Raises:
        UsageError: there is no such step, or one before it is not finished.
    """
    if not first:
        return ""
    if first not in plan.steps:
        raise click.UsageError(f"--from {first}: the steps are {', '.join(plan.steps)}")
    for step in plan.steps[: plan.steps.index(first)]:
        if step not in before.done:
            raise click.UsageError(f"--from {first}: {step} comes before it and is not finished")
    return first


def _print(
    plan: "MigrationPlan", after: "Checkpoint", *, as_json: bool, success: bool = True
) -> None:
    from pipelines.migration.checkpoint import migration_folder
    from pipelines.migration.reconciling import PAGE, REPORT

    folder, again = migration_folder(plan.name), shlex.quote(str(plan.file))
    report = folder / REPORT
    made = "reconcile" in after.done
    if as_json:
        told = {"plan": plan.name, "success": success and made, "steps": {}, "folder": str(folder)}
        told["steps"] = {name: asdict(done) for name, done in after.done.items()}
        told["failed"] = asdict(after.failed) if after.failed else None
        told["runs"] = after.runs
        if report.exists():
            told["reconciliation"] = json.loads(report.read_text(encoding="utf-8"))
        click.echo(json.dumps(told, ensure_ascii=False))
        if after.failed is None:
            return
    if after.failed is not None:
        click.echo(f"loyalty-etl: {after.failed.step}: {after.failed.line}", err=True)
        if not as_json:
            click.echo(f"Next: loyalty-etl migrate {again} goes on at {after.failed.step}")
        return
    if not made:
        click.echo("loyalty-etl: Dagster ended the run early; its log says why: make dev", err=True)
        return
    done = after.done["reconcile"]
    click.echo(f"{plan.name}: {done.line} ({done.finished[:16].replace('T', ' ')} UTC)")
    click.echo(f"  report    {folder / PAGE}")
    click.echo(f"Next: read it and have it signed; loyalty-etl undo {again} would undo it")


def _exit_code(after: "Checkpoint", *, success: bool) -> int:
    """0 all of it, 4 some records were left out with reasons, else by why it stopped."""
    from pipelines.runs import read_summary

    if after.failed is not None:
        summary = read_summary(after.runs[-1], after.failed.step)
        if summary is not None and (summary.in_doubt_records or summary.held_records):
            return 5
        return {"configuration": 1, "network": 2}.get(after.failed.kind, 3)
    if not success or "reconcile" not in after.done:
        return 3
    return 4 if after.done["reconcile"].counts.get("left_out") else 0
