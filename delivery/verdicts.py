"""What becomes of a batch: pure rules, from an answer to the records' next states.

| answer | records | |
| --- | --- | --- |
| 2xx | accepted | those that a list in the answer leaves out: in doubt |
| never left, 429 | planned | sent again later |
| 502 in the documented envelope | in doubt, cause `gateway` | asked about, or else resent |
| lost, cut, foreign, other 5xx | in doubt, cause `unclear` | by the feed's policy |
| 422 of somebody in quarantine | unsent, cause `quarantine` | only when it is asked for |
| refused, alone | rejected | 409 after doubt: it landed before, accepted |
| refused, with others | split, planned | those that the answer names apart, else halves |
| 401, 403 | planned | nothing more is sent |

Where sending twice is the same as sending once, what is in doubt is simply planned again.
"""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, replace

import polars as pl

from delivery.ledger import QUARANTINE, Entry, State
from delivery.policy import Doubt, Policy
from delivery.replies import Found, Reply, Verdict

CONFLICT = 409
ASK, BISECT = "ask", "bisect"
"""Causes of batches that only asking can settle, and of the halves of refused ones."""


@dataclass(slots=True)
class Work:
    """A batch that something is still to be done about.

    Attributes:
        entry: as the ledger has it.
        records: its records, or None if they have to be read again first.
        body: the request's body, made before the first time it is sent.
        lanes: in which orders it stands; several if it was made for another number of lanes.
        due: when it may be sent, on the monotonic clock.
        asked: the platform has been asked about it and could not tell.
        after: the other half of a refused batch, which is sent first.
        before: requests that do not count as tries: those of earlier calls, since each call has
            its own patience, and those that surely were not taken.
    """

    entry: Entry
    records: pl.DataFrame | None = None
    lanes: frozenset[int] = frozenset()
    due: float = 0.0
    asked: bool = False
    after: "Work | None" = None
    before: int = 0
    body: bytes = b""

    @property
    def held_back(self) -> bool:
        """Whether to wait and see what becomes of the other half."""
        return self.after is not None and self.after.entry.state in {State.PLANNED, State.SENDING}

    @property
    def surely_bad(self) -> bool:
        """Whether it must hold a bad record, since the other half was taken and both were not."""
        taken = self.after is not None and self.after.entry.state is State.ACCEPTED
        return taken and self.entry.records > 1

    @property
    def tries(self) -> int:
        """How often this call has sent it, and it may have been taken."""
        return self.entry.attempts - self.before

    @property
    def ids(self) -> list[str]:
        """The id of each record, as the platform names it: the second part of its key."""
        assert self.records is not None
        parts = self.records["key"].str.split("\x1f")
        return parts.list.get(1, null_on_oob=True).fill_null("").to_list()


@dataclass(frozen=True, slots=True)
class Part:
    """Some records of a batch, by their positions in it, and what becomes of them."""

    positions: Sequence[int]
    state: State
    reason: str = ""
    cause: str = ""
    doubted: bool = False


def judge(
    entry: Entry,
    ids: Sequence[str],
    reply: Reply,
    policy: Policy,
    *,
    may_split: bool,
    may_retry: bool = True,
) -> list[Part]:
    """Say what becomes of each record of a batch that was answered.

    Args:
        entry: the batch.
        ids: the id of each record, as the platform would name it.
        reply: what came of the request.
        policy: the feed's.
        may_split: requests may be spent on finding the records at fault.
        may_retry: it has not been sent too often yet.

    Returns:
        Parts that hold each record once. Where there are several, their order is that in which
        they are sent.
    """
    everything = range(len(ids))
    doubted, reason = entry.doubted, reply.reason
    match reply.verdict:
        case Verdict.TAKEN:
            if not reply.names_taken:
                return [Part(everything, State.ACCEPTED, reason)]
            once = _once(ids)
            taken = [n for n in everything if ids[n] in reply.ids & once]
            why = reason or "the answer does not name it among those taken"
            rest = sorted(set(everything).difference(taken))
            return _parts(Part(taken, State.ACCEPTED), Part(rest, State.IN_DOUBT, why, "short"))
        case Verdict.UNREACHED | Verdict.BUSY | Verdict.FORBIDDEN:
            return [Part(everything, State.PLANNED, reason, doubted=doubted)]
        case Verdict.GATEWAY | Verdict.UNCLEAR if policy.idempotent and may_retry:
            return [Part(everything, State.PLANNED, reason, doubted=True)]
        case Verdict.GATEWAY | Verdict.UNCLEAR:
            return [Part(everything, State.IN_DOUBT, reason, reply.verdict.value)]
        case Verdict.REFUSED | Verdict.PARKED | Verdict.TOO_LARGE:
            return _refused(entry, ids, reply, policy, may_split=may_split)


