"""What a page is made of: batches over time, columns, funnels."""

from itertools import count, pairwise

import polars as pl
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from delivery.ledger import Entry, State
from delivery.ledger.words import PLACE
from pipelines.feeds import LoadFeed
from pipelines.run_page.batches import BINS, tell_sending
from pipelines.run_page.funnel import stages_of_load
from pipelines.run_page.profiling import WHOLE, Profiler
from pipelines.runs import Summary

NUMBERS = count()


def batch(state: State, records: int, sent_at: float | None, took: float | None) -> Entry:
    tries = 0 if sent_at is None else 1
    places = bytes(PLACE * records)
    status = 200 if took is not None else None
    return Entry(
        *("r/f", next(NUMBERS), None, state, places, b"", b"", b""),
        attempts=tries,
        status=status,
        sent_at=sent_at,
        seconds=took,
    )


sent = st.builds(
    batch,
    st.sampled_from([State.ACCEPTED, State.REJECTED, State.IN_DOUBT]),
    st.integers(1, 5),
    st.floats(1e9, 1e9 + 500),
    st.floats(0.001, 90) | st.none(),
)


@settings(max_examples=50, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(st.lists(sent, min_size=1, max_size=20))
def test_every_accepted_record_is_in_one_bin(entries: list[Entry]) -> None:
    told = tell_sending(entries)
    assert told is not None
    assert 1 <= len(told.bins) <= BINS
    accepted = [e for e in entries if e.state is State.ACCEPTED]
    assert sum(one.records for one in told.bins) == sum(e.records for e in accepted)
    slowest = max([one.slowest or 0 for one in told.bins])
    assert slowest == (told.slowest or 0)
    assert sum(records for _, _, records, _, _ in told.outcomes) == sum(e.records for e in entries)


def test_a_load_that_rested_shows_its_longest_stretch() -> None:
    early = [batch(State.ACCEPTED, 1, 1e9 + n, 0.5) for n in range(3)]
    later = [batch(State.ACCEPTED, 2, 1e9 + 90_000 + n, 0.5) for n in range(5)]
    told = tell_sending([*early, *later, batch(State.PLANNED, 4, None, None)])
    assert told is not None
    assert (told.stretches, sum(one.records for one in told.bins)) == (2, 10)
    assert told.seconds == pytest.approx(2.5 + 4.5)
    assert (told.sent, told.requests, told.batches) == (13, 8, 9)


def receipts(**words: object) -> LoadFeed:
    mapping = {
        "Header.StoreId": "store",
        "Header.ReceiptId": "id",
        "Header.ConsumerId": "who",
        "Header.TimeStamp": "time",
        "Items.LineNo": "line",
        "Items.Quantity": "quantity",
        "Items.ProductId": "product",
        "Items.GrossAmount": "gross",
    }
    source, target = {"path": "a.csv"}, {"endpoint": "POST /transactions"}
    told = {"source": source, "target": target, "mapping": mapping, "receipts": {"vat_percent": 25}}
    return LoadFeed.model_validate({**told, **words})


@settings(max_examples=30, deadline=None)
@given(st.lists(st.sampled_from(["", "a", "bb", "cæ", None]), max_size=40), st.integers(1, 9))
def test_a_column_is_counted_the_same_in_any_frames(texts: list[str | None], size: int) -> None:
    profiler = Profiler(receipts())
    column = pl.Series("who", texts, pl.String)
    for start in range(0, len(texts), size):
        part = column.slice(start, size)
        profiler.take(pl.DataFrame({"_row": range(start, start + part.len()), "who": part}))
    full = [text for text in texts if text]
    for found in profiler.tell():
        assert (found.rows, found.filled, found.distinct) == (len(texts), len(full), len({*full}))
        lengths = [len(text) for text in full] or [None]
        assert (found.shortest, found.longest) == (lengths[0] and min(lengths), max(lengths))
        assert (found.least, found.most, found.uses) == ("", "", "Header.ConsumerId")


def test_many_values_are_estimated_and_only_goods_tell_theirs() -> None:
    profiler = Profiler(receipts(values={"decimal": ","}))
    for part in range(10):
        numbers = [*range(part * 5000, part * 5000 + 6000)]
        frame = pl.DataFrame(
            {
                "_row": numbers,
                "who": [f"C{n}" for n in numbers],
                "gross": [f"{n},50" for n in numbers],
                "time": ["2026-03-01T10:00:00"] * len(numbers),
                "_fault": [None] * 5999 + ["too short"],
            },
            schema_overrides={"_fault": pl.String},
        )
        profiler.take(frame)
    who, gross, time = profiler.tell()
    assert abs(who.distinct / 51_000 - 1) < 0.12
    assert (who.exact, who.least, who.rows) == (False, "", 59_990)
    assert (gross.least, gross.most) == ("0.5", "50,998.5")
    assert (time.least, time.distinct, time.exact) == ("2026-03-01T10:00:00", 1, True)


def test_of_many_rows_one_part_in_eight_is_looked_at() -> None:
    profiler = Profiler(receipts())
    for start in range(0, 1 << 20, 1 << 15):
        numbers = pl.int_range(start, start + (1 << 15), eager=True)
        profiler.take(pl.DataFrame({"_row": numbers, "product": numbers.cast(pl.String)}))
    (product,) = profiler.tell()
    assert product.rows == WHOLE + 3 * (1 << 15)  # blocks 8, 16 and 24


def test_a_number_column_of_a_person_tells_nothing() -> None:
    feed = LoadFeed.model_validate(
        {
            "source": {"path": "a.csv"},
            "target": {"endpoint": "POST /import"},
            "mapping": {"externalId": "no", "age": "age", "birthDate": "born"},
        }
    )
    profiler = Profiler(feed)
    profiler.take(pl.DataFrame({"_row": [2], "no": ["17"], "age": ["44"], "born": ["1980-01-31"]}))
    assert {(one.least, one.most) for one in profiler.tell()} == {("", "")}


def test_what_fell_out_between_two_stages_is_their_difference() -> None:
    summary = Summary(
        *("r", "f", "load"),
        records=100,
        accepted_records=60,
        rejected_records=12,
        checked_records=10,
        unchanged_records=9,
        merged_records=4,
        waiting_records=3,
        unsent_records=8,
        in_doubt_records=5,
        quarantined_records=2,
        state="finished",
    )
    assert summary.accounted_for
    entries = [
        batch(State.ACCEPTED, 60, 1e9, 0.1),
        batch(State.REJECTED, 2, 1e9, 0.1),
        batch(State.IN_DOUBT, 5, 1e9, None),
        batch(State.UNSENT, 2, 1e9, 0.1),  # in quarantine
    ]
    stages = stages_of_load(summary, tell_sending(entries))
    for before, stage in pairwise(stages):
        lost = sum(number for number, _ in [*stage.lost, *stage.apart])
        assert before.count - stage.count == lost, stage
    assert [stage.count for stage in stages] == [100, 87, 69, 60]
