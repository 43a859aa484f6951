"""A look into a file: few pieces of it, whatever its size and packing."""

import bz2
import gzip
import io
import os
import random
import zipfile

import pytest

from connectors.files import SourceError
from connectors.files.sampling import HEAD, PIECE, UNPACKED, list_unknown, take_sample

NOISE = random.Random(7).randbytes(3 << 20)


@pytest.fixture
def sample(tmp_path):
    """Take a sample of a file of these bytes."""

    def take(data, name="a.csv"):
        path = tmp_path / name
        path.write_bytes(data)
        return take_sample(list_unknown(path)[0])

    return take


@pytest.mark.parametrize("pack", [bytes, gzip.compress, bz2.compress])
@pytest.mark.parametrize("size", [1, HEAD, HEAD + 1, HEAD + PIECE + 9, 2 << 20, (3 << 20) - 7])
def test_pieces_stand_where_they_did_and_no_byte_comes_twice(sample, pack, size):
    data = NOISE[:size]
    found = sample(pack(data), "a.bin")
    assert (found.ends, found.form, found.fault) == (True, "", "")
    assert found.pieces[0] == data[:HEAD]
    end = 0
    for piece in found.pieces:
        begin = data.index(piece, end)
        assert begin % 4 == 0
        assert piece
        end = begin + len(piece)
    assert end == size
    assert len(found.pieces) == (1 if size <= HEAD else 2 if size < 5 << 18 else 3)


def test_no_more_is_unpacked_than_may_be(sample):
    data = NOISE * 22
    found = sample(gzip.compress(data, compresslevel=0), "a.csv.gz")
    assert (found.ends, found.fault) == (False, "")
    assert found.pieces[2] == data[UNPACKED - PIECE : UNPACKED]
    bomb = sample(gzip.compress(b"0" * UNPACKED, compresslevel=9), "a.csv.gz")
    assert not bomb.ends
    assert "times its size" in bomb.fault


def test_what_breaks_off_is_judged_as_far_as_it_goes(sample):
    data = gzip.compress(NOISE)
    found = sample(data[:-2000], "a.csv.gz")
    assert found.pieces[0] == NOISE[:HEAD]
    assert not found.ends
    assert "the gzip file is cut off" in found.fault
    with pytest.raises(SourceError, match="cut off"):
        sample(data[:20], "a.csv.gz")


@pytest.mark.parametrize(("begin", "form"), [(b"PAR1", "parquet"), (b"\xd0\xcf\x11\xe0", "xlsx")])
def test_what_is_no_text_is_known_by_its_beginning(sample, begin, form):
    for pack in (bytes, gzip.compress):
        found = sample(pack(begin + NOISE), "a")
        assert found.form == form
        assert len(found.pieces) == 1


def archive(*names):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as packed:
        for name in names:
            packed.writestr(name, f"in {name}")
    return file.getvalue()


def test_an_archive_has_parts_and_a_workbook_none(tmp_path):
    path = tmp_path / "a.zip"
    path.write_bytes(archive("b.csv", "a.csv", ".hidden"))
    parts = list_unknown(path)
    assert [part.label for part in parts] == [f"{path}!a.csv", f"{path}!b.csv"]
    assert take_sample(parts[0]).pieces == (b"in a.csv",)
    path.write_bytes(archive("[Content_Types].xml", "xl/workbook.xml"))
    (part,) = list_unknown(path)
    assert take_sample(part).form == "xlsx"


def test_what_is_empty_or_no_file(sample, tmp_path):
    with pytest.raises(SourceError, match="empty"):
        sample(b"")
    with pytest.raises(SourceError, match="empty"):
        sample(gzip.compress(b""), "a.csv.gz")
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SourceError, match="no regular file"):
        take_sample(list_unknown(tmp_path / "pipe")[0])
