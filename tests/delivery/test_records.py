"""The file of records: what is written is read, and what repeats is found."""

import tracemalloc

import polars as pl
import pyarrow as pa
import pytest
import xxhash
from hypothesis import given, settings
from hypothesis import strategies as st
from polars.testing import assert_frame_equal

from delivery.records import (
    RECORDS,
    STORED,
    RecordFile,
    RecordWriter,
    drop_records,
    find_repeats,
    hash_bytes,
    hash_texts,
    pack_hashes,
    pack_places,
    read_records,
    unpack_places,
)


def record(key, row, text="{}", last_row=None, *, amount=10_000, customer="c"):
    last_row = row if last_row is None else last_row
    return (key, row, last_row, last_row - row + 1, amount, customer, text)


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
    assert_frame_equal(pl.concat(found).select(RECORDS.names()), pl.concat(frames))
    assert pl.concat(found)["place"].to_list() == [0, 1, 2]
    stored = pl.read_ipc(path)
    assert stored.schema == STORED
    assert stored["key_hash"].to_list() == hash_texts(stored["key"].to_arrow()).to_pylist()
    assert stored["content_hash"].to_list() == hash_texts(stored["json"].to_arrow()).to_pylist()


def test_only_the_columns_asked_for_are_read(path):
    write(path, frame(record("a", 1)), frame(record("b", 2)))
    found = list(read_records(path, ("row", "key_hash")))
    assert [part.columns for part in found] == [["place", "row", "key_hash"]] * 2
    assert [part["place"].to_list() for part in found] == [[0], [1]]


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
    assert pl.read_ipc(path).schema == STORED


def test_another_schema_is_refused(path):
    with RecordWriter(path) as writer, pytest.raises(ValueError, match="schema"):
        writer.write(pl.DataFrame({"key": ["a"]}))


def test_nothing_repeats(path):
    write(path, frame(record("a", 1), record("b", 2)), frame(record("c", 3)))
    found = find_repeats(path)
    assert found.is_empty()
    assert found.columns == [
        *("place", "key", "row", "last_row", "rows", "amount", "first"),
    ]


def test_rejected_rows_without_a_key_are_nobodys_rest(path):
    write(path, frame(record("a", 1), record("b", 2)))
    lost = pl.DataFrame({"key": ["", "", None], "row": [3, 4, 5]})
    assert find_repeats(path, lost).is_empty()


def test_of_identical_copies_the_first_is_kept(path):
    copies = [record("a", row, '{"x":1}', row + 1, amount=row) for row in (10, 20, 30)]
    write(path, frame(copies[0], record("b", 15)), frame(copies[1]), frame(copies[2]))
    assert find_repeats(path).rows() == [
        (2, "a", 20, 21, 2, 20, 10),
        (3, "a", 30, 31, 2, 30, 10),
    ]


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
DRAWN = st.lists(
    st.tuples(KEYS, st.sampled_from(["{}", '{"x":1}']), st.booleans()).map(
        lambda drawn: (drawn[0], drawn[1], drawn[2] and drawn[0] != "")  # no key, no record
    ),
    max_size=10,
)


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
    assert pl.concat(read_records(path)).select(RECORDS.names()).rows() == [record("b", 2)]
    assert [file.name for file in path.parent.iterdir()] == ["records.arrow"]


# Hashes: a change here makes every record that was ever delivered look changed.

GOLDEN = {
    "": "99aa06d3014798d86001c324468d497f",
    "a": "a96faf705af16834e6c632b61e964e1f",
    "1\x1f10001\x1fPURCHASE": "41a7bb160777150af93b5b1d668afa36",
    "externalId\x1fÆØÅ-\N{GRINNING FACE}": "7e8909edf92a893fe3da96b30f2aa1e0",
    '{"ReceiptId":"R1","Amount":12.50}': "c3fe1367f2de4c86be8c6a4e96338ef6",
    "x" * 1000: "50a1af5a5f2dcf01c0a4877b962cba82",
}


