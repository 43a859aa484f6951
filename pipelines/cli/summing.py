"""What a run did, in a few lines, and what to do next."""

import json
import shlex
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

import click

from connectors.trigg.account import describe
from pipelines.controlling import tell_declared
from pipelines.loading import REJECTS
from pipelines.merging import MERGED
from pipelines.planning import PLAN, Plan
from pipelines.progress import several
from pipelines.quarantine import FILE as QUARANTINE
from pipelines.runs import Summary
from pipelines.writing_back import UNSENT

WORST_FIRST = (5, 3, 1, 2, 4, 0)


def worst(codes: Iterable[int]) -> int:
    """Give the exit code of several loads: in doubt before failed, failed before rejects."""
    there = {0, *codes}
    return next((code for code in WORST_FIRST if code in there), 3)


def print_summary(summary: Summary, *, as_json: bool, then: str = "") -> None:
    """Print what a run did, for a script or for a person, and the next command."""
    if as_json:
        told = asdict(summary) | {"exit_code": summary.exit_code}
        click.echo(json.dumps(told, ensure_ascii=False))
    if summary.state == "failed":
        code = f" [{summary.error_code}]" if summary.error_code else ""
        click.echo(f"loyalty-etl: {summary.error}{code}", err=True)
    if not as_json and (summary.state != "failed" or summary.requests):
        click.echo("\n".join(summary_lines(summary)))
        click.echo(f"Next: {then or next_step(summary)}")


def summary_lines(summary: Summary) -> Iterator[str]:
    """Say in a few lines what a run did."""
    if summary.dry_run:
        yield from plan_lines(summary)
        return
    ended = "finished in" if summary.state == "finished" else "ended after"
    yield f"{summary.feed}: {ended} {summary.seconds:.1f} s (run {summary.run_id})"
    yield f"  from      {summary.source}{_kind(summary) if summary.kind == 'export' else ''}"
    if summary.kind == "export":
        of_report = summary.source.startswith("GET /reports/")
        units = several(summary.requests, "page" if of_report else "request")
        yield f"  rows      {summary.rows:,} in {units}"
        yield f"  proof     {summary.proof}"
        yield f"  Parquet   {summary.output}/data"
        yield from (f"  warning   {warning}" for warning in summary.warnings)
        return
    yield f"  to        {summary.target}{_kind(summary)}"
    if summary.retry_of:
        yield f"  retry of  {summary.retry_of}"
    for run_id in summary.resumed:
        yield f"  resumed   run {run_id}, before this one"
    yield f"  rows      {summary.rows:,} read, {summary.rejected_rows:,} rejected"
    yield f"  records   {equation(summary)}"
    yield f"  requests  {summary.requests:,}, {summary.bytes:,} bytes"
    yield from _facts(summary)
    if summary.held_records:
        yield f"  held      {summary.held_records:,} unsent, delivered before with other content"
    if parked := summary.quarantined_records:
        yield f"  later     {parked:,} in quarantine: {summary.folder}/{QUARANTINE}"
    if summary.waiting_records:
        yield f"  waiting   {summary.waiting_records:,} unsent, their members are not known yet"
    unsent = Path(summary.folder) / UNSENT
    if unsent.exists():
        yield f"  unsent    {unsent}"


def equation(summary: Summary) -> str:
    """Say what became of the records: as a sum, where each has come to an outcome."""
    sign = "=" if summary.accounted_for else "read, so far"
    merged = f" + {summary.merged_records:,} merged" if summary.merged_records else ""
    parked = summary.quarantined_records
    quarantined = f" + {parked:,} quarantined" if parked else ""
    return (
        f"{summary.records:,} {sign} {summary.accepted_records:,} accepted"
        f" + {summary.rejected_records:,} rejected{quarantined}"
        f" + {summary.unchanged_records:,} unchanged{merged}"
        f" + {summary.in_doubt_records:,} in doubt + {summary.unsent_records:,} unsent"
    )


def plan_lines(summary: Summary) -> Iterator[str]:
    """Say in a few lines what a run would do, by the plan in its folder."""
    from pipelines.cli.plans import read_plan

    plan = read_plan(Path(summary.folder) / PLAN)
    merged = f" + {plan.merged:,} merged" if plan.merged else ""
    waiting = f" + {plan.waiting:,} waiting" if plan.waiting else ""
    yield f"{summary.feed}: would send (looked for {summary.seconds:.1f} s, run {summary.run_id})"
    yield f"  from      {summary.source}"
    yield f"  to        {plan.target or summary.target}{_kind(plan)}"
    yield f"  rows      {summary.rows:,} read, {summary.rejected_rows:,} rejected"
    yield (
        f"  records   {plan.records:,} = {plan.to_send:,} to send"
        f" + {plan.unchanged:,} unchanged{merged} + {plan.held:,} held{waiting}"
        f" + {plan.in_doubt:,} in doubt + {plan.rejected:,} rejected"
    )
    seconds = plan.seconds
    time = "no load yet to tell the time by" if seconds is None else f"about {seconds:,.0f} s"
    yield f"  requests  {plan.requests:,}, {plan.bytes:,} bytes, {time}"
    yield from _facts(summary)
    if plan.deletes:
        by = plan.deletes[0].partition(" ")[0]
        told = f"{plan.to_send:,} customers by {by}, for good"
        yield f"  deletes   {told}: whom, says {summary.folder}/{PLAN}"
    if plan.example:
        yield f"  example   of a body: in {summary.folder}/{PLAN} (personal data)"


def _kind(told: Summary | Plan) -> str:
    return f" ({describe(told.environment, told.profile)})" if told.environment else ""


def _facts(summary: Summary) -> Iterator[str]:
    if summary.declared:
        yield f"  declared  {tell_declared(summary)}"
    for name, total in summary.totals.items():
        yield f"  {name:<9} {total}"
    if summary.merged_records:
        by = ", ".join(f"{times:,} by {what}" for what, times in summary.merged_by.items())
        yield f"  merged    {by}: {summary.folder}/{MERGED}"
    for fault, times in summary.reasons.items():
        yield f"  fault     {fault} ({times:,})"
    for warning in summary.warnings:
        yield f"  warning   {warning}"


def _how_to_learn(summary: Summary) -> str:
    from pipelines.feeds import FeedError, LoadFeed, find_feed
    from pipelines.id_members import how_to_learn

    with suppress(FeedError):  # it may be gone
        _, feed = find_feed(summary.feed_path or summary.feed)
        if isinstance(feed, LoadFeed):
            return how_to_learn(feed)
    return "loyalty-etl ids learn FEED"


def next_step(summary: Summary) -> str:
    """Say what to do after a run."""
    rejects, unsent = (Path(summary.folder) / name for name in (REJECTS, UNSENT))
    if summary.in_doubt_records:
        return "loyalty-etl status"
    if summary.resumable:
        return f"loyalty-etl resume --run {summary.run_id}"
    if rejects.exists():
        return f"mend {rejects}, then loyalty-etl retry {shlex.quote(str(rejects))}"
    if summary.quarantined_records:
        feed = shlex.quote(summary.feed_path or summary.feed)
        return f"loyalty-etl retry --quarantined --feed {feed}, some days from now"
    if unsent.exists():
        change = " --changed resend" if summary.held_records else ""
        first = f"{_how_to_learn(summary)}; then " if summary.waiting_records else ""
        return f"{first}loyalty-etl retry {shlex.quote(str(unsent))}{change}"
    return f"loyalty-etl runs show {summary.run_id}"
