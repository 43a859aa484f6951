"""`loyalty-etl results`: what became of a load's records, and why."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from pipelines.cli.finding import feed_of, find_summary
from pipelines.feeds import FeedError
from pipelines.runs import Summary

if TYPE_CHECKING:
    import polars as pl

    from pipelines.feeds import LoadFeed

FILES = (
    *("outcomes.parquet", "accepted.parquet"),
    *("rejects.csv", "quarantined.csv", "merged.csv", "unsent.csv"),
)
OUTCOMES = ("accepted", "rejected", "quarantined", "unchanged", "merged", "in_doubt", "unsent")
GROUPS, SAMPLES = 20, 5


@click.command()
@click.argument("run_id")
@click.option("--feed", help="Which of the run's feeds, by its name or path.")
@click.option("--outcome", type=click.Choice(OUTCOMES), help="List the records of this outcome.")
@click.option("--limit", type=click.IntRange(min=1), default=20, show_default=True,
              help="List this many records, or reasons, at most.")  # fmt: skip
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def results(
    *, run_id: str, feed: str | None, outcome: str | None, limit: int, as_json: bool
) -> None:
    """Say what became of every record of a run, and of what was rejected why.

    Records are told by their rows in the source; what they hold stands in the files alone.
    """
    summary = find_summary(run_id, feed)
    rows = _read(summary, feed)
    told: dict[str, Any] = {"run_id": summary.run_id, "feed": summary.feed}
    told["source"] = summary.source
    told["counts"] = {name: getattr(summary, f"{name}_records") for name in OUTCOMES}
    told |= {"records": summary.records, "accounted_for": summary.accounted_for}
    if outcome:
        told["listed"] = _listed(rows, outcome, limit)
    else:
        told["reasons"] = _grouped(rows, limit)
    files = [Path(summary.folder) / name for name in FILES]
    told["files"] = [str(path) for path in files if path.exists()]
    if as_json:
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        _print(summary, told)


def _read(summary: Summary, feed: str | None) -> "pl.LazyFrame":
    """Give the outcomes that need a reason, with theirs."""
    path = Path(summary.folder) / "outcomes.parquet"
    if not path.exists():
        why = "it sent nothing" if summary.dry_run or not summary.resumable else "resume it first"
        raise click.ClickException(f"run {summary.run_id} has no outcomes: {why}")
    import polars as pl

    from delivery.outcome_tables import TABLE
    from pipelines.cli.reasons import bare_reasons

    words: LoadFeed | None
    try:
        words = feed_of(summary, feed)
    except FeedError:
        words = None
    outcomes = pl.scan_parquet(path)
    told = outcomes.collect_schema()
    lacks = {name: kind for name, kind in TABLE.items() if name not in told}
    # An earlier version may have written less.
    outcomes = outcomes.with_columns(pl.lit(None, kind).alias(n) for n, kind in lacks.items())
    return bare_reasons(outcomes, words)


def _grouped(rows: "pl.LazyFrame", limit: int) -> list[dict[str, Any]]:
    """Count the reasons of what was not taken, the most frequent first."""
    import polars as pl

    groups = (
        rows.filter(~pl.col("outcome").is_in(["accepted", "unchanged"]))
        .explode("why", empty_as_null=True)
        .group_by("outcome", pl.col("why").alias("reason"))
        .agg(pl.len().alias("records"), pl.col("row").sort().head(SAMPLES).alias("rows"))
        .sort("records", "reason", descending=[True, False])
        .head(limit)
    )
    return groups.collect().to_dicts()


def _listed(rows: "pl.LazyFrame", outcome: str, limit: int) -> list[dict[str, Any]]:
    """Give the records of one outcome, without what they hold."""
    import polars as pl

    columns = ("row", "last_row", "batch", "attempts", "status", "seconds", "why")
    chosen = rows.filter(pl.col("outcome") == outcome).sort("row").head(limit)
    listed = chosen.select(*columns, "merged_into", "since").collect()
    if outcome == "merged":
        listed = listed.with_columns(_tell_survivors(rows, listed["merged_into"]))
    moment = pl.col("since").dt.strftime("%Y-%m-%d %H:%M UTC")
    return listed.with_columns(moment).to_dicts()


def _tell_survivors(rows: "pl.LazyFrame", keys: "pl.Series") -> "pl.Series":
    """Tell records by their row, and by their key where that may be told."""
    import polars as pl

    from pipelines.settling import ABOUT

    before = pl.col("reasons").str.starts_with("delivered before")
    by_checks = (pl.col("outcome") == "rejected") & pl.col("batch").is_null() & ~before
    prepared = ~by_checks & (pl.col("outcome") != "merged")
    found = rows.filter(pl.col("key").is_in(keys.unique().implode()), prepared).select(
        merged_into="key", at="row"
    )
    kind, value = (
        pl.col("merged_into").str.split("\x1f").list.get(n, null_on_oob=True) for n in (0, 1)
    )
    named = pl.when(kind.is_in(ABOUT)).then(pl.format(", {} {}", kind, value)).otherwise(pl.lit(""))
    return (
        keys.to_frame()
        .join(found.collect(), on="merged_into", how="left", maintain_order="left")
        .select(pl.format("row {}{}", "at", named).alias("merged_into"))
        .to_series()
    )


def _print(summary: Summary, told: dict[str, Any]) -> None:
    from pipelines.cli.summing import equation, next_step

    click.echo(f"{summary.feed}: {equation(summary)}")
    click.echo(f"  from      {summary.source}")
    for group in told.get("reasons", []):
        rows = ", ".join(map(str, group["rows"])) + (
            ", …" if group["records"] > len(group["rows"]) else ""
        )
        click.echo(
            f"  {group['outcome']:<9} {group['records']:>7,}  {group['reason']}; at row {rows}"
        )
    for each in told.get("listed", []):
        rows = f"{each['row']}" + (
            f"-{each['last_row']}" if each["last_row"] != each["row"] else ""
        )
        sent = "" if each["batch"] is None else f"  batch {each['batch']}, {each['attempts']} tries"
        status = "" if each["status"] is None else f", status {each['status']}"
        why = "; ".join(filter(None, each["why"]))
        into = f", into {each['merged_into']}" if each["merged_into"] else ""
        since = f", in quarantine since {each['since']}" if each["since"] else ""
        click.echo(f"  row {rows}{sent}{status}{f'  {why}' if why else ''}{into}{since}")
    for path in told["files"]:
        click.echo(f"  file      {path}")
    click.echo(f"Next: {next_step(summary)}")
