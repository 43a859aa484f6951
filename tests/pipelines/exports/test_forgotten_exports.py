"""A person who is forgotten is gone from every file that an export made."""

import polars as pl
import pyarrow.parquet as pq

from pipelines.exports.hashing import hash_file
from pipelines.exports.manifest import read_manifest
from pipelines.forgetting.exports import drop_from_export, versions
from pipelines.forgetting.tables import look_among_items, look_in_table
from transforms.persons import Sought

EMAIL = "kari@example.no"
HER = {"id": "c1", "email": EMAIL, "cards": [{"number": "K-77"}], "o": {"n": 1}}
HIM = {"id": "c2", "email": "ola@example.no", "cards": [{"number": "K-88"}], "o": {"n": 2}}
BAD = {"id": "c3", "email": "x@example.no", "n": "no", "o": {"email": EMAIL}}
SOUGHT = Sought(frozenset(), frozenset({EMAIL}), frozenset(), {})


def test_a_person_is_gone_from_all_files_of_a_version(export):
    version = export(
        [HER, HIM],
        [BAD],
        columns={"id": {"type": "text", "description": "Who"}, "n": "integer"},
        key=["id"],
        lists="table",
        nested="struct",
        contract="discard_row",
        layout={"also": ["csv", "xlsx"]},
    )
    (version.folder.parent / ".lock").touch()
    files = list(versions([version.folder.parent]))
    assert [path.name for path in files] == ["part-00001.parquet"] * 2 + ["discarded.parquet"]
    hits = [hit for path in files for hit in look_in_table(path, SOUGHT)]
    hits += [item for hit in hits for item in look_among_items(hit)]
    assert [(hit.path.name, hit.rows) for hit in hits] == [
        (p.name, 1) for p in (files[0], files[2], files[1])
    ]
    for hit in hits:
        drop_from_export(hit.path, hit.where)

    assert [row["id"] for row in version.own("id")] == ["c2"]
    assert [row["number"] for row in version.own("number", table="cards")] == ["K-88"]
    assert pl.read_parquet(version.folder / "discarded.parquet").height == 0
    assert EMAIL not in (version.folder / "data.csv").read_text()
    assert "ola@example.no" in (version.folder / "data.csv").read_text()
    assert (version.folder / "data.xlsx").exists()
    manifest = read_manifest(version.folder)
    assert (manifest.rows, manifest.forgotten) == (1, 3)
    for file in manifest.files:
        assert hash_file(version.folder / file.path) == file.sha256
    schema = pq.read_schema(version.folder / "data" / "part-00001.parquet")
    assert schema.field("id").metadata[b"description"] == b"Who"
    assert schema.metadata[b"run_id"] == b"run1"
