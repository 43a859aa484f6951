"""The batches of a load: which comes next, what may not yet, and what is written down."""

import polars as pl
import pytest

from delivery.batches import Limits, lane_of
from delivery.ledger import State
from delivery.records import RecordsChangedError, hash_bytes, unpack_places
from delivery.verdicts import Part
from tests.delivery.truth import ENVELOPE, Book, Truth, make_records, policy, write_records

A, R, D, P, S = (*(State.ACCEPTED, State.REJECTED, State.IN_DOUBT, State.PLANNED, State.SENDING),)


@pytest.fixture
def make(tmp_path):
    """Return what makes the batches of a load, four records each, and a ledger's view of them."""
    opened = []

    def begin(customers="aabbaabb", **changes):
        book = Book(tmp_path, make_records(list(customers)))
        opened.append(book.open())
        ledger = opened[-1].__enter__()
        platform = Truth(book.records).platform
        sender = book.sender(ledger, platform, policy(**changes), Limits(records=4))
        return book, ledger, sender._pending

    yield begin
    for each in opened:
        each.__exit__(None, None, None)


def places(work):
    return None if work is None else unpack_places(work.entry.places).to_list()


def take(pending, now=0.0):
    """Have the next batch leave."""
    work = pending.next(now)
    if work is not None:
        pending.send(work)
    return work


def whole(state, **facts):
    return [Part(range(1), state, **facts)]


def halves(state=P):
    return [Part(range(2), state), Part(range(2, 4), state)]


def test_batches_are_cut_when_they_are_wanted(make):
    _, _, pending = make()
    assert [places(take(pending)) for _ in range(3)] == [[0, 1, 2, 3], [4, 5, 6, 7], None]
    assert not pending.done  # two are in flight
    for work in list(pending.flying.values()):
        pending.apply(work, whole(A))
    assert take(pending) is None
    assert pending.done
    assert (pending.tally.accepted, pending.tally.requests) == (8, 2)


def test_nothing_is_written_before_it_is_committed_and_then_all_of_it(make):
    book, ledger, pending = make()
    work = take(pending)
    assert ledger.entries(book.load) == []
    pending.commit()
    (entry,) = ledger.entries(book.load)
    assert (entry.state, entry.attempts, entry.parent) == (S, 1, None)
    assert entry.body_hash == hash_bytes(ENVELOPE.wrap(book.records.head(4)))
    assert entry.sent_at is not None
    pending.apply(work, halves())
    assert [e.state for e in ledger.entries(book.load)] == [S]
    pending.commit()
    entries = ledger.entries(book.load)
    assert [(e.number, e.parent, e.state) for e in entries] == [
        (1, None, State.SPLIT),
        (2, 1, P),
        (3, 1, P),
    ]
    assert [unpack_places(e.places).to_list() for e in entries[1:]] == [[0, 1], [2, 3]]
    assert b"".join(e.keys for e in entries[1:]) == entries[0].keys
    assert b"".join(e.contents for e in entries[1:]) == entries[0].contents
    pending.commit()  # nothing twice


def test_parts_come_before_all_others_in_their_order(make):
    _, _, pending = make()
    first = take(pending)
    pending.apply(first, halves())
    part = take(pending)
    assert places(part) == [0, 1]
    pending.apply(part, [Part([0], P), Part([1], P)])
    assert [places(take(pending)) for _ in range(4)] == [[0], [1], [2, 3], [4, 5, 6, 7]]


def test_a_batch_that_is_not_due_waits_and_others_go_on(make):
    _, _, pending = make()
    work = take(pending)
    work.due = 10.0
    pending.apply(work, whole(P))
    assert places(take(pending)) == [4, 5, 6, 7]
    assert take(pending, 9.0) is None
    assert pending.waits
    assert pending.next_due(8.0) == 2.0
    assert places(take(pending, 10.0)) == [0, 1, 2, 3]
    assert pending.next_due(11.0) == 0.0


def test_bodies_do_not_pile_up_while_they_wait(make):
    _, _, pending = make("a" * 100, in_flight=1)
    for _ in range(4):
        work = take(pending)
        work.due = 10.0
        pending.apply(work, whole(P))
    assert take(pending) is None
    assert not pending.done


