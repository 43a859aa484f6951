"""Sending a load: intents before requests, outcomes before the next, and what follows each answer.

One thread decides and writes the ledger; others make the calls. Each turn of the loop takes the
answers that have come, decides what follows, chooses what may leave, commits all of that to the
ledger in one transaction, and only then lets the requests go. So whatever happens, a request that
has left is known, and at most the requests in flight are in doubt.
"""

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from threading import Event
from typing import Literal

import polars as pl

from delivery.budget import Budget
from delivery.ledger import State
from delivery.pace import Pace
from delivery.pending import Pending
from delivery.policy import Policy
from delivery.records import FACTS
from delivery.replies import Found, Reply, Verdict
from delivery.tally import Tally
from delivery.verdicts import Part, Work, judge, sort_out, way_out
from delivery.workers import Workers

TICK = 0.25
"""Seconds after which a loop that waits looks around again."""
_GOOD = {Verdict.TAKEN, Verdict.REFUSED, Verdict.PARKED, Verdict.TOO_LARGE}
EndKind = Literal["stopped", "network", "forbidden", "rejects"]


@dataclass(frozen=True, slots=True)
class Platform:
    """What is called, in threads. None of these raises for an answer, whatever it says.

    Attributes:
        post: sends one body.
        ask: finds out which records have landed, in their order; None if nobody can tell. Ends
            early when the event is set; what it did not get to is unknown.
        asks_with: the columns of the records that `ask` needs, beside `sent_at`: when the request
            that carried it last left, in Unix seconds.
        is_up: asks something harmless, to see whether the platform answers again.
    """

    post: Callable[[bytes], Reply]
    ask: Callable[[pl.DataFrame, Event], list[Found]] | None = None
    asks_with: tuple[str, ...] = FACTS
    is_up: Callable[[], bool] = lambda: True


@dataclass(frozen=True, slots=True)
class End:
    """Why sending ended before everything was sent; all but `rejects` can be resumed."""

    kind: EndKind
    reason: str


@dataclass(frozen=True, slots=True)
class _Call:
    """What a thread does: post a body, ask about batches, or look whether the platform is up."""

    kind: Literal["post", "ask", "look"]
    works: Sequence[Work] = ()
    body: bytes = b""
    records: pl.DataFrame | None = None


_Calls = Workers[_Call, Reply | list[Found] | bool | None]


