"""Loads that are killed, stopped and resumed, on a platform with every fault, against the truth.

Which answer comes when, what a fault stores and what a kill leaves under way all follow from one
drawn seed, so that a failure can be told again.
"""

import json
import threading
from collections import Counter
from contextlib import closing, suppress
from dataclasses import dataclass, replace
from random import Random

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from delivery import sending
from delivery.batches import Limits
from delivery.ledger import Fate, State, open_ledger
from delivery.policy import Policy
from delivery.records import read_records, unpack_places
from delivery.replies import Found, Reply, Verdict
from delivery.sending import Platform
from tests.delivery.truth import Book, by_state, make_records, policy

FAULTS = ("unreached", "busy", "gateway", "unclear", "short", "forbidden", "broken", "untold")
SESSIONS = ("killed before a write", "killed after a write", "killed", "stopped", "whole")


class Killed(BaseException):
    """The process is gone."""


@dataclass(frozen=True)
class Case:
    """One load and all that happens to it.

    `faults` are of requests by number, `sessions` end at a turn; `repeats` says what the platform
    does with a record that it holds.
    """

    customers: tuple
    pairs: bool  # purchase and return share an id
    poison: frozenset
    largest: int
    names_taken: bool
    repeats: str
    faults: dict
    sessions: tuple
    limits: Limits
    size: int
    policy: Policy
    seed: int


@st.composite
def cases(draw):
    count = draw(st.integers(1, 24))
    whose = st.sampled_from(["c1", "c2", "c3", "c4", ""] if draw(st.booleans()) else ["c1", "c2"])
    idempotent = draw(st.integers(0, 3)) == 3
    in_doubt = draw(st.sampled_from(["ask", "ask", "resend", "hold"]))
    may_repeat = idempotent or in_doubt == "resend"
    pairs = draw(st.booleans())
    fault = st.sampled_from(FAULTS)
    session = st.tuples(st.sampled_from(SESSIONS), st.integers(1, 12), st.integers(1, 3))
    return Case(
        customers=tuple(draw(st.lists(whose, min_size=count, max_size=count))),
        pairs=pairs,
        poison=draw(st.frozensets(st.integers(0, count - 1), max_size=3)),
        largest=draw(st.sampled_from([1000, 1000, 3, 1])),
        names_taken=not pairs and draw(st.booleans()),
        repeats=draw(st.sampled_from(["ignored" if may_repeat else "taken", "refused"])),
        faults=draw(st.dictionaries(st.integers(0, 20), fault, max_size=10)),
        sessions=tuple(draw(st.lists(session, max_size=5))),
        limits=Limits(records=draw(st.integers(1, 9))),
        size=draw(st.integers(1, 9)),
        policy=policy(
            in_flight=draw(st.integers(1, 3)),
            attempts=1000,
            in_doubt=in_doubt,
            ordered=draw(st.booleans()),
            idempotent=idempotent,
            breaker_failures=draw(st.sampled_from([1, 2, 100])),
            drain=draw(st.sampled_from([0, 60])),
        ),
        seed=draw(st.integers(0, 999)),
    )


class Turns:
    """Workers that take turns; of the requests under way at a kill some arrive, some don't."""

    def __init__(self, call, rng):
        self.call, self.rng, self.jobs = call, rng, []

    @property
    def flying(self):
        return len(self.jobs)

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for job in self.jobs:
            if job.kind == "post" and self.rng.random() < 0.5:
                with suppress(RuntimeError):
                    self.call(job)

    def start(self, job):
        self.jobs.append(job)

    def wait(self, _seconds):
        done = []
        self.rng.shuffle(self.jobs)
        for _ in range(self.rng.randint(1, len(self.jobs)) if self.jobs else 0):
            job = self.jobs.pop()
            try:
                done.append((job, self.call(job)))
            except RuntimeError as error:
                done.append((job, error))
        return done


