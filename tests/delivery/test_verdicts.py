"""What becomes of a batch, as tables: every verdict, every policy."""

from math import log2

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from delivery.ledger import Entry, State
from delivery.policy import Policy
from delivery.replies import Found, Reply, Verdict
from delivery.verdicts import Part, Work, judge, sort_out

A, R, D, P, U = State.ACCEPTED, State.REJECTED, State.IN_DOUBT, State.PLANNED, State.UNSENT
IDS = ("R0", "R1", "R2", "R3")
ASK = Policy()
TWICE = Policy(idempotent=True)
ORDERED = Policy(ordered=True)
BUDGET = "; not told apart: the budget of extra requests is spent"


def entry(count=4, **facts):
    facts = {"state": State.SENDING, "attempts": 1} | facts
    return Entry("x", 1, None, places=bytes(4 * count), keys=b"", contents=b"", body_hash=b"",
                 **facts)  # fmt: skip


def decide(reply, *, policy=ASK, ids=IDS, doubted=False, may_split=True, may_retry=True):
    """Judge a batch; give positions and state of each part."""
    batch = entry(len(ids), doubted=doubted)
    return judge(batch, ids, reply, policy, may_split=may_split, may_retry=may_retry)


def short(parts):
    return [("".join(map(str, part.positions)), part.state) for part in parts]


@pytest.mark.parametrize("policy", [ASK, TWICE, ORDERED])
@pytest.mark.parametrize("doubted", [False, True])
@pytest.mark.parametrize(
    ("reply", "state"),
    [
        (Reply(Verdict.TAKEN, 200), A),
        (Reply(Verdict.UNREACHED, None, "why"), P),
        (Reply(Verdict.BUSY, 429, "why"), P),
        (Reply(Verdict.FORBIDDEN, 401, "why"), P),
    ],
)
def test_what_is_sure_for_all(reply, state, doubted, policy):
    (part,) = decide(reply, policy=policy, doubted=doubted)
    assert (list(part.positions), part.state) == ([0, 1, 2, 3], state)
    if state is P:
        assert (part.reason, part.doubted) == ("why", doubted)  # a doubt is not forgotten


@pytest.mark.parametrize("in_doubt", ["ask", "resend", "hold"])
@pytest.mark.parametrize("verdict", [Verdict.GATEWAY, Verdict.UNCLEAR])
def test_what_may_have_been_stored_is_in_doubt(verdict, in_doubt):
    (part,) = decide(Reply(verdict, 502, "why"), policy=Policy(in_doubt=in_doubt))
    assert part == Part(range(4), D, "why", verdict.value)


@pytest.mark.parametrize("verdict", [Verdict.GATEWAY, Verdict.UNCLEAR])
def test_where_twice_is_once_it_is_sent_again_but_not_for_ever(verdict):
    reply = Reply(verdict, 502, "why")
    assert decide(reply, policy=TWICE) == [Part(range(4), P, "why", doubted=True)]
    assert decide(reply, policy=TWICE, may_retry=False) == [Part(range(4), D, "why", verdict.value)]


@pytest.mark.parametrize(
    ("named", "ids", "parts"),
    [
        (IDS, IDS, [("0123", A)]),
        ((), IDS, [("0123", D)]),
        (("R1", "R2"), IDS, [("12", A), ("03", D)]),
        (("X",), IDS, [("0123", D)]),
        (("R0",), ("R0", "R0", "R1"), [("012", D)]),  # names neither of the two for sure
        (("R0", "R1"), ("R0", "R0", "R1"), [("2", A), ("01", D)]),
        (("",), ("", "R1"), [("0", A), ("1", D)]),
    ],
)
def test_an_answer_that_lists_what_it_took_leaves_the_rest_in_doubt(named, ids, parts):
    reply = Reply(Verdict.TAKEN, 200, ids=frozenset(named), names_taken=True)
    found = decide(reply, ids=ids)
    assert short(found) == parts
    assert all(part.cause == "short" for part in found if part.state is D)


