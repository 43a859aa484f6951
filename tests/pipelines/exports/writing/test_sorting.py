import random
import string
import tempfile
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.exports.writing import sorting
from pipelines.exports.writing.sorting import Sorter

ROW = st.tuples(st.none() | st.integers(0, 4), st.none() | st.text("abÅ\n", max_size=3))
SCHEMA = {"n": pl.Int64, "text": pl.String, "at": pl.Int64}


def frame(rows, first):
    columns = [(*row, first + at) for at, row in enumerate(rows)]
    return pl.DataFrame(columns, schema=SCHEMA, orient="row")


def sort(folder, frames, by):
    sorter = Sorter(by, folder)
    for rows in frames:
        sorter.add(rows)
    return list(sorter.drain())


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.lists(ROW, max_size=9), max_size=40),
    st.sampled_from([["n"], ["text", "n"], ["n", "text"]]),
    st.integers(1, 5),
    st.integers(2, 4),
)
def test_it_sorts_as_polars_does_however_many_passes_it_takes(chunks, by, block, runs):
    firsts = [sum(map(len, chunks[:at])) for at in range(len(chunks))]
    frames = [frame(rows, first) for rows, first in zip(chunks, firsts, strict=True)]
    with tempfile.TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as patch:
        for name, value in {"RUN_ROWS": 5, "BLOCK": block, "SLICE": 2, "RUNS": runs}.items():
            patch.setattr(sorting, name, value)
        found = sort(Path(folder), frames, by)
        assert not list(Path(folder).iterdir())
    want = pl.concat([pl.DataFrame(schema=SCHEMA), *frames]).sort(*by, maintain_order=True)
    assert pl.concat([pl.DataFrame(schema=SCHEMA), *found]).equals(want)


def test_no_more_than_so_many_runs_are_open_and_no_slice_grows(tmp_path, monkeypatch):
    for name, value in {"RUN_ROWS": 100, "BLOCK": 8, "SLICE": 4, "RUNS": 6}.items():
        monkeypatch.setattr(sorting, name, value)
    merge, merged = Sorter._merge, []

    def look(self, runs):
        merged.append(len(runs))
        return merge(self, runs)

    monkeypatch.setattr(Sorter, "_merge", look)
    rolled = random.Random(1)
    texts = ["".join(rolled.choices(string.ascii_lowercase, k=5)) for _ in range(7_000)]
    rows = pl.DataFrame({"text": texts})
    found = sort(tmp_path, rows.iter_slices(50), ["text"])
    assert pl.concat(found).equals(rows.sort("text"))
    assert max(merged) == 6
    assert sum(merged) < 70 * 3, "each of the 70 runs is merged twice or thrice, not more"
    assert max(each.height for each in found) <= (4 + 6) * 8
    assert not list(tmp_path.iterdir())
