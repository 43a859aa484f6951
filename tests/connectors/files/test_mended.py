"""Files of rejects: written, mended by a person, and read back as their source was."""

import json
from dataclasses import asdict

import polars as pl
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from connectors.files import (
    FileSource,
    SourceError,
    is_mended,
    read,
    read_dialect,
    read_origin,
)
from connectors.files.source import ADDED
from delivery import rejects

PIECES = st.sampled_from(
    ["a", "æ", "🙂", '"', ",", ";", "\n", "\r\n", "\r", "\t", " ", "0", "'", "=", "+", "-", "-1",
     "@", "\ufeff", "_raw"]
)  # fmt: skip
TEXT = st.lists(PIECES, max_size=4).map("".join) | st.text(
    st.characters(exclude_categories=["Cs", "Co"]), max_size=4
)


@pytest.fixture(scope="session")
def path(tmp_path_factory):
    return tmp_path_factory.mktemp("mended") / "rejects.csv"


def write(path, source, frames, why="e"):
    """Write all rows of frames as rejects of a source."""
    writer = rejects.RejectWriter(path, str(source.path), "r1", **asdict(read_dialect(source)))
    for frame in frames:
        writer.write(frame, pl.repeat(why, frame.height, dtype=pl.String, eager=True))


def mended(source, path, **options):
    return FileSource(
        path, source.format, source.columns, source.record, source.items,
        delimiter=source.delimiter, mended=True, **options,
    )  # fmt: skip


def reload(source, path, *, block=0, **options):
    frames = list(read(mended(source, path, **options), _block=block))
    return pl.concat(frames, how="diagonal") if frames else pl.DataFrame()


def swap(path, old, new):
    text = path.read_bytes().decode()
    assert old in text
    path.write_bytes(text.replace(old, new, 1).encode())


def test_both_rooms_mean_the_same_columns():
    assert ADDED == rejects.ADDED


@settings(max_examples=60, deadline=None)
@given(
    names=st.lists(TEXT.filter(lambda name: name not in ADDED), min_size=1, max_size=3, unique=True)
    .filter(lambda names: not {"_row", "_fault", ""}.intersection(names)),
    data=st.data(),
    dialect=st.fixed_dictionaries(
        {
            "delimiter": st.sampled_from([",", ";", "\t", "|"]),
            "line_end": st.sampled_from(["\n", "\r\n"]),
            "bom": st.booleans(),
        }
    ),
    block=st.sampled_from([0, 3, 60]),
)  # fmt: skip
def test_any_table_comes_back_as_it_was_rejected(path, names, data, dialect, block):
    assume(dialect["bom"] or not names[0].startswith("\ufeff"))  # no CSV can have such a name
    row = st.tuples(*[st.none() | TEXT] * len(names))
    table = data.draw(st.lists(row, min_size=1, max_size=6))
    frame = pl.DataFrame(table, schema=dict.fromkeys(names, pl.String), orient="row")
    rows = frame.with_row_index("_row", 2).cast({"_row": pl.Int64})
    why = pl.repeat("=e", frame.height, dtype=pl.String, eager=True)
    rejects.RejectWriter(path, "-f", "r", columns=names, **dialect).write(rows, why)
    source = FileSource(path, "csv", tuple(names), delimiter=dialect["delimiter"], mended=True)
    back = pl.concat(read(source, _block=block), how="diagonal")
    assert back.columns == ["_row", *names]
    # The csv module, which judges what polars leaves, cannot tell an empty text from no value;
    # so an empty text is not written as one.
    assert back.drop("_row").rows() == frame.rows()
    assert asdict(read_dialect(source)) == {"columns": tuple(names), **dialect}
    assert read_origin(path).run == "r"


@settings(max_examples=30, deadline=None)
@given(st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=4), st.sampled_from([0, 40]))
@example([("", "")], 0)
def test_a_csv_with_a_dialect_of_its_own_comes_back(desk, path, cells, block):
    def quoted(text):
        return '"' + text.replace('"', '""') + '"'

    assume(not any("\0" in cell for row in cells for cell in row))  # which makes a row a fault
    lines = ["x;=y;unused", *(f"{quoted(a)};{quoted(b)};u" for a, b in cells)]
    text = "\ufeff" + "\r\n".join(lines) + "\r\n"
    source = desk.source(text, "csv", "=y", delimiter=";")
    frames = list(read(source))
    write(path, source, frames)
    assert path.read_bytes().startswith("\ufeffx;'=y;unused;_source_file".encode())
    back = reload(source, path, block=block)
    assert back.drop("_row").equals(pl.concat(frames).drop("_row"))


NESTED = [
    {"id": "1", "items": [{"n": 1}, {"n": -2.5}]},
    {"id": "", "items": []},
    {"id": "=3", "items": [{"n": None}, {"n": "-"}]},
    {"id": "3", "items": [{"n": 5}]},
]


