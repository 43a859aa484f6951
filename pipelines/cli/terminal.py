"""What the commands print: a progress line on stderr, results on stdout."""

import json
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict

import click

from pipelines.assets import Reporter
from pipelines.progress import Progress
from pipelines.runs import Summary


class TerminalReporter(Reporter):
    """Keeps one line up to date on a terminal; elsewhere prints a line every ten seconds."""

    def __init__(self, *, silent: bool = False) -> None:
        self._silent = silent
        self._live = sys.stderr.isatty()
        self.seconds = 0.2 if self._live else 10.0

    @contextmanager
    def following(self, log: Callable[[str], None]) -> Iterator[Progress]:  # noqa: ARG002  (Reporter's signature)
        """Give the progress function of one step."""
        started = last = time.monotonic()

        def progress(step: str, done: int, total: int, rows: int, rejects: int) -> None:
            nonlocal last
            now = time.monotonic()
            if not self._silent and now - last >= self.seconds:
                last = now
                self._show(describe(step, done, total, rows, rejects, seconds=now - started))

        try:
            yield progress
        finally:
            if self._live and not self._silent:
                click.echo("\r\x1b[2K", nl=False, err=True)

    def _show(self, line: str) -> None:
        click.echo(f"\r\x1b[2K{line}" if self._live else line, nl=not self._live, err=True)


def describe(step: str, done: int, total: int, rows: int, rejects: int, *, seconds: float) -> str:
    """Put progress into a line: rows, rejects, rows a second, how much is done, time left."""
    speed = rows / seconds if seconds else 0
    line = f"{step}: {rows:,} rows, {rejects:,} rejects, {speed:,.0f} rows/s"
    if total and done:
        left = max(0, round(seconds * (total - done) / done))
        line += f", {100 * done / total:.0f} %, ETA {left // 60}:{left % 60:02}"
    return line


def print_summary(summary: Summary, *, as_json: bool) -> None:
    """Print what a run did, for a script or for a person, and the next command."""
    if as_json:
        told = asdict(summary) | {"exit_code": summary.exit_code}
        click.echo(json.dumps(told, ensure_ascii=False))
    if summary.state == "failed":
        click.echo(f"loyalty-etl: {summary.error}", err=True)
    elif not as_json:
        click.echo("\n".join(summary_lines(summary)))


def summary_lines(summary: Summary) -> Iterator[str]:
    """Say in a few lines what a run did."""
    done = "would send" if summary.dry_run else "finished"
    yield f"{summary.feed}: {done} in {summary.seconds:.1f} s (run {summary.run_id})"
    yield f"  from      {summary.source}"
    if summary.kind == "export":
        yield f"  rows      {summary.rows:,} in {summary.requests:,} pages"
        yield f"  Parquet   {summary.output}/data.parquet"
        yield from (f"  warning   {warning}" for warning in summary.warnings)
        yield f"Next: loyalty-etl runs show {summary.run_id}"
        return
    yield f"  to        {summary.target}"
    yield f"  rows      {summary.rows:,} read, {summary.rejected_rows:,} rejected"
    sent = summary.records - summary.rejected_records
    size = f"{summary.requests:,} requests, {summary.bytes:,} bytes"
    yield f"  records   {sent:,} of {summary.records:,} in {size}"
    for name, total in summary.totals.items():
        yield f"  {name:<9} {total}"
    for fault, times in summary.reasons.items():
        yield f"  fault     {fault} ({times:,})"
    for warning in summary.warnings:
        yield f"  warning   {warning}"
    if summary.rejected_rows:
        yield f"Next: mend {summary.folder}/rejects.csv and load it again"
    elif summary.dry_run:
        yield f"Next: loyalty-etl run {summary.feed}"
    else:
        yield f"Next: loyalty-etl runs show {summary.run_id}"
