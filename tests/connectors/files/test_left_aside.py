"""What stands in files and folders that nobody meant: ends of DOS, locks, pipes, other formats."""

import io
import os
import subprocess
import sys
import zipfile

import pytest

from connectors.files import FileSource, SourceError, list_parts, read
from tests.connectors.files.test_workbook import book

# --- the end of a DOS text -----------------------------------------------------------------------

FIELDS = {"fields": {"a": (1, 1), "b": (2, 1)}}
XML = "<R><M><a>1</a><b>2</b></M></R>"
TEXTS = {
    "csv": ("a,b\r\n1,2\r\n", {}),
    "fixed": ("12\r\n", FIELDS),
    "json": ('[{"a":"1","b":"2"}]', {}),
    "ndjson": ('{"a":"1","b":"2"}\n', {}),
    "xml": (XML, {"record": "M"}),
}


@pytest.mark.parametrize("encoding", [None, "cp865", "utf-16-le"])
@pytest.mark.parametrize("form", TEXTS)
def test_the_byte_at_the_end_of_a_dos_text_is_left_aside(desk, form, encoding):
    text, words = TEXTS[form]
    data = f"{text}\x1a".encode(encoding or "utf-8")
    for block in (0, 1, len(data) - 1, len(data)):
        rows = desk.rows(data, form, "a b", block=block, encoding=encoding, **words)
        assert [row[1:] for row in rows] == [("1", "2")]


def test_the_byte_within_a_text_belongs_to_it(desk):
    data = "a,b\n1\x1a,2\n\x1a3,4\x1a\x1a"
    for block in range(len(data) + 1):
        found = desk.rows(data, "csv", "a b", block=block)
        assert found == [(2, "1\x1a", "2"), (3, "\x1a3", "4\x1a")]
    with pytest.raises(SourceError, match="the file is empty"):
        desk.rows("\x1a", "csv", "a b")


def test_a_trailer_may_stand_before_it(desk):
    source = desk.source("a,b\r\n1,2\r\nT;1\r\n\x1a", "csv", "a b", trailer="T;{rows}")
    told = {}
    assert [frame.rows() for frame in read(source, told=told)] == [[(2, "1", "2")]]
    assert told == {"rows": ["1"]}


# --- names and kinds of files --------------------------------------------------------------------


def test_the_locks_of_excel_are_no_files_of_a_folder(tmp_path):
    (tmp_path / "a.xlsx").write_bytes(book([["a"], ["1"]]))
    (tmp_path / "~$a.xlsx").write_bytes(b"\x05Kari")
    (tmp_path / "~b.xlsx").write_bytes(book([["a"], ["2"]]))

    def names(path, form="xlsx"):
        return [part.path.name for part in list_parts(FileSource(path, form, ("a",)))]

    assert names(tmp_path) == ["a.xlsx", "~b.xlsx"]
    assert names(tmp_path / "*.xlsx") == ["a.xlsx", "~b.xlsx"]
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.writestr("~$a.csv", "")
        archive.writestr("a.csv", "a\n1\n")
    assert names(tmp_path / "m.zip", "csv") == ["m.zip!a.csv"]


def test_a_workbook_that_is_read_as_another_format(desk):
    content = book([["a"], ["1"]])
    with pytest.raises(SourceError) as caught:
        desk.rows(content, "csv", "a")
    told = f"{desk.path}: this is an Excel workbook; set source.format: xlsx"
    assert str(caught.value) == told


def test_a_pipe_of_the_shell_is_told_as_one(tmp_path):
    end, other = os.pipe()
    try:
        path = (tmp_path / f"/dev/fd/{end}").resolve()
        with pytest.raises(SourceError, match=r"this is a pipe.*; write it to a file first"):
            list_parts(FileSource(path, "csv", ("a",)))
    finally:
        os.close(end)
        os.close(other)


# --- a header that is too long -------------------------------------------------------------------


def test_a_name_in_the_header_that_is_too_long(desk):
    long = "x" * 200_000
    for head in (f"a,{long}\n1,2\n", f'a,"{long}"\n1,2\n'):
        with pytest.raises(SourceError, match=r"a name in the header \(line 1\) is longer than 1"):
            desk.rows(head, "csv", "a")
    with pytest.raises(SourceError, match="a quote in the record that starts on line 1"):
        desk.rows(f'a,"{long}\n{long}"\n1,2\n', "csv", "a")


# --- many archives -------------------------------------------------------------------------------

READ = """
import resource, sys
from pathlib import Path
from connectors.files import FileSource, read, take_stamp
resource.setrlimit(resource.RLIMIT_NOFILE, (128, 128))
source = FileSource(Path(sys.argv[1]), "csv", ("a",))
stamp = take_stamp(source)
print(sum(frame.height for frame in read(source, stamp=stamp)))
"""


def packed(*texts):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for number, text in enumerate(texts):
            archive.writestr(f"{number}.csv", text)
    return file.getvalue()


def test_more_archives_than_files_may_be_open(tmp_path):
    for number in range(300):
        (tmp_path / f"{number}.zip").write_bytes(packed("a\n1\n", "a\n2\n3\n"))
    command = [sys.executable, "-W", "error", "-c", READ, tmp_path]
    out = subprocess.run(command, check=True, capture_output=True, text=True)
    assert (out.stdout, out.stderr) == ("900\n", "")


def test_an_archive_that_is_another_when_it_is_opened_again(tmp_path):
    for number in range(3):
        (tmp_path / f"{number}.zip").write_bytes(packed("a\n1\n"))
    frames = read(FileSource(tmp_path, "csv", ("a",), rows_per_chunk=1))
    next(frames)
    (tmp_path / "2.zip").write_bytes(packed("a\n1\n2\n"))
    with pytest.raises(SourceError, match=r"2.zip.* is not what it was when this load first read"):
        list(frames)
