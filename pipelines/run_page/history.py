"""The runs of a feed before this one, and what has changed since."""

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from pipelines.run_page.parts import amount, moment, percent, seconds, table
from pipelines.run_page.profiling import ColumnProfile
from pipelines.runs import SUMMARY, Summary, read_summary
from pipelines.settings import state_dir

__all__ = ["last_of", "runs_before", "tell_columns", "tell_last", "tell_numbers", "tell_reasons"]

RUNS = 20
"""Runs that are drawn."""
_LOOKED = 60
NOTABLE = 0.02
"""A share of filled rows that moves by less is not told."""
_COUNTS = (
    ("records", "records read"),
    ("accepted_records", "accepted"),
    ("rejected_records", "rejected"),
    ("quarantined_records", "quarantined"),
    ("unchanged_records", "unchanged"),
    ("merged_records", "merged"),
    ("in_doubt_records", "in doubt"),
    ("unsent_records", "unsent"),
    ("requests", "requests"),
)
_OF_EXPORTS = (("rows", "rows read"), ("bytes", "bytes"), ("requests", "pages or requests"))


def runs_before(summary: Summary) -> list[Summary]:
    """Give the runs of the same kind before this one, the latest first: at most some tens.

    Dry runs, mended rejects and runs into another account are left out.
    """
    folder = state_dir() / "runs"
    paths = sorted(folder.glob(f"*/{summary.feed}/{SUMMARY}"), key=_when, reverse=True)
    found = (read_summary(path.parent.parent.name, summary.feed) for path in paths[: 2 * _LOOKED])
    alike = [one for one in found if one and _alike(one, summary)]
    return sorted(alike, key=lambda one: one.started, reverse=True)[:_LOOKED]


def last_of(before: Sequence[Summary]) -> Summary:
    """Give the run to compare with: the last one that was not broken off, if there is one."""
    return next((one for one in before if one.state == "finished"), before[0])


def tell_last(last: Summary) -> str:
    """Say which run that is."""
    ended = "" if last.state == "finished" else ", which failed"
    return f"Compared with run {last.run_id[:8]} of {moment(last.started)}{ended}."


def _when(path: Path) -> float:
    try:
        return path.stat().st_mtime
    except OSError:  # forgotten meanwhile
        return 0.0


def _alike(one: Summary, summary: Summary) -> bool:
    same = (one.kind, one.profile, one.environment) == (
        *(summary.kind, summary.profile, summary.environment),
    )
    read = one.state != "running" and (one.records > 0 or one.state == "finished")
    return (
        same
        and read
        and not (one.dry_run or one.retry_of)
        and one.run_id != summary.run_id
        and one.started <= summary.started
    )


def tell_numbers(now: Summary, before: Summary) -> str:
    """Write the counts of two runs side by side; those that are 0 in both are left out."""
    rows = []
    for name, word in _OF_EXPORTS if now.kind == "export" else _COUNTS:
        new, old = getattr(now, name), getattr(before, name)
        if new or old:
            rows.append((word, f"{old:,}", f"{new:,}", _difference(old, new)))
    rows += [
        (name, amount(before.totals.get(name, "")), amount(now.totals.get(name, "")), "")
        for name in {**before.totals, **now.totals}
    ]
    if now.kind == "load" and (now.rejected_records or before.rejected_records):
        old, new = (percent(_share(one)) for one in (before, now))
        rows.append(("rejected, of the records", old, new, ""))
    rows.append(("took", seconds(before.seconds), seconds(now.seconds), ""))
    return table(("", "last run", "this run", "change"), rows)


def _share(summary: Summary) -> float:
    return summary.rejected_records / summary.records if summary.records else 0.0


def _difference(old: int, new: int) -> str:
    if old == new:
        return "same"
    change = f" ({100 * (new - old) / old:+,.0f}\u00a0%)" if old else ""
    return f"{new - old:+,}{change}"


def tell_reasons(now: Mapping[str, int], before: Mapping[str, int]) -> Iterator[str]:
    """Say which causes of rejects are new, gone, or otherwise many, a line each."""
    for name in {**now, **before}:
        new, old = now.get(name, 0), before.get(name, 0)
        if not old:
            yield f"new: {name} ({new:,})"
        elif not new:
            yield f"gone: {name} (was {old:,})"
        elif new != old:
            yield f"{name}: {old:,} → {new:,}"


def tell_columns(now: Sequence[ColumnProfile], before: Sequence[ColumnProfile]) -> Iterator[str]:
    """Say which columns came or went, and which are otherwise full, a line each."""
    if not now or not before:
        return
    old = {column.name: column for column in before}
    names = {column.name for column in now}
    yield from (f"column {name} is gone" for name in old if name not in names)
    for column in now:
        if column.name not in old:
            yield f"column {column.name} is new"
            continue
        was, full = old[column.name].fill, column.fill
        if was is not None and full is not None and abs(was - full) >= NOTABLE:
            told = f"{percent(full)} of the rows, was {percent(was)}"
            yield f"column {column.name} is filled in {told}"
