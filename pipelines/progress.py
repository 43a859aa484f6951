"""Telling how far a long step is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from delivery.tally import Tally


class Progress(Protocol):
    """Called often: cheap, never raises."""

    def __call__(
        self,
        step: str,
        done: int,
        total: int,
        rows: int,
        rejects: int,
        *,
        in_doubt: int | None = None,
    ) -> None:
        """Say where a step is.

        Args:
            step: a word for a person: `reading`, `sending`, `fetching`.
            done: how much of `total` is done, in whatever unit the step counts.
            total: all there is to do; 0 where nobody knows.
            rows: rows or records so far; of a step that sends, those accepted.
            rejects: rejected rows or records so far.
            in_doubt: records in doubt, where records are sent.
        """


def quiet(
    step: str, done: int, total: int, rows: int, rejects: int, *, in_doubt: int | None = None
) -> None:
    """Tell nobody."""


def count(rows: int, rejects: int, in_doubt: int | None) -> str:
    """Put the numbers of a progress into words."""
    if in_doubt is None:
        return f"{rows:,} rows, {rejects:,} rejects"
    return f"{rows:,} accepted, {rejects:,} rejected, {in_doubt:,} in doubt"


def several(number: int, one: str, many: str = "") -> str:
    """Put a number before its noun: `1 batch`, `2,000 batches`; the plural has an s if not told."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def tell_sending(progress: Progress, tally: "Tally", expected: int) -> None:
    """Tell how far sending is, of so many records, and what it waits for."""
    done = tally.accepted + tally.rejected + tally.in_doubt
    step = f"waiting {tally.waiting}" if tally.waiting else "sending"
    progress(step, done, expected, tally.accepted, tally.rejected, in_doubt=tally.in_doubt)


class Reporter:
    """Tells a log, such as Dagster's, how far a step is, at most every ten seconds."""

    seconds = 10.0

    @contextmanager
    def following(self, log: Callable[[str], None]) -> Iterator[Progress]:
        """Give the progress function of one step; `log` takes a line."""
        last = time.monotonic()

        def progress(
            step: str,
            done: int,
            total: int,
            rows: int,
            rejects: int,
            *,
            in_doubt: int | None = None,
        ) -> None:
            nonlocal last
            if time.monotonic() - last >= self.seconds:
                last = time.monotonic()
                share = f", {100 * done / total:.0f} %" if total else ""
                log(f"{step}: {count(rows, rejects, in_doubt)}{share}")

        yield progress
