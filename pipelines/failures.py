"""From an exception to the one line a user reads, and its class, which decides the exit code."""

import os
import traceback
from pathlib import Path

from pipelines.codes import ERRORS, Kind, code_of
from pipelines.settings import private_folder

UNEXPECTED = "unexpected"


def is_failure(error: BaseException) -> bool:
    """Tell a failure from a wish to stop; a panic of polars is one, though no `Exception`."""
    return isinstance(error, Exception) or type(error).__name__ == "PanicException"


def classify(error: BaseException) -> tuple[str, Kind] | None:
    """Give the line that a user reads and what kind of failure it is; None if unexpected."""
    code = code_of(error)
    if code == UNEXPECTED:
        return None
    kind = ERRORS[code].kind
    if isinstance(error, OSError):
        where = f"{error.filename}: " if error.filename else ""
        return f"{where}{error.strerror or type(error).__name__}", kind
    return str(error), kind


def keep_trace(error: BaseException, folder: Path) -> str:
    """Write the trace of an unexpected error where only its owner can read it; give the line."""
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
