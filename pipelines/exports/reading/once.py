"""Asking once, for a list that has no pages."""

from collections.abc import Mapping
from dataclasses import dataclass
from threading import Event
from typing import Any

import polars as pl

from pipelines.exports.manifest import Proof
from pipelines.exports.reading.asking import Asker
from pipelines.exports.reading.questions import OfMethod, Question, policy_of
from pipelines.exports.reading.repeats import find_repeats
from pipelines.exports.reading.spool import Spool
from pipelines.progress import Progress, Step, several

__all__ = ["Answer", "Once", "fetch_once"]


@dataclass(frozen=True, slots=True)
class Once(OfMethod):
    """Asks for all there is."""

    @property
    def asked(self) -> Mapping[str, Any]:
        """The method."""
        return {"method": self.name}

    def read(self, spool: Spool, progress: Progress) -> Proof:
        """Ask anew, whatever the spool has: one question is soon asked.

        Raises:
            ApiError: the request failed for good.
            Stopped: told to stop.
        """
        told = fetch_once(self.question, "", self.stop, spool)
        for rows, total in self.question.read_fetched():
            told.keep(rows, total)
            progress(Step("reading", 0, 0, told.rows, rejects=None))
        return told.prove()


def fetch_once(question: Question, value: str, stop: Event, spool: Spool) -> "Answer":
    """Put one question, as patiently as its words say; whatever the spool has is forgotten.

    Raises:
        ApiError: the request failed for good.
        Stopped: told to stop.
    """
    spool.forget([*spool.units])
    list(Asker(question.fetch, policy_of(question.read), stop).ask([value]))
    return Answer(spool, question.hash_fetched())


@dataclass(slots=True)
class Answer:
    """An answer on its way into a spool, unit by unit.

    Attributes:
        spool: where its records go.
        digest: hash of the answer as it came.
        came, rows: records that came, and that are kept.
        total: how many there are said to be; None if nothing is.
        units: how many there are.
    """

    spool: Spool
    digest: str
    came: int = 0
    rows: int = 0
    total: int | None = None
    units: int = 0

    def keep(self, rows: pl.DataFrame, total: int | None, *, left_out: int = 0) -> None:
        """Keep some records; others beside them are left out, for they came before."""
        self.units += 1
        self.spool.put(self.units, rows)
        self.rows += rows.height
        self.came += rows.height + left_out
        self.total = total

    def prove(self) -> Proof:
        """Hold it against the total that it tells, where it tells one, and count its keys."""
        repeated = find_repeats(self.spool).count
        doubts = []
        if self.total not in {None, self.came}:
            said = several(self.came, "record came", "records came")
            doubts.append(f"{said} where {self.total:,} are announced")
        return Proof(
            complete=not doubts,
            declared=self.total,
            rows=self.rows - repeated,
            distinct_keys=self.rows - repeated if self.spool.key else None,
            repeated=self.came - self.rows + repeated,
            units=self.units,
            digest=self.digest,
            doubts=tuple(doubts),
        )
