"""Sending whole loads through threads: what is fast, what stops, what is tried again."""

import threading
import time
from math import log2
from random import Random

import polars as pl
import pytest

from delivery.batches import Limits
from delivery.ledger import State, open_ledger
from delivery.ledger.errors import LedgerBroken
from delivery.records import RecordsChangedError, unpack_places
from delivery.replies import Found, Reply, Verdict
from delivery.sending import End, Platform
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
    write_records,
)

A, R, D, P, U = State.ACCEPTED, State.REJECTED, State.IN_DOUBT, State.PLANNED, State.UNSENT


@pytest.fixture
def send(tmp_path):
    """Return what begins a load of so many records, 8 in a batch, and what becomes of them."""

    def start(count=40, customers=5, **truth):
        records = make_records([f"c{n % customers}" for n in range(count)])
        book = Book(tmp_path, records)
        return book, Truth(records, **truth)

    return start


def states(entries):
    return {state: sorted(places) for state, places in by_state(entries).items()}


EIGHT = {"limits": Limits(records=8)}
EVERYTHING = list(range(40))


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("in_flight", [1, 4])
def test_a_calm_load_is_sent_once_and_nothing_the_second_time(send, in_flight, ordered):
    book, truth = send(count=200)
    care = policy(in_flight=in_flight, ordered=ordered)
    sender, tally, entries = book.run(truth.platform, care, **EIGHT)
    assert sender.ended is None
    assert states(entries) == {A: list(range(200))}
    assert set(truth.stored.values()) == {1}
    assert (tally.accepted, tally.requests) == (200, len(truth.bodies))
    assert tally.bytes == sum(map(len, truth.bodies))
    assert len(truth.bodies) == 25 if not ordered else len(truth.bodies) <= 25 + in_flight
    sender, tally, _ = book.run(truth.platform, care, **EIGHT)
    assert (sender.ended, tally.accepted, tally.bytes) == (None, 200, 0)
    assert tally.requests == len(truth.bodies)


def test_no_record_makes_no_request(send):
    book, truth = send(count=0)
    sender, tally, entries = book.run(truth.platform)
    assert (sender.ended, tally.requests, entries, truth.bodies) == (None, 0, [], [])


@pytest.mark.parametrize("fault", [BUSY, UNREACHED])
def test_what_surely_was_not_taken_is_sent_again(send, fault):
    book, truth = send(script=lambda n: fault if n % 3 else None)
    care = policy(in_flight=1, attempts=2)  # which counts requests that may have been taken
    sender, _, entries = book.run(truth.platform, care, **EIGHT)
    assert sender.ended is None
    assert states(entries) == {A: EVERYTHING}
    assert sorted(entry.attempts for entry in entries) == [1, 3, 3, 3, 3]


@pytest.mark.parametrize("taken", [0, 3, 8])
@pytest.mark.parametrize("verdict", [Verdict.UNCLEAR, Verdict.GATEWAY])
@pytest.mark.parametrize("in_doubt", ["ask", "hold", "resend"])
def test_what_is_in_doubt_is_asked_held_or_sent_again(send, in_doubt, verdict, taken):
    book, truth = send(script=lambda n: lost(verdict, taken) if n == 0 else None)
    care = policy(in_flight=1, in_doubt=in_doubt)
    sender, tally, entries = book.run(truth.platform, care, **EIGHT)
    assert sender.ended is None
    first = set(range(8))
    asks = in_doubt == "ask" or verdict is Verdict.GATEWAY
    assert truth.asked == asks
    if asks:
        assert states(entries) == {A: EVERYTHING}
        assert len(truth.bodies) == 5 + (taken < 8)
        assert set(truth.stored.values()) == {1}
    elif in_doubt == "hold":
        assert by_state(entries) == {A: set(EVERYTHING) - first, D: first}
        assert (tally.in_doubt, len(truth.bodies)) == (8, 5)
        (doubtful,) = (entry for entry in entries if entry.state is D)
        assert (doubtful.cause, doubtful.reason) == ("unclear", "lost")
    else:
        assert states(entries) == {A: EVERYTHING}
        assert len(truth.bodies) == 6
        assert len(set(truth.bodies)) == 5  # the same bytes


