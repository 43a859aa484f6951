"""Sources of many files: which they are, in what order, and where each row stands."""

import gzip
import io
import os
import zipfile

import polars as pl
import pytest

from connectors.files import (
    ROW_BITS,
    FileSource,
    Limits,
    SourceError,
    list_parts,
    locate,
    pick_rows,
    read,
    read_dialect,
    take_stamp,
)

TREE = {
    "b.csv": "a,b\n3,4\n",
    "a.csv": "a,b\n1,2\n",
    "c.txt": "a,b\n5,6\n",
    ".hidden.csv": "a,b\n7,8\n",
    "sub/d.csv": "a,b\n9,10\n",
    "sub/.x/e.csv": "a,b\n11,12\n",
}


@pytest.fixture
def folder(tmp_path):
    for name, text in TREE.items():
        path = tmp_path / "in" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    return tmp_path / "in"


def source(path, member="*", **words):
    return FileSource(path, words.pop("format", "csv"), ("a", "b"), member=member, **words)


def labels(path, member="*", **words):
    return [part.label for part in list_parts(source(path, member, **words))]


def rows(made):
    frames = list(read(made))
    whole = pl.concat(frames, how="diagonal") if frames else pl.DataFrame()
    return [(row >> ROW_BITS, row & ((1 << ROW_BITS) - 1), *rest) for row, *rest in whole.rows()]


@pytest.mark.parametrize(
    ("path", "member", "names"),
    [
        ("", "*", ["a.csv", "b.csv", "c.txt"]),
        ("", "*.csv", ["a.csv", "b.csv"]),
        ("", "**/*.csv", ["a.csv", "b.csv", "sub/d.csv"]),
        ("", "sub/*", ["sub/d.csv"]),
        ("*.csv", "*", ["a.csv", "b.csv"]),
        ("[bc].*", "*", ["b.csv", "c.txt"]),
        ("*/*.csv", "*", ["sub/d.csv"]),
        ("a.csv", "*.none", ["a.csv"]),
        (".hidden.csv", "*", [".hidden.csv"]),
    ],
)
def test_which_files_are_read_and_in_what_order(folder, path, member, names):
    assert labels(folder / path, member) == [f"{folder}/{name}" for name in names]


@pytest.mark.parametrize("member", ["../*", "/etc/*", "sub/../../*", "***", ""])
def test_a_pattern_that_leads_elsewhere_or_nowhere(folder, member):
    with pytest.raises(SourceError, match=r"leads out of the folder|is no pattern|no file has"):
        labels(folder, member)


def test_a_file_whose_name_looks_like_a_pattern(tmp_path):
    (tmp_path / "a[1].csv").write_text("a,b\n")
    assert labels(tmp_path / "a[1].csv") == [f"{tmp_path}/a[1].csv"]


def test_limits_of_a_folder(folder):
    with pytest.raises(SourceError, match="more than 2 files in it; if that is right, raise"):
        labels(folder, limits=Limits(members=2))
    with pytest.raises(SourceError, match="holds more than 0 MB"):
        labels(folder, limits=Limits(file_bytes=20))
    assert len(labels(folder, limits=Limits(members=3))) == 3


def test_a_part_and_a_line_are_one_number(folder):
    assert rows(source(folder)) == [(0, 2, "1", "2"), (1, 2, "3", "4"), (2, 2, "5", "6")]


def test_every_part_is_numbered_even_without_rows(folder):
    (folder / "b.csv").write_text("a,b\n")
    assert [row[0] for row in rows(source(folder))] == [0, 2]


def test_columns_may_stand_in_another_order_but_must_be_the_same(folder):
    (folder / "b.csv").write_text("b,a\n4,3\n")
    assert rows(source(folder))[1] == (1, 2, "3", "4")
    (folder / "b.csv").write_text("b,c,a\n4,0,3\n")
    with pytest.raises(SourceError, match=r"b.csv: it and .*a.csv do not have the same columns: c"):
        rows(source(folder))
    (folder / "b.csv").write_text("b,c\n4,0\n")
    with pytest.raises(SourceError, match=r"b.csv: the header \(line 1\) lacks 'a'"):
        rows(source(folder))


def test_an_error_names_the_part(folder):
    (folder / "b.csv").write_text("")
    with pytest.raises(SourceError, match=r"b.csv: the file is empty"):
        rows(source(folder))


def test_faults_keep_their_place(folder):
    (folder / "b.csv").write_text("b,a\n1\n2,3\n")
    found = rows(source(folder))
    assert [row[:4] for row in found][1:3] == [(1, 2, None, None), (1, 3, "3", "2")]
    assert found[1][4].startswith("expected 2 fields")


def packed(**members):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


def test_members_of_archives_are_parts(folder, tmp_path):
    members = {"z/": "", "z/2.csv": "a,b\n3,4\n", "z/1.csv": "a,b\n1,2\n", ".x.csv": "",
               "__MACOSX/z/1.csv": "", "readme.txt": "hello"}  # fmt: skip
    path = tmp_path / "m.zip"
    path.write_bytes(packed(**members))
    assert labels(path, "*.csv") == [f"{path}!z/1.csv", f"{path}!z/2.csv"]
    assert rows(source(path, "z/*.csv")) == [(0, 2, "1", "2"), (1, 2, "3", "4")]
    (folder / "b.csv").unlink()
    (folder / "b.zip").write_bytes(packed(**{"y.csv": "a,b\n3,4\n", "x.csv": "a,b\n1,2\n"}))
    (folder / "c.csv.gz").write_bytes(gzip.compress(b"a,b\n5,6\n"))
    (folder / "c.txt").unlink()
    names = [label.removeprefix(f"{folder}/") for label in labels(folder)]
    assert names == ["a.csv", "b.zip!x.csv", "b.zip!y.csv", "c.csv.gz"]
    assert [row[2] for row in rows(source(folder))] == ["1", "1", "3", "5"]
    with pytest.raises(SourceError, match="more than 3 files"):
        labels(folder, limits=Limits(members=3))