@pytest.mark.parametrize("size", [1, 2, 100])
def test_records_with_items_come_back_as_records(desk, path, size):
    source = desk.source(json.dumps(NESTED), "json", "id items.n", items="items")
    frames = list(read(source))
    write(path, source, frames)
    assert path.read_text().splitlines()[:3] == [
        f"id,items.n,{','.join(ADDED)}",
        f"1,1,{source.path},1,line 1,e,r1,",
        f"1,-2.5,{source.path},1,line 1,e,r1,",
    ]
    back = reload(source, path, rows_per_chunk=size, block=40)
    assert back.drop("_row").equals(pl.concat(frames).drop("_row"))
    assert back["_row"].to_list() == [2, 2, 4, 5, 5, 7]
    parts = list(read(mended(source, path, rows_per_chunk=1), _block=40))
    assert [part.height for part in parts] == [2, 1, 2, 1]
    again = path.with_name("again.csv")
    write(again, mended(source, path), [back])
    assert reload(source, again).drop("_row").equals(back.drop("_row"))


def test_a_row_of_items_must_tell_its_record(desk, path):
    source = desk.source(json.dumps(NESTED), "json", "id items.n", items="items")
    write(path, source, list(read(source)))
    swap(path, f"-2.5,{source.path},1,", f"-2.5,{source.path},,")
    with pytest.raises(SourceError, match="line 3 cannot be read, or has no _source_row"):
        reload(source, path)
    swap(path, f"-2.5,{source.path},,", "")  # too few fields
    with pytest.raises(SourceError, match="line 3 cannot be read"):
        reload(source, path)
    path.write_text("id,items.n\n1,2\n")
    with pytest.raises(SourceError, match="lacks '_source_row'"):
        reload(source, path)


TORN = "a,b\n1,2\nx\n3,4,5\n=6,7\n"


def test_a_row_that_could_not_be_read_is_unreadable_until_it_is_mended(desk, path):
    source = desk.source(TORN, "csv", "a b")
    write(path, source, list(read(source)))
    back = reload(source, path)
    fault = "not mended, fill in its columns from _raw or delete the row: "
    assert back.rows() == [
        (2, "1", "2", None, None),
        (3, None, None, fault + "x", "x"),
        (4, None, None, fault + "3,4,5", "3,4,5"),
        (5, "=6", "7", None, None),
    ]
    again = path.with_name("again.csv")
    write(again, mended(source, path), [back])
    assert reload(source, again).rows() == back.rows()
    lines = path.read_text().splitlines(keepends=True)
    path.write_text("".join([*lines[:2], "x,0" + lines[2].removeprefix(","), lines[4]]))
    assert reload(source, path).rows() == [(2, "1", "2"), (3, "x", "0"), (4, "=6", "7")]


@pytest.mark.parametrize("block", [0, 30])
def test_a_row_that_was_broken_by_mending_is_a_fault_beside_one_of_old(desk, path, block):
    source = desk.source(TORN, "csv", "a b")
    write(path, source, list(read(source)))
    swap(path, "\n1,2,", "\n'1,")
    back = reload(source, path, block=block).select("_row", "a", "_raw").rows()
    assert back == [
        (2, None, f"'1,{source.path},2,line 2,e,r1,"),
        (3, None, "x"), (4, None, "3,4,5"), (5, "=6", None),
    ]  # fmt: skip


def test_a_spreadsheet_may_set_another_delimiter_and_leave_columns_out(desk, path):
    source = desk.source("[]", "json", "a b")
    path.write_text('a;"b";"_source_file";"_source_row"\n1,5;\'+47;f;1\n', encoding="utf-8-sig")
    assert reload(source, path).rows() == [(2, "1,5", "+47")]
    path.write_text("a,b\n1,'\n")
    assert reload(source, path).rows() == [(2, "1", "")]


def test_a_file_of_rejects_is_known_by_its_columns(desk, path):
    source = desk.source("a,b\n=1,'2\n", "csv", "a b")
    write(path, source, list(read(source)))
    assert "'=1,''2," in path.read_text()
    (frame,) = read(FileSource(path, "csv", ("a",)))
    assert frame.rows() == [(2, "=1", "'2")]
    assert is_mended(path)
    swap(path, f"a,b,{','.join(ADDED)}", f'\ufeff"a";"b\n";{";".join(ADDED)}')
    assert is_mended(path)
    for text in ("", "\ufeff", "a,_source_file\n_source_row,\n", '[{"_source_file": 1}]', "a,b"):
        path.write_text(text)
        assert not is_mended(path)
    assert not is_mended(path.parent)
    assert not is_mended(path / "none")


@pytest.mark.parametrize("delimiter", [",", ";", "\t"])
def test_where_a_file_comes_from(desk, path, delimiter):
    source = desk.source(f"a{delimiter}b\n1{delimiter}2\n", "csv", "a b", delimiter=delimiter)
    write(path, source, list(read(source)))
    origin = read_origin(path)
    assert (origin.file, origin.run) == (str(source.path), "r1")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("a,b\n1,2\n", "no column '_source_file' or '_run', so it is no file of rejects"),
        ("a,_source_file,_source_row,_run\n", "first row does not say"),
        ("a,_source_file,_source_row,_run\n1,,2,\n2,f,3,r\n", "first row does not say"),
        ("a,_source_file,_source_row,_run\n1,f\n", "first row does not say"),
    ],
)
def test_a_file_that_does_not_say_where_it_comes_from(path, text, words):
    path.write_text(text)
    with pytest.raises(SourceError, match=words):
        read_origin(path)


def test_a_column_cannot_be_called_as_an_added_one():
    with pytest.raises(ValueError, match="_error is this reader's own name"):
        FileSource(ADDED, "csv", ("a", "_error"))
