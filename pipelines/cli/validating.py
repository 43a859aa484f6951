"""`loyalty-etl validate`: a whole source judged, rejects by cause, each with its likely fix."""

import json
import shlex
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING

import click

from pipelines.cli.finding import json_option, load_feed
from pipelines.cli.running import source_option

if TYPE_CHECKING:
    from pipelines.validating import Cause, Report

WIDEST = 60


@click.command()
@click.argument("feed")
@source_option
@click.option(
    "--limit",
    type=click.IntRange(0, 100),
    default=5,
    show_default=True,
    help="How many values of each cause are shown.",
)
@click.option(
    "-o",
    "--output",
    type=click.Path(file_okay=False, path_type=Path),
    help="Write the rejected rows to rejects.csv in this folder.",
)
@json_option
@click.pass_context
def validate(
    context: click.Context,
    *,
    feed: str,
    source: str | None,
    limit: int,
    output: Path | None,
    as_json: bool,
) -> None:
    """Judge a whole source, and say how what is rejected may be mended; nothing is sent.

    Rejects are grouped by cause, each with values that have it: they are shown as they are. No
    account is needed. Ends with 0 if all would be sent, 4 if some of it would not, 3 if a load
    would fail: more rejects than the feed allows, or totals that are not as the source tells them.
    """
    _, words, _ = load_feed(feed)
    from pipelines.cli.terminal import TerminalReporter, ending_on_sigterm
    from pipelines.validating import validate as judge

    path = source or ""
    reporter = TerminalReporter(silent=as_json)
    with ending_on_sigterm(), reporter.following(click.echo) as progress:
        report = judge(words, path, samples=limit, folder=output, progress=progress)
    if as_json:
        told = asdict(report) | {"feed": feed, "exit_code": report.exit_code}
        click.echo(json.dumps(told, ensure_ascii=False))
    else:
        click.echo("\n".join(_lines(feed, report)))
        click.echo(f"Next: {_next(feed, source, report)}")
    context.exit(report.exit_code)


def _lines(feed: str, report: "Report") -> Iterator[str]:
    yield f"{feed}: judged in {report.seconds:.1f} s; nothing was sent"
    yield f"  from      {report.source}"
    yield f"  rows      {report.rows:,} read, {report.rejected_rows:,} rejected"
    share = f"{_percent(report.rejected_percent)}, allowed {report.allowed_percent:g} %"
    good = report.records - report.rejected_records - report.merged_records
    good -= report.waiting_records
    merged = f" + {report.merged_records:,} merged" if report.merged_records else ""
    merged += f" + {report.waiting_records:,} waiting" if report.waiting_records else ""
    equation = f"{report.records:,} = {good:,} good{merged} + {report.rejected_records:,} rejected"
    yield f"  records   {equation}{f' ({share})' if report.rejected_records else ''}"
    if report.declared and not report.mismatches:
        told = ", ".join(f"{name} {total}" for name, total in report.declared.items())
        yield f"  declared  {told}: as read"
    yield from (f"  MISMATCH  {line}" for line in report.mismatches)
    yield from (f"  {name:<9} {total}" for name, total in report.totals.items())
    yield from (f"  warning   {line}" for line in report.warnings)
    if report.merged_records:
        by = ", ".join(f"{times:,} by {what}" for what, times in report.merged_by.items())
        yield f"  merged    {by}{f': {report.merged}' if report.merged else ''}"
    if report.rejects:
        yield f"  rejects   {report.rejects}"
    for cause in report.causes:
        yield ""
        yield from _tell(cause)


def _tell(cause: "Cause") -> Iterator[str]:
    from pipelines.cli.terminal import plain

    own = [name for name in cause.columns if name != cause.field]
    columns = f" ({', '.join(map(plain, own))})" if own else ""
    often = f"{_rows(cause.rows)}, {_percent(cause.percent)}"
    yield f"{cause.field}{columns}: {plain(cause.message)}: {often}"
    for sample in cause.samples:
        told = f"{plain(sample.value, WIDEST)} ({_rows(sample.rows)})" if sample.value else "first"
        yield f"    {told}  {plain(sample.place)}"
    if cause.distinct > len(cause.samples):
        yield f"    … {cause.distinct - len(cause.samples):,} more values"
    if cause.fix:
        yield f"    fix: {plain(cause.fix)}"


def _percent(share: float) -> str:
    return f"{share:.0f} %" if share >= 10 else f"{share:.2g} %"


def _rows(count: int) -> str:
    return f"{count:,} {'row' if count == 1 else 'rows'}"


def _next(feed: str, source: str | None, report: "Report") -> str:
    """Say what to do after a look: change the feed and look again, or plan the load."""
    of = ["--source", source] if source else []
    if not report.exit_code:
        return shlex.join(["loyalty-etl", "plan", feed, *of, "-o", "plan.json"])
    again = shlex.join(["loyalty-etl", "validate", feed, *of])
    if report.exit_code == 4:
        run = shlex.join(["loyalty-etl", "run", feed, *of])
        return f"change the feed's words, then {again}; or load the good ones: {run}"
    return f"change the feed's words or have the source mended, then {again}"
