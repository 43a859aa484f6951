import io
import json
import subprocess
import sys
import uuid
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from connectors.files import Limits, SourceError
from connectors.files.parquet_pages import list_pages
from connectors.files.parquet_rows import list_columns
from connectors.files.sampling import list_unknown


def parquet(table, **options):
    """A Parquet file of a table, or of columns."""
    out = io.BytesIO()
    table = table if isinstance(table, pa.Table) else pa.table(table)
    pq.write_table(table, out, **options)
    return out.getvalue()


def texts(desk, values, type_=None, **options):
    """The texts of one column of a file."""
    content = parquet({"a": pa.array(values, type_)}, **options)
    rows = desk.rows(content, "parquet", "a")
    assert [row[0] for row in rows] == list(range(1, len(values) + 1))
    return [row[1] for row in rows]


def fail(desk, content, columns="a", **options):
    with pytest.raises(SourceError) as caught:
        desk.rows(content, "parquet", columns, **options)
    assert str(caught.value).count("\n") == 0
    return str(caught.value).removeprefix(f"{desk.path}: ")


MOMENT = datetime(2024, 7, 31, 14, 50, 5, tzinfo=UTC)
NAIVE = MOMENT.replace(tzinfo=None)
GUID = uuid.UUID("0f8fad5b-d9cb-469f-a165-70867728950e")


@pytest.mark.parametrize(
    ("type_", "values", "want"),
    [
        (pa.int64(), [7, -(2**63), None], ["7", str(-(2**63)), None]),
        (pa.uint64(), [2**64 - 1], [str(2**64 - 1)]),
        (pa.int8(), [-1], ["-1"]),
        (pa.decimal128(12, 2), [Decimal("12.50"), Decimal("-0.05")], ["12.50", "-0.05"]),
        (pa.decimal128(38, 10), [Decimal("0.0000000001"), Decimal(0)],
         ["0.0000000001", "0.0000000000"]),
        (pa.float64(), [12.5, 12.0, 0.1, 1e-7, 1e300], ["12.5", "12", "0.1", "1e-7", "1e+300"]),
        (pa.float64(), [float("nan"), float("inf"), -0.0, 2.0**63],
         ["NaN", "inf", "0", "9.223372036854776e+18"]),
        (pa.float32(), [0.1, 16777216.0], ["0.1", "16777216"]),
        (pa.bool_(), [True, False, None], ["true", "false", None]),
        (pa.date32(), [date(1980, 12, 31)], ["1980-12-31"]),
        (pa.timestamp("ms"), [NAIVE], ["2024-07-31T14:50:05"]),
        (pa.timestamp("us"), [NAIVE + timedelta(microseconds=5)], ["2024-07-31T14:50:05.000005"]),
        (pa.timestamp("us", "UTC"), [MOMENT], ["2024-07-31T14:50:05+00:00"]),
        (pa.timestamp("us", "Europe/Oslo"), [MOMENT], ["2024-07-31T16:50:05+02:00"]),
        (pa.timestamp("us", "+05:00"), [MOMENT], ["2024-07-31T19:50:05+05:00"]),
        (pa.time64("us"), [time(14, 50, 5), time(0, 0, 0, 500_000)], ["14:50:05", "00:00:00.500"]),
        (pa.string(), ["007", " æ🙂", "", None], ["007", " æ🙂", None, None]),
        (pa.large_string(), ["x" * 100_000], ["x" * 100_000]),
        (pa.dictionary(pa.int32(), pa.string()), ["x", "y", "x", None], ["x", "y", "x", None]),
        (pa.binary(), ["ø".encode(), b"", None], ["ø", None, None]),
        (pa.binary(4), [b"abcd"], ["abcd"]),
        (pa.uuid(), [GUID.bytes], [str(GUID)]),
        (pa.null(), [None], [None]),
    ],
)  # fmt: skip
def test_every_value_is_text(desk, type_, values, want):
    assert texts(desk, values, type_) == want


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs", "Co"]), min_size=1)),
    st.fixed_dictionaries(
        {
            "use_dictionary": st.booleans(),
            "compression": st.sampled_from(["none", "snappy", "zstd", "gzip"]),
            "row_group_size": st.integers(1, 4),
        }
    ),
)
def test_texts_come_back_as_they_were_written(desk, values, options):
    assert texts(desk, values, pa.string(), **options) == values


RECORDS = [
    {"id": 1, "store": {"id": "s1", "x": 1}, "items": [{"no": 1, "p": {"q": 1.5}}, {"no": 2}]},
    {"id": 2, "store": None, "items": []},
    {"id": 3, "store": {"id": None}, "items": None},
    {"id": 4, "store": {"id": "s4"}, "items": [None, {"no": 3, "p": {"q": 2.0}}]},
]


