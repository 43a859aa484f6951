"""Why a run ended without having done its work, as a cause and the command to run next."""

from collections.abc import Mapping

from pipelines.feeds.alerting import Cause
from pipelines.runs import Summary
from pipelines.usual import Change

__all__ = ["cause_of_end"]

_CAUSES: Mapping[str, Cause] = {
    "no-file": "missing_file",
    "no-columns": "columns",
    "broken-contract": "columns",
    "too-many-rejects": "rejects",
    "too-many-refused": "rejects",
    "bad-rows": "rejects",
    "not-as-declared": "totals",
    "export-incomplete": "incomplete",
    "stopped": "unfinished",
    "export-stopped": "unfinished",
    "time-is-up": "unfinished",
    "killed": "unfinished",
    "unfinished-before": "unfinished",
    "ledger-busy": "failed",
    "ledger-broken": "ledger",
    "ledger": "ledger",
    "ledger-lost": "ledger",
}
"""By the code of what ended it (`pipelines.codes`); others go by the kind of the error."""
_KINDS: Mapping[str, Cause] = {"network": "outage", "configuration": "configuration"}
_COMMANDS: Mapping[Cause, str] = {
    "columns": "loyalty-etl validate {feed}{source}",
    "rejects": "loyalty-etl validate {feed}{source}",
    "totals": "loyalty-etl runs show {run}",
    "configuration": "loyalty-etl check",
    "ledger": "loyalty-etl check",
    "failed": "loyalty-etl runs show {run}",
}


def cause_of_end(
    run: Summary, change: Change, *, killed: bool, open_load: bool
) -> tuple[Cause, str, str]:
    """Give the cause, a line, and the command, with places for {run}, {again}, {feed}, {source}.

    Args:
        run: one that failed, or that never ended.
        change: how its columns differ from those of the runs before.
        killed: whether its process is gone.
        open_load: whether its load is in the ledger, to go on with.
    """
    resume = "loyalty-etl resume --run {run}" if open_load else ""
    if killed:
        text = f"the run that began at {run.started[:16].replace('T', ' ')} UTC was killed"
        return "unfinished", text, resume or "{again}"
    cause = _CAUSES.get(run.error_code) or _KINDS.get(run.error_kind, "failed")
    text = run.error
    if cause == "rejects" and change.gone:  # what is missing makes the rejects
        cause, text = "columns", f"columns gone: {', '.join(change.gone[:10])}; {text}"
    command = _COMMANDS.get(cause, "{again}")
    if cause in {"columns", "rejects"} and run.kind == "export":
        command = "loyalty-etl runs show {run}"
    return cause, text, resume or command
