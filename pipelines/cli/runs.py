"""`loyalty-etl runs`: what happened before."""

import json
from dataclasses import asdict

import click

from pipelines.runs import Summary, list_summaries


@click.group()
def runs() -> None:
    """Look at past runs."""


@runs.command("list")
@click.option("--feed", help="Only runs of this feed.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_runs(*, feed: str | None, limit: int, as_json: bool) -> None:
    """List runs, newest first."""
    found = list_summaries(feed)[:limit]
    for summary in found:
        if as_json:
            click.echo(json.dumps(asdict(summary), ensure_ascii=False))
        else:
            click.echo(
                f"{summary.run_id}  {summary.started}  {summary.feed:<20} {_state(summary):<9}"
                f" {summary.rows:>11,} rows {summary.rejected_rows:>7,} rejected"
            )
    if not found and not as_json:
        click.echo("No runs yet. Next: loyalty-etl feeds")


@runs.command()
@click.argument("run_id")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per feed of the run.")
def show(*, run_id: str, as_json: bool) -> None:
    """Show what one run did; the start of its id is enough."""
    found = [s for s in list_summaries() if s.run_id.startswith(run_id)]
    if not found:
        raise click.ClickException(f"no run begins with {run_id}; see: loyalty-etl runs list")
    if len({s.run_id for s in found}) > 1:
        raise click.ClickException(f"several runs begin with {run_id}; give more of the id")
    for summary in reversed(found):
        if as_json:
            click.echo(json.dumps(asdict(summary), ensure_ascii=False))
            continue
        click.echo(f"{summary.feed}: {_state(summary)}")
        for name, value in asdict(summary).items():
            if value not in ("", 0, 0.0, False, [], {}) and name not in {"feed", "state"}:
                click.echo(f"  {name:<17} {_text(value)}")


def _state(summary: Summary) -> str:
    return "dry run" if summary.state == "prepared" and summary.dry_run else summary.state


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k}: {v}" for k, v in value.items())
    return "; ".join(value) if isinstance(value, list) else str(value)


@runs.command()
@click.option("--days", type=click.IntRange(min=1), default=90, show_default=True)
def prune(*, days: int) -> None:
    """Forget runs older than this many days: their folders and Dagster's record of them."""
    from pipelines.materializing import prune_runs

    click.echo(f"{prune_runs(days):,} runs forgotten")
