"""Records that are requests of their own: several written down at once, each still sent once."""

import threading
from random import Random

import pytest

from delivery.ledger import State
from delivery.replies import Reply, Verdict
from delivery.sending import Platform
from tests.delivery.truth import (
    BUSY,
    FORBIDDEN,
    UNREACHED,
    Book,
    Truth,
    by_state,
    lost,
    make_records,
    policy,
)

A, R, D, P = State.ACCEPTED, State.REJECTED, State.IN_DOUBT, State.PLANNED
AHEAD = {"in_flight": 2, "ahead": 8}


@pytest.fixture
def send(tmp_path):
    """Return what begins a load of so many records, each a request of its own."""

    def start(count=100, **truth):
        records = make_records([f"c{n}" for n in range(count)])
        return Book(tmp_path, records, single=True), Truth(records, **truth)

    return start


class Counting:
    """A ledger that counts what it is given to write."""

    def __init__(self, ledger):
        self.ledger, self.writes, self.sending = ledger, 0, 0

    def write(self, added=(), changed=()):
        self.ledger.write(added, changed)
        self.writes += 1
        noted = [e for e in (*added, *changed) if e.state is State.SENDING]
        self.sending = max(self.sending, len(noted))


def test_each_record_is_sent_once_and_several_are_written_down_at_once(send):
    book, truth = send(400)
    with book.open() as ledger:
        journal = Counting(ledger)
        sender = book.sender(ledger, truth.platform, policy(**AHEAD), journal=journal)
        for tally in sender.send():
            assert tally.requests - tally.accepted <= 16
        entries = ledger.entries(book.load)
    assert (len(entries), len(truth.bodies), {*truth.stored.values()}) == (400, 400, {1})
    assert {e.state for e in entries} == {A}
    assert (tally.accepted, tally.requests) == (400, 400)
    assert tally.bytes == sum(map(len, truth.bodies))
    assert journal.writes < 200
    assert 8 < journal.sending <= 16


@pytest.mark.parametrize("fault", [BUSY, UNREACHED])
def test_what_has_not_left_is_taken_back_and_counts_as_no_attempt(send, fault):
    book, truth = send(script=lambda n: fault if n % 7 == 3 else None)
    sender, tally, entries = book.run(truth.platform, policy(**AHEAD, attempts=2))
    assert sender.ended is None
    assert by_state(entries) == {A: set(range(100))}
    assert {*truth.stored.values()} == {1}
    assert sum(entry.attempts for entry in entries) == len(truth.bodies) == tally.requests
    assert tally.bytes == sum(map(len, truth.bodies))


def test_nothing_that_stands_in_line_runs_into_a_busy_platform(send):
    """Only what has left already meets it as well."""
    busy = threading.Event()

    def script(number):
        if number == 20:
            busy.set()
        return Reply(Verdict.BUSY, 429, "busy", wait=0.0) if busy.is_set() else None

    book, truth = send(script=script)
    care = policy(**AHEAD, longest_wait=0.3)
    with book.open() as ledger:
        sender = book.sender(ledger, truth.platform, care)
        for tally in sender.send():
            if busy.is_set() and tally.requests == tally.accepted + 2:
                break  # taken back: two have met it
    assert len(truth.bodies) == 22
    busy.clear()


@pytest.mark.parametrize("told", ["forbidden", "stopped"])
def test_when_it_ends_early_nothing_is_left_as_sent(send, told):
    stop = threading.Event()
    book, truth = send()

    def post(body):
        if len(truth.bodies) >= 10:
            if told == "forbidden":
                return FORBIDDEN
            stop.set()
        return truth.post(body)

    sender, tally, entries = book.run(Platform(post), policy(**AHEAD), stop=stop)
    assert sender.ended.kind == told
    assert {e.state for e in entries} <= {A, P}
    assert sum(e.state is A for e in entries) == len(truth.stored) == tally.accepted
    assert {*truth.stored.values()} == {1}
    assert all(e.attempts <= 1 for e in entries)
    _, _, entries = book.run(truth.platform, policy(**AHEAD))
    assert by_state(entries) == {A: set(range(100))}
    assert {*truth.stored.values()} == {1}


def test_a_refusal_that_says_it_is_there_is_a_success_only_after_doubt(send):
    gone = Reply(Verdict.REFUSED, 404, "not there", repeats=True)
    answers = {0: lost(taken=1), 1: gone, 2: gone}
    book, truth = send(2, script=answers.get)
    care = policy(in_flight=1, idempotent=True, in_doubt="resend")
    _, _, entries = book.run(truth.platform, care)
    assert [(e.state, e.attempts) for e in entries] == [(A, 2), (R, 1)]
    assert [len(truth.bodies), truth.bodies[0]] == [3, truth.bodies[1]]


@pytest.mark.parametrize("seed", range(20))
def test_random_faults_lose_and_double_nothing(send, seed):
    random = Random(seed)
    faults = [BUSY, UNREACHED, lost(taken=0), lost(taken=1), lost(Verdict.GATEWAY, 1)]
    book, truth = send(
        60, script=lambda _: random.choice(faults) if random.random() < 0.2 else None
    )
    sender, tally, entries = book.run(truth.platform, policy(**AHEAD, attempts=50))
    assert sender.ended is None
    assert by_state(entries) == {A: set(range(60))}
    assert {*truth.stored.values()} == {1}
    assert tally.requests == len(truth.bodies)
