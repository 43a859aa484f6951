import random
from datetime import UTC, datetime, timedelta

import duckdb
import pandas as pd
import polars as pl
import pyarrow.dataset as ds
import pyarrow.parquet as pq
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

from pipelines.exports.writing import files, opening, sorting
from pipelines.exports.writing.layout import BadLayout

MIDNIGHT = datetime(2026, 3, 1, 23, 30, tzinfo=UTC)
"""The second of March, in Oslo."""


@pytest.fixture
def small(monkeypatch):
    """Chunks, runs and row groups of some rows, so that little data takes every road."""
    monkeypatch.setattr(opening, "CHUNK", 50)
    monkeypatch.setattr(sorting, "RUN_ROWS", 100)
    monkeypatch.setattr(sorting, "BLOCK", 8)
    monkeypatch.setattr(files, "GROUP_ROWS", 60)


def sale(number, at=MIDNIGHT, **more):
    return {"id": f"s{number:04}", "at": at.strftime("%Y-%m-%dT%H:%M:%SZ"), **more}


def sales(count, seed=1):
    rolled = random.Random(seed)
    return [
        sale(n, MIDNIGHT + timedelta(minutes=rolled.randrange(5000)), n=rolled.randrange(9))
        for n in range(count)
    ]


def in_pages(rows, size=30):
    return [rows[start : start + size] for start in range(0, len(rows), size)]


def is_same(path, *versions):
    return len({(version.folder / path).stat().st_ino for version in versions}) == 1


def paths(version):
    return sorted(file.path for file in version.written.files)


@pytest.mark.usefixtures("small")
def test_rows_lie_in_folders_by_the_business_day_and_sorted(export):
    rows = sales(500)
    version = export(
        *in_pages(rows),
        layout={"partition_by": "at", "sort_by": ["n", "id"], "zone": "Europe/Oslo"},
    )
    assert paths(version) == [f"data/day=2026-03-0{day}/part-00001.parquet" for day in (2, 3, 4, 5)]
    assert sorted(row["id"] for row in version.own("id")) == [row["id"] for row in rows]
    for file in version.written.files:
        own = pl.read_parquet(version.folder / file.path, hive_partitioning=False)
        days = own["at"].dt.convert_time_zone("Europe/Oslo").dt.to_string("%Y-%m-%d").unique()
        assert days.to_list() == [file.path[9:19]]
        assert own.equals(own.sort("n", "id"))
        assert own.height == file.rows
        assert (version.folder / file.path).stat().st_mode & 0o777 == 0o600
    assert not list(version.folder.glob(".*"))


@pytest.mark.usefixtures("small")
def test_files_end_at_a_size(export, monkeypatch):
    rows = [sale(n, text=random.Random(n).randbytes(200).hex()) for n in range(3000)]
    monkeypatch.setattr(files, "GROUP_ROWS", 500)
    version = export(*in_pages(rows, 250), layout={"file_mb": 1})
    assert len(paths(version)) == 1
    sizes = []
    monkeypatch.setattr(files, "MEGABYTE", 100_000)
    version = export(*in_pages(rows, 250), layout={"file_mb": 1})
    sizes = [file.bytes for file in version.written.files]
    assert len(sizes) > 3
    assert all(80_000 < size < 250_000 for size in sizes[:-1])
    assert [row["id"] for row in version.own("id")] == [row["id"] for row in rows]
    assert sum(file.rows for file in version.written.files) == 3000


def test_a_layout_that_cannot_be_is_refused(export):
    rows = [{"a": "x", "n": 1, "o": {"x": 1}}]
    with pytest.raises(BadLayout, match="sort_by: no column b"):
        export(rows, layout={"sort_by": ["b"]})
    with pytest.raises(BadLayout, match="partition_by: a is String, no time or date; declare it"):
        export(rows, layout={"partition_by": "a"})
    with pytest.raises(BadLayout, match="sort_by: o holds objects or lists"):
        export(rows, layout={"sort_by": ["o"]}, nested="struct")


def test_a_time_that_is_missing_has_a_folder_too(export):
    version = export([sale(1), {"id": "2", "at": None}], layout={"partition_by": "at"})
    assert paths(version) == [
        "data/day=2026-03-02/part-00001.parquet",
        "data/day=__HIVE_DEFAULT_PARTITION__/part-00001.parquet",
    ]
    own = export([sale(1, day="own")], layout={"partition_by": "at", "partition": "month"})
    assert paths(own) == ["data/month=2026-03/part-00001.parquet"]
    own = export([sale(1, day="own")], layout={"partition_by": "at"})
    assert paths(own) == ["data/_day=2026-03-02/part-00001.parquet"]


