"""From an exception to the one line a user reads, and its class, which decides the exit code."""

import os
import traceback
from pathlib import Path
from typing import Literal

Kind = Literal["configuration", "network", "run"]


def is_failure(error: BaseException) -> bool:
    """Tell a failure from a wish to stop; a panic of polars is one, though no `Exception`."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


def classify(error: BaseException) -> tuple[str, Kind] | None:
    """Give the line that a user reads and what kind of failure it is; None if unexpected."""
    # All rooms together are slow to import, and only a failure needs them.
    from connectors.files import SourceError
    from connectors.trigg.account import AccountError
    from connectors.trigg.catalogue import CatalogueError
    from connectors.trigg.errors import ApiError, Forbidden, Refused
    from connectors.trigg.reports import BadReport
    from delivery.erasing import CannotErase
    from delivery.ledger import LedgerBusy, LedgerError, LedgerLost
    from delivery.records import RecordsChangedError
    from pipelines.bundling import Leak
    from pipelines.deleting import NotAskedForError
    from pipelines.delivering import UnfinishedBeforeError
    from pipelines.exporting import BadRows, ExportIncomplete
    from pipelines.feeds import FeedError
    from pipelines.forgetting import StillNeeded
    from pipelines.id_members import NoMembersError
    from pipelines.load_run import NothingToResumeError
    from pipelines.migration.asking import MigrationStopped
    from pipelines.migration.checkpoint import StepUnfinishedError
    from pipelines.migration.stores import UnknownStoresError
    from pipelines.planning import PlanDiffersError
    from pipelines.publishing import CannotWrite
    from sandbox.state import StateError
    from transforms.reports import BadCell

    match error:
        case (
            AccountError()
            | CatalogueError()
            | FeedError()
            | Forbidden()
            | CannotWrite()
            | StateError()
            | NothingToResumeError()
            | NotAskedForError()
            | NoMembersError()
        ):
            return str(error), "configuration"
        case (
            LedgerBusy()
            | LedgerLost()
            | BadReport()
            | UnfinishedBeforeError()
            | StillNeeded()
            | MigrationStopped()
        ):
            return str(error), "network"
        case ApiError() if not isinstance(error, Refused):
            return str(error), "network"
        case (
            Refused()
            | LedgerError()
            | RecordsChangedError()
            | PlanDiffersError()
            | SourceError()
            | BadRows()
            | CannotErase()
            | Leak()
            | BadCell()
            | ExportIncomplete()
            | UnknownStoresError()
            | StepUnfinishedError()
        ):
            return str(error), "run"
        case OSError():
            where = f"{error.filename}: " if error.filename else ""
            return f"{where}{error.strerror or type(error).__name__}", "run"
        case _:
            return None


def keep_trace(error: BaseException, folder: Path) -> str:
    """Write the trace of an unexpected error where only its owner can read it; give the line."""
    from pipelines.settings import private_folder

    log = folder / "error.log"
    try:
        private_folder(folder)
        with os.fdopen(os.open(log, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as file:
            traceback.print_exception(error, file=file)
    except OSError as why:
        kept = f"no trace was kept ({log}: {why.strerror})"
    else:
        kept = f"the trace is in {log}"
    return f"unexpected {type(error).__name__}, a fault of the toolkit: {kept}"
