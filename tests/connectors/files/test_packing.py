"""Packed files: unpacked whole or not at all, and never more than they may be."""

import bz2
import gc
import gzip
import io
import random
import tracemalloc
import warnings
import zipfile
import zlib

import polars as pl
import pyarrow as pa
import pytest

from connectors.files import FileSource, Limits, SourceError, read, take_stamp

TEXT = "a,b\n" + "".join(f"{n},{n * 7919 % 10_007}\n" for n in range(60_000))


def zst(data):
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as stream:
        stream.write(data)
    return sink.getvalue().to_pybytes()


def zipped(members, **words):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED, **words) as archive:
        for name, data in members.items():
            archive.writestr(name, data)
    return file.getvalue()


PACK = {"gz": gzip.compress, "bz2": bz2.compress, "zst": zst, "zip": lambda d: zipped({"a.csv": d})}
STREAMS = ("gz", "bz2", "zst")


def large(kind, lines):
    """Pack so many lines, quickly."""
    if kind == "zip":
        return PACK[kind](b"a,b\n" + b"1,2\n" * lines)
    return PACK[kind](b"a,b\n") + PACK[kind](b"1,2\n" * (1 << 18)) * (lines >> 18)


@pytest.fixture
def load(tmp_path):
    """Read a file of these bytes; give the rows."""

    def rows(data, name="a.csv", **words):
        path = tmp_path / name
        path.write_bytes(data)
        source = FileSource(path, words.pop("format", "csv"), ("a", "b"), **words)
        frames = list(read(source, progress=rows.told.append, stamp=take_stamp(source)))
        return pl.concat(frames, how="diagonal").rows() if frames else []

    rows.told = []
    return rows


def why(load, *args, **words):
    with pytest.raises(SourceError) as caught:
        load(*args, **words)
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("kind", PACK)
@pytest.mark.parametrize("name", ["a.csv", "a.csv.{}", "A.CSV.{}"])
def test_a_packed_file_is_read_as_what_it_holds(load, kind, name):
    plain = load(TEXT.encode())
    load.told.clear()
    data = PACK[kind](TEXT.encode())
    assert load(data, name.format(kind)) == plain
    assert load.told == sorted(load.told)
    assert 0.99 * len(data) - 200 < load.told[-1] <= len(data)


@pytest.mark.parametrize("kind", STREAMS)
def test_what_was_put_together_is_read_to_its_end(load, kind):
    pack = PACK[kind]
    data = pack(b"a,b\n1,2\n") + pack(b"") + pack(b"3,4\n" * 100_000) + pack(b"5,6\n")
    rows = load(data)
    assert len(rows) == 100_002
    assert (rows[0], rows[-1]) == ((2, "1", "2"), (100_003, "5", "6"))


def test_the_padding_of_a_tape_is_no_fault(load):
    data = gzip.compress(b"a,b\n1,2\n")
    assert load(data + bytes(300_000)) == load(data + bytes(3)) == [(2, "1", "2")]
    assert len(load(data + bytes(3) + gzip.compress(b"3,4\n"))) == 2


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize("left", [3, 9, 0.5, -9, -1])
def test_a_file_that_is_cut_off_is_an_error(load, kind, left):
    data = PACK[kind](TEXT.encode())
    cut = data[: int(len(data) * left)] if isinstance(left, float) else data[:left]
    if left == 3 and kind != "gz":  # nothing can be told from that
        assert why(load, cut, f"a.{kind}")
    else:
        assert "file is cut off" in why(load, cut)


@pytest.mark.parametrize("kind", STREAMS)
@pytest.mark.parametrize("garbage", [b"x", b"a,b\n", b"\x1f\x8b", b"\x28\xb5\x2f\xfd"])
def test_something_behind_the_end_is_an_error(load, kind, garbage):
    said = why(load, PACK[kind](TEXT.encode()) + garbage)
    assert "is damaged" in said or "is cut off" in said


@pytest.mark.parametrize("kind", ["gz", "bz2", "zip"])
def test_a_flipped_bit_is_an_error(load, kind):
    random.seed(7)
    data = PACK[kind](TEXT.encode())
    for _ in range(20):
        at = random.randrange(60, len(data) - 100)
        broken = data[:at] + bytes([data[at] ^ 1 << random.randrange(8)]) + data[at + 1 :]
        said = why(load, broken)
        assert "damaged" in said or "cut off" in said


@pytest.mark.parametrize("kind", STREAMS)
def test_damaged_files_leave_no_memory_behind(load, kind):
    """A process that lives for months meets many of them."""
    damaged = PACK[kind](TEXT.encode())[:200] + bytes(range(256)) * 20
    why(load, damaged, f"a.{kind}")
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        for _ in range(30):
            why(load, damaged, f"a.{kind}")
        gc.collect()
        after, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert after - before < 500_000


def test_a_checksum_that_is_wrong_is_an_error(load):
    data = gzip.compress(b"a,b\n1,2\n")
    assert "is damaged" in why(load, data[:-8] + b"\0\0\0\0" + data[-4:])
    stored = bytearray(zipped({"a.csv": TEXT}))
    at = stored.rfind(b"PK\x01\x02") + 16
    stored[at] ^= 1
    assert "a.csv!a.csv: the member is damaged" in why(load, bytes(stored))


@pytest.mark.parametrize("kind", PACK)
def test_a_name_that_promises_what_the_file_is_not(load, kind):
    said = why(load, b"a,b\n1,2\n", f"a.csv.{kind}")
    assert "the name says" in said
    assert "the file is empty" in why(load, b"", f"a.csv.{kind}")
    assert "the file is empty" in why(load, PACK[kind](b""), f"a.csv.{kind}")