def test_append_links_what_was_there(export):
    layout = {"mode": "append"}
    first = export([sale(1)], layout=layout)
    second = export([sale(2)], layout=layout)
    assert paths(second) == ["data/part-00001.parquet", "data/part-00002.parquet"]
    assert (second.written.rows, second.written.new_rows) == (2, 1)
    assert is_same(paths(first)[0], first, second)
    assert [row["id"] for row in second.own("id")] == ["s0001", "s0002"]
    assert second.read()["_run_id"].to_list() == ["run1", "run2"]
    # Other columns than before: what was there is written again, and stays what it was.
    third = export([sale(3, new=1) | {"id": 3}], layout=layout)
    assert not is_same(paths(first)[0], first, third)
    assert third.own("id", "new") == [
        {"id": "s0001", "new": None},
        {"id": "s0002", "new": None},
        {"id": "3", "new": 1},
    ]
    assert third.read()["_run_id"].to_list() == ["run1", "run2", "run3"]
    fourth = export([{"id": "4"}], layout=layout)
    assert fourth.written.drift.gone == {"at": "Datetime(time_unit='us', time_zone='UTC')"} | {
        "new": "Int64"
    }
    assert fourth.read().columns == third.read().columns


@pytest.mark.usefixtures("small")
def test_merge_rewrites_only_what_holds_a_changed_key(export, monkeypatch):
    monkeypatch.setattr("pipelines.exports.writing.keeping.SMALL", 1 << 30)  # no file is small
    words = {
        "columns": {"id": "text", "at": "timestamp"},
        "key": ["id"],
        "layout": {"mode": "merge", "partition_by": "at"},
    }
    first = export(*in_pages(sales(200)), **words)
    changed = sales(200)[7] | {"n": 99}
    second = export(
        [changed | {"n": 98}, changed, sale(900, MIDNIGHT + timedelta(days=9))], **words
    )
    kept = [path for path in paths(first) if is_same(path, first, second)]
    assert len(kept) == len(paths(first)) - 1
    assert second.written.rows == 201
    assert second.read().filter(id="s0007")["n"].to_list() == [99]
    assert second.read().filter(id="s0007")["_run_id"].to_list() == ["run2"]


KEYS = st.integers(0, 12)
RUN = st.lists(st.tuples(KEYS, st.integers(0, 5), st.lists(st.integers(0, 3), max_size=3)))


@settings(max_examples=15, deadline=None, phases=list(Phase)[:-2])
@given(st.lists(RUN, min_size=1, max_size=4), st.booleans(), st.integers(1, 5))
def test_merge_is_a_dictionary(runs, parted, size):
    """Model: of every key the newest row, with the items of its list."""
    import tempfile
    from pathlib import Path

    from tests.pipelines.exports.conftest import make_export

    layout = {"mode": "merge"} | ({"partition_by": "at"} if parted else {})
    words = {"columns": {"id": "text", "at": "date", "n": "integer"}, "key": ["id"]}
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        patch.setattr(opening, "CHUNK", 4)
        patch.setattr("pipelines.exports.writing.keeping.SMALL", 1 << 30 if size % 2 else 8)
        export, model = make_export(Path(folder)), {}
        for run in runs:
            rows = [
                {"id": f"k{key}", "at": f"2026-03-0{1 + n}", "n": n, "items": items}
                for key, n, items in run
            ]
            model |= {row["id"]: row for row in rows}
            version = export(*in_pages(rows, size), **words, layout=layout, lists="table")
            got = {row["id"]: row["n"] for row in version.own("id", "n")}
            assert got == {key: row["n"] for key, row in model.items()}
            assert version.written.rows == len(model)
            if "items" in version.written.columns:
                listed = {key: [] for key in model}
                for item in sorted(version.own(table="items"), key=lambda x: x["_index"]):
                    listed[item["id"]].append(item["value"])
                assert listed == {key: row["items"] for key, row in model.items()}


def test_every_reader_reads_the_same(export):
    rows = sales(300)
    version = export(
        *in_pages(rows),
        columns={"n": "decimal(2)"},
        layout={"partition_by": "at", "sort_by": ["id"]},
    )
    want = version.read(hive_partitioning=False).sort("id")
    names = want.columns
    folder = version.folder / "data"
    with duckdb.connect() as db:
        db.execute("set timezone = 'UTC'")
        duck = db.sql(f"select * exclude (day) from '{folder}/**/*.parquet' order by id").pl()
    arrow = pl.DataFrame(ds.dataset(folder, partitioning="hive").to_table(columns=names)).sort("id")
    panda = pd.read_parquet(folder, columns=names).sort_values("id")
    one = pq.read_table(folder, columns=names).sort_by("id")
    text = want.cast(pl.String)
    assert duck.select(names).cast(want.schema).cast(pl.String).equals(text)
    assert arrow.cast(pl.String).equals(text)
    assert pl.DataFrame(one).cast(pl.String).equals(text)
    assert panda["n"].map(str).tolist() == want["n"].cast(pl.String).to_list()
    assert panda["at"].tolist() == want["at"].to_list()