def test_in_order_one_batch_of_a_lane_is_under_way_at_a_time(make):
    customers = "abcdefgh" * 10
    _, _, pending = make(customers, ordered=True, in_flight=3)
    lanes = lane_of(pl.Series(list(customers)), pl.Series(list(customers)), 3).to_list()
    first = [take(pending) for _ in range(4)]
    under_way = [work.lanes for work in first if work]
    assert len(set(under_way)) == len(under_way) <= 3
    for work in filter(None, first):
        assert {lanes[place] for place in places(work)} == work.lanes
    work = first[0]
    work.due = 10.0
    pending.apply(work, whole(P))
    assert take(pending, 0.0) is None  # what comes after it in its lane waits as well
    assert places(take(pending, 10.0)) == places(work)


def test_nothing_overtakes_a_batch_in_doubt(make):
    _, _, pending = make("a" * 8, ordered=True, in_flight=1)
    work = take(pending)
    pending.apply(work, [Part(range(2), A), Part([2], D), Part([3], P)])
    assert take(pending) is None
    assert not pending.waits
    (doubtful,) = pending.doubtful()
    assert places(doubtful) == [2]
    pending.apply(doubtful, whole(P))
    assert [places(take(pending)), take(pending)] == [[2], None]


def test_what_is_asked_about_waits_until_nothing_is_in_flight(make):
    _, _, pending = make()
    first, second = take(pending), take(pending)
    pending.apply(first, whole(D, cause="unclear"))
    assert pending.doubtful() == []
    pending.apply(second, whole(A))
    assert pending.doubtful() == [first]
    assert first.records is None  # it may wait long
    assert pending.tally.in_doubt == 4
    pending.apply(first, whole(A))
    assert (pending.tally.in_doubt, pending.tally.accepted) == (0, 8)


@pytest.mark.parametrize(
    ("in_doubt", "cause", "asked", "tries", "more"),
    [
        ("ask", "unclear", False, 99, True),
        ("ask", "unclear", True, 1, False),
        ("hold", "unclear", False, 1, False),
        ("hold", "gateway", False, 1, True),
        ("resend", "unclear", False, 1, True),
        ("resend", "unclear", False, 2, False),
        ("resend", "gateway", False, 99, True),
    ],
)
def test_of_which_batches_in_doubt_more_can_be_learned(  # noqa: PLR0917  (a table)
    make, in_doubt, cause, asked, tries, more
):
    _, _, pending = make("aaaa", in_doubt=in_doubt, attempts=2)
    for _ in range(tries):
        work = take(pending)
        pending.apply(work, whole(P))
    work = pending.next(0.0)
    pending.apply(work, whole(D, cause=cause))
    work.asked = asked
    assert bool(pending.doubtful()) == more


def test_a_resumed_load_knows_what_was_done(make):
    book, ledger, pending = make("aabbccddee")
    one, two, three = take(pending), take(pending), take(pending)
    pending.apply(one, whole(A))
    pending.apply(two, whole(D, cause="unclear"))
    pending.apply(three, whole(P))
    pending.commit()
    sender = book.sender(ledger, Truth(book.records).platform, policy(), Limits(records=4))
    again = sender._pending
    assert (again.tally.accepted, again.tally.in_doubt, again.tally.requests) == (4, 4, 3)
    assert [places(work) for work in again.doubtful()] == [[4, 5, 6, 7]]
    work = take(again)
    assert (work.entry.number, places(work), work.entry.attempts, work.tries) == (3, [8, 9], 2, 1)
    assert take(again) is None


def test_records_that_changed_on_disk_are_neither_sent_nor_asked_about(make):
    book, ledger, pending = make("aabbccdd")
    one, two = take(pending), take(pending)
    pending.apply(one, whole(P))
    pending.apply(two, whole(D))
    pending.commit()
    write_records(book.path, make_records(list("aabbccdd"), [f"X{n}" for n in range(8)]))
    again = book.sender(ledger, Truth(book.records).platform, policy())._pending
    with pytest.raises(RecordsChangedError):
        take(again)
    with pytest.raises(RecordsChangedError):
        again.read(again.doubtful()[0].entry, ("key",))


def test_a_customer_is_always_in_one_lane_and_nobodys_are_dealt_by_key():
    customers = pl.Series(["a", "b", "", "a", ""])
    keys = pl.Series(["1", "2", "3", "4", "3"])
    lanes = lane_of(customers, keys, 1000)
    assert lanes.dtype == pl.Int32
    assert lanes[0] == lanes[3]
    assert lanes[2] == lanes[4]
    assert lane_of(customers, keys, 1).to_list() == [0] * 5
    many = pl.Series([f"c{n}" for n in range(1000)])
    counts = lane_of(many, many, 4).value_counts()["count"]
    assert counts.min() > 150
