"""Asking about each member of a list: some hundred at a time make a unit of the spool.

Who was killed asks again about the members of the units that were not whole, and of no others.
"""

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import xxhash

from connectors.trigg.errors import Refused
from connectors.trigg.records import to_frame
from pipelines.exports.manifest import Proof
from pipelines.exports.reading.asking import Asker
from pipelines.exports.reading.members import Members
from pipelines.exports.reading.questions import OfMember, OfMethod, policy_of
from pipelines.exports.reading.repeats import find_repeats
from pipelines.exports.reading.spool import Spool, Unit
from pipelines.progress import Progress, Step, several

__all__ = ["EachMember"]

GROUP = 200
"""Members of a unit."""
_STALE = 24 * 3600
"""Seconds after which what was read is asked for again: it is not of today."""
_HOPELESS = 50
"""Refusals with nothing else, after which it is no member's fault."""


@dataclass(frozen=True, slots=True)
class EachMember(OfMethod):
    """Asks one question for each member.

    Attributes:
        members: whom to ask about.
    """

    members: Members

    @property
    def asked(self) -> Mapping[str, Any]:
        """The method, and about whom."""
        return {
            "method": self.name,
            "parameter": self.question.read.parameter,
            "members": self.members.digest,
            "group": GROUP,
        }

    def read(self, spool: Spool, progress: Progress) -> Proof:
        """Ask about all members that the spool knows nothing of yet.

        Raises:
            ApiError: a request failed for good, or every one is refused.
            Stopped: told to stop; whole groups stay in the spool.
        """
        kept = spool.units
        spool.forget([n for n, u in kept.items() if u.facts["at"] < time.time() - _STALE])
        gathering: dict[int, dict[int, OfMember]] = {}
        hopeless = 0
        asker = Asker(self._put, policy_of(self.question.read), self.stop)
        self._tell(spool, progress)
        for place, told in asker.ask(self._places(spool)):
            hopeless = hopeless + 1 if told.refused and hopeless >= 0 else -1
            if told.refused and hopeless >= _HOPELESS:
                raise Refused("GET", self.question.method.path, told.refused)
            number = place // GROUP + 1
            group = gathering.setdefault(number, {})
            group[place] = told
            if len(group) == min(GROUP, len(self.members.ids) - (number - 1) * GROUP):
                _keep(spool, number, gathering.pop(number))
                self._tell(spool, progress)
        return self._prove(spool)

    def _put(self, place: int) -> OfMember:
        return self.question.put_for(self.members.ids[place])

    def _places(self, spool: Spool) -> Iterator[int]:
        there = spool.units
        for start in range(0, len(self.members.ids), GROUP):
            if start // GROUP + 1 not in there:
                yield from range(start, min(start + GROUP, len(self.members.ids)))

    def _tell(self, spool: Spool, progress: Progress) -> None:
        units = spool.units.values()
        done, rows = sum(_count(unit, "asked") for unit in units), sum(u.rows for u in units)
        progress(Step("asking", done, len(self.members.ids), rows, rejects=None))

    def _prove(self, spool: Spool) -> Proof:
        """See that every member has one answer, and say what speaks against that."""
        units, members = spool.units, self.members
        told: Counter[str] = Counter()
        reasons: Counter[str] = Counter()
        digest = xxhash.xxh3_128()
        for unit in units.values():
            told.update({name: _count(unit, name) for name in ("asked", "none", "refused")})
            reasons.update(unit.facts["reasons"])
            digest.update(unit.digest.encode())
        asked, none, refused = told["asked"], told["none"], told["refused"]
        doubts = [
            f"{several(times, 'member was', 'members were')} refused: {why}"
            for why, times in reasons.most_common(5)
        ]
        if asked and none == asked:
            doubts.append(
                f"the platform has none of all {asked:,}, or does not know them: is the column"
                " the right one, and the method there for this account?"
            )
        if members.unreadable:
            doubts.append(f"{several(members.unreadable, 'row')} of the list could not be read")
        assert asked == len(members.ids)
        repeated = find_repeats(spool).count
        rows = sum(unit.rows for unit in units.values()) - repeated
        return Proof(
            complete=not doubts,
            declared=None,
            rows=rows,
            distinct_keys=rows if spool.key else None,
            repeated=repeated,
            units=len(units),
            digest=digest.hexdigest(),
            asked={
                "members": asked,
                "answered": asked - none - refused,
                "without_any": none,
                "refused": refused,
                "blank": members.blank,
                "repeated": members.repeated,
            },
            doubts=tuple(doubts),
        )


def _keep(spool: Spool, number: int, group: Mapping[int, OfMember]) -> None:
    answers = [group[place] for place in sorted(group)]
    digest = xxhash.xxh3_128()
    for answer in answers:
        digest.update(answer.body)
        digest.update(b"\n")
    refusals = [answer.refused for answer in answers if answer.refused]
    facts = {
        "at": time.time(),
        "asked": len(answers),
        "none": sum(answer.none for answer in answers),
        "refused": len(refusals),
        "reasons": dict(Counter(refusals).most_common(5)),
    }
    spool.put(number, to_frame([answer.rows for answer in answers]), digest.hexdigest(), facts)


def _count(unit: Unit, name: str) -> int:
    return int(unit.facts[name])