def test_what_nobody_can_ask_about_stays_in_doubt_unless_a_gateway_failed(tmp_path):
    records = make_records(["", "c1", "", "c1"])
    for number, verdict in enumerate([Verdict.UNCLEAR, Verdict.GATEWAY]):
        (tmp_path / verdict.value).mkdir()
        book = Book(tmp_path / verdict.value, records)
        truth = Truth(records, script=lambda n, v=verdict: lost(v) if n == 0 else None)
        sender, _, entries = book.run(truth.platform)
        assert sender.ended is None
        expected = {A: [0, 1, 2, 3]} if number else {A: [1, 3], D: [0, 2]}
        assert states(entries) == expected


@pytest.mark.parametrize("verdict", [Verdict.UNCLEAR, Verdict.GATEWAY])
def test_where_twice_is_the_same_as_once_it_is_simply_sent_again(send, verdict):
    book, truth = send(script=lambda n: lost(verdict, 4) if n in {0, 1} else None)
    care = policy(in_flight=1, idempotent=True, in_doubt="resend")
    _, _, entries = book.run(truth.platform, care, **EIGHT)
    assert states(entries) == {A: EVERYTHING}
    assert (truth.asked, len(truth.bodies)) == (0, 7)


def test_what_an_answer_does_not_name_is_asked_about(send):
    reply = Reply(Verdict.TAKEN, 200, ids=frozenset(["R0", "R1", "R9"]), names_taken=True)
    book, truth = send(script=lambda n: (3, reply) if n == 0 else None)
    _, _, entries = book.run(truth.platform, policy(in_flight=1), **EIGHT)
    assert states(entries) == {A: EVERYTHING}
    assert truth.asked == 1
    assert set(truth.stored.values()) == {1}
    told = {e.reason: unpack_places(e.places).to_list() for e in entries if e.state is A}
    assert told["found by asking"] == [2]


@pytest.mark.parametrize("ordered", [False, True])
@pytest.mark.parametrize("named", ["", "ids", "places"])
def test_bad_records_are_rejected_alone(send, named, ordered):
    book, truth = send(poison={0, 5, 6, 39}, named=named)
    sender, tally, entries = book.run(truth.platform, policy(ordered=ordered), **EIGHT)
    assert sender.ended is None
    assert states(entries) == {
        A: [n for n in EVERYTHING if n not in truth.poison],
        R: [0, 5, 6, 39],
    }
    assert tally.rejected == 4
    assert all(e.reason == "bad one" and e.status == 400 for e in entries if e.state is R)
    assert set(truth.stored) == set(by_state(entries)[A])


def test_too_large_a_request_is_halved_and_the_next_are_smaller(send):
    book, truth = send(count=400, largest=5)
    limits = Limits(records=64)
    sender, _, entries = book.run(truth.platform, policy(in_flight=1), limits=limits)
    assert states(entries) == {A: list(range(400))}
    assert sender._pending.cutter.max_records == 4
    assert sender._pending.cutter.lowered
    assert sum(len(body) > max(map(len, truth.bodies)) * 0.9 for body in truth.bodies) == 1
    refused = [e for e in entries if e.state is State.SPLIT]
    assert len(refused) <= 2 * 64 // 4


def test_a_record_too_large_alone_is_rejected(send):
    book, truth = send(count=3, largest=0)
    _, _, entries = book.run(truth.platform)
    assert states(entries) == {R: [0, 1, 2]}


def test_a_no_to_everything_stops_at_once(send):
    book, truth = send(script=lambda n: FORBIDDEN if n == 2 else None)
    sender, tally, entries = book.run(truth.platform, policy(in_flight=1), **EIGHT)
    assert sender.ended == End("forbidden", "no")
    assert len(truth.bodies) == 3
    assert states(entries) == {A: list(range(16)), P: list(range(16, 24))}
    truth.script = lambda _: None
    sender, tally, entries = book.run(truth.platform, policy(in_flight=1), **EIGHT)
    assert (sender.ended, states(entries), tally.accepted) == (None, {A: EVERYTHING}, 40)
    assert set(truth.stored.values()) == {1}


