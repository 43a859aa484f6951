"""Records into bodies: none lost, none twice, as full as the limits let them be."""

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.batches import Batch, Cutter, Envelope, Limits, cut_batches

ENVELOPE = Envelope.of_json("ReceiptRequests")
AROUND = len('{"ReceiptRequests":[]}')


def frame(records):
    rows, texts = [n for n, _ in records], [text for _, text in records]
    return pl.DataFrame({"rows": pl.Series(rows, dtype=pl.UInt32), "json": texts},
                        schema={"rows": pl.UInt32, "json": pl.String})  # fmt: skip


def cut(records, sizes, limits):
    frames, start = [], 0
    for size in sizes:
        frames.append(frame(records[start : start + size]))
        start += size
    frames.append(frame(records[start:]))
    return list(cut_batches(frames, ENVELOPE, limits))


def refer(records, limits):
    """Fill one batch after another, record by record."""
    batches = []
    for rows, text in records:
        size = len(text.encode())
        if batches:
            last = batches[-1]
            fits = (
                len(last) < limits.records
                and (limits.rows is None or sum(r for r, _ in last) + rows <= limits.rows)
                and AROUND + sum(len(t.encode()) + 1 for _, t in last) + size <= limits.size
            )
            if fits:
                last.append((rows, text))
                continue
        batches.append([(rows, text)])
    return batches


TEXT = st.integers(0, 60).map(lambda n: json.dumps("x" * n)) | st.sampled_from(
    ['"æ"', '"\N{GRINNING FACE}"', "{}", '{"a":"b,c"}']
)
RECORDS = st.lists(st.tuples(st.integers(1, 5), TEXT), max_size=20)
LIMITS = st.builds(
    Limits,
    records=st.integers(1, 7),
    rows=st.none() | st.integers(1, 9),
    size=st.integers(1, 150) | st.just(4 << 20),
)


@settings(max_examples=80, deadline=None)
@given(RECORDS, st.lists(st.integers(0, 6), max_size=6), LIMITS)
def test_each_record_is_in_one_batch_and_batches_are_as_full_as_can_be(records, sizes, limits):
    batches = cut(records, sizes, limits)
    expected = refer(records, limits)
    assert [batch.number for batch in batches] == list(range(1, len(batches) + 1))
    for batch, inside in zip(batches, expected, strict=True):
        texts = ",".join(text for _, text in inside)
        assert batch.body == f'{{"ReceiptRequests":[{texts}]}}'.encode()
        assert batch.records == len(inside)
        assert batch.rows == sum(rows for rows, _ in inside)
        assert len(json.loads(batch.body)["ReceiptRequests"]) == batch.records
        if batch.records > 1:
            assert batch.records <= limits.records
            assert limits.rows is None or batch.rows <= limits.rows
            assert len(batch.body) <= limits.size


@pytest.mark.parametrize("extra", [0, 1])
def test_a_body_may_have_just_the_size_allowed(extra):
    size = AROUND + len('"aa","bb"') - extra
    batches = cut([(1, '"aa"'), (1, '"bb"')], [], Limits(size=size))
    assert [batch.records for batch in batches] == ([2] if not extra else [1, 1])


def test_a_record_over_a_limit_goes_alone():
    records = [(1, '"a"'), (9, '"b"'), (1, f'"{"c" * 99}"'), (1, '"d"')]
    batches = cut(records, [], Limits(rows=5, size=60))
    assert [batch.records for batch in batches] == [1, 1, 1, 1]


def test_the_default_is_400_records_and_4_mib():
    batches = cut([(3, "{}")] * 1000, [333], Limits())
    assert [batch.records for batch in batches] == [400, 400, 200]
    text = json.dumps("x" * (1 << 20))
    assert [batch.records for batch in cut([(1, text)] * 7, [], Limits())] == [3, 3, 1]


def test_batches_come_while_frames_are_read():
    taken = []

    def frames():
        for number in range(4):
            taken.append(number)
            yield frame([(1, str(number))] * 3)

    batches = cut_batches(frames(), ENVELOPE, Limits(records=2))
    assert next(batches) == Batch(1, b'{"ReceiptRequests":[0,0]}', 2, 2)
    assert taken == [0]
    assert [batch.records for batch in batches] == [2] * 5