class Api:
    """Takes a request as a whole, or breaks."""

    def __init__(self, case, rng):
        self.case, self.rng = case, rng
        self.faults = dict(case.faults)
        self.stored, self.order, self.carried = Counter(), [], Counter()
        self.requests = -1

    def next_fault(self):
        self.requests += 1
        return self.faults.get(self.requests, "")

    def post(self, body):  # noqa: PLR0911  (a table of faults)
        sent = json.loads(body)["R"]
        self.carried.update(record["n"] for record in sent)
        match fault := self.next_fault():
            case "unreached":
                return Reply(Verdict.UNREACHED, None, "no route")
            case "busy":
                return Reply(Verdict.BUSY, 429, "busy", wait=0.0)
            case "forbidden":
                return Reply(Verdict.FORBIDDEN, 401, "no")
        refused = self.refuse(sent)
        taken = [] if refused else self.some(sent) if fault else sent
        self.store(taken)
        match fault:
            case "gateway":
                return Reply(Verdict.GATEWAY, 502, "gateway")
            case "unclear":
                return Reply(Verdict.UNCLEAR, 500, "lost")
            case "broken":
                raise RuntimeError(fault)
        if refused:
            return refused
        if fault == "short" or self.case.names_taken:
            told = self.some(taken) if fault else taken
            ids = frozenset(record["id"] for record in told)
            return Reply(Verdict.TAKEN, 200, ids=ids, names_taken=True)
        # Without a list of what was taken, all of it was.
        self.store([record for record in sent if record not in taken])
        return Reply(Verdict.TAKEN, 200)

    def some(self, sent):
        """Give what a broken request stores: none, all, a part; the first where order counts."""
        if self.case.policy.ordered:
            return sent[: self.rng.randint(0, len(sent))]
        kept = self.rng.random()
        return [record for record in sent if self.rng.random() < kept]

    def store(self, sent):
        for record in sent:
            if self.case.repeats != "ignored" or not self.stored[record["n"]]:
                self.stored[record["n"]] += 1
                self.order.append(record["n"])

    def refuse(self, sent):
        case, status = self.case, 400
        if len(sent) > case.largest:
            return Reply(Verdict.TOO_LARGE, 413, "too large")
        bad = [n for n, record in enumerate(sent) if record["n"] in case.poison]
        if not bad and case.repeats == "refused":
            bad, status = [n for n, record in enumerate(sent) if self.stored[record["n"]]], 409
        if not bad:
            return None
        ids, places = frozenset(), frozenset()
        match self.rng.choice(["ids", "places", "nobody", "one", "wrong ones"]):
            case "ids":
                ids = frozenset(sent[n]["id"] for n in bad)
            case "places":
                places = frozenset(bad)
            case "one":
                ids = frozenset([sent[bad[0]]["id"]])
            case "wrong ones" if status == 400:
                ids, places = frozenset([sent[0]["id"], "X"]), frozenset([0, 99])
        return Reply(Verdict.REFUSED, status, "refused", ids=ids, places=places)

    def ask(self, frame, _stop):
        fault = self.next_fault()
        if fault == "broken":
            raise RuntimeError(fault)
        silent = self.rng.choice(["c1", "c2", "all"]) if fault else "none"
        return [self.find(row, silent) for row in frame.iter_rows(named=True)]

    def find(self, row, silent):
        if not row["customer"]:
            return Found.UNASKABLE
        if silent in {"all", row["customer"]}:
            return Found.UNKNOWN
        return Found.LANDED if self.stored[row["place"]] else Found.MISSING


class Journal:
    """The ledger, until the process is killed before or after a write."""

    def __init__(self, ledger, how, writes):
        self.ledger, self.how, self.left = ledger, how, writes

    def write(self, added=(), changed=()):
        self.left -= 1
        if not self.left and self.how == "killed before a write":
            raise Killed
        self.ledger.write(added, changed)
        if not self.left and self.how == "killed after a write":
            raise Killed


def deliver(book, case, api):
    """Run a load until it ends by itself; give its last sender."""
    left = 0  # batches that may be `sending` in the ledger
    for how, turns, in_flight in (*case.sessions, ("whole", 0, case.policy.in_flight)):
        stop = threading.Event()
        if not turns:
            api.faults = {}
        with book.open() as ledger:
            assert ledger.interrupt(book.load) <= left
            platform = Platform(api.post, api.ask)
            journal = Journal(ledger, how, turns)
            patience = replace(case.policy, in_flight=in_flight)
            sender = book.sender(ledger, platform, patience, case.limits, stop, journal)
            left = 0
            try:
                with closing(sender.send()) as sending_it:
                    for turn, _ in enumerate(sending_it):
                        assert turn < 1000, "it gets nowhere"
                        if turn == turns and how == "killed":
                            raise Killed  # noqa: TRY301
                        if turn == turns and how == "stopped":
                            stop.set()
            except Killed:
                left = in_flight
            except RuntimeError:
                pass
    assert sender.ended is None
    return sender