def test_a_platform_that_is_down_ends_the_load_at_the_deadline(send):
    book, truth = send(script=lambda _: UNREACHED)
    looks = []
    platform = Platform(truth.post, truth.ask, is_up=lambda: looks.append(1))
    care = policy(deadline=1, breaker_failures=3, breaker_rest=0.15)
    sender, _, entries = book.run(platform, care, **EIGHT)
    assert sender.ended.kind == "network"
    assert set(by_state(entries)) == {P}
    assert 3 <= len(truth.bodies) <= 3 + care.in_flight
    assert 1 <= len(looks) <= 7  # one after each rest, and nothing else
    truth.script = lambda _: None
    assert book.run(truth.platform, care, **EIGHT)[1].accepted == 40


def test_a_platform_that_is_up_again_is_sent_to_again(send):
    down = [True]
    book, truth = send(script=lambda _: UNREACHED if down[0] else None)

    def is_up():
        down[0] = False
        return True

    care = policy(breaker_failures=2)
    sender, tally, _ = book.run(Platform(truth.post, truth.ask, is_up=is_up), care, **EIGHT)
    assert (sender.ended, tally.accepted) == (None, 40)


def test_a_429_that_never_ends_ends_the_load_at_the_deadline(send):
    book, truth = send(script=lambda _: BUSY)
    sender, _, entries = book.run(
        truth.platform, policy(deadline=0.1, longest_wait=0.01, first_wait=0.01), **EIGHT
    )
    assert sender.ended == End("network", "busy")
    assert set(by_state(entries)) == {P}


def test_too_many_rejects_stop_the_load_and_leave_the_rest_untried(send):
    book, truth = send(count=200, poison=range(60), named="places")
    care = policy(in_flight=1, max_rejects=10)
    sender, tally, entries = book.run(truth.platform, care, **EIGHT)
    assert sender.ended.kind == "rejects"
    assert "allowed 10" in sender.ended.reason
    assert tally.rejected == 11
    found = by_state(entries)
    assert found[R] == set(range(11))
    assert found.keys() == {R, P}


def test_when_told_to_stop_what_is_in_flight_is_waited_for(send):
    book, truth = send()
    begun, may_end, stop = threading.Event(), threading.Event(), threading.Event()

    def post(body):
        begun.set()
        assert may_end.wait(5)
        return truth.post(body)

    def tell():
        assert begun.wait(5)
        stop.set()
        time.sleep(0.05)
        may_end.set()

    threading.Thread(target=tell).start()
    sender, tally, entries = book.run(
        Platform(post), policy(in_flight=2), limits=Limits(records=8), stop=stop
    )
    assert sender.ended == End("stopped", "told to stop")
    assert states(entries) == {A: list(range(16))}
    assert (tally.accepted, len(truth.bodies)) == (16, 2)


def test_what_does_not_end_in_time_is_in_doubt_and_found_out_later(send):
    book, truth = send()
    stop, never = threading.Event(), threading.Event()

    def hang(body):
        reply = truth.post(body)
        stop.set()
        never.wait(30)
        return reply

    started = time.monotonic()
    care = policy(in_flight=1, drain=0.1)
    sender, tally, entries = book.run(Platform(hang), care, limits=Limits(records=8), stop=stop)
    assert time.monotonic() - started < 20
    assert sender.ended.kind == "stopped"
    assert (tally.in_doubt, states(entries)) == (8, {D: list(range(8))})
    assert entries[0].cause == "stopped"
    never.set()
    _, _, entries = book.run(truth.platform, care, **EIGHT)
    assert states(entries) == {A: EVERYTHING}
    assert set(truth.stored.values()) == {1}


@pytest.mark.parametrize("breaks", ["post", "ask"])
def test_a_fault_of_our_own_is_raised_and_all_in_flight_is_in_doubt(send, breaks):
    book, truth = send(script=lambda n: lost(taken=8) if n == 1 else None)

    def broken(*_):
        raise ZeroDivisionError

    posts = iter([truth.post, truth.post, broken])

    def post(body):
        return next(posts, truth.post)(body)

    platform = Platform(post if breaks == "post" else truth.post, broken)
    with pytest.raises(ZeroDivisionError):
        book.run(platform, policy(in_flight=1), **EIGHT)
    with book.open() as ledger:
        found = by_state(ledger.entries(book.load))
    assert State.SENDING not in found
    assert set(range(8, 16)) <= found[D]
    _, _, entries = book.run(truth.platform, policy(in_flight=1), **EIGHT)
    assert states(entries) == {A: EVERYTHING}
    assert set(truth.stored.values()) == {1}


