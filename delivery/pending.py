"""The batches of a load under way, and what is left to be done about each."""

import time
from collections.abc import Iterable, Sequence
from dataclasses import replace

import polars as pl

from delivery.batches import Cutter, Envelope, Single, Singles, lane_of
from delivery.ledger import Entry, State
from delivery.ledger.words import PLACE, Journal
from delivery.policy import Policy
from delivery.records import (
    FACTS,
    STORED,
    RecordFile,
    RecordsChangedError,
    hash_bytes,
    pack_hashes,
    pack_places,
    unpack_places,
)
from delivery.tally import Tally
from delivery.verdicts import BISECT, Part, Work, become, bisect, way_out

ROUND = 64  # batches in doubt that are asked about at once


class Pending:
    """Knows every batch of a load: ready to be sent, in flight, or in doubt.

    `commit` writes all changes in one transaction. A batch that is ready comes before one that
    would have to be cut; parts of a batch come before all others, in order.

    Args:
        load: the load's id.
        journal: where batches are written.
        entries: those that it holds already.
        cutter: gives the records that are in none of them.
        records: reads those that are.
        envelope: the object around the records of a body.
        policy: the feed's.
    """

    def __init__(
        self,
        load: str,
        journal: Journal,
        entries: Sequence[Entry],
        *,
        cutter: Cutter | Singles,
        records: RecordFile,
        envelope: Envelope,
        policy: Policy,
    ) -> None:
        self.tally = Tally()
        self.flying: dict[int, Work] = {}
        self.cutter = cutter
        self._load = load
        self._journal = journal
        self._records = records
        self._envelope = envelope
        self._policy = policy
        self._ready: list[Work] = []
        self._doubtful: list[Work] = []
        self._added: dict[int, Entry] = {}
        self._changed: dict[int, Entry] = {}
        self._dry, self._committed = False, 0.0
        self._number = max((entry.number for entry in entries), default=0)
        # By place: a half of a half is of a later number than the half that comes after it.
        for entry in sorted(entries, key=_first_place):
            self.tally.requests += entry.attempts
            self._count(entry)
            if entry.state in {State.PLANNED, State.IN_DOUBT}:
                work = Work(entry, lanes=self._lanes_of(entry), before=entry.attempts)
                (self._ready if entry.state is State.PLANNED else self._doubtful).append(work)

    # What to do next

    def next(self, now: float) -> Work | None:
        """Take the next batch that may be sent now; None if none may."""
        blocked = self._lanes_held(self.flying.values()) | self._lanes_held(self._doubtful)
        for place, work in enumerate(self._ready):
            if work.due <= now and not work.held_back and work.lanes.isdisjoint(blocked):
                del self._ready[place]
                if not work.surely_bad:
                    return work
                self.apply(work, bisect(work.entry, work.entry.reason))
                return self.next(now)
            blocked |= work.lanes
        waiting, stuck = self._look_ahead()
        if waiting >= 4 * self._policy.in_flight:
            return None  # they hold their records in memory while they wait
        if not self.flying and not self.doubtful():
            for lane in stuck:  # behind what stays in doubt, so that nothing overtakes it
                self.cutter.close(lane)
        for lane in self._free_lanes():
            cut = self.cutter.cut(lane)
            if isinstance(cut, Single):
                return Work(self._add(cut.body, cut.place, cut.key, cut.content), body=cut.body)
            if cut is not None:
                return self._plan(cut, lanes=frozenset({lane} if self._policy.ordered else ()))
        self._dry = not self.waits
        return None

    def send(self, work: Work) -> bytes:
        """Note that a batch is about to leave, and give its body.

        The intent is durable after the next `commit`.

        Raises:
            RecordsChangedError: it would not be what was sent before.
        """
        body, work.body = work.body, b""  # as it was planned, or made anew
        if not body:
            if work.records is None:
                work.records = self.read(work.entry)
            body = self._envelope.wrap(work.records)
            if hash_bytes(body) != work.entry.body_hash:
                raise RecordsChangedError(self._records.path)
        work.entry = replace(
            work.entry,
            state=State.SENDING,
            attempts=work.entry.attempts + 1,
            sent_at=time.time(),
        )
        work.asked = False
        self._note(work.entry)
        self.flying[work.entry.number] = work
        self.tally.requests += 1
        self.tally.bytes += len(body)
        return body

    def unsend(self, work: Work, size: int) -> None:
        """Take back a batch of so many bytes that was noted as sent, and surely has not left."""
        work.entry = replace(work.entry, attempts=work.entry.attempts - 1)
        self.tally.requests -= 1
        self.tally.bytes -= size
        part = Part(range(1), State.PLANNED, work.entry.reason, doubted=work.entry.doubted)
        self.apply(work, [part])

    def doubtful(self) -> list[Work]:
        """Give the batches in doubt of which more can be found out, as many as are asked at once.

        Without them the rest of an ordered load would wait for ever; so they come last, and
        whenever nothing else may be sent.
        """
        if self.flying:
            return []
        return [work for work in self._doubtful if self._can_learn(work)][:ROUND]

    def _can_learn(self, work: Work) -> bool:
        """Say whether asking, or sending again, may settle a batch in doubt."""
        way = way_out(work.entry, self._policy)
        if way == "resend":
            return work.tries < self._policy.attempts
        return way == "ask" and not work.asked

    @property
    def waits(self) -> bool:
        """Whether a batch waits for its time, and not behind one in doubt."""
        waiting, _ = self._look_ahead()
        return waiting > 0

    def _look_ahead(self) -> tuple[int, set[int]]:
        """Count the batches that wait for their time only, and tell the lanes behind a doubt."""
        waiting, stuck = 0, self._lanes_held(self._doubtful)
        for work in self._ready:
            if work.lanes.isdisjoint(stuck):
                waiting += 1
            else:
                stuck |= work.lanes
        return waiting, stuck

    def next_due(self, now: float) -> float:
        """Say in how many seconds the first batch that waits may be sent."""
        return max(0.0, min((work.due for work in self._ready), default=now) - now)

    @property
    def done(self) -> bool:
        """Whether nothing can be sent any more, now or later."""
        return self._dry and not (self.flying or self.waits or self.doubtful())

    def _free_lanes(self) -> list[int]:
        """Say which lanes may begin a batch: each holds one at a time where order counts."""
        if not self._policy.ordered:
            return [0]
        held = self._lanes_held([*self._ready, *self._doubtful, *self.flying.values()])
        return [lane for lane in range(self._policy.in_flight) if lane not in held]

    # What becomes of a batch

    def apply(self, work: Work, parts: Sequence[Part]) -> None:
        """Note what became of a batch, or of its parts, which are batches of their own then."""
        self._dry = False
        self.flying.pop(work.entry.number, None)
        if work in self._doubtful:
            self._doubtful.remove(work)
            self.tally.in_doubt -= work.entry.records
        if len(parts) == 1:
            work.entry = become(work.entry, parts[0])
            self._note(work.entry)
            self._queue([work])
            return
        records = work.records if work.records is not None else self.read(work.entry)
        work.entry = replace(work.entry, state=State.SPLIT)
        self._note(work.entry)
        children = []
        for part in parts:
            held = records[list(part.positions)]
            child = self._plan(held, work.entry.number, work.lanes)
            child.entry = become(child.entry, part)
            child.asked = work.asked and part.state is State.IN_DOUBT
            child.due = work.due
            self._added[child.entry.number] = child.entry
            children.append(child)
        if all(child.entry.cause == BISECT for child in children):
            first, second = children
            second.after = first
        self._queue(children)

    def commit(self, after: float = 0.0) -> None:
        """Write all that was noted, durably; not within so many seconds of the last time."""
        if (self._added or self._changed) and time.monotonic() >= self._committed + after:
            self._journal.write(tuple(self._added.values()), tuple(self._changed.values()))
            self._added, self._changed = {}, {}
            self._committed = time.monotonic()

    def read(self, entry: Entry, columns: Sequence[str] = tuple(STORED)) -> pl.DataFrame:
        """Read the records of a batch again, in the batch's order.

        Raises:
            RecordsChangedError: they are not those of the batch.
        """
        try:
            records = self._records.take(unpack_places(entry.places), (*columns, "key_hash"))
        except IndexError:
            raise RecordsChangedError(self._records.path) from None
        if pack_hashes(records["key_hash"]) != entry.keys:
            raise RecordsChangedError(self._records.path)
        return records.select("place", *columns)

    def _plan(
        self, records: pl.DataFrame, parent: int | None = None, lanes: frozenset[int] = frozenset()
    ) -> Work:
        body = self._envelope.wrap(records)
        keys, contents = (pack_hashes(records[name]) for name in ("key_hash", "content_hash"))
        entry = self._add(body, pack_places(records["place"]), keys, contents, parent)
        return Work(entry, records, lanes, body=body)

    def _add(
        self, body: bytes, places: bytes, keys: bytes, contents: bytes, parent: int | None = None
    ) -> Entry:
        self._number += 1
        hashed = hash_bytes(body)
        entry = Entry(
            self._load, self._number, parent, State.PLANNED, places, keys, contents, hashed
        )
        self._added[entry.number] = entry
        return entry

    def _note(self, entry: Entry) -> None:
        notes = self._added if entry.number in self._added else self._changed
        notes[entry.number] = entry

    def _queue(self, works: Sequence[Work]) -> None:
        for work in works:
            self._count(work.entry)
            if work.entry.state is State.IN_DOUBT:
                work.records = None  # it may wait long
                self._doubtful.append(work)
        # Before all others, so that halves of halves keep their order.
        self._ready[:0] = [work for work in works if work.entry.state is State.PLANNED]

    def _count(self, entry: Entry) -> None:
        match entry.state:
            case State.ACCEPTED:
                self.tally.accepted += entry.records
            case State.REJECTED:
                self.tally.rejected += entry.records
            case State.IN_DOUBT:
                self.tally.in_doubt += entry.records

    def _lanes_held(self, works: Iterable[Work]) -> set[int]:
        if not self._policy.ordered:
            return set()  # nobody stands in a lane, and there may be many
        return {lane for work in works for lane in work.lanes}

    def _lanes_of(self, entry: Entry) -> frozenset[int]:
        if not self._policy.ordered:
            return frozenset()
        records = self.read(entry, FACTS)
        return frozenset(lane_of(records["customer"], records["key"], self._policy.in_flight))


def _first_place(entry: Entry) -> int:
    return int(unpack_places(entry.places[:PLACE])[0])


__all__ = ["Pending"]