@pytest.mark.parametrize("rows", [1, 3, 100])
def test_records_with_items(desk, rows):
    content = parquet(pa.Table.from_pylist(RECORDS), row_group_size=rows)
    found = desk.rows(content, "parquet", "items.no store.id items.p.q", items="items")
    assert found == [
        (1, "1", "s1", "1.5"), (1, "2", "s1", None), (2, None, None, None), (3, None, None, None),
        (4, None, "s4", None), (4, "3", "s4", "2"),
    ]  # fmt: skip
    assert desk.rows(content, "parquet", "id store.id")[:2] == [(1, "1", "s1"), (2, "2", None)]
    told = fail(desk, content, "id items.no", items=None)
    assert told == (
        "the file lacks 'items.no'; it has 'id', 'store.id', 'store.x', 'items[].no',"
        " 'items[].p.q'; items is a list: name it as source.items to have a row for each item"
    )
    assert "lacks 'store'" in fail(desk, content, "store")


def test_items_below_a_struct_and_a_name_with_dots(desk):
    table = pa.Table.from_pylist([{"a.b": "x", "s": {"i": [{"n": 1}, {"n": 2}]}}])
    rows = desk.rows(parquet(table), "parquet", "a.b s.i.n", items="s.i")
    assert rows == [(1, "x", "1"), (1, "x", "2")]
    for columns, words in (
        ("a.b", "no column that is wanted lies in s.i"),
        ("s.i[2].n", "names alone"),
    ):
        with pytest.raises(SourceError, match=words):
            desk.rows(parquet(table), "parquet", columns, items="s.i")


def test_bytes_that_are_not_utf8_are_faults(desk):
    for type_ in (pa.binary(), pa.string()):
        bad = pa.array([b"ok", b"\xff\xfe", b"end"], pa.binary())
        bad = pa.Array.from_buffers(type_, 3, bad.buffers())
        content = parquet({"a": bad, "b": ["x", "y", "z"]})
        rows = desk.rows(content, "parquet", "a b")
        assert [row[:3] for row in rows] == [(1, "ok", "x"), (2, None, None), (3, "end", "z")]
        assert rows[1][3] == ('a value is not UTF-8, or longer than 131,072 characters: {"b": "y"}')


def test_a_record_with_a_value_that_is_too_long_is_one_fault(desk):
    records = [{"i": [{"n": "x" * 11}, {"n": "y"}]}, {"i": [{"n": "x" * 10}]}]
    content = parquet(pa.Table.from_pylist(records))
    (frame,) = desk.frames(content, "parquet", "i.n", items="i", limits=Limits(field_chars=10))
    assert frame.select("_row", "i.n").rows() == [(1, None), (2, "x" * 10)]
    assert json.loads(frame["_raw"][0]) == {"i.n": "x" * 11}


def test_columns_of_types_that_are_no_text(desk):
    told = fail(desk, parquet({"a": pa.array([timedelta(1)])}))
    assert told.startswith("column 'a' is of the type duration[us], which is no text; leave it out")
    content = parquet({"a": pa.array([Decimal(1)], pa.decimal256(60, 2)), "b": [1]})
    assert "decimal256(60, 2)" in fail(desk, content)
    assert desk.rows(content, "parquet", "b") == [(1, "1")]
    maps = parquet({"a": pa.array([[("k", 1)]], pa.map_(pa.string(), pa.int8())), "b": [[1]]})
    assert "it has 'a[].key', 'a[].value', 'b[]'" in fail(desk, maps)
    assert "lacks 'b'" in fail(desk, maps, "b")


def test_what_is_no_parquet_or_cut_off(desk):
    good = parquet({"a": [f"x{n}" for n in range(1000)]})
    assert "this is no Parquet file" in fail(desk, b"a,b\n1,2\n")
    assert "this is no Parquet file" in fail(desk, b"P")
    for end in range(4, len(good), 701):
        assert "it is cut off; ask for it to be written again" in fail(desk, good[:end])
    assert "damaged" in fail(desk, b"PAR1" + b"\xff" * 100 + b"PAR1")


@pytest.mark.parametrize("seed", range(60))
def test_a_damaged_file_is_read_or_told_of_in_one_line(desk, seed):
    good = bytearray(parquet({"a": [f"x{n}" for n in range(300)], "b": list(range(300))}))
    at = seed * len(good) // 60
    good[at : at + 4] = bytes((byte ^ (seed * 37 + 1)) & 0xFF for byte in good[at : at + 4])
    try:
        desk.rows(bytes(good), "parquet", "a b")
    except SourceError as error:
        assert "\n" not in str(error)  # noqa: PT017 - it may also be read


