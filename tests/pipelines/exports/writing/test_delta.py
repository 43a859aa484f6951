from decimal import Decimal

import pytest

from pipelines.exports.manifest import read_manifest
from pipelines.exports.writing.delta import drop_history, mirror

deltalake = pytest.importorskip("deltalake", reason="the extra `delta` is not installed")

WORDS = {"columns": {"id": "text", "n": "decimal(2)", "at": "timestamp"}, "key": ["id"]}
AT = "2026-03-01T12:00:00Z"


def row(name, n):
    return {"id": name, "n": n, "at": AT}


def read(version):
    table = deltalake.DeltaTable(version.folder.parent / "delta")
    rows = table.to_pyarrow_table().to_pylist()
    return table.version(), {each["id"]: (each["n"], each["_run_id"]) for each in rows}


def published(export, *pages, **words):
    version = export(*pages, **WORDS, **words)
    mirror(version.folder, read_manifest(version.folder), ["id"])
    return version


@pytest.mark.parametrize("mode", ["replace", "append", "merge"])
def test_a_version_is_mirrored(export, mode):
    layout = {"mode": mode, "partition_by": "at"}
    first = published(export, [row("a", 1), row("b", 2.5)], layout=layout)
    assert read(first) == (0, {"a": (Decimal("1.00"), "run1"), "b": (Decimal("2.50"), "run1")})
    second = published(export, [row("b", 3), row("c", 4)] if mode == "merge" else [row("c", 4)],
                       layout=layout)  # fmt: skip
    told = {each["id"]: (each["n"], each["_run_id"]) for each in second.read().rows(named=True)}
    assert read(second) == (1, told)
    mirror(second.folder, read_manifest(second.folder), ["id"])
    assert read(second)[0] == 1
    third = published(export, [row("d", 5) | {"new": 1}], layout=layout)
    told = {each["id"]: (each["n"], each["_run_id"]) for each in third.read().rows(named=True)}
    assert read(third) == (2, told)
    assert (third.folder.parent / "delta").stat().st_mode & 0o777 == 0o700


def test_what_was_forgotten_is_in_no_older_version(export):
    first = published(export, [row("a", 1)])
    second = published(export, [row("b", 1)])
    drop_history(second.folder, read_manifest(second.folder))
    kept = list((first.folder.parent / "delta").glob("*.parquet"))
    assert len(kept) == 1
    assert read(second)[1].keys() == {"b"}
