"""What became of a source, counted by what the ledger knows of each record."""

from pathlib import Path

import polars as pl
import pyarrow as pa
import pytest

from connectors.files import Stamp
from delivery.ledger import Fate
from delivery.records import RECORDS, RecordWriter
from pipelines.feeds import LoadFeed, read_feed
from pipelines.loading import Prepared
from pipelines.migration.reconciling import count_sources
from pipelines.migration.sources import EXPECTED, Kind, Source, _frames


def source(kind: Kind, rows: dict[str, Fate], *, rejected: int = 0, waiting: int = 0) -> Source:
    feed = read_feed("members_csv")
    assert isinstance(feed, LoadFeed)
    records = pl.DataFrame(
        [(key, "c", 20_000, None, fate.value) for key, fate in rows.items()], EXPECTED, orient="row"
    )
    every = len(rows) + rejected + waiting
    done = Prepared(every, every, rejected, rejected, 0, Stamp(0, 0), {}, waiting_records=waiting)
    return Source(kind, feed, kind, done, 10_000 * rejected, 30_000 * waiting, 0, records)


def test_a_member_of_two_feeds_counts_as_merged_into_the_later_one() -> None:
    first = source("members", {"1": Fate.CHANGED, "2": Fate.UNCHANGED, "3": Fate.CHANGED})
    second = source("members", {"1": Fate.UNCHANGED})
    [told, other] = count_sources([first, second])
    assert (told.delivered, told.merged, told.held) == (1, 1, 1)
    assert (other.delivered, other.merged, other.held) == (1, 0, 0)
    assert told.adds_up
    assert other.adds_up


def test_what_waits_was_not_taken() -> None:
    rows = {"1": Fate.UNCHANGED, "2": Fate.NEW, "3": Fate.IN_DOUBT}
    [records, points] = count_sources([source("points", rows, rejected=1, waiting=1)])
    assert (records.source, records.undelivered, records.rejected) == (5, 2, 1)
    assert records.adds_up
    assert (points.source, points.delivered, points.rejected) == (10, 2, 1)
    assert (points.undelivered, points.in_doubt) == (5, 2)
    assert points.adds_up


@pytest.mark.parametrize("kind", ["members", "stamps", "vehicles"])
def test_of_a_source_no_texts_are_kept(tmp_path: Path, kind: Kind) -> None:
    """What a column of a record batch holds on to is all of the batch."""
    count, text = 1_000, "x" * 2_000
    body = f'/a\n{{"id":"S1","text":"{text if kind != "vehicles" else ""}"}}'
    same = {"row": 1, "last_row": 1, "rows": 1, "amount": 0, "customer": "c", "json": body}
    records = pl.DataFrame([{"key": str(n), **same} for n in range(count)], schema=RECORDS)
    with RecordWriter(tmp_path / "records.arrow") as writer:
        writer.write(records)
    fates = pl.repeat(0, count, dtype=pl.UInt8, eager=True)
    before = pa.total_allocated_bytes()
    kept = list(_frames(tmp_path / "records.arrow", kind, fates))
    assert pa.total_allocated_bytes() - before < 100 * count
    details = {"members": None, "stamps": "S1", "vehicles": '{"id":"S1","text":""}'}
    assert {*kept[0]["detail"]} == {details[kind]}
