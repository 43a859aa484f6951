"""The ledger itself, on an open connection."""

import json
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from threading import Event
from types import TracebackType
from typing import Self

import polars as pl
from sqlalchemy import Connection, and_, func, select, update

from delivery.ledger import known, rows
from delivery.ledger.errors import LedgerError
from delivery.ledger.locking import take_lock
from delivery.ledger.lookups import add_load, find_number, find_target, make_target
from delivery.ledger.store import Store
from delivery.ledger.tables import batches, hashes, loads, meta, targets
from delivery.ledger.words import Entry, Fate, Learned, Load, State, Tally


class Ledger:
    """What was sent, what became of it, and what the targets hold. Made by `open_ledger`.

    One connection, for one thread at a time. Every method raises `LedgerBusy` where another
    process writes for too long, `LedgerBroken` where the file or its disk fails and `LedgerLost`
    where the server is gone. After the last two the ledger refuses everything: what the last
    write did is known only once it is opened again.
    """

    def __init__(self, store: Store) -> None:
        self.id = store.ledger_id  # random, made with the ledger
        self._store = store
        self._numbers: dict[str, int] = {}  # of loads

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.disconnect()

    def disconnect(self) -> None:
        """Let go of the connection and of every lock; what was written stays."""
        self._store.close()

    @property
    def loads_begun(self) -> int:
        """How many loads were ever begun; a ledger put back from a backup knows fewer."""
        with self._store.reading() as connection:
            return int(connection.execute(select(meta.c.loads)).scalar_one())

    @contextmanager
    def hold(
        self,
        name: str,
        wait: float = 0.0,
        waiting: Callable[[str], None] | None = None,
        stop: Event | None = None,
    ) -> Iterator[None]:
        """Keep every other process from holding the same name.

        The system, or the server, lets go when the holder dies, but not while it sleeps.

        Args:
            name: what is held.
            wait: seconds to wait for another holder at most.
            waiting: called once with who holds it, before waiting.
            stop: ends the waiting when set.

        Raises:
            LedgerBusy: another process holds it still.
        """
        take_lock(self._store, name, wait, waiting, stop)
        try:
            yield
        finally:
            self._store.unlock(name)

    def begin(self, load: Load) -> None:
        """Write down a new load, open.

        Raises:
            LedgerError: there is one of this id.
        """
        with self._store.writing() as connection:
            if find_number(connection, load.id) is not None:
                raise LedgerError(f"load {load.id} was begun before: resume it")
            add_load(connection, load)

    def find_load(self, load: str) -> Load | None:
        """Give the load of this id."""
        with self._store.reading() as connection:
            row = connection.execute(rows.LOADS.where(loads.c.id == load)).first()
        return None if row is None else rows.load_from(row)

    def loads(
        self, feed: str | None = None, state: str | None = None, limit: int | None = None
    ) -> list[Load]:
        """Give the loads of a feed and state, the latest `limit` of them, oldest first."""
        asked = rows.LOADS.order_by(loads.c.number.desc()).limit(limit)
        if feed is not None:
            asked = asked.where(loads.c.feed == feed)
        if state is not None:
            asked = asked.where(loads.c.state == state)
        with self._store.reading() as connection:
            return [rows.load_from(row) for row in connection.execute(asked).all()][::-1]

    def write(self, added: Iterable[Entry] = (), changed: Iterable[Entry] = ()) -> None:
        """Add batches and change others, durably and in one transaction.

        A change sets state, attempts, status, reason, cause, doubted, sent_at and seconds of the
        batch of this load and number; what a batch holds never changes. The state of a batch
        that is accepted or split is final, and in a closed load that of all but those in doubt.

        Raises:
            LedgerError: a batch to change is not there or final, or one to add is there. Nothing
                was written.
        """
        with self._store.writing() as connection:
            new = [(self._number(connection, entry.load), entry) for entry in added]
            changes = [rows.changed(self._number(connection, x.load), x) for x in changed]
            if changes and connection.execute(rows.CHANGE, changes).rowcount != len(changes):
                raise LedgerError(
                    f"a batch that should change is missing or final in {self._store.where}: "
                    "another process has written to this load; stop that one and resume"
                )
            if new:
                connection.execute(rows.ADD, [rows.added(*each) for each in new])
                connection.execute(rows.ADD_HASHES, [rows.added_hashes(*each) for each in new])
        if new:
            load, last = new[-1]
            self._store.mark(load, last.number)

    def entries(
        self, load: str, states: Collection[State] | None = None, *, blobs: bool = True
    ) -> list[Entry]:
        """Give a load's batches by number; without blobs their keys and contents are empty."""
        asked = (rows.WITH_HASHES if blobs else rows.ENTRIES).where(loads.c.id == load)
        if states is not None:
            asked = asked.where(batches.c.state.in_(states))
        with self._store.reading() as connection:
            return [rows.entry_from(load, row) for row in connection.execute(asked).all()]

    def interrupt(self, load: str) -> int:
        """Put into doubt what a killed process left as `sending`; say how many batches."""
        with self._store.writing() as connection:
            return connection.execute(
                update(batches)
                .where(batches.c.load == self._number(connection, load))
                .where(batches.c.state == State.SENDING)
                .values(state=State.IN_DOUBT, cause="killed", doubted=True)
            ).rowcount

    def compare(
        self, target: str, keys: pl.Series, contents: pl.Series, load: str | None = None
    ) -> pl.Series:
        """Say what is known of each record, in the order given.

        What other loads had accepted is known, and what is in doubt there is in doubt here. Of
        the load that asks, only what was folded counts. One snapshot answers.

        Args:
            target: where the records are to go.
            keys: 16 bytes each (`pl.Binary`).
            contents: likewise.
            load: id of the load that asks, if it has begun.

        Returns:
            A `Fate` for each, as `pl.UInt8`.
        """
        rows.check_hashes(keys, contents)
        while True:
            with self._store.reading() as connection:
                number = 0 if load is None else self._number(connection, load)  # loads begin at 1
                held = find_target(connection, target)
                if held is None:
                    return pl.repeat(Fate.NEW, len(keys), dtype=pl.UInt8, eager=True)
                if not known.has_unfolded(connection, held, number):
                    return known.compare(connection, held, number, keys, contents)
            self.fold(target)

    def fold(self, target: str) -> int:
        """Move what was accepted into the index of what the target holds; say how many records.

        Of two batches with one key the later one counts. Both lose their keys and contents.
        """
        with self._store.writing() as connection:
            held = find_target(connection, target)
            return 0 if held is None else known.fold(connection, held)

    def close(
        self,
        load: str,
        counts: Mapping[str, int],
        *,
        unbatched: Mapping[str, int] | None = None,
        finished: str = "",
    ) -> None:
        """Check that a load's counts add up, fold it and mark it closed, in one transaction.

        May be done again, with new counts, once a batch in doubt has been resolved.

        Args:
            load: the load's id.
            counts: `records` = `accepted` + `rejected` + `unchanged` + `merged` (0 if not told) +
                `in_doubt` + `unsent`; other names are kept and not judged.
            unbatched: how many of each of these were never in a batch (rejected by the checks,
                held back); none where not told. The unchanged and the merged never are.
            finished: UTC, ISO 8601.

        Raises:
            LedgerError: they do not add up, the batches say otherwise, or one of them is still
                planned or sending. The load stays as it was.
        """
        with self._store.writing() as connection:
            number = self._number(connection, load)
            rows.check_counts(load, counts, unbatched or {}, rows.tallies(connection, number))
            target = select(loads.c.target).where(loads.c.number == number)
            known.fold(connection, connection.execute(target).scalar_one())
            known.drop_hashes(connection, number)
            connection.execute(
                update(loads)
                .where(loads.c.number == number)
                .values(state="closed", finished=finished, counts=json.dumps(dict(counts)))
            )

    def tally(self, load: str) -> dict[State, Tally]:
        """Count a load's batches and their records by state; states without any are left out."""
        with self._store.reading() as connection:
            return rows.tallies(connection, self._number(connection, load))

    def doubts(self) -> dict[str, Tally]:
        """Count what is in doubt, by load id, open loads and closed ones, oldest first."""
        asked = (
            select(loads.c.id, func.count(), func.sum(batches.c.records))
            .join(batches, batches.c.load == loads.c.number)
            .join(
                hashes, and_(hashes.c.load == batches.c.load, hashes.c.number == batches.c.number)
            )
            .where(batches.c.state == State.IN_DOUBT)
            .group_by(loads.c.id, loads.c.number)
            .order_by(loads.c.number)
        )
        with self._store.reading() as connection:
            return {load: Tally(n, int(held)) for load, n, held in connection.execute(asked)}

    def forget(self, ids: Collection[str]) -> int:
        """Forget closed loads with their batches, none of them in doubt; say how many.

        What the target holds stays known. Open loads, and those in doubt, stay too.
        """
        with self._store.writing() as connection:
            gone = known.forget_loads(connection, ids)
        self._numbers.clear()
        return gone

    def forget_keys(self, keys: Sequence[bytes]) -> int:
        """Forget that records of these keys were delivered, to any target; say how many were."""
        with self._store.writing() as connection:
            return known.forget_keys(connection, keys)

    def learned(self, target: str) -> Learned:
        """Give what was learned about a target."""
        asked = select(targets.c.max_records, targets.c.records_per_second)
        with self._store.reading() as connection:
            row = connection.execute(asked.where(targets.c.name == target)).first()
        return Learned() if row is None else Learned(*row)

    def learn(
        self,
        target: str,
        *,
        max_records: int | None = None,
        records_per_second: float | None = None,
    ) -> None:
        """Remember something about a target; what is not told stays."""
        facts = {"max_records": max_records, "records_per_second": records_per_second}
        told = {name: fact for name, fact in facts.items() if fact is not None}
        with self._store.writing() as connection:
            number = make_target(connection, target)
            if told:
                connection.execute(update(targets).where(targets.c.id == number).values(told))

    def _number(self, connection: Connection, load: str) -> int:
        if load not in self._numbers:
            number = find_number(connection, load)
            if number is None:
                raise LedgerError(f"load {load} is not in {self._store.where}: begin it first")
            self._numbers[load] = number
        return self._numbers[load]