@pytest.mark.parametrize("fails", [1, 2, 3])
def test_a_ledger_that_fails_stops_before_anything_unrecorded_is_sent(send, fails):
    book, truth = send()

    class Journal:
        written = 0

        def write(self, added=(), changed=()):
            self.written += 1
            if self.written == fails:
                raise LedgerBroken("disk full")
            ledger.write(added, changed)

    with book.open() as ledger:
        sender = book.sender(
            ledger, truth.platform, policy(in_flight=1), Limits(records=8), journal=Journal()
        )
        with pytest.raises(LedgerBroken):
            list(sender.send())
        known = [entry for entry in ledger.entries(book.load) if entry.attempts]
    assert len(known) == len(truth.bodies) == fails - 1
    _, _, entries = book.run(truth.platform, policy(in_flight=1), **EIGHT)
    assert states(entries) == {A: EVERYTHING}
    assert set(truth.stored.values()) == {1}


def test_an_intent_is_durable_before_its_request_leaves(send):
    book, truth = send(count=64)
    seen = []

    def post(body):
        with open_ledger(book.url) as other:
            sending = [e for e in other.entries(book.load) if e.state is State.SENDING]
            seen.append(any(unpack_places(e.places)[0] == place_of(body) for e in sending))
        return truth.post(body)

    def place_of(body):
        return int(body.split(b'"n": ')[1].split(b",")[0])

    book.run(Platform(post, truth.ask), policy(in_flight=2), **EIGHT)
    assert seen == [True] * 8


def test_no_more_requests_at_once_than_allowed_and_as_many_where_it_is_calm(send):
    book, truth = send(count=160)
    barrier = threading.Barrier(4)

    def post(body):
        barrier.wait(5)  # four are there together, or it breaks
        return truth.post(body)

    _, tally, _ = book.run(Platform(post), policy(in_flight=4), **EIGHT)
    assert tally.accepted == 160


@pytest.mark.parametrize("change", ["other", "shorter"])
def test_other_records_than_were_sent_are_never_sent(send, change):
    book, truth = send(script=lambda n: FORBIDDEN if n == 1 else None)
    book.run(truth.platform, policy(in_flight=1), **EIGHT)
    other = make_records([f"d{n}" for n in range(40 if change == "other" else 10)])
    other = other.with_columns(json=pl.lit('{"n": 0, "id": "x"}'))
    write_records(book.path, other)
    truth.script = lambda _: None
    sent = len(truth.bodies)
    with pytest.raises(RecordsChangedError, match="not the records that were sent"):
        book.run(truth.platform, policy(in_flight=1), **EIGHT)
    assert len(truth.bodies) == sent


# What is in doubt, and what waits behind it


def test_asking_is_not_a_try_so_a_busy_platform_does_not_end_it(send):
    """Requests that surely were not taken are no reason to leave a batch in doubt."""
    script = [BUSY] * 8 + [lost(taken=8)]
    book, truth = send(count=8, script=lambda n: script[n] if n < len(script) else None)
    _, _, entries = book.run(truth.platform, policy(in_flight=1, attempts=8), **EIGHT)
    assert states(entries) == {A: list(range(8))}


def test_what_stayed_in_doubt_is_tried_anew_when_it_is_resumed(send):
    book, truth = send(count=8, script=lambda _: lost())
    care = policy(in_flight=1, attempts=3, idempotent=True, in_doubt="resend")
    _, _, entries = book.run(truth.platform, care, **EIGHT)
    assert states(entries) == {D: list(range(8))}
    assert len(truth.bodies) == 3
    truth.script = lambda _: None
    _, _, entries = book.run(truth.platform, care, **EIGHT)
    assert states(entries) == {A: list(range(8))}


