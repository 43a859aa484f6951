"""The page of an export: what was read, the proof, the columns, what changed."""

import datetime as dt
from pathlib import Path

import polars as pl
import pytest

from pipelines.exports.manifest import File, Manifest, Proof
from pipelines.exports.versions import Version
from pipelines.run_page import is_quick, page_of
from pipelines.run_page.export_columns import profile_version
from tests.pipelines.run_page.seen import told


@pytest.mark.usefixtures("api", "dagster_forgets")
def test_an_export_tells_its_proof_and_its_columns(run) -> None:
    assert run("receipts_csv").state == "finished"
    first = run("transactions_report")
    text = told(page_of(first.run_id, "transactions_report"))
    for line in (
        f"Published: {first.rows:,} rows, known to be complete.",
        f"{first.rows:,} announced 100 % {first.rows:,} read 100 % {first.rows:,} published",
        "rows read",
        "There is no run of this feed before",
        "grossAmount decimal(4) 100 %",
        "pl.read_parquet",
        f"loyalty-etl exports show transactions_report --version {first.run_id[:8]}",
    ):
        assert line in text, line
    second = run("transactions_report")
    text = told(page_of(second.run_id, "transactions_report"))
    assert f"Compared with run {first.run_id[:8]}" in text
    assert f"rows read {first.rows:,} {first.rows:,} same" in text
    assert is_quick(second)
    assert not is_quick(second.add(rows=1_000_000))


@pytest.mark.usefixtures("dagster_forgets")
def test_an_export_that_failed_has_a_page(run) -> None:
    done = run("transactions_report")  # nobody listens
    text = told(page_of(done.run_id, "transactions_report"))
    assert "Failed: nothing was published." in text
    assert "loyalty-etl export transactions_report" in text


def version_of(folder: Path, table: pl.DataFrame) -> Version:
    (folder / "data").mkdir()
    path = folder / "data" / "part-00001.parquet"
    table.write_parquet(path)
    file = {"path": "data/part-00001.parquet", "rows": table.height, "bytes": 1, "sha256": ""}
    made = Manifest(
        run_id="r1",
        feed="people",
        source="GET /reports/people",
        host="",
        rows=table.height,
        new_rows=table.height,
        proof=Proof(complete=True, declared=None, rows=table.height),
        columns={"data": {name: str(kind) for name, kind in table.schema.items()}},
        files=(File(table="data", **file),),
        started="",
        finished="",
    )
    return Version(folder, made)


def test_only_numbers_and_times_that_are_nobodys_tell_their_values(tmp_path: Path) -> None:
    day = dt.date(1980, 1, 31)
    table = pl.DataFrame(
        {
            "name": ["Kari", "Ola", None],
            "birthDate": [day, day, day],
            "customerId": [17, 18, 19],
            "points": [5, 900, None],
            "when": [dt.datetime(2026, 3, 1, 10, 30, 59, tzinfo=dt.UTC)] * 3,
            "cars": [["A"], [], None],
        }
    )
    found = {one.name: one for one in profile_version(version_of(tmp_path, table))}
    assert {name: (one.least, one.most) for name, one in found.items() if one.least} == {
        "points": ("5", "900"),
        "when": ("2026-03-01 10:30", "2026-03-01 10:30"),
    }
    name, points, cars = (found[each] for each in ("name", "points", "cars"))
    assert (name.filled, name.distinct, name.shortest, name.longest) == (2, 2, 3, 4)
    assert (points.distinct, points.fill) == (2, pytest.approx(2 / 3))
    assert cars.distinct is None