@pytest.mark.parametrize("may_split", [False, True])
@pytest.mark.parametrize(
    ("reply", "doubted", "state"),
    [
        (Reply(Verdict.REFUSED, 400, "why"), False, R),
        (Reply(Verdict.REFUSED, 400, "why"), True, R),
        (Reply(Verdict.REFUSED, 422, "why"), True, R),
        (Reply(Verdict.TOO_LARGE, 413, "why"), False, R),
        (Reply(Verdict.REFUSED, 409, "why"), False, R),
        (Reply(Verdict.REFUSED, 409, "why"), True, A),  # it is what landed before
    ],
)
def test_a_record_refused_alone(reply, doubted, state, may_split):
    found = decide(reply, ids=("R0",), doubted=doubted, may_split=may_split)
    assert found == [Part(range(1), state, "why")]


def refused(status=400, ids=(), places=()):
    return Reply(Verdict.REFUSED, status, "why", ids=frozenset(ids), places=frozenset(places))


@pytest.mark.parametrize(
    ("reply", "policy", "parts"),
    [
        (refused(), ASK, ["01", "23"]),
        (refused(ids=["R1"]), ASK, ["023", "1"]),
        (refused(ids=["R1", "R3"]), ASK, ["02", "13"]),
        (refused(places=[0]), ASK, ["123", "0"]),
        (refused(places=[0], ids=["R3", "X"]), ASK, ["12", "03"]),
        (refused(places=[9], ids=["X"]), ASK, ["01", "23"]),  # names nobody
        (refused(ids=IDS), ASK, ["01", "23"]),  # names all
        (refused(ids=["R1"]), ORDERED, ["01", "23"]),  # apart, 0 might overtake 1
        (Reply(Verdict.TOO_LARGE, 413, "why"), ASK, ["01", "23"]),
        (Reply(Verdict.TOO_LARGE, 413, "why", ids=frozenset(["R1"])), ASK, ["01", "23"]),
    ],
)
@pytest.mark.parametrize("doubted", [False, True])
def test_what_is_refused_together_is_told_apart(reply, policy, parts, doubted):
    found = decide(reply, policy=policy, doubted=doubted)
    assert short(found) == [(part, P) for part in parts]
    assert all((part.reason, part.doubted) == ("why", doubted) for part in found)
    left = Part(range(4), D, "why" + BUDGET, "refused", doubted=True)
    if not doubted:
        left = Part(range(4), U, "why" + BUDGET)
    assert decide(reply, policy=policy, doubted=doubted, may_split=False) == [left]


@pytest.mark.parametrize("count", [2, 3, 5, 400])
def test_halves_of_few_and_many(count):
    found = decide(refused(), ids=[f"R{n}" for n in range(count)])
    sizes = [len(part.positions) for part in found]
    assert sizes == {2: [1, 1], 3: [1, 2], 5: [2, 3], 400: [200, 200]}[count]


def test_finding_one_bad_record_costs_no_more_than_promised():
    def cost(positions, bad):
        """Requests that finding the bad one takes, once all were refused together."""
        if len(positions) == 1:
            return 0
        found = decide(refused(), ids=[str(n) for n in positions])
        first, second = ([positions[n] for n in part.positions] for part in found)
        if bad in first:
            return 1 + cost(first, bad) + 1
        return 1 + max(1, cost(second, bad))  # the first was taken: the second is not sent whole

    costs = [cost(range(400), bad) for bad in range(400)]
    assert sum(costs) / 400 <= 1.6 * log2(400)
    assert max(costs) <= 18


