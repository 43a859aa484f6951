"""How carefully a report is read, and whether its pages make a whole."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import xxhash

from delivery.policy import Policy
from pipelines.exports.manifest import Proof
from pipelines.exports.reading.repeats import find_repeats
from pipelines.exports.reading.spool import Spool, Unit
from pipelines.progress import several

__all__ = ["Care", "judge", "spread"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Care:
    """How carefully it is read.

    Attributes:
        policy: how many pages at once, and how patiently.
        recheck: pages asked for again at the end; None for all of them.
        restarts: how often all is read again before it is given up.
        max_pages: more are taken for a mistake.
    """

    policy: Policy = field(default_factory=Policy)
    recheck: int | None = 3
    restarts: int = 2
    max_pages: int = 100_000


def judge(spool: Spool, declared: int | None, doubts: Sequence[str]) -> Proof:
    """Hold what was read against what was announced, and against itself.

    Args:
        spool: the pages; without a key their rows can't be told apart, only pages can.
        declared: rows announced by the page that was read last; None if none is.
        doubts: what was met on the way.
    """
    units = spool.units
    rows = sum(unit.rows for unit in units.values())
    repeated = find_repeats(spool).count
    kept = rows - repeated
    doubts = [*doubts]
    told = sorted({unit.facts["total"] for unit in units.values()} - {None})
    if len(told) > 1:
        doubts.append(f"its total moved between {told[0]:,} and {told[-1]:,} rows")
    if declared is not None and kept != declared:
        more = f", and {repeated:,} that repeat others" if repeated else ""
        doubts.append(f"{several(kept, 'row')} came{more}, where {declared:,} are announced")
    if not spool.key and (twins := _find_twins(units)):
        doubts.append("pages {:,} and {:,} are the same".format(*twins))
    digests = "".join(unit.digest for unit in units.values())
    return Proof(
        complete=not doubts,
        declared=declared,
        rows=kept,
        distinct_keys=kept if spool.key else None,
        repeated=repeated,
        units=len(units),
        digest=xxhash.xxh3_128_hexdigest(digests.encode()),
        doubts=tuple(doubts),
    )


def _find_twins(units: Mapping[int, Unit]) -> tuple[int, int] | None:
    """Find two pages of the same rows."""
    seen: dict[str, int] = {}
    for number, unit in units.items():
        if unit.rows and (first := seen.setdefault(unit.digest, number)) != number:
            return first, number
    return None


def spread(numbers: Sequence[int], many: int | None) -> list[int]:
    """Choose some numbers: the first, the last, and what lies evenly between; None is all."""
    if many is None or many >= len(numbers):
        return [*numbers]
    if many < 2:
        return [*numbers[:many]]
    step = (len(numbers) - 1) / (many - 1)
    return [numbers[round(place * step)] for place in range(many)]
