"""`loyalty-etl runs`: what happened before."""

import json
from dataclasses import asdict
from pathlib import Path

import click

from pipelines.runs import Summary, list_summaries

UNTOLD = {
    *("feed", "state", "source_stamp", "checked_rows"),
    *("checked_records", "rejects_size", "rejects_end"),
}
NAMES = {"retry_of": "retry of"}


@click.group()
def runs() -> None:
    """Look at past runs."""


@runs.command("list")
@click.option("--feed", help="Only runs of this feed.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="One JSON object per line.")
def list_runs(*, feed: str | None, limit: int, as_json: bool) -> None:
    """List runs, newest first."""
    found = list_summaries(feed, _tell_unreadable)[:limit]
    for summary in found:
        if as_json:
            click.echo(json.dumps(asdict(summary), ensure_ascii=False))
        else:
            click.echo(
                f"{summary.run_id}  {summary.started}  {summary.feed:<20} {_state(summary):<9}"
                f" {summary.rows:>11,} rows {summary.rejected_rows:>7,} rejected{_rest(summary)}"
            )
    if not found and not as_json:
        click.echo("No runs yet. Next: loyalty-etl feeds")


@runs.command()
@click.argument("run_id")
@click.option("--json", "as_json", is_flag=True, help="One JSON object per feed of the run.")
def show(*, run_id: str, as_json: bool) -> None:
    """Show what one run did; the start of its id is enough."""
    everything = list_summaries()
    found = [s for s in everything if s.run_id.startswith(run_id)]
    if not found:
        raise click.ClickException(f"no run begins with {run_id}; see: loyalty-etl runs list")
    if len({s.run_id for s in found}) > 1:
        raise click.ClickException(f"several runs begin with {run_id}; give more of the id")
    retries = _retries(everything)
    for summary in reversed(found):
        if as_json:
            click.echo(json.dumps(asdict(summary), ensure_ascii=False))
            continue
        click.echo(f"{summary.feed}: {_state(summary)}")
        for name, value in asdict(summary).items():
            if value not in ("", 0, 0.0, False, [], {}) and name not in UNTOLD:
                click.echo(f"  {NAMES.get(name, name):<17} {_text(value)}")
        for later in retries.get((summary.run_id, summary.feed), []):
            click.echo(f"  {'retried by':<17} {later}")


def _state(summary: Summary) -> str:
    if summary.state == "prepared" and summary.dry_run:
        return "dry run"
    if summary.in_doubt_records and not summary.dry_run:
        return "in doubt"
    return "unfinished" if summary.resumable else summary.state


def _rest(summary: Summary) -> str:
    """Say what of a run is neither taken nor rejected."""
    in_doubt, unsent = summary.in_doubt_records, summary.unsent_records
    parked = summary.quarantined_records
    told = (
        (parked, "quarantined"),
        (summary.merged_records, "merged"),
        (in_doubt, "in doubt"),
        (unsent, "unsent"),
    )
    return "".join(f" {count:,} {what}" for count, what in told if count)


def _retries(summaries: list[Summary]) -> dict[tuple[str, str], list[str]]:
    """Name, for each load, the runs that loaded its rejects, oldest first."""
    found: dict[tuple[str, str], list[str]] = {}
    for summary in reversed(summaries):
        if summary.retry_of:
            found.setdefault((summary.retry_of, summary.feed), []).append(summary.run_id)
    return found


def _tell_unreadable(path: Path) -> None:
    click.echo(f"loyalty-etl: {path} cannot be read, that run is left out", err=True)


def _text(value: object) -> str:
    if isinstance(value, dict):
        return ", ".join(f"{k}: {v}" for k, v in value.items())
    return "; ".join(value) if isinstance(value, list) else str(value)


@runs.command()
@click.option("--days", type=click.IntRange(min=1), default=90, show_default=True)
def prune(*, days: int) -> None:
    """Forget runs older than this many days: their folders, and Dagster's record of them.

    Unfinished loads and those in doubt stay, and what was delivered stays known.
    """
    from pipelines.materializing import prune_runs

    click.echo(f"{prune_runs(days):,} runs forgotten")