def test_progress_counts_the_files_as_they_lie_there(folder):
    told = []
    (folder / "b.csv").write_bytes(gzip.compress(b"a,b\n" + b"1,2\n" * 10_000))
    list(read(source(folder), progress=told.append))
    assert told == sorted(told)
    assert told[-1] == take_stamp(source(folder)).size


# --- the same files still ------------------------------------------------------------------------


def test_the_stamp_of_many_files_tells_any_change(folder):
    made = source(folder)
    stamp = take_stamp(made)
    assert stamp == take_stamp(made)
    assert stamp.size == 24

    def see_another():
        assert take_stamp(made) != stamp
        with pytest.raises(SourceError, match="not what it was when this load first read it"):
            list(read(made, stamp=stamp))

    os.utime(folder / "c.txt", ns=(1, 1))
    see_another()
    stamp = take_stamp(made)
    (folder / "d.csv").write_text("a,b\n")
    see_another()
    (folder / "d.csv").unlink()
    assert take_stamp(made) == stamp
    (folder / "b.csv").rename(folder / "bb.csv")
    see_another()


def test_the_stamp_of_one_file_is_its_own(folder, tmp_path):
    assert take_stamp(source(folder / "a.csv")) == take_stamp(folder / "a.csv")
    path = tmp_path / "m.zip"
    path.write_bytes(packed(**{"a.csv": "a,b\n", "b.csv": "a,b\n"}))
    assert take_stamp(source(path)) == take_stamp(path)


def test_a_file_that_changes_between_two_parts(folder):
    made = source(folder, rows_per_chunk=1)
    frames = read(made)
    next(frames)
    (folder / "c.txt").write_text("a,b\n5,7\n")
    os.utime(folder / "c.txt", ns=(1, 1))
    with pytest.raises(SourceError, match=r"c.txt: the file is not what it was"):
        list(frames)


def test_rows_are_picked_from_the_parts_that_hold_them(folder):
    made = source(folder)
    since = take_stamp(made)
    (folder / "b.csv").write_text("torn")
    os.utime(folder / "b.csv", ns=(5, 5))
    with pytest.raises(SourceError, match="not what it was"):
        list(pick_rows(made, pl.DataFrame({"row": [2], "last_row": [2]}), since))
    since = take_stamp(made)
    far = (2 << ROW_BITS) + 2
    wanted = pl.DataFrame({"row": [far, 2], "last_row": [far, 2], "why": ["x", "y"]})
    found = list(pick_rows(made, wanted, since))
    assert [(rows["a"].to_list(), why["why"].to_list()) for rows, why in found] == [
        (["1", "5"], ["y", "x"])
    ]


def test_the_dialect_is_that_of_the_first_part(folder):
    (folder / "a.csv").write_bytes(b"\xef\xbb\xbfb,a\r\n1,2\r\n")
    dialect = read_dialect(source(folder))
    assert (dialect.columns, dialect.line_end, dialect.bom) == (("b", "a"), "\r\n", True)


# --- where a row stands --------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "place"),
    [
        ({}, "line 17"),
        ({"format": "ndjson"}, "line 17"),
        ({"format": "fixed", "fields": {"a": (1, 1), "b": (2, 1)}}, "line 17"),
        ({"format": "json"}, "/16"),
        ({"format": "json", "record": "export.me/mbers"}, "/export/me~1mbers/16"),
        ({"format": "xml", "record": "Member"}, "(//Member)[17]"),
        ({"format": "xml", "record": "E.Ms.Member"}, "(/E/Ms/Member)[17]"),
        ({"format": "xlsx"}, "row 17"),
        ({"format": "xlsx", "sheet": "Ark1"}, "sheet Ark1, row 17"),
        ({"format": "parquet"}, "row 17"),
        ({"format": "xml", "record": "M", "mended": True}, "line 17"),
    ],
)
def test_places_are_what_a_person_looks_for(folder, words, place):
    told = locate(source(folder, **words), pl.Series([17, (2 << ROW_BITS) + 17, None]))
    assert told.rows() == [
        (f"{folder}/a.csv", 17, place),
        (f"{folder}/c.txt", 17, place),
        (None, None, None),
    ]


def test_the_names_of_parts_may_be_given(tmp_path):
    made = source(tmp_path / "gone")
    rows = pl.Series([2, (1 << ROW_BITS) + 3], dtype=pl.Int64)
    assert locate(made, rows, ["x", "y"])["file"].to_list() == ["x", "y"]


def test_a_copy_to_read_from_any_place(folder):
    (part,) = list_parts(source(folder / "a.csv"))
    with part.seekable() as path:
        assert path == folder / "a.csv"
    (folder / "p").write_bytes(gzip.compress(b"x" * 3_000_000))
    (part,) = list_parts(source(folder / "p"))
    with part.seekable() as path:
        assert path.read_bytes() == b"x" * 3_000_000
        assert path.stat().st_mode & 0o777 == 0o600
    assert not path.exists()
    (folder / "p").write_bytes(b"other")
    with pytest.raises(SourceError, match="not what it was"), part.seekable():
        pass
