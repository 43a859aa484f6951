"""Telling how far a long step is."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from delivery.tally import Tally


@dataclass(frozen=True, slots=True)
class Step:
    """Where a long step is.

    Attributes:
        name: a word for a person: `reading`, `sending`, `fetching`.
        done: how much of `total` is done, in whatever unit the step counts.
        total: all there is to do; 0 where nobody knows.
        rows: rows or records so far; of a step that sends, those accepted.
        rejects: rejected rows or records so far; None where there are none, as in an export.
        in_doubt: records in doubt, where records are sent.
    """

    name: str
    done: int = 0
    total: int = 0
    rows: int = 0
    rejects: int | None = 0
    in_doubt: int | None = None

    @property
    def counts(self) -> str:
        """The numbers in words."""
        if self.rejects is None:
            return several(self.rows, "row")
        if self.in_doubt is None:
            return f"{self.rows:,} rows, {self.rejects:,} rejects"
        return f"{self.rows:,} accepted, {self.rejects:,} rejected, {self.in_doubt:,} in doubt"


Progress = Callable[[Step], None]
"""Told of a step, often: cheap, never raises."""


def quiet(_: Step) -> None:
    """Tell nobody."""


def several(number: int, one: str, many: str = "") -> str:
    """Put a number before its noun: `1 batch`, `2,000 batches`; the plural has an s if not told."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def tell_sending(progress: Progress, tally: "Tally", expected: int) -> None:
    """Tell how far sending is, of so many records, and what it waits for."""
    done = tally.accepted + tally.rejected + tally.in_doubt
    name = f"waiting {tally.waiting}" if tally.waiting else "sending"
    progress(Step(name, done, expected, tally.accepted, tally.rejected, tally.in_doubt))


class Reporter:
    """Tells a log, such as Dagster's, how far a step is, at most every ten seconds."""

    seconds = 10.0

    @contextmanager
    def following(self, log: Callable[[str], None]) -> Iterator[Progress]:
        """Give the progress function of one step; `log` takes a line."""
        last = time.monotonic()

        def progress(step: Step) -> None:
            nonlocal last
            if time.monotonic() - last >= self.seconds:
                last = time.monotonic()
                share = f", {100 * step.done / step.total:.0f} %" if step.total else ""
                log(f"{step.name}: {step.counts}{share}")

        yield progress
