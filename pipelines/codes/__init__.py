"""The catalogue of codes: one for everything that can go wrong, with its cause and what to do.

A code is a short name that stays as it is: scripts may look for it, and people search for it.
`loyalty-etl explain CODE` and docs/errors.md tell what each means.

    errors     end a command or a run: behind its line, and `error_code` of a summary
    rejects    of the checks: `reasons` of a summary, `code` of `validate --json`
    outcomes   what else befalls a record, and why it is in doubt
"""

from pipelines.codes.classes import CLASSES, code_of
from pipelines.codes.errors import ERRORS
from pipelines.codes.records import OUTCOMES, REJECTS
from pipelines.codes.words import EXITS, Code, Ending, Kind

__all__ = [
    "CLASSES",
    "ERRORS",
    "EXITS",
    "OUTCOMES",
    "REJECTS",
    "Code",
    "Ending",
    "Kind",
    "code_of",
]