@pytest.mark.parametrize("outer", PACK)
@pytest.mark.parametrize("inner", PACK)
def test_what_is_packed_twice_is_refused(load, outer, inner):
    assert "is packed itself" in why(load, PACK[outer](PACK[inner](b"a,b\n1,2\n")))


def test_a_text_may_begin_like_a_packed_file(load):
    with pytest.raises(SourceError, match="lacks 'a'"):
        load(b"BZh9,b\n1,2\n")


def test_tar_is_not_known(load):
    data = bytes(257) + b"ustar" + bytes(250)
    assert "this is a tar archive" in why(load, data)
    assert "is packed itself (tar)" in why(load, gzip.compress(data))


# --- limits --------------------------------------------------------------------------------------


@pytest.mark.slow
@pytest.mark.parametrize("kind", PACK)
def test_a_bomb_is_stopped_early(load, kind):
    data = large(kind, 10 << 20)
    said = why(load, data, limits=Limits(ratio=20))
    assert "it unpacks to more than 20 times its size; if that is right, raise" in said
    said = why(load, data, limits=Limits(ratio=10**6, unpacked_bytes=20 << 20))
    assert "it unpacks to more than 20 MB" in said


@pytest.mark.parametrize("kind", PACK)
def test_a_small_file_may_shrink_as_it_likes(load, kind):
    assert len(load(large(kind, 1 << 20))) == 1 << 20


def test_a_file_that_is_too_large_is_not_opened(load):
    assert "more than 1 MB" in why(load, b"a,b\n" + bytes(2 << 20), limits=Limits(1 << 20))


def test_members_count_together(load):
    data = zipped({f"{n}.csv": "a,b\n" + "1,2\n" * 100_000 for n in range(9)})
    assert "9.csv" not in why(load, data, limits=Limits(unpacked_bytes=2 << 20, ratio=10**6))


def test_more_members_than_allowed_are_not_even_listed(load):
    data = zipped({f"{n}.csv": "a,b\n" for n in range(30)})
    assert "more than 29 files" in why(load, data, limits=Limits(members=29))
    assert load(data, limits=Limits(members=30)) == []
    named = zipped({"x" * 60_000: "a,b\n", "a.csv": "a,b\n"})
    assert "more than 3 files" in why(load, named, limits=Limits(members=3))


# --- zip -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name", ["/a.csv", "../a.csv", "x/../../a.csv", "C:/a.csv", "x\\..\\a.csv"]
)
def test_a_member_that_leads_out_of_the_archive_is_refused(load, tmp_path, name):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        data = zipped({"ok.csv": "a,b\n1,2\n", name: "a,b\n1,2\n"})
    assert "in it is a link, or its name is not plain" in why(load, data)
    assert [path.name for path in tmp_path.iterdir()] == ["a.csv"]


def test_a_link_is_refused(load):
    info = zipfile.ZipInfo("a.csv")
    info.external_attr = 0o120777 << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr(info, "/etc/passwd")
    assert "is a link" in why(load, file.getvalue())


def test_a_name_with_nul_is_refused(load):
    data = zipped({"a.csv.exe": "a,b\n1,2\n"}).replace(b"a.csv.exe", b"a.csv\0exe")
    assert "its name is not plain" in why(load, data)


def test_an_encrypted_member_is_refused(load):
    data = bytearray(zipped({"a.csv": "a,b\n1,2\n"}))
    data[6] |= 1
    data[data.find(b"PK\x01\x02") + 8] |= 1
    assert "a.csv in it is encrypted; have it packed without" in why(load, bytes(data))


def test_a_packing_that_is_not_known_is_told(load):
    data = bytearray(zipped({"a.csv": "a,b\n1,2\n"}))
    data[8] = data[data.find(b"PK\x01\x02") + 10] = 99
    assert "packed in a way that is not known" in why(load, bytes(data))


@pytest.mark.parametrize("way", [zipfile.ZIP_STORED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_every_packing_of_a_member_that_is_known(load, way):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", way) as archive:
        archive.writestr("a.csv", TEXT)
    data = file.getvalue()
    assert len(load(data)) == 60_000
    at = len(data) // 2
    assert "member is damaged" in why(load, data[:at] + bytes([data[at] ^ 255]) + data[at + 1 :])


def test_the_same_name_twice_is_refused(load):
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        archive.writestr("a.csv", "a,b\n")
        archive.writestr("a.csv", "a,b\n1,2\n")
    assert "stands in it twice" in why(load, file.getvalue())


@pytest.mark.parametrize("size", [30, 0.5, -1, -10, -30])
def test_a_cut_archive_is_an_error(load, size):
    data = zipped({"a.csv": TEXT, "b.csv": TEXT})
    cut = data[: int(len(data) * size)] if isinstance(size, float) else data[:size]
    assert "the zip archive is damaged or cut off" in why(load, cut)


def test_an_archive_without_files_is_told(load):
    assert "no file in it has a name such as *" in why(load, zipped({}))
    assert "no file in it has a name such as *.txt" in why(
        load, zipped({"a.csv": "a,b\n"}), member="*.txt"
    )


def test_a_member_that_holds_less_than_it_says_is_damaged(load):
    data = bytearray(zipped({"a.csv": TEXT}))
    at = data.rfind(b"PK\x01\x02") + 24
    data[at : at + 4] = (len(TEXT) + 5).to_bytes(4, "little")
    assert "is damaged" in why(load, bytes(data))
    data[at : at + 4] = (100).to_bytes(4, "little")
    crc = zlib.crc32(TEXT.encode()[:100]).to_bytes(4, "little")
    data[at - 8 : at - 4] = crc  # so that nothing else gives it away
    load(bytes(data))  # what is beyond is no part of the member, for zipfile or anyone