@pytest.mark.parametrize(
    ("reply", "ids", "parts"),
    [
        (refused(409, ids=["R1"]), IDS, [("023", P), ("1", A)]),
        (refused(409, places=[0, 3]), IDS, [("12", P), ("03", A)]),
        (refused(409, ids=IDS), IDS, [("0123", A)]),
        (refused(409), IDS, [("01", P), ("23", P)]),
        # An id that two share does not say which of them is there.
        (refused(409, ids=["R0"]), ("R0", "R0", "R1"), [("2", P), ("01", P)]),
        (refused(409, ids=["R0", "R1"]), ("R0", "R0", "R1"), [("01", P), ("2", A)]),
        (refused(409, places=[0]), ("R0", "R0", "R1"), [("12", P), ("0", A)]),
    ],
)
def test_a_conflict_after_doubt_says_what_landed_before(reply, ids, parts):
    found = decide(reply, ids=ids, doubted=True)
    assert short(found) == parts
    assert all(part.doubted for part in found if part.state is P)
    # Without a doubt it is a refusal like any other.
    assert A not in {part.state for part in decide(reply, ids=ids)}


L, M, X, N = Found.LANDED, Found.MISSING, Found.UNKNOWN, Found.UNASKABLE


@pytest.mark.parametrize(
    ("cause", "may_retry", "found", "parts"),
    [
        ("unclear", True, [L, L], [("01", A)]),
        ("unclear", True, [M, M], [("01", P)]),
        ("unclear", True, [L, M, X, N], [("0", A), ("1", P), ("3", D), ("2", D)]),
        ("killed", True, [N, X], [("0", D), ("1", D)]),
        ("stopped", True, [M, L], [("1", A), ("0", P)]),
        ("gateway", True, [L, M, X, N], [("0", A), ("1", P), ("3", P), ("2", D)]),
        ("gateway", False, [L, M, X, N], [("0", A), ("1", U), ("3", D), ("2", D)]),
        ("unclear", False, [L, M, X, N], [("0", A), ("1", U), ("3", D), ("2", D)]),
    ],
)
def test_what_asking_tells(cause, may_retry, found, parts):
    batch = entry(len(found), state=D, cause=cause, reason="why")
    told = sort_out(batch, found, may_retry=may_retry)
    assert short(told) == parts
    for part in told:
        if part.state is D:
            assert (part.cause, part.doubted) == (cause, True)
        if part.state is P and found[part.positions[0]] is N:
            assert part.doubted


REPLIES = st.builds(
    Reply,
    st.sampled_from(Verdict),
    st.sampled_from([200, 400, 409, 413, 500]),
    ids=st.frozensets(st.sampled_from([*IDS, "X"])),
    places=st.frozensets(st.integers(0, 6)),
    names_taken=st.booleans(),
)
POLICIES = st.builds(Policy, idempotent=st.booleans(), ordered=st.booleans())


@given(
    REPLIES,
    POLICIES,
    st.lists(st.sampled_from([*IDS, ""]), min_size=1, max_size=7),
    st.tuples(st.booleans(), st.booleans(), st.booleans()),
)
def test_each_record_is_in_one_part_whatever_is_answered(reply, policy, ids, flags):
    doubted, may_split, may_retry = flags
    parts = judge(
        entry(len(ids), doubted=doubted), ids, reply, policy,
        may_split=may_split, may_retry=may_retry,
    )  # fmt: skip
    assert all(part.positions for part in parts)
    assert sorted(n for part in parts for n in part.positions) == list(range(len(ids)))
    if policy.ordered and all(part.state is P for part in parts):
        assert [n for part in parts for n in part.positions] == list(range(len(ids)))
    for part in parts:
        if part.state is R:
            assert len(ids) == 1


@given(
    st.lists(st.sampled_from(Found), min_size=1), st.booleans(), st.sampled_from(["gateway", "x"])
)
def test_each_record_is_in_one_part_whatever_is_found(found, may_retry, cause):
    parts = sort_out(entry(len(found), cause=cause), found, may_retry=may_retry)
    assert sorted(n for part in parts for n in part.positions) == list(range(len(found)))
    for part in parts:
        assert (part.state is A) == all(found[n] is L for n in part.positions)


def test_an_id_is_the_second_part_of_a_key():
    records = pl.DataFrame({"key": ["1\x1fR1\x1fPURCHASE", "externalId\x1f7", "odd", ""]})
    assert Work(entry(), records).ids == ["R1", "7", "", ""]