def test_a_platform_that_never_stores_is_not_sent_to_for_ever(send):
    book, truth = send(count=8, script=lambda _: lost(Verdict.GATEWAY))
    care = policy(in_flight=1, attempts=5, deadline=1)
    _, _, entries = book.run(truth.platform, care, **EIGHT)
    assert len(truth.bodies) == 5
    assert states(entries) == {U: list(range(8))}
    assert "sent often enough" in entries[0].reason


def test_nothing_overtakes_what_stays_in_doubt(send):
    book, truth = send(count=200, customers=20, script=lambda n: lost(taken=8) if n == 0 else None)
    care = policy(in_flight=4, ordered=True, in_doubt="hold")
    sender, _, entries = book.run(truth.platform, care, **EIGHT)
    assert sender.ended is None
    found = by_state(entries)
    first = {place % 20 for place in found[D]}  # customers
    assert not {place for place in found[A] if place % 20 in first}
    assert len(found[A]) > 80
    _, counts = book.outcomes(entries)
    assert counts.by_outcome["unsent"] == 200 - len(found[A]) - len(found[D]) > 0


def test_many_parts_behind_one_in_doubt_let_the_load_end(send):
    book, truth = send(count=32, customers=1)
    truth.largest = 1
    inner = truth.post
    truth.post = lambda body: (
        Reply(Verdict.UNCLEAR, 500, "lost") if inner(body).verdict is Verdict.TAKEN else _large()
    )

    def _large():
        return Reply(Verdict.TOO_LARGE, 413, "too large")

    care = policy(in_flight=1, ordered=True, in_doubt="hold")
    ended = threading.Event()

    def run():
        book.run(truth.platform, care, limits=Limits(records=32), stop=stop)
        ended.set()

    stop = threading.Event()
    thread = threading.Thread(target=run, daemon=True)
    thread.start()
    is_over = ended.wait(5)
    stop.set()
    thread.join(5)
    assert is_over


def test_parts_of_parts_keep_their_order_when_resumed(send):
    """The first half of a half is of a later number than the half behind it."""
    book, truth = send(count=16, customers=1, largest=4)
    truth.script = lambda n: FORBIDDEN if n == 2 else None
    care = policy(in_flight=1, ordered=True)
    book.run(truth.platform, care, limits=Limits(records=16))
    truth.script = lambda _: None
    _, _, entries = book.run(truth.platform, care, limits=Limits(records=16))
    assert states(entries) == {A: list(range(16))}
    assert truth.order == list(range(16))


@pytest.mark.parametrize("in_flight", [1, 2, 5])
def test_records_keep_their_order_when_resumed_with_another_number_of_lanes(send, in_flight):
    book, truth = send(count=200, customers=13, script=lambda n: FORBIDDEN if n == 3 else None)
    book.run(truth.platform, policy(ordered=True, in_flight=2), **EIGHT)
    sent = len(truth.bodies)
    truth.script = lambda n: BUSY if n < sent + 2 else None
    book.run(truth.platform, policy(ordered=True, in_flight=in_flight), **EIGHT)
    assert len(truth.order) == 200
    latest = {}
    for place in truth.order:
        assert latest.get(place % 13, -1) < place
        latest[place % 13] = place


@pytest.mark.parametrize("faults", [0.0, 0.2])
def test_records_of_one_customer_keep_their_order_in_threads(send, faults):
    book, truth = send(count=600, customers=30, poison={7, 300}, named="ids")
    draws = iter([n * 7919 % 1000 / 1000 for n in range(10_000)])

    def script(_):
        draw = next(draws)
        kinds = [BUSY, UNREACHED, lost(taken=3), lost(Verdict.GATEWAY, 8)]
        return kinds[int(draw / faults * 4)] if draw < faults else None

    truth.script = script
    sender, _, entries = book.run(truth.platform, policy(ordered=True), **EIGHT)
    assert sender.ended is None
    assert by_state(entries)[R] == {7, 300}
    assert len(by_state(entries)[A]) == 598
    latest = {}
    for place in truth.order:
        assert latest.get(place % 30, -1) < place
        latest[place % 30] = place


