"""Hostile .gz, .bz2, .zst and .zip files; all of them hold CSV."""

import bz2
import gzip
import io
import struct
import warnings
import zipfile
from collections.abc import Callable, Iterable
from dataclasses import replace
from functools import partial
from typing import Any

import pyarrow as pa

from sample_data.hostile_kinds import Hostile, good_file, one
from sample_data.hostile_tables import HEADER, MB, NOISE

TEXT = good_file("csv", 2000)
_WHEN = (2024, 1, 1, 0, 0, 0)
_CENTRAL, _END = b"PK\x01\x02", b"PK\x05\x06"
_LINE = b"1,a@example.com,1\n"


def packed() -> list[Hostile]:
    """List hostile compressed files and archives."""
    return [*_streams(), *_zips(), *_names(), *_bombs()]


def pack_zst(data: bytes) -> bytes:
    """Compress as one frame of Zstandard."""
    sink = pa.BufferOutputStream()
    with pa.CompressedOutputStream(sink, "zstd") as out:
        out.write(data)
    return bytes(sink.getvalue().to_pybytes())


def pack_zip(members: Iterable[tuple[str, bytes]], *, stored: bool = False) -> bytes:
    """Make an archive of members, under whatever names."""
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", allowZip64=True) as archive, warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the same name twice
        for name, data in members:
            info = zipfile.ZipInfo("x", _WHEN)
            info.filename = info.orig_filename = name
            info.compress_type = zipfile.ZIP_STORED if stored else zipfile.ZIP_DEFLATED
            archive.writestr(info, data)
    return file.getvalue()


def _streams() -> list[Hostile]:
    ways: dict[str, Callable[[bytes], bytes]] = {
        "gz": lambda data: gzip.compress(data, 6, mtime=0),
        "bz2": bz2.compress,
        "zst": pack_zst,
    }
    cases: list[Hostile] = []
    for suffix, pack in ways.items():
        data = pack(TEXT)
        middle = len(data) // 2
        flipped = data[:middle] + bytes([data[middle] ^ 0xFF]) + data[middle + 1 :]
        for name, made in {
            "truncated": data[:middle],
            "truncated-early": data[:5],
            "truncated-by-one": data[:-1],
            "flipped": flipped,
            "garbage-behind": data + b"garbage behind the end",
            "noise": data[:4] + NOISE,
            "empty-file": b"",
            "plain": TEXT,
        }.items():
            # A .zst frame without a checksum does not show a flipped bit in its texts.
            end = "any" if name == "flipped" and suffix == "zst" else "error"
            cases.append(one(f"{name}.csv.{suffix}", "csv", made, end))  # type: ignore[arg-type]
        cases.append(one(f"nothing-in.csv.{suffix}", "csv", pack(b""), "error", "empty"))
        cases.append(one(f"twice.csv.{suffix}", "csv", data + pack(_LINE), "kept", good=2001))
        cases.append(one(f"packed-twice.csv.{suffix}", "csv", pack(data), "refused"))
    data = ways["gz"](TEXT)
    gz = partial(one, form="csv", end="error")
    return [
        *cases,
        gz(name="bad-crc.csv.gz", make=data[:-8] + b"\0\0\0\0" + data[-4:]),
        gz(name="bad-length.csv.gz", make=data[:-4] + b"\xff\xff\xff\xff"),
        gz(name="bad-method.csv.gz", make=data[:2] + b"\x07" + data[3:]),
        gz(name="nuls-behind.csv.gz", make=data + bytes(512), end="kept", good=2000),
        gz(name="name-endless.csv.gz", make=data[:3] + b"\x08" + data[4:10] + b"n" * 300_000),
        # A frame that asks for a window of 2 GB.
        gz(name="window.csv.zst", make=b"\x28\xb5\x2f\xfd\x00\xa8" + b"\x01\0\0" + b"\0" * 8),
    ]