@pytest.mark.parametrize("frames", [[], [frame([])], [frame([]), frame([])]])
def test_no_record_makes_no_batch(frames):
    assert list(cut_batches(frames, ENVELOPE, Limits())) == []


# The cutter: lanes, and limits that are lowered on the way


def laned(lanes, start=0):
    """Make a frame of one record for each lane named."""
    numbers = range(start, start + len(lanes))
    return pl.DataFrame(
        {"n": numbers, "rows": [1] * len(lanes), "json": map(str, numbers), "lane": lanes},
        schema={"n": pl.Int64, "rows": pl.UInt32, "json": pl.String, "lane": pl.Int32},
    )


def places(records):
    return None if records is None else records["n"].to_list()


def test_a_lane_holds_its_own_records_in_order():
    frames = [laned([0, 1, 0, 2, 0]), laned([1, 1, 0], 5)]
    cutter = Cutter(frames, ENVELOPE, Limits(records=2), 4)
    assert [places(cutter.cut(lane)) for lane in (0, 0, 1, 1, 2, 3)] == [
        [0, 2],
        [4, 7],
        [1, 5],
        [6],
        [3],
        None,
    ]
    assert [cutter.cut(lane) for lane in range(4)] == [None] * 4


def test_a_closed_lane_gives_nothing_more():
    frames = [laned([0, 1, 0, 1]), laned([0, 1, 0, 1], 4)]
    cutter = Cutter(frames, ENVELOPE, Limits(records=1), 2)
    assert places(cutter.cut(0)) == [0]
    cutter.close(0)
    assert cutter.cut(0) is None
    assert [places(cutter.cut(1)) for _ in range(5)] == [[1], [3], [5], [7], None]
    assert cutter.cut(0) is None


def test_the_only_lane_cannot_be_closed():
    cutter = Cutter([laned([0, 0])], ENVELOPE, Limits(records=1))
    cutter.close(0)
    assert places(cutter.cut()) == [0]


def test_a_lane_that_stands_still_makes_the_others_wait():
    read = []

    def frames():
        for number in range(100):
            read.append(number)
            yield laned([0] * 3 + [1], number * 4)

    cutter = Cutter(frames(), ENVELOPE, Limits(records=2), 2)
    while cutter.cut(1) is not None:
        pass
    assert len(read) < 2 * Cutter.MOST_WAITING
    assert cutter.cut(1) is None
    assert places(cutter.cut(0)) == [0, 1]


def test_fewer_records_from_now_on():
    cutter = Cutter([laned([0] * 30)], ENVELOPE, Limits(records=10))
    assert not cutter.lowered
    assert len(places(cutter.cut())) == 10
    cutter.max_records = 3
    assert cutter.lowered
    assert len(places(cutter.cut())) == 3
    cutter.max_records = 0  # a record goes alone then
    assert len(places(cutter.cut())) == 1


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(st.integers(0, 2), max_size=8), max_size=8),
    st.integers(1, 6),
    st.lists(st.tuples(st.integers(0, 2), st.sampled_from(["cut", "cut", "lower", "close"]))),
)
def test_each_record_is_cut_once_whatever_is_lowered_or_closed(lanes, most, steps):
    frames, start = [], 0
    for lane in lanes:
        frames.append(laned(lane, start))
        start += len(lane)
    lane_of = [lane for frame in lanes for lane in frame]
    cutter = Cutter(frames, ENVELOPE, Limits(records=most), 3)
    found, closed = [], set()
    for lane, step in [*steps, *((lane, "cut") for lane in [0, 1, 2] * (start + 1))]:
        if step == "close":
            cutter.close(lane)
            closed.add(lane)
        elif step == "lower":
            cutter.max_records = max(1, cutter.max_records - 1)
        elif (records := cutter.cut(lane)) is not None:
            assert lane not in closed
            assert 1 <= records.height <= cutter.max_records
            assert set(records["lane"]) == {lane}
            found.extend(records["n"])
    for lane in range(3):
        mine = [n for n in found if lane_of[n] == lane]
        every = [n for n, its in enumerate(lane_of) if its == lane]
        assert mine == (every[: len(mine)] if lane in closed else every)
