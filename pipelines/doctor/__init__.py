"""Is this machine fit to load tonight? Each part looks at one thing and says what to do.

machine    clock, disk, rights, file system, versions
platform   feeds, accounts, reachability, keys, and the clock against the platform's
memory     the ledger: whole, and nothing left in it
dagster    the daemon, and runs that nobody works on
"""

from collections.abc import Iterator, Mapping

from pipelines.codes import ERRORS, code_of
from pipelines.doctor.findings import Check, Finding, Verdict, fail

__all__ = ["Finding", "Verdict", "examine"]


def examine(*, offline: bool = False) -> Iterator[Finding]:
    """Look at everything, one after the other; what goes wrong in a look is a finding too.

    Nothing is sent but what is asked of a platform to see that it answers. Nothing is changed, but
    that Dagster is told of runs whose process is gone.

    Args:
        offline: ask no platform.
    """
    for name, check in _checks(offline=offline).items():
        try:
            yield from check()
        except Exception as error:  # noqa: BLE001  (whatever is wrong here is what was looked for)
            yield _tell(name, error)


def _checks(*, offline: bool) -> Mapping[str, Check]:
    from pipelines.doctor import dagster, machine, memory, platform  # noqa: PLC0415  (slow to import)

    return {
        "clock": machine.clock,
        "disk": machine.disk,
        "rights": machine.rights,
        "file system": machine.file_system,
        "versions": machine.versions,
        "feeds": platform.feeds,
        "account": lambda: platform.accounts(offline=offline),
        "ledger": memory.ledger,
        "dagster": dagster.runs,
    }


def _tell(name: str, error: Exception) -> Finding:
    """Make a finding of an exception; of one that is not known only its class may be told."""
    from pipelines.failures import classify  # noqa: PLC0415  (beside the checks)

    line, _ = classify(error) or (f"unexpected {type(error).__name__}", "")
    return fail(name, line, ERRORS[code_of(error)].fix.replace("`", ""))
