"""In one line: how a run ended."""

from typing import Literal

from pipelines.runs import Summary

__all__ = ["Way", "judge"]

Way = Literal["good", "warn", "bad", "quiet"]


def judge(summary: Summary) -> tuple[Way, str]:
    """Say how a run ended, and whether that is good."""
    if summary.state == "failed" and not summary.in_doubt_records:
        return "bad", _of_failed(summary)
    if summary.state == "running":
        return "bad", "Not at its end: it is under way, or was killed."
    if summary.kind == "export":
        return _of_export(summary)
    if summary.state == "prepared":
        return _of_prepared(summary)
    if summary.in_doubt_records:
        told = f"In doubt: nobody knows whether {summary.in_doubt_records:,} of"
        return "bad", f"{told} {summary.records:,} records have arrived."
    return _of_load(summary)


def _of_failed(summary: Summary) -> str:
    if summary.kind == "export":
        return "Failed: nothing was published."
    if not summary.requests:
        return "Failed: nothing was sent."
    accepted = f"{summary.accepted_records:,} of {summary.records:,} records accepted"
    return f"Broken off: {accepted}{', and it can go on' if summary.resumable else ''}."


def _of_prepared(summary: Summary) -> tuple[Way, str]:
    if not summary.dry_run:
        return "bad", "Read and judged, not sent: it is under way, or was killed."
    told = f"{_left(summary):,} of {summary.records:,} records would be sent."
    return "warn" if summary.rejected_records else "good", f"Dry run, nothing was sent: {told}"


def _left(summary: Summary) -> int:
    """Count what a dry run would send."""
    not_sent = summary.rejected_records + summary.merged_records + summary.waiting_records
    not_sent += summary.unchanged_records + summary.held_records + summary.in_doubt_records
    return max(0, summary.records - not_sent)


def _of_load(summary: Summary) -> tuple[Way, str]:
    accepted = f"{summary.accepted_records:,} of {summary.records:,} records accepted"
    less = _count(
        (summary.rejected_records, "rejected"),
        (summary.quarantined_records, "quarantined"),
        (summary.unsent_records, "unsent"),
    )
    if less:
        return "warn", f"Finished: {accepted}{less}."
    if not summary.as_declared:
        return "warn", "Finished, but the platform has less than the source declares."
    if not summary.accepted_records:
        return "good", f"Nothing new: all {summary.records:,} records were delivered before."
    rest = _count(
        (summary.unchanged_records, "unchanged"), (summary.merged_records, "merged into others")
    )
    return "good", f"Finished: {accepted}{rest}."


def _count(*counts: tuple[int, str]) -> str:
    return "".join(f", {count:,} {word}" for count, word in counts if count)


def _of_export(summary: Summary) -> tuple[Way, str]:
    if summary.proof.startswith("not proven"):
        return "warn", f"Published, {summary.proof}."
    return "good", f"Published: {summary.rows:,} rows, known to be complete."