def run_case(folder, ledger, case):
    count = len(case.customers)
    ids = [f"R{n // 2 if case.pairs else n}" for n in range(count)]
    book = Book(folder, make_records(case.customers, ids), size=case.size, ledger=ledger)
    rng = Random(case.seed)
    api = Api(case, rng)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(sending, "_Calls", lambda _count, call: Turns(call, rng))
        sender = deliver(book, case, api)
    with book.open():
        entries = ledger.entries(book.load)
        found = by_state(entries)
        check_truth(case, api, entries, found)
        check_sums(book, api, sender, entries)
        if State.PLANNED not in found:
            book.close(ledger)
            check_known(book, ledger, found)


def check_truth(case, api, entries, found):
    """See that what the ledger says is what the platform holds."""
    accepted, rejected, doubtful = (
        found.get(state, set()) for state in (State.ACCEPTED, State.REJECTED, State.IN_DOUBT)
    )
    for entry in entries:
        if entry.state is State.PLANNED and entry.doubted:
            doubtful = doubtful.union(unpack_places(entry.places))
    stored = set(api.stored.elements())
    assert accepted <= stored, "lost"
    assert stored <= accepted | doubtful, "landed, and nobody knows"
    assert rejected <= case.poison, "an innocent one is rejected"
    if case.repeats != "ignored":
        # After a 502 what nobody can ask about is sent again, as documented.
        twice = {n for n, times in api.stored.items() if times > 1 and case.customers[n]}
        assert not twice, "doubled"
    if case.policy.ordered:
        check_order(case.customers, api.order)
    assert found.keys() <= {State.ACCEPTED, State.REJECTED, State.IN_DOUBT, State.PLANNED}
    askable = "" not in case.customers
    # Where a repeat is refused though it should do no harm, only asking can tell it from a clash.
    resent = case.policy.in_doubt == "resend"
    resent &= askable or case.repeats != "refused" or not case.policy.idempotent
    if resent or (case.policy.in_doubt == "ask" and askable):
        assert found.keys() <= {State.ACCEPTED, State.REJECTED}
        assert rejected == case.poison


def check_order(customers, order):
    """See that no record of a customer came before an earlier one."""
    latest = {}
    for place in dict.fromkeys(order):
        if customers[place]:
            assert latest.get(customers[place], -1) < place, order
            latest[customers[place]] = place


def check_sums(book, api, sender, entries):
    """See that every record has one row, and that all sums are the same."""
    told, counts = book.outcomes(entries)
    assert counts.records == book.records.height
    assert told["row"].to_list() == book.records["row"].to_list()
    tally = sender._pending.tally
    assert tally.accepted == counts.by_outcome["accepted"]
    assert tally.rejected == counts.by_outcome["rejected"]
    # What was in doubt and waits to be sent again, behind another doubt, may have landed as well.
    waiting = sum(e.records for e in entries if e.state is State.PLANNED and e.doubted)
    assert tally.in_doubt + waiting == counts.by_outcome["in_doubt"]
    attempts = told["attempts"].fill_null(0).to_list()  # some never left
    assert all(attempts[place] >= times for place, times in api.carried.items())


def check_known(book, ledger, found):
    """See that a load of the same records would send just those that surely did not land."""
    records = pl.concat(read_records(book.path, ("key_hash", "content_hash")))
    fates = ledger.compare(book.target, records["key_hash"], records["content_hash"])
    for place, fate in enumerate(fates):
        expected = Fate.NEW
        if place in found.get(State.ACCEPTED, ()):
            expected = Fate.UNCHANGED
        elif place in found.get(State.IN_DOUBT, ()):
            expected = Fate.IN_DOUBT
        assert Fate(fate) is expected


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    """One for all: to open it costs more than a load."""
    with open_ledger(f"sqlite:///{tmp_path_factory.mktemp('ledger')}/ledger.sqlite") as opened:
        yield opened


CHECKS = {"deadline": None, "suppress_health_check": list(HealthCheck), "print_blob": False}


@settings(max_examples=40, **CHECKS)
@given(cases())
def test_none_is_lost_none_doubled(tmp_path_factory, ledger, case):
    run_case(tmp_path_factory.mktemp("load"), ledger, case)


@pytest.mark.slow
@settings(max_examples=250, **CHECKS)
@given(cases())
def test_none_is_lost_none_doubled_whatever_happens(tmp_path_factory, ledger, case):
    run_case(tmp_path_factory.mktemp("load"), ledger, case)
