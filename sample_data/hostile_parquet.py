"""Hostile Parquet files."""

import io
import struct
from collections.abc import Mapping
from functools import partial
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from sample_data.hostile_kinds import COLUMNS, Hostile, good_file, one
from sample_data.hostile_tables import BINARY, NOISE


def parquets() -> list[Hostile]:
    """List hostile Parquet files."""
    return [*_files(), *_large()]


def write_parquet(columns: Mapping[str, Any], **options: Any) -> bytes:  # noqa: ANN401 - pyarrow's
    """Write columns as a Parquet file."""
    sink = io.BytesIO()
    pq.write_table(pa.table(dict(columns)), sink, **options)
    return sink.getvalue()


def _files() -> list[Hostile]:
    count = 12_345
    columns: dict[str, Any] = {
        "member_no": [f"{n:08}" for n in range(count)],
        "email": [f"m{n}@example.com" for n in range(count)],
        "points": list(range(count)),
    }
    data = write_parquet(columns, use_dictionary=False, compression="snappy")
    footer = struct.unpack("<I", data[-8:-4])[0]
    body, meta = data[: -8 - footer], data[-8 - footer : -8]
    deep: Any = pa.array(["x"] * 3)
    for _ in range(100):
        deep = pa.StructArray.from_arrays([deep], names=["a"])
    three = {"member_no": ["1", "2", "3"], "email": ["a", "b", "c"], "points": [1, 2, 3]}
    flipped = bytearray(data)
    for at in range(2000, 2200):
        flipped[at] ^= 0x55
    parquet = partial(one, form="parquet", end="error")
    table = partial(one, form="parquet", end="refused")
    odd = partial(one, form="parquet", end="any")

    def close(meta: bytes) -> bytes:
        return body + meta + struct.pack("<I", len(meta)) + b"PAR1"

    return [
        *(parquet(name=f"{name}.parquet", make=made) for name, made in BINARY.items()),
        parquet(name="empty.parquet", make=b""),
        parquet(name="csv-as.parquet", make=good_file("csv")),
        parquet(name="magic-only.parquet", make=b"PAR1PAR1"),
        parquet(name="truncated.parquet", make=data[: len(data) // 2]),
        parquet(name="truncated-by-one.parquet", make=data[:-1]),
        parquet(name="wrong-magic.parquet", make=data[:-4] + b"PAR2"),
        parquet(name="encrypted.parquet", make=b"PARE" + data[4:-4] + b"PARE"),
        table(name="wrong-first-magic.parquet", make=b"XXXX" + data[4:]),
        parquet(name="page-flipped.parquet", make=bytes(flipped)),
        parquet(name="pages-gone.parquet", make=b"PAR1" + bytes(len(body) - 4) + data[len(body):]),
        parquet(name="footer-too-long.parquet", make=data[:-8] + b"\xff\xff\xff\x7fPAR1"),
        parquet(name="footer-negative.parquet", make=data[:-8] + b"\xff\xff\xff\xffPAR1"),
        parquet(name="footer-nothing.parquet", make=data[:-8] + bytes(4) + b"PAR1"),
        parquet(name="footer-noise.parquet", make=close(NOISE[: len(meta)])),
        parquet(name="footer-cut.parquet", make=close(meta[: len(meta) // 2])),
        parquet(name="rows-declared.parquet",
                make=close(meta.replace(_varint(count), _varint(1 << 40)))),
        parquet(name="rows-negative.parquet",
                make=close(meta.replace(_varint(count), _varint(-5)))),
        parquet(name="page-far.parquet",
                make=close(meta.replace(b"\x26\x08", b"\x26\xfe\xff\x7f"))),
        # The schema says of a column that it is never null, its statistics count nulls.
        parquet(name="levels-lie.parquet",
                make=write_parquet({**three, "points": [1.5, 2.5, 3.5]})
                .replace(b"%\x02\x18\x06points", b"*\x02\x18\x06points")),
        parquet(name="metadata-is-no-utf8.parquet", end="any",
                make=write_parquet(three).replace(b"ARROW:schema", b"ARROW:sch\xe5ma")),
        parquet(name="lacks.parquet", make=write_parquet({"a": ["1"]})),
        parquet(name="no-rows.parquet", end="kept", good=0,
                make=write_parquet({name: pa.array([], pa.string()) for name in COLUMNS})),
        table(name="deep.parquet", make=write_parquet({**three, "deep": deep})),
        table(name="bytes.parquet",
              make=write_parquet({**three, "email": [b"\xff\xfe", b"\0", b"ok"]})),
        table(name="text-is-no-utf8.parquet",
              make=write_parquet({**three, "email": ["aaaa", "bbbb", "cccc"]},
                                 compression="none").replace(b"bbbb", b"\xe5\xe5\xff\xff")),
        odd(name="nul.parquet", make=write_parquet({**three, "email": ["a\0b", "b", "c"]})),
        odd(name="nan.parquet",
              make=write_parquet({**three, "points": [float("nan"), float("inf"), 1e300]})),
        table(name="list-for-text.parquet",
              make=write_parquet({**three, "email": [["a"], ["b"], []]})),
        table(name="struct-for-text.parquet",
              make=write_parquet({**three, "email": [{"x": 1}] * 3})),
        table(name="map-for-text.parquet", make=write_parquet(
            {**three, "email": pa.array([[("a", 1)]] * 3, pa.map_(pa.string(), pa.int64()))})),
        odd(name="time-far.parquet", make=write_parquet(
            {**three, "email": pa.array([2**62, -(2**62), 0], pa.timestamp("us"))})),
        table(name="long-field.parquet",
              make=write_parquet({**three, "email": ["x" * 200_000, "b", "c"]})),
        odd(name="wide.parquet",
              make=write_parquet({**three, **{f"c{n}": ["x"] * 3 for n in range(2000)}})),
    ]  # fmt: skip


def _varint(number: int) -> bytes:
    """Write a number as the footer does (Thrift's compact protocol, zigzag)."""
    rest = ((number << 1) ^ (number >> 63)) & ((1 << 64) - 1)
    out = bytearray()
    while rest > 0x7F:
        out.append(rest & 0x7F | 0x80)
        rest >>= 7
    return bytes([*out, rest])


def _large() -> list[Hostile]:
    return [
        one(
            "bomb-values.parquet", "parquet", partial(_repeated, 300_000, 10_000), "any", large=True
        ),
        one(
            "bomb-group.parquet", "parquet", partial(_repeated, 20_000_000, 100), "any", large=True
        ),
    ]


def _repeated(count: int, length: int) -> bytes:
    """Write rows that all hold one long text, which the file holds once."""
    text = pa.DictionaryArray.from_arrays(pa.nulls(count, pa.int32()).fill_null(0), ["x" * length])
    numbers = pa.nulls(count, pa.int32()).fill_null(7)
    return write_parquet(
        {"member_no": numbers, "email": text, "points": numbers}, row_group_size=count
    )
