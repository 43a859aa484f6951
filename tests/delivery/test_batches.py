"""Records into bodies: none lost, none twice, as full as the limits let them be."""

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.batches import Batch, Envelope, Limits, cut_batches

ENVELOPE = Envelope("ReceiptRequests")
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


@settings(max_examples=200, deadline=None)
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