class Sender:
    """Sends one load; made for one use.

    Args:
        pending: the load's batches.
        platform: what is called.
        policy: patience and care.
        stop: set from outside to end in good order.

    Attributes:
        ended: why it ended before everything was sent, None if it did not.
    """

    def __init__(self, pending: Pending, platform: Platform, policy: Policy, stop: Event) -> None:
        self.ended: End | None = None
        self._pending = pending
        self._platform = platform
        self._policy = policy
        self._stop = stop
        self._pace = Pace(policy)
        self._budget = Budget(policy)
        self._extra = 0
        self._trouble = ""
        self._held = False
        self._got_on = time.monotonic()

    def send(self) -> Iterator[Tally]:
        """Send until all records have an outcome, or until `ended` says why not.

        Yields:
            The tally, after each turn.

        Raises:
            LedgerError: nothing more was sent, since it could not have been written down.
            Exception: a call failed in a way that is no answer; what was in flight is noted as
                in doubt.
        """
        pending = self._pending
        with _Calls(self._policy.in_flight, self._make) as workers:
            while True:
                if self._stop.is_set():
                    self._end("stopped", "told to stop")
                calls = [] if self.ended else self._choose(workers.flying)
                # An outcome takes longer to be durable than a request of one record to be made.
                waits = self._policy.ahead > 1 and workers.flying and not (calls or self.ended)
                pending.commit(after=TICK if waits else 0.0)
                for call in calls:
                    workers.start(call)
                yield pending.tally
                if self.ended:
                    self._drain(workers)
                    return
                if not workers.flying:
                    if pending.done:
                        return
                    self._stop.wait(min(TICK, self._rest()))
                self._take(workers)

    def _make(self, call: _Call) -> Reply | list[Found] | bool | None:
        """Make a call in a thread; None where it was held back and nothing has left."""
        if call.kind == "post":
            if self._held:
                return None
            reply = self._platform.post(call.body)
            # What stands in line behind it must not run into the same trouble.
            self._held = self._held or (self._policy.ahead > 1 and reply.verdict not in _GOOD)
            return reply
        if call.kind == "look":
            return self._platform.is_up()
        assert call.records is not None
        if self._platform.ask is None:
            return [Found.UNASKABLE] * call.records.height
        return self._platform.ask(call.records, self._stop)

    # What may leave

    def _choose(self, flying: int) -> list[_Call]:
        now = time.monotonic()
        allowed = self._pace.allowed(now)
        if not allowed or flying >= allowed or (self._held and flying):
            return []
        self._held = False
        if self._pace.open:
            return [_Call("look")]
        if self._pace.limit == self._policy.in_flight:  # no trouble
            allowed *= self._policy.ahead
        calls: list[_Call] = []
        while flying + len(calls) < allowed and (work := self._pending.next(now)) is not None:
            self._extra += work.entry.parent is not None
            calls.append(_Call("post", [work], self._pending.send(work)))
        if not calls and not flying and not self._pending.waits:
            calls = self._settle()
        if calls or flying:
            self._pending.tally.waiting = ""
        return calls

    def _settle(self) -> list[_Call]:
        """Begin to find out about what is in doubt, once the platform must be done with it."""
        works = self._pending.doubtful()
        if not works or self._unsettled(works) > 0:
            return []
        asks = [work for work in works if way_out(work.entry, self._policy) == "ask"]
        for work in works:
            if work not in asks:
                again = Part(range(1), State.PLANNED, work.entry.reason, doubted=True)
                self._pending.apply(work, [again])
        if not asks:
            return []
        columns = self._platform.asks_with
        left = [pl.lit(work.entry.sent_at, pl.Float64).alias("sent_at") for work in asks]
        read = [self._pending.read(work.entry, columns) for work in asks]
        records = pl.concat(r.with_columns(at) for r, at in zip(read, left, strict=True))
        return [_Call("ask", asks, records=records)]

    def _unsettled(self, works: Sequence[Work]) -> float:
        last = max(work.entry.sent_at or 0.0 for work in works)
        return min(last + self._policy.settle - time.time(), self._policy.settle)

    def _rest(self) -> float:
        """Say how long there is nothing to do, in seconds, and tell it."""
        works = self._pending.doubtful()
        now, until = time.monotonic(), self._pace.until
        if until > now:
            self._pending.tally.waiting = f"{until - now:.0f} s: {self._trouble}"
            return until - now
        if not self._pending.waits and works and (seconds := self._unsettled(works)) > 0:
            self._pending.tally.waiting = f"{seconds:.0f} s, then asks what is in doubt"
            return seconds
        return self._pending.next_due(now)

    # What has come

    def _take(self, workers: _Calls) -> None:
        for call, result in workers.wait(TICK):
            if isinstance(result, Exception):
                self._give_up()
                raise result
            now = time.monotonic()
            if call.kind == "post" and result is None:
                self._pending.unsend(call.works[0], len(call.body))
            elif isinstance(result, Reply):
                self._answered(call.works[0], result, now)
            elif isinstance(result, list):
                self._found(call.works, result, now)
            elif result:
                self._pace.answered()
            else:
                self._failed(now, "the platform does not answer")
        if self._trouble and time.monotonic() - self._got_on >= self._policy.deadline:
            self._end("network", self._trouble)

    def _answered(self, work: Work, reply: Reply, now: float) -> None:
        work.entry = replace(work.entry, status=reply.status, seconds=reply.seconds)
        tries = work.entry.attempts
        if reply.verdict in {Verdict.BUSY, Verdict.UNREACHED}:
            work.before += 1  # surely not taken: as if it had not been sent
        match reply.verdict:
            case verdict if verdict in _GOOD:
                self._pace.answered()
                self._got_on, self._trouble = now, ""
            case Verdict.BUSY:
                self._pace.busy(now, reply.wait, tries)
                self._trouble = reply.reason
            case Verdict.FORBIDDEN:
                self._end("forbidden", reply.reason)
            case _:
                self._failed(now, reply.reason)
        cutter = self._pending.cutter
        if reply.verdict is Verdict.TOO_LARGE and work.entry.records > 1:
            cutter.max_records = min(cutter.max_records, work.entry.records // 2)
        may_split = self._extra < self._policy.extra_requests
        work.due = now
        if reply.verdict in {Verdict.UNREACHED, Verdict.GATEWAY, Verdict.UNCLEAR}:
            work.due += self._pace.back_off(tries)
        # An answer that names no record can be judged without their ids, which cost a little.
        named = reply.ids and work.records is not None
        ids = work.ids if named else [""] * work.entry.records
        parts = judge(
            work.entry,
            ids,
            reply,
            self._policy,
            may_split=may_split,
            may_retry=work.tries < self._policy.attempts,
        )
        self._pending.apply(work, parts)
        for part in parts:
            self._budget.count(part.state, len(part.positions))
        if self._budget.spent:
            self._end("rejects", self._budget.spent)

    def _found(self, works: Sequence[Work], found: list[Found], now: float) -> None:
        self._got_on = now
        if len(found) != sum(work.entry.records for work in works):
            raise ValueError(f"asking gave {len(found)} answers, not one for each record")
        for work in works:
            work.asked = True
            mine, found = found[: work.entry.records], found[work.entry.records :]
            may_retry = work.tries < self._policy.attempts
            self._pending.apply(work, sort_out(work.entry, mine, may_retry=may_retry))

    def _failed(self, now: float, trouble: str) -> None:
        self._pace.failed(now)
        self._trouble = trouble

    # The end

    def _end(self, kind: EndKind, reason: str) -> None:
        self.ended = self.ended or End(kind, reason)
        self._held = True

    def _drain(self, workers: _Calls) -> None:
        """Wait for what is in flight; what does not end in time is left in doubt."""
        until = time.monotonic() + self._policy.drain
        while self._pending.flying and time.monotonic() < until:
            self._take(workers)
            self._pending.commit()
        self._give_up()

    def _give_up(self) -> None:
        for work in list(self._pending.flying.values()):
            why = "no answer yet when the load was stopped"
            self._pending.apply(work, [Part(range(1), State.IN_DOUBT, why, "stopped")])
        self._pending.commit()


__all__ = ["End", "Platform", "Sender"]
