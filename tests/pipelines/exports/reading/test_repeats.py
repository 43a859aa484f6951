import json
import subprocess
import sys

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.exports.reading import repeats
from pipelines.exports.reading import spool as spool_module
from pipelines.exports.reading.keys import hash_keys
from pipelines.exports.reading.repeats import Repeats, find_repeats
from pipelines.exports.reading.spool import Spool

ID = st.none() | st.integers(0, 9) | st.sampled_from(["0", "7", "x", ""]) | st.floats(0, 3)


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.integers(1, 6), st.lists(st.tuples(ID, ID), max_size=6)), max_size=8),
    st.integers(1, 3),
)
def test_of_each_key_the_row_read_last_stays(make_folder, puts, rows_a_pass):
    """Against the plain way to say it, with units put twice, and in several passes."""
    read, kept = {}, {}
    with (
        pytest.MonkeyPatch.context() as patch,
        Spool(make_folder("spool"), {}, ("a", "b")) as spool,
    ):
        patch.setattr(repeats, "_ROWS_PASS", rows_a_pass)
        for place, (number, rows) in enumerate(puts):
            columns = [pl.Series("a", [r[0] for r in rows], strict=False)] if rows else []
            columns += [pl.Series("b", [r[1] for r in rows], strict=False)] if rows else []
            frame = pl.DataFrame(columns)
            spool.put(number, frame)
            read.pop(number, None)
            read[number] = (place, frame)
        found = find_repeats(spool)
        for number, (_, frame) in sorted(read.items(), key=lambda item: item[1][0]):
            for row, cells in enumerate(frame.iter_rows()):
                kept[(number, row) if None in cells else tuple(map(text, cells))] = (number, row)
        stay = {
            (number, row)
            for number in read
            for row in range(read[number][1].height)
            if row not in found.rows.get(number, [])
        }
        assert stay == set(kept.values())
        assert found.count == sum(frame.height for _, frame in read.values()) - len(stay)


def text(value):
    return str(value).removesuffix(".0") if isinstance(value, float) else str(value)


def test_rows_are_left_out_by_their_places(tmp_path):
    with Spool(tmp_path / "spool", {}, ("id",)) as spool:
        spool.put(2, pl.DataFrame({"id": ["a", "b"], "n": [1, 2]}))
        spool.put(1, pl.DataFrame({"id": ["b", "c", "b"], "n": [3, 4, 5]}))
        found = find_repeats(spool)
        kept = [row for number, rows in spool.frames() for row in found.drop(number, rows).rows()]
    assert kept == [("c", 4), ("b", 5), ("a", 1)]
    assert found.count == 2


@pytest.mark.parametrize("key", [(), ("nr",), ("id", "nr")])
def test_without_a_key_nothing_repeats(tmp_path, key):
    with Spool(tmp_path / "spool", {}, key) as spool:
        spool.put(1, pl.DataFrame({"id": ["a", "a"]}))
        assert find_repeats(spool) == Repeats()


def test_a_key_may_lie_in_an_object(tmp_path):
    pages = [{"data": [{"id": "a"}, {"id": "b"}], "v": [1, 2]}, {"data.id": ["b", "c"]}]
    with Spool(tmp_path / "spool", {}, ("data.id",)) as spool:
        for number, page in enumerate(pages, 1):
            spool.put(number, pl.DataFrame(page))
        found = find_repeats(spool)
    assert (found.count, found.keyed, found.rows) == (1, 4, {1: [1]})


def test_hashes_that_were_kept_are_taken_if_they_are_of_this_key(tmp_path, monkeypatch):
    def repeats(*key):
        hashed.clear()
        with Spool(tmp_path / "spool", {}, key) as spool:
            return find_repeats(spool).rows

    def hash_again(rows, key):
        hashed.append(rows.height)
        return hash_keys(rows, key)

    hashed = []
    monkeypatch.setattr(spool_module, "hash_keys", hash_again)
    with Spool(tmp_path / "spool", {}, ("id",)) as spool:
        spool.put(1, pl.DataFrame({"id": ["a", "b"], "nr": [1, 1]}))
        spool.put(2, pl.DataFrame({"id": ["a", "c"], "nr": [2, 3]}))
    assert (repeats("id"), hashed) == ({1: [0]}, [])
    assert (repeats("nr"), hashed) == ({1: [0]}, [2, 2, 2, 2])
    assert repeats("id", "nr") == {}
    monkeypatch.setattr(spool_module, "HASHING", "another polars")
    assert (repeats("id"), hashed) == ({1: [0]}, [2, 2, 2, 2])


def test_hashes_are_the_same_in_every_process():
    code = (
        "import sys, polars as pl; sys.path.insert(0, '.');"
        "from pipelines.exports.reading.keys import hash_keys;"
        "rows = pl.DataFrame({'id': ['a', 'b'], 'nr': [1, 2]});"
        "print(hash_keys(rows, ['id', 'nr']).to_list())"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    rows = pl.DataFrame({"id": ["a", "b"], "nr": ["1", "2"]})
    assert json.loads(told.stdout) == hash_keys(rows, ["id", "nr"]).to_list()
