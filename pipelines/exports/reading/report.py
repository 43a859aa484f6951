"""A report as a source of rows: read whole, and read anew where it moved under the reading."""

import time
from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from functools import partial
from threading import Event
from typing import Any

from connectors.trigg.reports import Get, ask_page
from pipelines.exports.manifest import Proof
from pipelines.exports.reading.paging import Paging
from pipelines.exports.reading.proving import Care
from pipelines.exports.reading.spool import Spool
from pipelines.progress import Progress

__all__ = ["Care", "Question", "ReportSource"]

_STALE = 6 * 3600
"""Seconds for which the pages that a killed run has read are of use."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Question:
    """What is asked.

    Attributes:
        report: the report's type, a part of the path.
        parameters: further parameters, as they are sent.
        rows_page: rows to ask for in a page.
        rows_property: the property that holds the rows; "auto" takes the only list.
    """

    report: str
    parameters: Mapping[str, str] = field(default_factory=dict)
    rows_page: int = 1000
    rows_property: str = "auto"


class ReportSource:
    """A report, read page by page. A `Source`; see there."""

    def __init__(
        self, get: Get, question: Question, care: Care | None = None, stop: Event | None = None
    ) -> None:
        self._ask_page = partial(
            ask_page,
            get,
            question.report,
            rows_page=question.rows_page,
            parameters=question.parameters,
            rows_property=question.rows_property,
        )
        self._question = question
        self._care = care or Care()
        self._stop = stop or Event()

    @property
    def name(self) -> str:
        """The method asked."""
        return f"GET /reports/{self._question.report}"

    @property
    def asked(self) -> Mapping[str, Any]:
        """The whole question."""
        return {**asdict(self._question), "method": self.name}

    def read(self, spool: Spool, progress: Progress) -> Proof:
        """Read all pages that the spool lacks, and prove that they are all there are."""
        _forget_old(spool)
        restarts = reread = rechecked = 0
        while True:
            proof = Paging(
                self._question.report,
                self._ask_page,
                spool,
                care=self._care,
                stop=self._stop,
                progress=progress,
            ).read()
            reread, rechecked = reread + proof.reread, rechecked + proof.rechecked
            proof = replace(proof, restarts=restarts, reread=reread, rechecked=rechecked)
            if proof.complete or restarts >= self._care.restarts:
                return proof
            restarts += 1
            spool.forget(spool.units)


def _forget_old(spool: Spool) -> None:
    """Forget all pages if the last one was read long ago: the report has gone on since."""
    last = max((unit.facts["at"] for unit in spool.units.values()), default=0.0)
    if last < time.time() - _STALE:
        spool.forget(spool.units)