def _zips() -> list[Hostile]:
    data = pack_zip([("a.csv", TEXT)])
    central = data.index(_CENTRAL)
    encrypted = bytearray(data)
    encrypted[6] |= 1
    encrypted[central + 8] |= 1
    many = [(f"{n:06}.csv", HEADER + _LINE) for n in range(3)]
    zips = partial(one, form="csv", end="error")
    return [
        zips(name="truncated.csv.zip", make=data[: len(data) // 2]),
        zips(name="truncated-directory.csv.zip", make=data[: central + 20]),
        zips(name="empty-file.csv.zip", make=b""),
        zips(name="plain.csv.zip", make=TEXT),
        zips(name="noise.csv.zip", make=b"PK\x03\x04" + NOISE),
        zips(name="no-members.csv.zip", make=pack_zip([])),
        zips(name="empty-member.csv.zip", make=pack_zip([("a.csv", b"")])),
        zips(name="folders-only.csv.zip", make=pack_zip([("a/", b""), ("b/", b"")])),
        zips(name="nothing-matches.csv.zip", make=data, member="*.txt"),
        zips(name="encrypted.csv.zip", make=bytes(encrypted), says="encrypted|password"),
        zips(name="bad-crc.csv.zip", make=_patch(data, central + 16, b"\0\0\0\0")),
        zips(name="sizes-lie-small.csv.zip", make=_patch(data, central + 24, b"\x10\0\0\0")),
        zips(name="sizes-lie-large.csv.zip", make=_patch(data, central + 24, b"\xff\xff\xff\x7f")),
        zips(name="packed-lies.csv.zip", make=_patch(data, central + 20, b"\xff\xff\xff\x7f"),
             end="any"),
        zips(name="offset-lies.csv.zip", make=_patch(data, central + 42, b"\xff\xff\xff\x7f")),
        zips(name="count-lies.csv.zip",
             make=_patch(data, data.index(_END) + 8, b"\xff\x7f\xff\x7f"), end="refused"),
        zips(name="method-unknown.csv.zip", make=_method(data, central, 99)),
        zips(name="flipped.csv.zip", make=_patch(data, 300, b"\xff\0\xff\0\xff")),
        zips(name="name-differs.csv.zip", make=_patch(data, 30, b"b")),
        zips(name="overlapping.csv.zip", make=partial(overlap, data, 500)),
        zips(name="nested.csv.zip", make=pack_zip([("b.zip", data)]), end="refused"),
        zips(name="nested-named-csv.csv.zip", make=pack_zip([("b.csv", data)]), end="refused"),
        zips(name="other-columns.csv.zip", make=pack_zip([*many, ("z.csv", b"a,b\n1,2\n")])),
        zips(name="other-format.csv.zip", make=pack_zip([*many, ("z.csv", NOISE)]), end="refused"),
        zips(name="same-name.csv.zip", make=pack_zip(many[:1] * 2), end="refused"),
        zips(name="cut-member.csv.zip", make=pack_zip([*many, ("z.csv", HEADER + b'1,"')])),
        zips(name="zip-in-gz.csv.gz", make=gzip.compress(data, 6, mtime=0), end="refused"),
        zips(name="comment-lies.csv.zip", make=data[:-2] + b"\xff\xff", end="any"),
    ]  # fmt: skip


def _names() -> list[Hostile]:
    names = {
        "traversal": "../evil.csv",
        "traversal-deep": "a/../../../../tmp/evil.csv",
        "traversal-backslash": "..\\..\\evil.csv",
        "absolute": "/tmp/evil.csv",  # noqa: S108 - a name, written nowhere
        "drive": "C:\\evil.csv",
        "network": "\\\\host\\share\\evil.csv",
        "nul-in-name": "a.csv\0.txt",
        "control-in-name": "a\x1b[2J\n.csv",
        "long-name": "n" * 60_000 + ".csv",
    }
    cases = [
        one(f"{name}.csv.zip", "csv", pack_zip([("a.csv", TEXT), (member, TEXT)]), "error")
        for name, member in names.items()
    ]
    link = zipfile.ZipInfo("link.csv", _WHEN)
    link.create_system, link.external_attr = 3, 0o120777 << 16
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        archive.writestr("a.csv", TEXT)
        archive.writestr(link, "/etc/passwd")
    cases.append(one("symlink.csv.zip", "csv", file.getvalue(), "error"))
    return [
        replace(case, end="any") if case.name == "long-name.csv.zip" else case for case in cases
    ]


def _bombs() -> list[Hostile]:
    bomb: Any = partial(one, form="csv", end="error", large=True)
    return [
        bomb(name="bomb.csv.gz", make=lambda: gzip.compress(HEADER) + _zeros(b"\n") * 100),
        bomb(name="bomb-line.csv.gz", make=lambda: gzip.compress(HEADER) + _zeros(b"x") * 100),
        bomb(name="bomb-rows.csv.gz",
             make=lambda: gzip.compress(HEADER) + gzip.compress(_LINE * 6 * MB) * 100),
        bomb(name="bomb.csv.bz2",
             make=lambda: bz2.compress(HEADER) + bz2.compress(b"\n" * (100 * MB)) * 100),
        bomb(name="bomb.csv.zst",
             make=lambda: pack_zst(HEADER) + pack_zst(b"\n" * (100 * MB)) * 100),
        bomb(name="bomb.csv.zip", make=lambda: pack_zip([("a.csv", HEADER + b"\n" * (300 * MB))])),
        bomb(name="bomb-overlapping.csv.zip",
             make=lambda: overlap(pack_zip([("a.csv", HEADER + b"\n" * (20 * MB))]), 60_000)),
        bomb(name="bomb-nested.csv.zip", end="refused", make=lambda: pack_zip(
            [("a.zip", pack_zip([("a.csv", HEADER + b"\n" * (300 * MB))]))])),
        bomb(name="members-100000.csv.zip", make=lambda: pack_zip(
            ((f"{n}.csv", HEADER) for n in range(100_000)), stored=True)),
        bomb(name="bomb.json.gz", form="json",
             make=lambda: gzip.compress(b"[") + _zeros(b" ") * 100),
        bomb(name="bomb.xml.gz", form="xml",
             make=lambda: gzip.compress(b"<Members>") + _zeros(b" ") * 100),
        bomb(name="bomb.ndjson.gz", form="ndjson", make=lambda: _zeros(b"\n") * 100),
        bomb(name="bomb.fixed.gz", form="fixed", make=lambda: _zeros(b"\n") * 100),
    ]  # fmt: skip


def _zeros(byte: bytes) -> bytes:
    """Compress 100 MB of one byte."""
    return gzip.compress(byte * (100 * MB), 6, mtime=0)


def overlap(data: bytes, count: int) -> bytes:
    """Let many entries of the directory name the one member that there is."""
    central, end = data.index(_CENTRAL), data.index(_END)
    entry = data[central:end]
    directory = b"".join(entry[:46] + f"{n:05}"[-5:].encode() + entry[51:] for n in range(count))
    close = struct.pack("<4s4H2LH", _END, 0, 0, count, count, len(directory), central, 0)
    return data[:central] + directory + close


def _patch(data: bytes, at: int, new: bytes) -> bytes:
    return data[:at] + new + data[at + len(new) :]


def _method(data: bytes, central: int, method: int) -> bytes:
    number = struct.pack("<H", method)
    return _patch(_patch(data, 8, number), central + 10, number)
