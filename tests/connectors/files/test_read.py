import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from connectors.files import (
    FileSource,
    Limits,
    SourceError,
    is_mended,
    locate,
    pick_rows,
    read,
    read_dialect,
    take_stamp,
)

EACH = {
    "csv": lambda n: "a,b\n" + "".join(f"{i},x\n" for i in range(n)),
    "json": lambda n: json.dumps([{"a": str(i), "b": [{"c": "x"}] * 3} for i in range(n)]),
    "ndjson": lambda n: "".join(f'{{"a":"{i}","b":[{{"c":"x"}}]}}\n' for i in range(n)),
    "xml": lambda n: "<l>" + "".join(f"<r><a>{i}</a></r>" for i in range(n)) + "</l>",
}

MANY = {"csv": 30_000, "json": 30_000, "ndjson": 30_000, "xml": 120_000}
"""Records that fill more than one block, where a format is read by blocks."""


def source(desk, format_, n=1000, **options):
    record = "r" if format_ == "xml" else None
    return desk.source(EACH[format_](n), format_, "a", record=record, **options)


@pytest.mark.parametrize("format_", EACH)
def test_frames_are_typed_ordered_and_of_the_size_asked_for(desk, format_):
    frames = list(read(source(desk, format_, rows_per_chunk=300)))
    assert [frame.height for frame in frames] == [300, 300, 300, 100]
    for frame in frames:
        assert frame.schema["_row"] == pl.Int64
        assert frame.columns[0] == "_row"
        assert set(frame.dtypes[1:]) == {pl.String}
    whole = pl.concat(frames)
    first = {"csv": 2}.get(format_, 1)
    assert whole["_row"].to_list() == list(range(first, first + 1000))
    assert whole["a"].to_list() == [str(i) for i in range(1000)]


@pytest.mark.parametrize("format_", EACH)
def test_progress_tells_the_bytes_read(desk, format_):
    told = []
    made = source(desk, format_, n=MANY[format_])
    list(read(made, progress=told.append))
    assert told == sorted(told)
    assert told[-1] == made.path.stat().st_size
    assert format_ == "csv" or len(told) > 1


def test_a_record_is_never_in_two_frames(desk):
    made = desk.source(EACH["json"](100), "json", "a b.c", items="b", rows_per_chunk=4)
    frames = list(read(made))
    assert [frame.height for frame in frames] == [3] * 100
    long = desk.source(EACH["json"](100), "json", "a b.c", items="b", rows_per_chunk=2)
    assert [frame.height for frame in read(long)] == [3] * 100


@pytest.mark.parametrize("format_", EACH)
def test_a_file_that_is_not_there_or_not_to_be_read(tmp_path, format_):
    record = "r" if format_ == "xml" else None

    def fail(path):
        with pytest.raises(SourceError) as caught:
            list(read(FileSource(path, format_, ("a",), record=record)))
        assert caught.value.file == path
        assert str(caught.value).startswith(f"{path}: ")
        assert str(caught.value).count("\n") == 0
        return str(caught.value).removeprefix(f"{path}: ")

    assert fail(tmp_path / "no.csv") == "no such file; check the path of the feed's source"
    nothing = "no file has a name such as *; check the feed's source.path and source.member"
    assert fail(tmp_path) == nothing
    assert fail(tmp_path / "*.csv") == nothing.replace("*", "*.csv")
    (tmp_path / "empty").write_bytes(b"")
    assert fail(tmp_path / "empty") == "the file is empty; ask for it to be written again"
    (tmp_path / "bom").write_bytes(b"\xef\xbb\xbf")
    assert "the file is empty" in fail(tmp_path / "bom")
    assert "too long" in fail(tmp_path / ("x" * 300))


@pytest.mark.skipif(os.geteuid() == 0, reason="root may read anything")
def test_a_file_without_permission(tmp_path):
    path = tmp_path / "secret.csv"
    path.touch(mode=0)
    with pytest.raises(SourceError, match="cannot be read: permission denied; check its perm"):
        list(read(FileSource(path, "csv", ("a",))))


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"columns": ()}, "at least one column"),
        ({"columns": ("a", "a")}, "none twice"),
        ({"columns": ("_row",)}, "_row"),
        ({"format": "xml"}, "record"),
        ({"items": "b"}, "a row of a table has no items"),
        ({"delimiter": ";;"}, "one ASCII character"),
        ({"rows_per_chunk": 0}, "at least 1"),
        ({"format": "json", "columns": ("a", "a.b")}, "a is both a value and what holds others"),
        ({"format": "json", "columns": ("a", "i"), "items": "i"}, "none of them lies in i"),
        ({"format": "json", "items": "i"}, "none of them lies in i"),
        ({"format": "json", "columns": ("i", "i.b"), "items": "i"}, "i is both a value"),
    ],
)
def test_a_source_that_contradicts_itself(desk, options, words):
    desk.path.write_text("[]")
    with pytest.raises(ValueError, match=words):
        list(read(FileSource(**{"path": desk.path, "format": "csv", "columns": ("a",)} | options)))