def test_a_file_that_unpacks_to_too_much(desk):
    zeros = parquet({"a": ["0" * (1 << 20)] * 64}, compression="zstd", use_dictionary=False)
    assert "unpacks to more than 200 times its size" in fail(desk, zeros)
    nothing = parquet({"a": pa.nulls(32 << 20, pa.string())}, compression="zstd")
    assert "unpacks to more than 200 times its size" in fail(desk, nothing)
    assert "more than 0 MB" in fail(desk, zeros, limits=Limits(unpacked_bytes=1000))


MEASURE = """
import sys
from pathlib import Path
from connectors.files import FileSource, read
n = sum(frame.height for frame in read(FileSource(Path(sys.argv[1]), "parquet", ("a",))))
peak = next(x for x in Path("/proc/self/status").read_text().splitlines() if "VmHWM" in x)
print(n, int(peak.split()[1]) // 1024)
"""


def peak(path):
    out = subprocess.run(
        [sys.executable, "-c", MEASURE, path], check=True, capture_output=True, text=True
    )
    return int(out.stdout.split()[1])


@pytest.mark.parametrize("stored", [True, False])
def test_a_long_text_that_stands_once_for_all_rows_does_not_fill_the_memory(tmp_path, stored):
    path = tmp_path / "a"
    texts = pa.DictionaryArray.from_arrays(pa.array([0] * 1200), ["0" * (1 << 20)])
    options = {"dictionary_pagesize_limit": 8 << 20, "store_schema": stored}
    path.write_bytes(parquet({"a": texts}, **options))
    assert path.stat().st_size < 1 << 20
    assert peak(path) < 700


@pytest.mark.slow
def test_memory_does_not_grow_with_the_file(tmp_path):
    def made(rows):
        path = tmp_path / str(rows)
        pq.write_table(pa.table({"a": [f"{n:040}" for n in range(rows)]}), path)
        return path

    assert peak(made(3_000_000)) < peak(made(300_000)) * 1.25 + 30


def test_columns_are_named_as_a_source_asks_for_them(desk):
    line = {"sku": "1", "price": {"net": 1.5}, "tags": ["x"]}
    row = {"id": 1, "a.b": "2", "store": {"id": 3, "no.": 4, "@x": 5}, "plain": ["y"]}
    table = pa.Table.from_pylist([{**row, "lines": [line], "in": {"pays": [{"sum": 1}]}}])
    source = desk.source(parquet(table), "parquet", "id")
    (part,) = list_unknown(source.path)
    found = list_columns(part)
    assert found == {
        "": ["id", "a.b", "store.id", "store.'no.'"],
        "lines": ["lines.sku", "lines.price.net"],
        "in.pays": ["in.pays.sum"],
    }
    for items, names in found.items():
        told = desk.rows(parquet(table), "parquet", " ".join(names), items=items or None)
        assert [len(row) for row in told] == [len(names) + 1]
    desk.path.write_bytes(b"PAR1 and nothing else PAR1")
    with pytest.raises(SourceError, match="damaged"):
        list_columns(list_unknown(desk.path)[0])


def test_pages_that_lie_about_their_size_are_refused_before_they_are_unpacked(desk):
    same = pa.table({"a": ["y" * 200] * 20_000})
    out = io.BytesIO()
    pq.write_table(same, out, compression="zstd", use_dictionary=False, data_page_size=4 << 20)
    whole = out.getvalue()
    # A page begins with its kind, the bytes it unpacks to and those it has, each behind a 0x15.
    assert (whole[4], whole[6], whole[11]) == (0x15, 0x15, 0x15)
    unpacked, packed = slice(7, 11), slice(12, 14)
    assert whole[packed.stop - 1] < 128 <= whole[packed.start]
    for place, wrong, told in (
        (unpacked, b"\xfe\xff\xff\x7f", "unpacks to more than 200 times its size"),
        (packed, b"\xfe\x7f", "a page says it is longer than the file"),
    ):
        lying = bytearray(whole)
        lying[place] = wrong
        with pytest.raises(SourceError, match=told):
            desk.rows(bytes(lying), "parquet", "a")
    assert len(desk.rows(whole, "parquet", "a")) == 20_000


@settings(max_examples=80, deadline=None)
@given(st.binary(max_size=300), st.integers(0, 300))
def test_whatever_stands_there_pages_are_listed_or_not(tmp_path_factory, data, size):
    path = tmp_path_factory.getbasetemp() / "any.parquet"
    path.write_bytes(b"PAR1" + data + size.to_bytes(4, "little") + b"PAR1")
    assert all(page.packed >= 0 for page in list_pages(path))
