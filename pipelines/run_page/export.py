"""The page of an export: what was announced and read, its proof, its columns, what changed."""

from collections.abc import Iterator, Sequence
from html import escape
from pathlib import Path

from polars.exceptions import PolarsError
from pyarrow import ArrowInvalid

from connectors.trigg.account import describe
from pipelines.cli.telling_exports import tell_drift, tell_proof, tell_size
from pipelines.exports.looking.ways import ways_to_open
from pipelines.exports.manifest import Manifest, read_manifest
from pipelines.exports.versions import Version
from pipelines.exports.writing.days import rows_by_folder
from pipelines.progress import several
from pipelines.run_page.charts import draw_bars
from pipelines.run_page.export_columns import profile_version
from pipelines.run_page.funnel import Stage, draw_funnel
from pipelines.run_page.history import (
    RUNS,
    last_of,
    runs_before,
    tell_columns,
    tell_last,
    tell_numbers,
)
from pipelines.run_page.parts import code, facts, moment, seconds
from pipelines.run_page.profiles import tell_profile
from pipelines.run_page.profiling import ColumnProfile
from pipelines.runs import Summary

__all__ = ["body_of_export"]

DAYS = 60
"""Days, or other folders, that are drawn: the last ones."""


def body_of_export(summary: Summary) -> Iterator[str]:
    """Write the sections of the page, without its verdict."""
    version = _version(Path(summary.output))
    before = runs_before(summary)
    yield facts(_facts(summary, version))
    yield "".join(f'<p class="warn">{escape(line)}</p>\n' for line in summary.warnings)
    yield "<h2>Next</h2>\n" + code(_commands(summary, version))
    if version is None:
        if summary.state == "finished":
            yield '<p class="quiet">This version is not kept any more.</p>\n'
        yield from _history(summary, before)
        return
    made = version.manifest
    yield "<h2>What was read</h2>\n" + _funnel(made)
    proof = "".join(f"<li>{escape(line)}</li>" for line in tell_proof(made.proof))
    yield f"<h2>How it is known to be whole</h2>\n<ul>{proof}</ul>\n"
    profile = _profile(version)
    yield from _history(summary, before, made, profile)
    if days := dict([*rows_by_folder(made.files).items()][-DAYS:]):
        chart = draw_bars("Rows by folder", [*days], {"rows": [*days.values()]}, _count)
        yield f'<div class="charts">{chart}</div>\n'
    yield "<h2>What the columns hold</h2>\n" + tell_profile(profile, "type")
    opened = [f"{tool}: {line}" for tool, line in ways_to_open(version).items()]
    yield "<h2>Open it</h2>\n" + code(opened)


def _version(folder: Path) -> Version | None:
    try:
        return Version(folder, read_manifest(folder))
    except (OSError, ValueError, TypeError, KeyError):
        return None


def _profile(version: Version) -> list[ColumnProfile]:
    try:
        return profile_version(version)
    except (OSError, ArrowInvalid, PolarsError):
        return []


def _facts(summary: Summary, version: Version | None) -> dict[str, str]:
    account = describe(summary.environment, summary.profile) if summary.environment else ""
    rate = f", {summary.rows / summary.seconds:,.0f} rows a second" if summary.seconds else ""
    told = {
        "began": moment(summary.started),
        "took": seconds(summary.seconds or None) + (rate if summary.rows else ""),
        "from": f"{summary.source} ({account})" if account else summary.source,
        "into": summary.output,
    }
    if version:
        made = version.manifest
        told["size"] = f"{tell_size(made.bytes)} in {several(len(made.files), 'file')}"
        if made.mode != "replace" or made.base:
            told["mode"] = f"{made.mode}: {made.new_rows:,} of {made.rows:,} rows are of this run"
    return told


def _commands(summary: Summary, version: Version | None) -> Iterator[str]:
    run, feed = summary.run_id[:8], summary.feed
    if summary.state == "failed":
        yield f"loyalty-etl export {feed}   # goes on with what was read, if it can"
    if version:
        yield f"loyalty-etl exports show {feed} --version {run}   # its files, columns and proof"
        yield f"loyalty-etl exports diff {feed}   # rows that came, went or changed"
    yield f"loyalty-etl runs show {run}"


def _funnel(made: Manifest) -> str:
    proof = made.proof
    stages = []
    if proof.declared is not None:
        stages.append(Stage("announced", proof.declared))
    missing = proof.declared - proof.rows if proof.declared is not None else 0
    lost = [(missing, "announced, and not there"), (proof.repeated, "came twice, and left out")]
    stages.append(Stage("read", proof.rows, lost))
    stages.append(
        Stage("published", made.new_rows, [(made.discarded_rows, "kept out by the contract")])
    )
    return draw_funnel(stages)


def _history(
    summary: Summary,
    before: Sequence[Summary],
    made: Manifest | None = None,
    profile: Sequence[ColumnProfile] = (),
) -> Iterator[str]:
    yield "<h2>Since the last run</h2>\n"
    if not before:
        yield '<p class="quiet">There is no run of this feed before, to compare with.</p>\n'
        return
    last = last_of(before)
    lines = [*tell_drift(made.drift)] if made else []
    old = _version(Path(last.output))
    if old and profile:
        drifted = {*made.drift.added, *made.drift.gone} if made else set()
        lines += tell_columns(
            [column for column in profile if column.name not in drifted],
            [column for column in _profile(old) if column.name not in drifted],
        )
    told = "".join(f"<li>{escape(line)}</li>" for line in lines)
    drawn = [*reversed(before[: RUNS - 1]), summary]
    chart = draw_bars(
        "Rows by run",
        [moment(one.started)[5:16] for one in drawn],
        {"rows": [one.rows for one in drawn]},
        _count,
    )
    numbers = tell_numbers(summary, last) if made else ""
    yield f'<p class="quiet">{escape(tell_last(last))}</p>\n'
    listed = f"<ul>{told}</ul>\n" if told else ""
    yield f'<div class="beside"><div>{numbers}{listed}</div>{chart}</div>\n'


def _count(number: float) -> str:
    return f"{number:,.0f}"
