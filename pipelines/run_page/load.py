"""The page of a load: the funnel, rejects, requests, what changed, what the source holds."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from html import escape
from pathlib import Path

from connectors.trigg.account import describe
from pipelines.cli.summing import equation, next_step
from pipelines.cli.telling_exports import tell_size
from pipelines.controlling import tell_declared
from pipelines.run_page.batches import Sending, look_at_batches
from pipelines.run_page.charts import draw_bars
from pipelines.run_page.funnel import draw_funnel, stages_of_load
from pipelines.run_page.history import (
    RUNS,
    last_of,
    runs_before,
    tell_columns,
    tell_last,
    tell_numbers,
    tell_reasons,
)
from pipelines.run_page.parts import amount, code, facts, moment, seconds, table
from pipelines.run_page.profiles import tell_profile
from pipelines.run_page.profiling import PART, WHOLE, ColumnProfile, read_profile
from pipelines.run_page.rejects import tell_rejects
from pipelines.run_page.requests import tell_requests
from pipelines.runs import Summary
from pipelines.writing_back import OUTCOMES

__all__ = ["body_of_load"]


def body_of_load(summary: Summary) -> Iterator[str]:
    """Write the sections of the page, without its verdict."""
    folder = Path(summary.folder)
    sending, profile = look_at_batches(summary), read_profile(folder)
    yield facts(_facts(summary, sending))
    yield "".join(f'<p class="warn">{escape(line)}</p>\n' for line in summary.warnings)
    yield "<h2>Next</h2>\n" + code(_commands(summary))
    if summary.records:
        yield "<h2>What became of the records</h2>\n"
        yield draw_funnel(stages_of_load(summary, sending))
        if not summary.dry_run and summary.accounted_for:
            yield f'<p class="quiet">{escape(equation(summary))}.</p>\n'
    if rejects := tell_rejects(summary):
        yield f"<h2>What was not taken, by cause</h2>\n{rejects}"
    if sending is not None:
        yield "<h2>Requests</h2>\n" + tell_requests(sending)
    yield "<h2>Since the last run</h2>\n" + _since(summary, runs_before(summary), profile)
    if profile:
        yield "<h2>What the source holds</h2>\n" + tell_profile(profile, "becomes")
        if summary.rows > WHOLE:
            told = f"Of the first {WHOLE:,} rows, and of one part in {PART} of the others."
            yield f'<p class="quiet">{told}</p>\n'
    yield _files(folder)


def _facts(summary: Summary, sending: Sending | None) -> Mapping[str, str]:
    account = describe(summary.environment, summary.profile) if summary.environment else ""
    speed = ""
    if sending and sending.seconds and summary.accepted_records:
        rate = summary.accepted_records / sending.seconds
        speed = f", {rate:,.0f} records accepted a second while sending"
    rows = f"{summary.rows:,} read, {summary.rejected_rows:,} rejected"
    return {
        "began": moment(summary.started),
        "took": f"{seconds(summary.seconds or None)}{speed}",
        "from": summary.source,
        "to": f"{summary.target} ({account})" if account else summary.target,
        "rows": rows if summary.rows else "",
        "declared": tell_declared(summary),
        **{name: amount(total) for name, total in summary.totals.items()},
        "retry of": summary.retry_of,
        "resumed": ", ".join(f"run {run_id}, before this one" for run_id in summary.resumed),
    }


def _commands(summary: Summary) -> Iterator[str]:
    """Give what comes next, and the commands that tell more."""
    yield next_step(summary)
    run, feed = summary.run_id[:8], shlex.quote(summary.feed_path or summary.feed)
    if summary.reasons:
        source = shlex.quote(summary.source)
        yield f"loyalty-etl validate {feed} --source {source}   # the values at fault, and the fix"
    if (Path(summary.folder) / OUTCOMES).exists():
        yield f"loyalty-etl results {run}   # what became of every record"


def _since(summary: Summary, before: Sequence[Summary], profile: Sequence[ColumnProfile]) -> str:
    if not before:
        return '<p class="quiet">There is no run of this feed before, to compare with.</p>\n'
    last = last_of(before)
    lines = (
        []
        if not summary.records
        else [
            *tell_reasons(summary.reasons, last.reasons),
            *tell_columns(profile, read_profile(Path(last.folder))),
        ]
    )
    listed = "".join(f"<li>{escape(line)}</li>" for line in lines)
    listed = f"<ul>{listed}</ul>\n" if listed else ""
    drawn = [*reversed(before[: RUNS - 1]), summary]
    others = [one.records - one.accepted_records - one.rejected_records for one in drawn]
    series = {
        "accepted": [one.accepted_records for one in drawn],
        "rejected": [one.rejected_records for one in drawn],
        "others": others,
    }
    days = [moment(one.started)[5:16] for one in drawn]
    chart = draw_bars("Records by run", days, series, lambda number: f"{number:,.0f}")
    numbers = tell_numbers(summary, last) if summary.records else ""
    return (
        f'<p class="quiet">{escape(tell_last(last))}</p>\n<div class="beside">'
        f"<div>{numbers}{listed}</div>{chart}</div>\n"
    )


def _files(folder: Path) -> str:
    """Name the files of the run that hold what this page leaves out."""
    told = [
        (path.name, tell_size(path.stat().st_size))
        for path in sorted(folder.glob("*"))
        if path.suffix in {".csv", ".parquet", ".log"} or path.name == "plan.json"
    ]
    where = f'<p class="quiet">In {escape(str(folder))}; they hold personal data.</p>\n'
    return f"<h2>Files</h2>\n{where}{table(('file', 'size'), told)}" if told else ""
