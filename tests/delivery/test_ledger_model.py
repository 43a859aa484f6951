"""Any sequence of steps, compared with dictionaries."""

from dataclasses import dataclass, field, replace

import pytest
from hypothesis import HealthCheck, assume, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from delivery.ledger import Entry, Fate, LedgerError, State, Tally, open_ledger

TARGETS = ("receipts", "members")
FINAL = {State.ACCEPTED, State.SPLIT}
LIVE = {State.SENDING, State.IN_DOUBT}
RECORDS = st.dictionaries(st.sampled_from("abcd"), st.sampled_from("12"), max_size=3)


@dataclass
class Batch:
    entry: Entry
    records: dict[str, str]
    hashed: bool = True


@dataclass
class Loaded:
    order: int
    target: str
    closed: bool = False
    batches: dict[int, Batch] = field(default_factory=dict)


class Model(RuleBasedStateMachine):
    """A ledger, and dictionaries that say what it must know."""

    url = ""
    make = None

    def __init__(self) -> None:
        super().__init__()
        self.ledger = None
        self.begun = 0
        self.loads: dict[str, Loaded] = {}
        self.known: dict[tuple[str, str], tuple[str, int]] = {}

    @initialize()
    def open(self):
        type(self).examples += 1
        self.ledger = open_ledger(self.url.format(example=type(self).examples))
        # One server's ledger serves all examples: names and keys tell them apart.
        self.begun = self.ledger.loads_begun
        self.first = self.begun
        self.name = f"{type(self).examples}"

    def teardown(self):
        if self.ledger is not None:
            self.ledger.disconnect()

    def target(self, target):
        return f"{target}-{self.name}"

    def pick(self, data):
        assume(self.loads)
        return data.draw(st.sampled_from(list(self.loads)))  # sorted, 101 would come before 98

    def pick_batch(self, data):
        found = [(load, n) for load, each in self.loads.items() for n in each.batches]
        assume(found)
        return data.draw(st.sampled_from(found))

    @rule()
    def reopen(self):
        self.ledger.disconnect()
        self.ledger = open_ledger(self.url.format(example=self.name))

    @rule(where=st.sampled_from(TARGETS))
    def begin(self, where):
        self.begun += 1
        name = f"{self.name}-{self.begun}"
        self.ledger.begin(self.make.load(name, target=self.target(where), feed=self.name))
        self.loads[name] = Loaded(self.begun, where)

    @rule(
        data=st.data(),
        new=st.lists(st.tuples(RECORDS, st.sampled_from(State)), max_size=3),
        changes=st.lists(st.sampled_from(State), max_size=2),
    )
    def write(self, data, new, changes):
        load = self.pick(data)
        batches = self.loads[load].batches
        added = {}
        for number, (records, state) in enumerate(new, max(batches, default=0) + 1):
            entry = self.make.entry(number, records, load=load, state=state)
            added[number] = Batch(entry, records)
        picked = data.draw(st.permutations(sorted(batches)))[: len(changes)]
        changed = {
            number: replace(batches[number].entry, state=state, attempts=number, cause="x")
            for number, state in zip(picked, changes, strict=False)
        }
        refused = any(
            entry.state != batches[number].entry.state
            and (batches[number].entry.state in FINAL or not batches[number].hashed)
            for number, entry in changed.items()
        )
        entries = [batch.entry for batch in added.values()]
        if refused:
            with pytest.raises(LedgerError):
                self.ledger.write(entries, changed.values())
            return
        self.ledger.write(entries, changed.values())
        batches |= added
        for number, entry in changed.items():
            batches[number].entry = entry

    @rule(data=st.data())
    def interrupt(self, data):
        load = self.pick(data)
        hit = [
            batch
            for batch in self.loads[load].batches.values()
            if batch.entry.state == State.SENDING
        ]
        assert self.ledger.interrupt(load) == len(hit)
        for batch in hit:
            batch.entry = replace(batch.entry, state=State.IN_DOUBT, cause="killed", doubted=True)

    def fold_model(self, target):
        folded = 0
        for load in self.loads.values():  # in the order of their beginning
            if load.target != target:
                continue
            for _, batch in sorted(load.batches.items()):
                if batch.hashed and batch.entry.state == State.ACCEPTED:
                    batch.hashed = False
                    folded += len(batch.records)
                    for key, content in batch.records.items():
                        if self.known.get((target, key), ("", 0))[1] <= load.order:
                            self.known[target, key] = (content, load.order)
        return folded

    @rule(where=st.sampled_from(TARGETS))
    def fold(self, where):
        assert self.ledger.fold(self.target(where)) == self.fold_model(where)

    @rule(data=st.data(), off=st.sampled_from(["", "", "", "accepted", "in_doubt", "unsent"]))
    def close(self, data, off):
        load = self.pick(data)
        its = self.loads[load]
        held = dict.fromkeys(State, 0)
        for batch in its.batches.values():
            held[batch.entry.state] += len(batch.records)
        counts = {str(x): held[x] for x in (State.ACCEPTED, State.IN_DOUBT, State.UNSENT)}
        counts |= {"rejected": held[State.REJECTED] + 2, "unchanged": 3}
        if off:
            counts[off] += 1
        counts["records"] = sum(counts.values())
        states = {batch.entry.state for batch in its.batches.values()}
        if off or states & {State.PLANNED, State.SENDING}:
            with pytest.raises(LedgerError):
                self.ledger.close(load, counts, unbatched={"rejected": 2})
            return
        self.ledger.close(load, counts, unbatched={"rejected": 2})
        self.fold_model(its.target)
        its.closed = True
        for batch in its.batches.values():
            batch.hashed = batch.hashed and batch.entry.state == State.IN_DOUBT

    @rule(data=st.data())
    def forget(self, data):
        load = self.pick(data)
        its = self.loads[load]
        doubtful = any(batch.entry.state == State.IN_DOUBT for batch in its.batches.values())
        gone = its.closed and not doubtful
        assert self.ledger.forget([load]) == gone
        if gone:
            self.fold_model(its.target)
            del self.loads[load]

    @rule(data=st.data(), records=RECORDS)
    def compare(self, data, records):
        load = self.pick(data)
        target = self.loads[load].target
        others = [
            batch
            for name, each in self.loads.items()
            if name != load and each.target == target
            for batch in each.batches.values()
            if batch.hashed
        ]
        if any(batch.entry.state == State.ACCEPTED for batch in others):
            self.fold_model(target)
        doubts = {key for batch in others if batch.entry.state in LIVE for key in batch.records}
        expected = []
        for key, content in records.items():
            if key in doubts:
                expected.append(Fate.IN_DOUBT)
            elif (target, key) not in self.known:
                expected.append(Fate.NEW)
            else:
                same = self.known[target, key][0] == content
                expected.append(Fate.UNCHANGED if same else Fate.CHANGED)
        keys, contents = self.make.hashes(records), self.make.hashes(records.values())
        told = self.ledger.compare(self.target(target), keys, contents, load)
        assert told.to_list() == expected

    @precondition(lambda self: self.ledger is not None)
    @invariant()
    def all_is_remembered(self):
        told = self.ledger.loads(self.name)
        assert [x.id for x in told] == list(self.loads)
        assert [x.state == "closed" for x in told] == [x.closed for x in self.loads.values()]
        assert self.ledger.loads_begun == self.begun
        for load, its in self.loads.items():
            expected = []
            for _, batch in sorted(its.batches.items()):
                gone = {} if batch.hashed else {"keys": b"", "contents": b""}
                expected.append(replace(batch.entry, **gone))
            assert self.ledger.entries(load) == expected
            tally: dict[State, Tally] = {}
            for batch in its.batches.values():
                old = tally.get(batch.entry.state, Tally(0, 0))
                tally[batch.entry.state] = Tally(old.batches + 1, old.records + len(batch.records))
            assert self.ledger.tally(load) == tally


def check(request, make, database, tmp_path, *, examples, steps):
    if database == "sqlite":
        url = f"sqlite:///{tmp_path}/{{example}}.sqlite"
    else:
        url = request.getfixturevalue("postgres_url")
    model = type("Model", (Model,), {"url": url, "make": make, "examples": 0})
    run_state_machine_as_test(
        model,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=[*HealthCheck],
        ),
    )


@pytest.mark.parametrize("database", ["sqlite", pytest.param("postgres", marks=pytest.mark.slow)])
def test_any_sequence(request, make, database, tmp_path):
    check(request, make, database, tmp_path, examples=10, steps=15)


@pytest.mark.slow
@pytest.mark.parametrize("database", ["sqlite", "postgres"])
def test_any_long_sequence(request, make, database, tmp_path):
    check(request, make, database, tmp_path, examples=60, steps=30)
