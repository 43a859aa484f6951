"""Asking the platform about every member of a migration, some thousands at a time.

What was answered is kept in the migration's folder (0600), so that asking goes on where it was
broken off.
"""

import shutil
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import TYPE_CHECKING

import polars as pl

from connectors.trigg.holdings import SCHEMAS, TABLES_OF, ask_holdings
from connectors.trigg.questions import Patience
from delivery.records import hash_bytes
from pipelines.migration.keeping import write_table
from pipelines.progress import Progress, Step

if TYPE_CHECKING:
    from connectors.trigg.client import Client

AT_ONCE = 2_000
"""Questions whose answers are kept together: what is asked again after a kill, at most."""


class MigrationStopped(Exception):  # noqa: N818  (no error: it was told to)
    """A migration that was told to stop; the same command goes on."""

    def __init__(self) -> None:
        super().__init__("stopped before it was finished: the same command goes on")


@dataclass(frozen=True)
class Asker:
    """What asks.

    Attributes:
        client: of the account.
        folder: where the answers are kept.
        in_flight: questions at once.
        stop: set to end in good order.
        progress: told how far it is.
    """

    client: "Client"
    folder: Path
    in_flight: int
    stop: Event
    progress: Progress

    def ask(self, asked: str, names: Sequence[str]) -> dict[str, pl.DataFrame]:
        """Ask one kind of question of many customers (`connectors.trigg.holdings`).

        Returns:
            The tables of the question.

        Raises:
            ApiError: the platform does not answer.
            MigrationStopped: it was told to stop.
        """
        tables = TABLES_OF[asked]
        parts: dict[str, list[pl.DataFrame]] = {
            t: [pl.DataFrame(schema=SCHEMAS[t])] for t in tables
        }
        wanted = sorted(set(names))
        for first in range(0, len(wanted), AT_ONCE):
            chunk = wanted[first : first + AT_ONCE]
            self.progress(Step(f"asking for {asked}", first, len(wanted), first))
            for table, rows in self._ask_or_read(asked, chunk).items():
                parts[table].append(rows)
        return {table: pl.concat(rows) for table, rows in parts.items()}

    def forget(self) -> None:
        """Remove what was answered."""
        shutil.rmtree(self.folder, ignore_errors=True)

    def _ask_or_read(self, asked: str, names: list[str]) -> dict[str, pl.DataFrame]:
        """Read the answers to exactly these questions if they are there, else ask."""
        digest = hash_bytes("\n".join([asked, *names]).encode()).hex()
        files = {
            t: self.folder / f"{digest}-{t.replace(' ', '_')}.parquet" for t in TABLES_OF[asked]
        }
        if all(file.exists() for file in files.values()):
            return {table: pl.read_parquet(file) for table, file in files.items()}
        patience = Patience(workers=self.in_flight)
        tables = ask_holdings(self.client.get, asked, names, self.stop, patience)
        if tables is None:
            raise MigrationStopped
        for table, file in files.items():
            write_table(file, tables[table])
        return tables


__all__ = ["Asker", "MigrationStopped"]