def test_hashes_are_the_same_on_every_machine_and_version():
    found = hash_texts(pa.array(GOLDEN, pa.large_string()))
    assert found.type == pa.large_binary()
    assert [value.hex() for value in found.to_pylist()] == list(GOLDEN.values())
    assert [hash_bytes(text.encode()).hex() for text in GOLDEN] == list(GOLDEN.values())


def test_no_text_has_no_hash():
    none = pa.array([], pa.large_string())
    assert hash_texts(none).to_pylist() == []
    assert hash_texts(none).type == pa.large_binary()
    assert hash_texts(pa.array(["a", "b"], pa.large_string()).slice(2)).to_pylist() == []


@settings(max_examples=40, deadline=None)
@given(st.lists(st.text(max_size=20), max_size=12), st.integers(0, 12), st.integers(0, 12))
def test_hashes_are_of_the_texts_wherever_they_begin(texts, start, length):
    whole = pa.array(texts, pa.large_string())
    expected = [xxhash.xxh3_128_digest(text.encode()) for text in texts]
    assert hash_texts(whole).to_pylist() == expected
    assert hash_texts(whole.slice(start, length)).to_pylist() == expected[start : start + length]


def test_packed_hashes_are_16_bytes_each_and_none_are_none():
    hashes = pl.Series([bytes.fromhex(GOLDEN["a"]), bytes.fromhex(GOLDEN[""])])
    assert pack_hashes(hashes) == bytes.fromhex(GOLDEN["a"] + GOLDEN[""])
    assert pack_hashes(hashes.head(0)) == b""


@given(st.lists(st.integers(0, 2**32 - 1), max_size=20))
def test_packed_places_are_read_again(places):
    packed = pack_places(pl.Series(places, dtype=pl.UInt32))
    assert packed == b"".join(place.to_bytes(4, "little") for place in places)
    found = unpack_places(packed)
    assert (found.to_list(), found.dtype) == (places, pl.UInt32)


# Records by their places


def test_the_places_of_a_great_load_do_not_become_python_objects():
    packed = pl.int_range(500_000, dtype=pl.UInt32, eager=True).to_arrow().buffers()[1].to_pybytes()
    tracemalloc.start()
    try:
        found = unpack_places(packed)
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (found.len(), found[-1]) == (500_000, 499_999)
    assert most < len(packed) / 10


@settings(max_examples=30, deadline=None)
@given(st.lists(st.integers(0, 4), max_size=6), st.data())
def test_records_are_found_by_their_places(tmp_path_factory, sizes, data):
    path = tmp_path_factory.mktemp("records") / "records.arrow"
    count = sum(sizes)
    records = [record(f"k{n}", n + 1, f'{{"n":{n}}}') for n in range(count)]
    starts = [sum(sizes[:n]) for n in range(len(sizes))]
    write(path, *(frame(*records[a : a + n]) for a, n in zip(starts, sizes, strict=True)))
    file = RecordFile(path)
    for _ in range(2):  # what the first call learned serves the second
        places = sorted(data.draw(st.sets(st.integers(0, count - 1), min_size=1))) if count else []
        if places:
            found = file.take(pl.Series(places, dtype=pl.UInt32))
            assert found["place"].to_list() == places
            assert found.select(RECORDS.names()).rows() == [records[place] for place in places]
            some = file.take(pl.Series(places, dtype=pl.UInt32), ("key", "row"))
            assert_frame_equal(some, found.select("place", "key", "row"))


@pytest.mark.parametrize("places", [[2], [0, 2], [7]])
def test_a_place_behind_the_end_is_an_error(path, places):
    write(path, frame(record("a", 1)), frame(record("b", 2)))
    with pytest.raises(IndexError, match=f"records.arrow: it ends before record {places[-1]}"):
        RecordFile(path).take(pl.Series(places, dtype=pl.UInt32))


def test_hashed_records_are_written_as_they_are(path):
    write(path, frame(record("a", 1)))
    stored = pl.concat(read_records(path)).drop("place")
    changed = stored.with_columns(key_hash=pl.lit(bytes(16)))
    write(path, changed)
    assert_frame_equal(pl.concat(read_records(path)).drop("place"), changed)
