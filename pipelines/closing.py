"""The end of a load: every record's outcome, the files about them, and the equation."""

import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from delivery.ledger import QUARANTINE, Entry, LedgerError, State
from delivery.outcomes import PARKED, Counts, Facts, write_outcomes
from delivery.policy import Changed
from delivery.replies import TAKEN_IN
from delivery.sending import End
from pipelines.codes import ERRORS
from pipelines.controlling import tell_taken
from pipelines.feeds import LoadFeed
from pipelines.loading import RECORDS, forget_records, read_refused
from pipelines.quarantine import quarantined_before
from pipelines.runs import Summary, now, write_summary
from pipelines.sourcing import read_labels
from pipelines.writing_back import OUTCOMES, write_back

if TYPE_CHECKING:
    from delivery.ledger.book import Ledger

_CODES = {
    "forbidden": "forbidden",
    "rejects": "too-many-refused",
    "stopped": "stopped",
    "network": "no-progress",
}
"""How sending ended → the code of that."""
_LARGE = 1_000  # batches
_PROMISE = "were taken in (202)"
_REASONS = 20
"""Reasons of the platform that a summary holds, the most frequent ones."""


def changed_of(feed: LoadFeed) -> Changed:
    """Say what is done about records delivered before with other content."""
    undoes = feed.target.memory != feed.target.endpoint
    resend = feed.target.may_repeat or feed.target.renews or undoes
    return feed.delivery.changed or ("resend" if resend else "hold")


def end_load(
    ledger: "Ledger",
    load: str,
    feed: LoadFeed,
    summary: Summary,
    *,
    fates: pl.Series,
    ended: End | None,
) -> Summary:
    """Write down what became of every record, and close the load unless it can go on.

    Args:
        ledger: open.
        load: the load's id.
        feed: its feed.
        summary: of its run, so far.
        fates: what the ledger knew of each record (`Fate`).
        ended: why sending ended early, None if it did not.

    Raises:
        LedgerError: the outcomes do not add up to the records read.
    """
    started = time.perf_counter()
    folder = Path(summary.folder)
    entries = ledger.entries(load, blobs=False)
    if ended is not None and ended.kind == "rejects" and not _doubtful(entries):
        planned = [entry for entry in entries if entry.state is State.PLANNED]
        why = f"not tried: {ended.reason}"
        ledger.write(changed=[replace(e, state=State.UNSENT, reason=why) for e in planned])
        entries = ledger.entries(load, blobs=False)
    in_doubt = _doubtful(entries)
    resumable = in_doubt or (ended is not None and ended.kind != "rejects")
    facts = Facts(
        read_labels(folder, summary.source),
        folder / RECORDS,
        read_refused(folder),
        fates,
        entries,
        changed_of(feed),
        _in_quarantine(summary, entries),
    )
    with ThreadPoolExecutor(1) as beside:
        # Closing folds in any case; beside the outcomes it costs no time of its own.
        folded = None if resumable else beside.submit(_fold, ledger, load)
        if folded is not None and len(entries) > _LARGE:
            folded.result()  # both at once take 70 MB more, and here they are seconds of minutes
        counts = write_outcomes(facts, folder / OUTCOMES)
        if folded is not None:
            folded.result()
    summary = _count(summary, counts, entries)
    if not summary.accounted_for:
        raise LedgerError(
            f"{summary.records:,} records were read, {counts.records:,} have an outcome:"
            f" see {folder}/{OUTCOMES}"
        )
    summary = summary.add(taken=tell_taken(summary))
    if ended is None or ended.kind != "stopped":  # whoever stops it wants it to end soon
        summary = write_back(feed, summary, folder)
    if ended is None:
        summary = summary.add(state="finished", error="", error_kind="", error_code="")
    else:
        line = f"{ended.reason}; {summary.accepted_records:,} of {summary.records:,} records are"
        line += f" accepted, {summary.unsent_records:,} unsent"
        if resumable:
            line += f"; go on with: loyalty-etl resume --run {summary.run_id}"
        code = _CODES[ended.kind]
        kind = ERRORS[code].kind
        summary = summary.add(state="failed", error=line, error_kind=kind, error_code=code)
    seconds = round(summary.seconds + time.perf_counter() - started, 3)
    summary = summary.add(resumable=resumable, finished=now(), seconds=seconds)
    if not resumable:
        _close(ledger, load, summary, entries)
    write_summary(summary)
    if not resumable:
        forget_records(folder)
    return summary


def _fold(ledger: "Ledger", load: str) -> None:
    begun = ledger.find_load(load)
    assert begun is not None
    ledger.fold(begun.target)


def _in_quarantine(summary: Summary, entries: list[Entry]) -> pl.DataFrame:
    """Give whom earlier loads left in quarantine, if this one has anybody there at all."""
    if any(entry.cause == QUARANTINE for entry in entries):
        return quarantined_before(summary)
    return pl.DataFrame(schema=PARKED)


def _doubtful(entries: list[Entry]) -> bool:
    doubted = (
        e.state is State.IN_DOUBT or (e.state is State.PLANNED and e.doubted) for e in entries
    )
    return any(doubted)


def _count(summary: Summary, counts: Counts, entries: list[Entry]) -> Summary:
    told = counts.by_outcome
    reasons = Counter(
        {name: n for name, n in summary.reasons.items() if not name.startswith("platform: ")}
    )
    refused: Counter[str] = Counter()
    for entry in entries:
        if entry.state is State.REJECTED:
            refused[f"platform: {entry.reason}"] += entry.records
    yes = [entry for entry in entries if entry.state is State.ACCEPTED]
    taken_in = sum(entry.records for entry in yes if entry.reason == TAKEN_IN)
    warnings = [line for line in summary.warnings if _PROMISE not in line]
    if taken_in:
        warnings.append(
            f"{taken_in:,} accepted members {_PROMISE}: not done yet, and not seen at the platform;"
            " target.confirm: true looks for them"
        )
    return summary.add(
        warnings=warnings,
        accepted_records=told["accepted"],
        rejected_records=told["rejected"],
        quarantined_records=told["quarantined"],
        unchanged_records=told["unchanged"],
        merged_records=told["merged"],
        in_doubt_records=told["in_doubt"],
        unsent_records=told["unsent"],
        held_records=counts.held,
        reasons={**reasons, **dict(refused.most_common(_REASONS))},
    )


def _close(ledger: "Ledger", load: str, summary: Summary, entries: list[Entry]) -> None:
    """Have the ledger check the sums once more, and close the load."""
    counts = {
        "records": summary.records,
        "accepted": summary.accepted_records,
        "rejected": summary.rejected_records,
        "unchanged": summary.unchanged_records,
        "merged": summary.merged_records,
        "in_doubt": summary.in_doubt_records,
        "unsent": summary.unsent_records + summary.quarantined_records,  # as the batches have it
    }
    batched: Counter[str] = Counter()
    for entry in entries:
        batched[entry.state.value] += entry.records
    unbatched = {name: counts[name] - batched[name] for name in ("rejected", "in_doubt", "unsent")}
    ledger.close(load, counts, unbatched=unbatched, finished=summary.finished)


__all__ = ["changed_of", "end_load"]
