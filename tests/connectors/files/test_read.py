import json
import os
import subprocess
import sys
from pathlib import Path

import polars as pl
import pytest

from connectors.files import FileSource, SourceError, read

EACH = {
    "csv": lambda n: "a,b\n" + "".join(f"{i},x\n" for i in range(n)),
    "json": lambda n: json.dumps([{"a": str(i), "b": [{"c": "x"}] * 3} for i in range(n)]),
    "ndjson": lambda n: "".join(f'{{"a":"{i}","b":[{{"c":"x"}}]}}\n' for i in range(n)),
    "xml": lambda n: "<l>" + "".join(f"<r><a>{i}</a></r>" for i in range(n)) + "</l>",
}


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
    made = source(desk, format_, n=120_000)
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
    assert fail(tmp_path) == "this is a folder; name a file in it"
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
        ({"items": "b"}, "a CSV row has no items"),
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
def test_a_record_without_an_end_does_not_fill_the_memory(desk, format_, head, monkeypatch):
    monkeypatch.setattr("connectors.files.blocks.MAX_RECORD", 1 << 20)
    monkeypatch.setattr("connectors.files.xml_records.MAX_RECORD", 1 << 20)
    told = []
    record = "r" if format_ == "xml" else None
    body = b"<b>x</b>" if format_ == "xml" else b"x"
    made = desk.source(head + body * (8 << 20 >> (len(body) // 3)), format_, "a", record=record)
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
