"""What the ledger knows of a load's requests: how fast they went, and what came of them."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from math import ceil

from delivery.ledger import Entry, LedgerError, State, open_ledger
from pipelines.runs import Summary
from pipelines.settings import ledger_url

__all__ = ["Bin", "Sending", "look_at_batches", "tell_sending"]

BINS = 40
PAUSE = 600.0
"""Seconds without any request after which a load was at rest, and is gone on with."""
_STEPS = (0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10, 15, 30, 60, 120, 300, 600, 900, 1800, 3600)


@dataclass(frozen=True, slots=True)
class Bin:
    """Some seconds of a load.

    Attributes:
        start: seconds since its first request.
        records: accepted in these seconds.
        middle, slowest: seconds that answers took; None where none came.
    """

    start: float
    records: int
    middle: float | None
    slowest: float | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Sending:
    """What came of a load's requests.

    Attributes:
        outcomes: state, batches, records, requests, seconds of the middle answer; in fixed order.
        statuses: HTTP status of the last answers ("none" without one) → batches.
        doubts: what brought batches into doubt → batches, those settled since included.
        batches, requests: of all; a batch may take several requests.
        sent: records that left this machine.
        refused: records that the platform refused.
        split: batches that were taken apart to find what was refused.
        middle, late, slowest: seconds of answers: the median, the 95th percentile, the longest.
        seconds: from the first request to the last answer, pauses left out.
        width: seconds of a bin.
        bins: the longest stretch without a pause.
        stretches: how many there were.
    """

    outcomes: Sequence[tuple[str, int, int, int, float | None]]
    statuses: dict[str, int]
    doubts: dict[str, int]
    batches: int
    requests: int
    sent: int
    refused: int
    split: int
    middle: float | None
    late: float | None
    slowest: float | None
    seconds: float
    width: float
    bins: Sequence[Bin]
    stretches: int


def look_at_batches(summary: Summary) -> Sending | None:
    """Ask the ledger for a load's batches; None where it knows none, or cannot be asked."""
    load = f"{summary.run_id}/{summary.feed}"
    try:
        with open_ledger(ledger_url()) as ledger:
            if ledger.find_load(load) is None:
                return None
            return tell_sending(ledger.entries(load, blobs=False))
    except LedgerError:
        return None


def tell_sending(entries: Sequence[Entry]) -> Sending | None:
    """Add up batches; None where there are none."""
    if not entries:
        return None
    leaves = [entry for entry in entries if entry.state is not State.SPLIT]
    took = sorted(e.seconds for e in entries if e.seconds is not None)
    stretches = _stretches([e for e in entries if e.sent_at is not None])
    longest = max(stretches, key=lambda each: sum(e.records for e in each), default=[])
    width, bins = _cut(longest)
    return Sending(
        outcomes=[
            (
                state.value,
                len(mine),
                sum(e.records for e in mine),
                sum(e.attempts for e in mine),
                _at(sorted(e.seconds for e in mine if e.seconds is not None), 0.5),
            )
            for state in State
            if (mine := [e for e in entries if e.state is state])
        ],
        statuses=dict(
            Counter(str(e.status or "none") for e in entries if e.attempts).most_common(8)
        ),
        doubts=dict(Counter(e.cause for e in entries if e.doubted and e.cause).most_common(8)),
        batches=len(entries),
        requests=sum(e.attempts for e in entries),
        sent=sum(e.records for e in leaves if e.attempts),
        refused=sum(e.records for e in leaves if e.state is State.REJECTED),
        split=len(entries) - len(leaves),
        middle=_at(took, 0.5),
        late=_at(took, 0.95),
        slowest=took[-1] if took else None,
        seconds=sum(_end(each) - (each[0].sent_at or 0) for each in stretches),
        width=width,
        bins=bins,
        stretches=len(stretches),
    )


def _stretches(sent: list[Entry]) -> list[list[Entry]]:
    """Part batches where a load was at rest."""
    ordered = sorted(sent, key=lambda e: e.sent_at or 0)
    parts = [ordered[:1]] if ordered else []
    for before, entry in pairwise(ordered):
        if (entry.sent_at or 0) - (before.sent_at or 0) > PAUSE:
            parts.append([])
        parts[-1].append(entry)
    return parts


def _end(entries: Sequence[Entry]) -> float:
    return max(((e.sent_at or 0) + (e.seconds or 0) for e in entries), default=0.0)


def _cut(entries: Sequence[Entry]) -> tuple[float, list[Bin]]:
    """Cut a stretch into bins of a width that people count in."""
    if not entries:
        return 0.0, []
    start = entries[0].sent_at or 0
    length = max(_end(entries) - start, 0.01)
    width = next((step for step in _STEPS if length / step <= BINS), length / BINS)
    count = max(1, ceil(length / width))
    records, answers = [0] * count, [list[float]() for _ in range(count)]
    for entry in entries:
        seconds = entry.seconds or 0
        place = min(count - 1, int(((entry.sent_at or 0) + seconds - start) / width))
        records[place] += entry.records if entry.state is State.ACCEPTED else 0
        if entry.seconds is not None:
            answers[place].append(seconds)
    return width, [
        Bin(n * width, records[n], _at(sorted(answers[n]), 0.5), max(answers[n], default=None))
        for n in range(count)
    ]


def _at(ordered: Sequence[float], share: float) -> float | None:
    return ordered[min(len(ordered) - 1, int(share * len(ordered)))] if ordered else None