def way_out(entry: Entry, policy: Policy) -> Doubt:
    """Say how a batch in doubt is settled: by the policy, unless only asking is right."""
    return "ask" if entry.cause in {Verdict.GATEWAY.value, ASK} else policy.in_doubt


def sort_out(entry: Entry, found: Sequence[Found], *, may_retry: bool = True) -> list[Part]:
    """Say what becomes of each record of a batch in doubt that was asked about.

    Landed ones are accepted and missing ones planned. The others stay in doubt; but after a 502 in
    the documented envelope, what nobody can ask about is sent again, as the documents advise.
    What was sent too often is given up: what is missing then is unsent, which is sure.
    """
    resend = entry.cause == Verdict.GATEWAY.value and may_retry
    missing, why = State.PLANNED, "asked: it had not landed"
    if not may_retry:
        missing, why = State.UNSENT, f"{why}, and it was sent often enough: {entry.reason}"
    unaskable = State.PLANNED if resend else State.IN_DOUBT
    reason = f"{entry.reason}; asking did not tell"
    return _parts(
        Part(_where(found, Found.LANDED), State.ACCEPTED, "found by asking"),
        Part(_where(found, Found.MISSING), missing, why),
        Part(_where(found, Found.UNASKABLE), unaskable, entry.reason, entry.cause, doubted=True),
        Part(_where(found, Found.UNKNOWN), State.IN_DOUBT, reason, entry.cause, doubted=True),
    )


def _where(found: Sequence[Found], wanted: Found) -> list[int]:
    return [n for n, one in enumerate(found) if one is wanted]


def _refused(
    entry: Entry, ids: Sequence[str], reply: Reply, policy: Policy, *, may_split: bool
) -> list[Part]:
    everything = range(len(ids))
    named = sorted(
        {n for n in reply.places if n < len(ids)} | {n for n in everything if ids[n] in reply.ids}
    )
    there_already = reply.status == CONFLICT and entry.doubted
    if len(ids) == 1:
        return [_refused_alone(entry, reply, policy)]
    rest = [n for n in everything if n not in set(named)]
    once = _once(ids)
    surely = [n for n in named if n in reply.places or ids[n] in once]
    if there_already and surely and not policy.idempotent:
        rest = [n for n in everything if n not in set(surely)]
        return _parts(
            Part(rest, State.PLANNED, doubted=True), Part(surely, State.ACCEPTED, reply.reason)
        )
    if not may_split:
        todo = f"{reply.reason}; not told apart: the budget of extra requests is spent"
        if entry.doubted:  # some of it may be there since an earlier request
            return [Part(everything, State.IN_DOUBT, todo, "refused", doubted=True)]
        return [Part(everything, State.UNSENT, todo)]
    apart = bool(named and rest) and reply.verdict is Verdict.REFUSED and not policy.ordered
    if apart:
        return bisect(entry, reply.reason, rest, named)
    cause = "" if reply.verdict is Verdict.TOO_LARGE else BISECT  # no half needs to be bad then
    return [replace(half, cause=cause) for half in bisect(entry, reply.reason)]


def _refused_alone(entry: Entry, reply: Reply, policy: Policy) -> Part:
    alone = range(1)
    if reply.verdict is Verdict.PARKED:
        return Part(alone, State.UNSENT, reply.reason, QUARANTINE)
    if reply.repeats and entry.doubted:
        return Part(alone, State.ACCEPTED, reply.reason)
    if reply.status != CONFLICT or not entry.doubted:
        return Part(alone, State.REJECTED, reply.reason)
    if policy.idempotent:  # it landed before, or it clashes with another one: only asking can tell
        return Part(alone, State.IN_DOUBT, reply.reason, ASK, doubted=True)
    return Part(alone, State.ACCEPTED, reply.reason)


def bisect(entry: Entry, reason: str, *parts: Sequence[int]) -> list[Part]:
    """Plan the parts of a refused batch, halves if none are given, one after the other."""
    everything = range(entry.records)
    middle = entry.records // 2
    parts = parts or (everything[:middle], everything[middle:])
    return [Part(part, State.PLANNED, reason, BISECT, doubted=entry.doubted) for part in parts]


def become(entry: Entry, part: Part) -> Entry:
    """Give a batch as it is once all of it has become this."""
    return replace(
        entry, state=part.state, reason=part.reason, cause=part.cause, doubted=part.doubted
    )


def _once(ids: Sequence[str]) -> set[str]:
    """Give the ids of one record only: one that two share names neither of them for sure."""
    return {name for name, times in Counter(ids).items() if times == 1}


def _parts(*parts: Part) -> list[Part]:
    return [part for part in parts if part.positions]


__all__ = [
    "ASK",
    "BISECT",
    "Part",
    "Work",
    "become",
    "bisect",
    "judge",
    "sort_out",
    "way_out",
]
