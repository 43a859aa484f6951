"""The file of records: what is written is read, and what repeats is found."""

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from delivery.records import RECORDS, RecordWriter, drop_records, find_repeats, read_records


def record(key, row, text="{}", last_row=None, amount=10_000):
    last_row = row if last_row is None else last_row
    return (key, row, last_row, last_row - row + 1, amount, text)


def frame(*records):
    return pl.DataFrame(list(records), schema=RECORDS, orient="row")


def write(path, *frames):
    with RecordWriter(path) as writer:
        for records in frames:
            writer.write(records)
    return path


@pytest.fixture
def path(tmp_path):
    return tmp_path / "records.arrow"


def test_what_is_written_is_read_row_group_by_row_group(path):
    frames = [
        frame(record("1|2|PURCHASE", 2, '{"a":"æ\N{GRINNING FACE}"}', 4)),
        frame(),
        frame(record("", 5, "", amount=-1), record("", 6, "x" * 100_000)),
    ]
    write(path, *frames)
    found = list(read_records(path))
    assert [part.height for part in found] == [1, 2]
    assert_frame_equal(pl.concat(found), pl.concat(frames))
    assert_frame_equal(pl.read_ipc(path), pl.concat(frames))


def test_only_the_owner_can_read_it(path):
    write(path, frame(record("", 1)))
    assert path.stat().st_mode & 0o777 == 0o600
    path.chmod(0o644)
    write(path, frame(record("", 2)))
    assert path.stat().st_mode & 0o777 == 0o600
    drop_records(path, pl.Series([2]))
    assert path.stat().st_mode & 0o777 == 0o600


def test_no_record_leaves_a_file_that_can_be_read(path):
    write(path)
    assert list(read_records(path)) == []
    assert find_repeats(path).is_empty()
    assert pl.read_ipc(path).schema == RECORDS


def test_another_schema_is_refused(path):
    with RecordWriter(path) as writer, pytest.raises(ValueError, match="schema"):
        writer.write(pl.DataFrame({"key": ["a"]}))


def test_nothing_repeats(path):
    write(path, frame(record("a", 1), record("b", 2)), frame(record("c", 3)))
    found = find_repeats(path)
    assert found.is_empty()
    assert found.columns == ["key", "row", "last_row", "amount", "first"]


def test_records_without_a_key_never_repeat(path):
    write(path, frame(record("", 1), record("", 2)), frame(record("", 3)))
    assert find_repeats(path).is_empty()


def test_of_identical_copies_the_first_is_kept(path):
    copies = [record("a", row, '{"x":1}', row + 1, amount=row) for row in (10, 20, 30)]
    write(path, frame(copies[0], record("b", 15)), frame(copies[1]), frame(copies[2]))
    assert find_repeats(path).rows() == [("a", 20, 21, 20, 10), ("a", 30, 31, 30, 10)]


def test_copies_that_differ_all_go(path):
    write(
        path,
        frame(record("a", 10, '{"x":1}'), record("b", 11)),
        frame(record("a", 20, '{"x":2}'), record("a", 30, '{"x":1}')),
    )
    assert find_repeats(path)["row"].to_list() == [10, 20, 30]
    assert find_repeats(path)["first"].unique().to_list() == [10]


def test_what_shares_the_key_of_a_rejected_record_goes(path):
    write(path, frame(record("a", 10), record("b", 11)), frame(record("c", 30)))
    lost = pl.DataFrame({"key": ["c", "d", "d", "a"], "row": [3, 4, 5, 40]})
    found = find_repeats(path, lost)
    assert found.select("key", "row", "first").rows() == [("a", 10, 10), ("c", 30, 3)]


def test_rejected_records_alone_take_nothing_along(path):
    write(path, frame(record("a", 10)))
    assert find_repeats(path, pl.DataFrame({"key": ["d", "d"], "row": [4, 5]})).is_empty()
    empty = write(path.with_name("empty.arrow"))
    assert find_repeats(empty, pl.DataFrame({"key": ["d", "d"], "row": [4, 5]})).is_empty()


KEYS = st.sampled_from(["a", "b", "c", ""])
DRAWN = st.lists(st.tuples(KEYS, st.sampled_from(["{}", '{"x":1}']), st.booleans()), max_size=10)


@settings(max_examples=40, deadline=None)
@given(DRAWN, st.integers(1, 4))
def test_repeats_are_what_a_dict_says(tmp_path_factory, drawn, size):
    path = tmp_path_factory.mktemp("records") / "records.arrow"
    kept = [record(key, row, text) for row, (key, text, good) in enumerate(drawn) if good]
    lost = [(key, row) for row, (key, _, good) in enumerate(drawn) if key and not good]
    write(path, *(frame(*kept[n : n + size]) for n in range(0, len(kept), size)))
    schema = {"key": pl.String, "row": pl.Int64}
    found = find_repeats(path, pl.DataFrame(lost, schema=schema, orient="row"))
    by_key = {}
    for row, (key, text, good) in enumerate(drawn):
        if key:
            by_key.setdefault(key, []).append((row, text if good else None))
    expected = [
        (row, same[0][0])
        for same in by_key.values()
        for place, (row, text) in enumerate(same)
        if text and len(same) > 1 and (place or len({t for _, t in same}) > 1)
    ]
    assert found.select("row", "first").rows() == sorted(expected)
    drop_records(path, found["row"])
    gone = set(found["row"])
    left = [row for part in read_records(path) for row in part["row"]]
    assert left == [row for _, row, *_ in kept if row not in gone]


def test_records_are_dropped_and_nothing_else_is_left(path):
    write(path, frame(record("a", 1), record("b", 2)), frame(record("c", 3)))
    drop_records(path, pl.Series([1, 3]))
    assert pl.concat(read_records(path)).rows() == [record("b", 2)]
    assert [file.name for file in path.parent.iterdir()] == ["records.arrow"]
