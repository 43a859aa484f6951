"""Telling what has changed since each way was told: what is new, and what is over. Once."""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from connectors.notifying import BadAddress, NotSent, Way, open_way
from pipelines.alerts.facts import Condition
from pipelines.alerts.looking import look
from pipelines.alerts.memory import WayMemory, alone, read_memory, write_memory
from pipelines.alerts.wording import make_notice, make_test
from pipelines.hashing import hash_key, tell_apart
from pipelines.settings import alert_addresses, state_dir

__all__ = ["Told", "list_ways", "tell", "tell_after_run", "try_ways"]

WAIT, AFTER_RUN = 60.0, 15.0
"""Seconds that a look waits for another one, and at the end of a run."""
_FIRST, _LONGEST = 60.0, 3600.0
"""Seconds after which a way that has failed is tried again; they double."""
_OF_NO_USE = "an address of no use"


@dataclass(frozen=True, slots=True)
class Told:
    """What became of telling one way.

    Attributes:
        shown: what it is, without its secrets.
        new, over: how many conditions it was told, or would have been.
        why: why it could not be told; empty if it could, or had not to be.
        rests: whether it was not tried, for it has failed a short time ago.
    """

    shown: str
    new: int = 0
    over: int = 0
    why: str = ""
    rests: bool = False


def tell(
    now: datetime, *, at_once: bool = False, wait: float = WAIT
) -> tuple[list[Condition], list[Told]]:
    """Look, and tell each way what has changed for it.

    Args:
        now: with a zone.
        at_once: also those that have failed a short time ago.
        wait: seconds for another look to come to its end.

    Returns:
        All that is the matter, and what became of telling each way.

    Raises:
        Busy: another process is at it.
        OSError: the memory cannot be read or written.
    """
    with alone(wait):
        conditions = look(now)
        there = {each.key for each in conditions}
        before, after = read_memory(), dict[str, WayMemory]()
        told = []
        for address, wanted in _share(conditions).items():
            name = _name(address)
            known = before.get(name) or WayMemory("")
            one, after[name] = _tell_way(address, known, wanted, there, now, at_once=at_once)
            told.append(one)
            if after[name] != known:  # at once: nobody is told again after a crash
                write_memory(before | after)
        if before.keys() - after.keys():
            write_memory(after)
    return conditions, told


def tell_after_run() -> None:
    """Tell what has changed, if anybody is to be told; whatever goes wrong breaks no run."""
    if not alert_addresses():
        return
    try:
        tell(datetime.now(UTC), wait=AFTER_RUN)
    except Exception as error:  # noqa: BLE001  (no load fails because nobody could be told of it)
        from pipelines.failures import keep_trace  # noqa: PLC0415  (imports all rooms)

        keep_trace(error, state_dir() / "alerts")


def list_ways() -> list[Told]:
    """Give the ways there are, how many conditions each knows of, and why one failed last."""
    memory, found = read_memory(), []
    for address in _share([]):
        known = memory.get(_name(address)) or WayMemory("")
        way = _send(address, lambda _: None)
        found.append(replace(way, new=len(known.told), why=way.why or known.why))
    return found


def try_ways(now: datetime) -> list[Told]:
    """Send a test by every way there is."""
    return [_send(address, lambda way: way.send(make_test(now))) for address in _share([])]


def _name(address: str) -> str:
    return tell_apart(hash_key(), address)


def _share(conditions: Sequence[Condition]) -> dict[str, dict[str, Condition]]:
    """Give each address what it is to know of.

    What a feed has for a team without an address goes to whoever is told of all.
    """
    teams = alert_addresses()
    shared: dict[str, dict[str, Condition]] = {
        address: {} for addresses in teams.values() for address in addresses
    }
    for each in conditions:
        for team in each.to or [""]:
            for address in teams.get(team) or teams.get("", []):
                shared[address][each.key] = each
    return shared


def _tell_way(
    address: str,
    known: WayMemory,
    wanted: Mapping[str, Condition],
    there: Collection[str],
    now: datetime,
    *,
    at_once: bool,
) -> tuple[Told, WayMemory]:
    """Tell one way; give what became of it, and what it knows now."""
    new = [each for key, each in wanted.items() if key not in known.told]
    over = [each for key, each in known.told.items() if key not in there]
    stay = {key: each for key, each in known.told.items() if key in wanted}
    if not new and not over:
        return Told(known.shown), replace(known, told=stay)
    if known.again > time.time() and not at_once:
        return Told(known.shown, len(new), len(over), known.why, rests=True), known
    notice = make_notice(new, over, len(stay), now)
    told = replace(_send(address, lambda way: way.send(notice)), new=len(new), over=len(over))
    if not told.why:
        return told, WayMemory(told.shown, {**stay, **{each.key: each for each in new}})
    again = time.time() + min(_FIRST * 2 ** min(known.failed, 10), _LONGEST)
    failed = {"failed": known.failed + 1, "why": told.why, "again": again}
    return told, replace(known, shown=told.shown, **failed)


def _send(address: str, send: Callable[[Way], None]) -> Told:
    try:
        way = open_way(address)
    except BadAddress as error:
        return Told(_OF_NO_USE, why=str(error))
    try:
        send(way)
    except NotSent as error:
        return Told(way.shown, why=str(error))
    return Told(way.shown)
