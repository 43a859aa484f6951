"""Where an export reads: what every source of rows is to the engine."""

from collections.abc import Mapping
from typing import Any, Protocol

from pipelines.exports.manifest import Proof
from pipelines.exports.reading.spool import Spool
from pipelines.progress import Progress

__all__ = ["Source", "Stopped"]


class Source(Protocol):
    """One question to the platform whose answer takes many requests."""

    @property
    def name(self) -> str:
        """The method asked, such as `GET /reports/transactions`."""

    @property
    def asked(self) -> Mapping[str, Any]:
        """The whole question as JSON values; what was read of another one is thrown away."""

    def read(self, spool: Spool, progress: Progress) -> Proof:
        """Fill the spool with what it lacks, and say how it is known to be complete.

        What was put there before a crash is not asked for again. When this returns, the spool has
        all units and no others.

        Raises:
            ApiError, BadReport: a request failed for good, or an answer can't be read.
            Stopped: told to stop; what was read stays in the spool.
        """


class Stopped(Exception):  # noqa: N818  (says what happened)
    """An export was told to stop; what it has read stays for the next one."""

    def __init__(self, why: str = "stopped") -> None:
        super().__init__(f"{why} before all was read; nothing was published")
