"""Hearing of batches: as they become durable in the ledger, so that no event runs ahead of it."""

from collections.abc import Sequence

from delivery.ledger import Entry, State
from delivery.ledger.words import Journal
from pipelines.observing.telling import listeners, tell

__all__ = ["observed"]

_ENDS = {State.ACCEPTED, State.REJECTED, State.IN_DOUBT, State.UNSENT, State.SPLIT}


class _Observed:
    """A journal that tells what becomes of its batches."""

    def __init__(self, journal: Journal, run: str, feed: str) -> None:
        self._journal = journal
        self._run = run
        self._feed = feed

    def write(self, added: Sequence[Entry] = (), changed: Sequence[Entry] = ()) -> None:
        """Write, then tell."""
        self._journal.write(added, changed)
        for entry in (*added, *changed):
            tried_again = entry.state is State.PLANNED and entry.attempts > 0
            if entry.state in _ENDS or tried_again:
                self._tell(entry)

    def _tell(self, entry: Entry) -> None:
        facts: dict[str, str | int | float] = {
            "batch": entry.number,
            "outcome": entry.state.value if entry.state is not State.PLANNED else "again",
            "records": entry.records,
            "attempts": entry.attempts,
        }
        for name in ("parent", "status", "cause", "sent_at", "seconds"):
            if (fact := getattr(entry, name)) not in (None, ""):
                facts[name] = fact
        tell("batch", self._run, self._feed, **facts)


def observed(journal: Journal, run: str, feed: str) -> Journal:
    """Give a journal whose batches are told about; the same one where nobody listens."""
    return _Observed(journal, run, feed) if listeners() else journal
