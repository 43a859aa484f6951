"""What became of every record: one row each, and sums that add up."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from delivery.ledger import Entry, Fate, State
from delivery.outcomes import OUTCOMES, REFUSED, TABLE, Facts, tell_outcomes, write_outcomes
from tests.delivery.truth import make_records, write_records

A, R, D, P, U = State.ACCEPTED, State.REJECTED, State.IN_DOUBT, State.PLANNED, State.UNSENT


def batch(number, places, state, **facts):
    packed = b"".join(place.to_bytes(4, "little") for place in places)
    return Entry("x", number, facts.pop("parent", None), state, places=packed, keys=b"",
                 contents=b"", body_hash=b"", **facts)  # fmt: skip


def refuse(*rows, waits=False):
    facts = [(f"k{row}", row, row, 1, why, 0, waits) for row, why in rows]
    return pl.DataFrame(facts, schema=REFUSED, orient="row")


@pytest.fixture
def make(tmp_path):
    """Return what makes the facts of a load of so many records."""

    def facts(count, entries=(), *, refused=None, fates=(), changed="hold"):
        path = tmp_path / "records.arrow"
        write_records(path, make_records(["c"] * count), 3)
        known = pl.Series([*fates, *([Fate.NEW] * (count - len(fates)))], dtype=pl.UInt8)
        refused = refuse() if refused is None else refused
        return Facts(["a.csv"], path, refused, known, list(entries), changed)

    return facts


def tell(facts, *columns):
    return pl.concat(tell_outcomes(facts)).select(columns).rows()


def test_each_state_is_an_outcome_with_its_reason(make):
    states = [*((A, ""), (R, "bad"), (D, "lost"), (State.SENDING, ""), (P, ""), (U, "budget"))]
    entries = [batch(n + 1, [n], state, reason=why) for n, (state, why) in enumerate(states)]
    assert tell(make(6, entries), "row", "outcome", "reasons", "batch") == [
        (2, "accepted", "", 1),
        (3, "rejected", "bad", 2),
        (4, "in_doubt", "lost", 3),
        (5, "in_doubt", "", 4),
        (6, "unsent", "", 5),
        (7, "unsent", "budget", 6),
    ]


CHANGED = [
    ("hold", "unsent", "held: delivered before with other content (delivery.changed: hold)"),
    ("reject", "rejected", "delivered before with other content (delivery.changed: reject)"),
    ("resend", "unsent", "not tried"),
]


@pytest.mark.parametrize(("changed", "outcome", "reason"), CHANGED)
def test_what_was_in_no_batch_is_told_by_what_was_known_before(make, changed, outcome, reason):
    fates = [Fate.NEW, Fate.UNCHANGED, Fate.CHANGED, Fate.IN_DOUBT]
    told = tell(make(4, fates=fates, changed=changed), "outcome", "reasons", "batch", "attempts")
    assert told == [
        ("unsent", "not tried", None, None),
        ("unchanged", "delivered before with this content", None, None),
        (outcome, reason, None, None),
        ("in_doubt", "sent by an earlier load, which does not know whether it landed", None, None),
    ]


def test_what_was_in_a_batch_is_told_by_it_though_it_was_known_before(make):
    facts = make(1, [batch(1, [0], A)], fates=[Fate.CHANGED], changed="resend")
    assert tell(facts, "outcome", "reasons") == [("accepted", "")]


def test_attempts_are_all_requests_that_carried_a_record(make):
    entries = [
        batch(1, [0, 1, 2, 3], State.SPLIT, attempts=3),
        batch(2, [0, 1], A, parent=1, attempts=1, status=200, seconds=0.5),
        batch(3, [2, 3], State.SPLIT, parent=1, attempts=2),
        batch(4, [2], R, parent=3, attempts=1, status=400, reason="bad"),
        batch(5, [3], A, parent=3),
        batch(6, [4], A, attempts=1),
    ]
    assert tell(make(5, entries), "batch", "attempts", "status", "seconds") == [
        (2, 4, 200, 0.5),
        (2, 4, 200, 0.5),
        (4, 6, 400, None),
        (5, 5, None, None),
        (6, 1, None, None),
    ]


def test_merged_records_are_told_with_the_key_of_the_one_that_stands_for_them(make):
    lost = refuse((9, "no amount"), (5, "merged into k2 by phone"))
    lost = lost.with_columns(merged_into=pl.Series([None, "k2"]))
    facts = make(1, refused=lost)
    told = tell(facts, "row", "key", "outcome", "reasons", "merged_into")
    assert told[:2] == [
        (9, "k9", "rejected", "no amount", None),
        (5, "k5", "merged", "merged into k2 by phone", "k2"),
    ]
    counts = write_outcomes(facts, facts.records.with_name("outcomes.parquet"))
    assert counts.by_outcome | {"unsent": 0} == dict.fromkeys(OUTCOMES, 0) | {
        "merged": 1,
        "rejected": 1,
    }
    assert counts.records == 3


def test_refused_rows_are_told_first_with_their_reasons(make):
    facts = make(1, refused=refuse((9, "no amount"), (5, "no date")))
    assert tell(facts, "file", "row", "key", "outcome", "reasons", "batch") == [
        ("a.csv", 9, "k9", "rejected", "no amount", None),
        ("a.csv", 5, "k5", "rejected", "no date", None),
        ("a.csv", 2, "1\x1fR0\x1fPURCHASE", "unsent", "not tried", None),
    ]


def test_records_that_wait_are_unsent_also_of_a_version_that_knew_none(make):
    waiting = pl.concat([refuse((9, "no amount")), refuse((5, "no member"), waits=True)])
    facts = make(0, refused=waiting)
    assert tell(facts, "row", "outcome", "reasons") == [
        (9, "rejected", "no amount"),
        (5, "unsent", "no member"),
    ]
    assert tell(make(0, refused=refuse((9, "no")).drop("waits")), "outcome") == [("rejected",)]


def test_the_file_holds_the_rows_the_accepted_are_apart_and_the_owner_alone_reads_them(make):
    entries = [batch(1, [0, 2], A), batch(2, [1], R, reason="bad")]
    facts = make(4, entries, refused=refuse((9, "no amount")), fates=[0, 0, 0, Fate.CHANGED])
    path = facts.records.with_name("outcomes.parquet")
    counts = write_outcomes(facts, path)
    assert counts.by_outcome == {
        "accepted": 2,
        "quarantined": 0,
        "rejected": 2,
        "unchanged": 0,
        "merged": 0,
        "in_doubt": 0,
        "unsent": 1,
    }
    assert (counts.records, counts.held) == (5, 1)
    found = pl.read_parquet(path)
    assert found.schema == TABLE
    assert_frame_equal(found, pl.concat(tell_outcomes(facts)))
    accepted = pl.read_parquet(path.with_name("accepted.parquet"))
    assert_frame_equal(accepted, found.filter(outcome="accepted"))
    names = {file.name for file in path.parent.iterdir()}
    assert names == {"records.arrow", "outcomes.parquet", "accepted.parquet"}
    for name in names:
        assert path.with_name(name).stat().st_mode & 0o777 == 0o600


def test_written_again_it_is_the_same_and_as_private(make):
    facts = make(3, [batch(1, [0, 2], A)])
    path = facts.records.with_name("outcomes.parquet")
    write_outcomes(facts, path)
    before = path.read_bytes()
    path.chmod(0o644)
    path.with_name(".outcomes.parquet").write_text("left by a crash")
    path.with_name(".outcomes.parquet").chmod(0o644)
    write_outcomes(facts, path)
    assert path.read_bytes() == before
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_at_all_is_told_as_well(make):
    facts = make(0)
    path = facts.records.with_name("outcomes.parquet")
    assert write_outcomes(facts, path).records == 0
    assert pl.read_parquet(path).schema == TABLE
    assert pl.read_parquet(path.with_name("accepted.parquet")).is_empty()


STATES = st.sampled_from([A, R, D, P, U])


@settings(max_examples=30, deadline=None)
@given(
    st.lists(st.none() | st.tuples(st.integers(1, 4), STATES), max_size=15),
    st.integers(0, 3),
    st.data(),
)
def test_every_record_has_one_row_and_the_sums_add_up(tmp_path_factory, drawn, refused, data):
    folder = tmp_path_factory.mktemp("load")
    write_records(folder / "records.arrow", make_records(["c"] * len(drawn)), 4)
    groups = {}
    for place, which in enumerate(drawn):
        if which is not None:
            groups.setdefault(which, []).append(place)
    entries = [
        batch(number, places, state)
        for number, ((_, state), places) in enumerate(groups.items(), 1)
    ]
    some = st.lists(st.sampled_from(Fate), min_size=len(drawn), max_size=len(drawn))
    fates = pl.Series(data.draw(some), dtype=pl.UInt8)
    changed = data.draw(st.sampled_from(["hold", "reject", "resend"]))
    lost = refuse(*((100 + n, "why") for n in range(refused)))
    facts = Facts(["a"], folder / "records.arrow", lost, fates, entries, changed)
    counts = write_outcomes(facts, folder / "outcomes.parquet")
    told = pl.read_parquet(folder / "outcomes.parquet")
    rows = [*range(100, 100 + refused), *range(2, len(drawn) + 2)]
    assert told["row"].to_list() == rows
    assert counts.records == len(rows) == sum(counts.by_outcome.values())
    assert tuple(counts.by_outcome) == OUTCOMES
    for outcome, count in counts.by_outcome.items():
        assert (told["outcome"] == outcome).sum() == count
    batched = {place: state for (_, state), places in groups.items() for place in places}
    for place, outcome in enumerate(told["outcome"][refused:]):
        if place in batched:
            words = {A: "accepted", R: "rejected", D: "in_doubt", P: "unsent", U: "unsent"}
            assert outcome == words[batched[place]]