# --- the same file still, and some of its rows ---------------------------------------------------


@pytest.mark.parametrize("format_", EACH)
def test_a_file_that_changes_while_it_is_read(desk, format_):
    made = source(desk, format_, n=MANY[format_], rows_per_chunk=5_000)
    frames = read(made)
    next(frames)
    with made.path.open("ab") as file:
        file.write(b"\n")
    with pytest.raises(SourceError, match="changed while it was read; wait until it is written"):
        list(frames)
    frames = read(made)
    next(frames)
    os.utime(made.path, ns=(1, 1))
    with pytest.raises(SourceError, match="changed while it was read"):
        list(frames)


def test_a_file_that_is_replaced_while_it_is_read_is_read_whole(desk, tmp_path):
    made = source(desk, "csv", n=50_000, rows_per_chunk=10)
    frames = read(made)
    next(frames)
    (tmp_path / "new").write_text("a,b\n")
    (tmp_path / "new").replace(made.path)
    assert sum(frame.height for frame in frames) == 49_990


def test_a_pipe_has_nothing_to_compare(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with subprocess.Popen(["sh", "-c", f"printf 'a,b\n1,2\n' > {path}"]):
        assert [frame.rows() for frame in read(FileSource(path, "csv", ("a",)))] == [
            [(2, "1", "2")]
        ]


def test_a_load_of_a_pipe_is_refused_before_it_is_read(tmp_path):
    path = tmp_path / "pipe"
    os.mkfifo(path)
    with pytest.raises(SourceError, match=r"this is a pipe, .*; write it to a file first"):
        read_dialect(FileSource(path, "csv", ("a",)))
    assert not is_mended(path)


def wanted(*ranges):
    schema = {"row": pl.Int64, "last_row": pl.Int64, "text": pl.String}
    return pl.DataFrame([(*r, f"{r[0]}!") for r in ranges], schema=schema, orient="row")


@pytest.mark.parametrize("format_", EACH)
@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_rows_of_given_ranges(desk, format_, size):
    made = source(desk, format_, n=60, rows_per_chunk=size)
    ranges = [(3, 3), (8, 10), (11, 11), (40, 60)]
    found = list(pick_rows(made, wanted(*reversed(ranges)), take_stamp(made.path)))
    told = [
        (row, text)
        for rows, given in found
        for row, text in zip(rows["_row"], given["text"], strict=True)
    ]
    assert told == [(n, f"{a}!") for a, b in ranges for n in range(a, b + 1)]
    whole = {row[0]: row for frame in read(made) for row in frame.rows()}
    assert all(row == whole[row[0]] for rows, _ in found for row in rows.rows())
    assert all(given.columns == ["text"] for _, given in found)


def test_all_rows_of_a_record_are_given(desk):
    made = desk.source(EACH["json"](50), "json", "a b.c", items="b", rows_per_chunk=4)
    ((rows, given),) = pick_rows(made, wanted((20, 20)), take_stamp(made.path))
    assert (rows["a"].to_list(), given["text"].to_list()) == (["19"] * 3, ["20!"] * 3)


def test_a_row_in_the_middle_of_a_large_file_is_found_and_located(desk):
    rows = [f"{n},{'x' * 250}\n" for n in range(30_000)]  # several blocks in one frame
    made = desk.source("a,b\n" + "".join(rows), "csv", "a")
    ((found, _),) = pick_rows(made, wanted((15_002, 15_002)), take_stamp(made.path))
    assert found["a"].to_list() == ["15000"]
    assert locate(made, found["_row"])["place"].to_list() == ["line 15002"]
    assert all(frame.n_chunks() == 1 for frame in read(made))


def test_pieces_of_memory_do_not_matter_where_rows_are_located(desk):
    made = desk.source("a,b\n1,2\n", "csv", "a")
    pieces = [pl.Series("_row", range(n, n + 10)) for n in (2, 12, 22)]
    rows = pl.concat(pieces, rechunk=False).to_frame()
    rows = rows.filter(pl.Series([10 <= n < 20 for n in range(30)]))["_row"]
    assert [len(piece) for piece in rows.get_chunks()] == [0, 10, 0]
    assert locate(made, rows)["place"][0] == "line 12"


def test_without_ranges_nothing_is_read(tmp_path):
    missing = FileSource(tmp_path / "none", "csv", ("a",))
    assert list(pick_rows(missing, wanted(), take_stamp(tmp_path))) == []


def test_only_what_is_needed_is_read(desk):
    made = desk.source("a,b\n1,2\n" + "3,4\n" * 2_000_000 + '"torn', "csv", "a")
    ((rows, _),) = pick_rows(made, wanted((2, 2)), take_stamp(made.path))
    assert rows["a"].to_list() == ["1"]


@pytest.mark.parametrize("change", [lambda p: p.write_text("a,b\n9,9\n"), os.utime])
def test_rows_of_a_file_that_has_changed_are_not_given(desk, change):
    made = source(desk, "csv")
    stamp = take_stamp(made.path)
    change(made.path)
    for frames in (pick_rows(made, wanted((2, 2)), stamp), read(made, stamp=stamp)):
        with pytest.raises(SourceError, match=r"not what it was .*; put that file back"):
            list(frames)
    made.path.unlink()
    with pytest.raises(SourceError, match="no such file"):
        list(pick_rows(made, wanted((2, 2)), stamp))
    with pytest.raises(SourceError, match="no such file"):
        take_stamp(made.path)


def test_a_file_that_changes_after_the_last_row_wanted(desk):
    made = source(desk, "csv", n=1_000_000)
    frames = pick_rows(made, wanted((2, 2)), take_stamp(made.path))
    next(frames)
    os.utime(made.path)
    with pytest.raises(SourceError, match="not what it was"):
        list(frames)


def test_the_dialect_of_a_file(desk):
    made = desk.source(b'\xef\xbb\xbf"b;\r\n";a\r\n1;2\n', "csv", "a", delimiter=";")
    dialect = read_dialect(made)
    assert dialect.columns == ("b;\r\n", "a")
    assert (dialect.delimiter, dialect.line_end, dialect.bom) == (";", "\r\n", True)
    dialect = read_dialect(desk.source("x,a", "csv", "a"))
    assert (dialect.columns, dialect.line_end, dialect.bom) == (("x", "a"), "\n", False)
    assert read_dialect(source(desk, "xml")).columns == ("a",)
    with pytest.raises(SourceError, match="lacks 'c'"):
        read_dialect(desk.source("x,a", "csv", "c"))


@pytest.mark.parametrize("format_", EACH)
def test_a_reader_that_is_left_closes_its_file(desk, format_):
    def files():
        links = Path("/proc/self/fd").iterdir()
        return [link.readlink() for link in links if link.is_symlink()]

    frames = read(source(desk, format_, n=60_000, rows_per_chunk=10))
    next(frames)
    assert desk.path in files()
    frames.close()
    assert desk.path not in files()


@pytest.mark.parametrize(
    ("format_", "head"),
    [("csv", b"a,b\n"), ("json", b'[{"a":"'), ("ndjson", b"{"), ("xml", b"<l>")],
)
def test_a_record_without_an_end_does_not_fill_the_memory(desk, format_, head):
    limits = Limits(record_bytes=1 << 20)
    told = []
    record = "r" if format_ == "xml" else None
    body = b"<b>x</b>" if format_ == "xml" else b"x"
    content = head + body * (8 << 20 >> (len(body) // 3))
    made = desk.source(content, format_, "a", record=record, limits=limits)
    with pytest.raises(SourceError, match=r"within \d MB after byte"):
        list(read(made, progress=told.append))
    assert told[-1] <= 4 << 20


MEASURE = """
import resource, sys
from pathlib import Path
from connectors.files import FileSource, read
path, format_, record = sys.argv[1:4]
n = 0
for frame in read(FileSource(Path(path), format_, ("a",), record=record or None)):
    n += frame.height
print(n, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024)
"""


@pytest.mark.slow
@pytest.mark.parametrize("format_", EACH)
def test_memory_does_not_grow_with_the_file(tmp_path, format_):
    def peak(records):
        path = tmp_path / str(records)
        head, row, tail = {
            "csv": ("a,b\n", f"{'x' * 90},1\n", ""),
            "json": ("[", f'{{"a":"{"x" * 90}"}},', '{"a":"1"}]'),
            "ndjson": ("", f'{{"a":"{"x" * 90}"}}\n', ""),
            "xml": ("<l>", f"<r><a>{'x' * 90}</a></r>", "</l>"),
        }[format_]
        with path.open("w") as file:
            file.write(head)
            for _ in range(records // 1000):
                file.write(row * 1000)
            file.write(tail)
        record = "r" if format_ == "xml" else ""
        out = subprocess.run(
            [sys.executable, "-c", MEASURE, path, format_, record],
            check=True,
            capture_output=True,
            text=True,
        ).stdout.split()
        assert int(out[0]) in (records, records + 1)
        return int(out[1])

    small, large = peak(300_000), peak(3_000_000)
    assert large < small * 1.25 + 30, f"{small} MB for 30 MB of file, {large} MB for 300 MB"