def test_purchase_and_return_of_one_id_are_told_apart(tmp_path):
    """A 409 that names an id which two records share does not say which of them is there."""
    records = make_records(["c0"] * 4, ["R0", "R0", "R1", "R2"])
    book = Book(tmp_path, records)
    truth = Truth(records)

    def script(number):
        if number == 0:
            return lost(taken=1)
        if number == 1:
            return Reply(Verdict.REFUSED, 409, "is there", ids=frozenset(["R0"]))
        return None

    truth.script = script
    honest = truth.honest

    def refuse_repeats(sent, places):
        if any(truth.stored[place] for place in places):
            return Reply(Verdict.REFUSED, 409, "is there", ids=frozenset(["R0"]))
        return honest(sent, places)

    truth.honest = refuse_repeats
    book.run(truth.platform, policy(in_flight=1, in_doubt="resend"))
    assert truth.stored == dict.fromkeys(range(4), 1)


# Requests spent


def poisoned(tmp_path, named, count=8000, bad=10):
    records = make_records([f"c{n % 97}" for n in range(count)])
    poison = set(Random(1).sample(range(count), bad))
    book = Book(tmp_path, records, size=1000)
    return book, Truth(records, poison=poison, named=named)


@pytest.mark.parametrize("named", ["", "ids", "places"])
def test_ten_bad_records_in_eight_thousand_cost_few_requests(tmp_path, named):
    book, truth = poisoned(tmp_path, named)
    _, tally, entries = book.run(truth.platform, policy())
    assert by_state(entries)[R] == truth.poison
    assert len(by_state(entries)[A]) == 7990
    extra = tally.requests - 20
    assert extra <= (2 * 10 if named else 2 * 10 * log2(400))


@pytest.mark.parametrize("most", [0, 1, 30])
def test_a_spent_budget_leaves_records_unsent_not_rejected(tmp_path, most):
    book, truth = poisoned(tmp_path, "")
    care = policy(in_flight=1, extra_requests=most)
    sender, tally, entries = book.run(truth.platform, care)
    assert sender.ended is None
    found = by_state(entries)
    assert found.get(R, set()) <= truth.poison
    assert truth.poison <= found.get(R, set()) | found[U]
    assert set(truth.stored) == found[A]
    assert tally.requests - 20 <= most + 2 * log2(400)  # parts that were made are sent
    assert all("budget of extra requests" in e.reason for e in entries if e.state is U)


def test_finding_out_what_landed_spends_nothing_of_that_budget(tmp_path):
    records = make_records([f"c{n % 5}" for n in range(80)])
    book = Book(tmp_path, records)
    truth = Truth(records, poison={75}, script=lambda n: lost(taken=4) if n < 9 else None)
    care = policy(in_flight=1, extra_requests=8)
    _, _, entries = book.run(truth.platform, care, **EIGHT)
    assert states(entries) == {A: [n for n in range(80) if n != 75], R: [75]}


def test_nobody_to_ask_leaves_it_in_doubt(send):
    book, truth = send(script=lambda n: lost() if n == 0 else None)
    _, _, entries = book.run(Platform(truth.post), policy(in_flight=1), **EIGHT)
    assert states(entries) == {A: list(range(8, 40)), D: list(range(8))}
    (doubtful,) = (entry for entry in entries if entry.state is D)
    assert doubtful.reason == "lost"


def test_more_batches_in_doubt_than_are_asked_about_at_once(send):
    book, truth = send(count=300, script=lambda n: lost(taken=1) if n < 150 else None)
    sender, _, entries = book.run(truth.platform, policy(), limits=Limits(records=2))
    assert states(entries) == {A: list(range(300))}
    assert set(truth.stored.values()) == {1}
    assert sender._pending.tally.in_doubt == 0


def test_asking_waits_until_the_platform_must_be_done(send):
    book, truth = send(count=8, script=lambda n: lost(taken=8) if n == 0 else None)
    waited = []

    def ask(frame, _stop):
        waited.append(time.monotonic() - started)
        return [Found.LANDED] * frame.height

    started = time.monotonic()
    with book.open() as ledger:
        sender = book.sender(ledger, Platform(truth.post, ask), policy(settle=1))
        said = {tally.waiting for tally in sender.send()}
    assert waited[0] >= 1
    assert any(text.endswith(" s, then asks what is in doubt") for text in said)
