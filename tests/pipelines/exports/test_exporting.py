import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator

import polars as pl
import pyarrow.parquet as pq
import pytest

from connectors.trigg.errors import ApiError
from pipelines import publishing
from pipelines.exports import exporting
from pipelines.exports.exporting import SPOOL, BadRows, ExportIncomplete
from pipelines.exports.hashing import hash_file
from pipelines.exports.reading.source import Stopped
from pipelines.publishing import CannotWrite
from tests.pipelines.exports.paged import Reply, Reports, read, run, serve_reports
from transforms.reports import BadCell

COLUMNS = {"id": "text", "points": "integer", "balance": "decimal", "createdAt": "timestamp"}
TABLE = {"columns": COLUMNS, "required": ["createdAt"], "undeclared": "text"}
CALM = {"recheck": 0, "restarts": 0}


def customer(i, **more):
    at = f"2026-03-01T10:00:{i % 60:02}Z"
    return {"id": f"c{i:04}", "points": i, "balance": i / 4, "createdAt": at, **more}


@pytest.fixture
def reports() -> Iterator[Reports]:
    with serve_reports() as one:
        one.rows = [customer(i) for i in range(75)]
        yield one


def export(reports, out, run_id="run1", **how):
    return run(reports, out, run_id, **{"table": TABLE, "care": CALM} | how)


def left_in(out):
    """Names in the output folder, but for the lock."""
    return sorted(path.name for path in out.iterdir() if path.name != ".lock")


def test_an_export_is_typed_whole_and_told_of(reports, tmp_path):
    out = tmp_path / "customers"
    made = export(reports, out)
    frame = read(out)
    assert {name: frame.schema[name] for name in COLUMNS} == {
        "id": pl.String,
        "points": pl.Int64,
        "balance": pl.Decimal(38, 2),
        "createdAt": pl.Datetime("us", "UTC"),
    }
    assert frame["id"].to_list() == [row["id"] for row in reports.rows]
    assert frame["balance"].sum() * 4 == sum(range(75))
    assert frame["_run_id"].unique().to_list() == ["run1"]
    assert str(frame["_loaded_at"][0])[:19] == made.started[:19].replace("T", " ")

    told = json.loads((out / "run1" / "manifest.json").read_text())
    assert (made.rows, made.proof.declared, made.proof.units) == (75, 75, 8)
    assert told["rows"] == told["proof"]["rows"] == made.rows
    assert told["source"] == "GET /reports/customers"
    (file,) = made.files
    assert file.bytes == (out / "run1" / file.path).stat().st_size == made.bytes
    assert file.sha256 == hash_file(out / "run1" / file.path)
    assert told["started"] <= told["finished"]
    assert made.undeclared == ()

    stored = pq.ParquetFile(out / "run1" / file.path)
    assert stored.metadata.row_group(0).column(0).compression == "ZSTD"
    assert left_in(out) == ["latest", "run1"]
    assert (out / "latest").readlink().name == "run1"


def test_only_the_owner_can_read_it(reports, tmp_path):
    out = tmp_path / "deep" / "customers"
    export(reports, out)
    for path in (out, *out.rglob("*")):
        if not path.is_symlink():
            assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path
    reports.spoil = lambda n, _, page: Reply(403) if n == 3 else page
    with pytest.raises(ApiError):
        export(reports, out, "run2")
    for path in (out / SPOOL, *(out / SPOOL).iterdir()):
        assert path.stat().st_mode & 0o777 == (0o700 if path.is_dir() else 0o600), path


def test_an_empty_report_is_a_table_with_columns(reports, tmp_path):
    reports.rows = []
    made = export(reports, tmp_path)
    frame = read(tmp_path)
    assert (frame.height, made.rows, made.proof.complete) == (0, 0, True)
    assert {*COLUMNS} <= {*frame.columns}


def test_a_column_that_turns_up_late_is_kept(reports, tmp_path):
    reports.rows[44]["favourite"] = {"store": 7}
    reports.rows[74]["zip"] = "0150"
    made = export(reports, tmp_path)
    frame = read(tmp_path)
    assert made.undeclared == ("favourite", "zip")
    assert frame["id"].to_list() == [row["id"] for row in reports.rows]
    assert (frame["favourite"][44], frame["zip"][74]) == ('{"store":7}', "0150")
    assert frame["favourite"].null_count() == frame["zip"].null_count() == 74


def test_a_time_that_turns_up_late_tells_the_zone(reports, tmp_path):
    table = TABLE | {"columns": {**COLUMNS, "deletedAt": "timestamp"}}
    reports.rows = [customer(i, deletedAt=None) for i in range(75)]
    reports.rows[60]["deletedAt"] = "2026-03-02T00:00:00+01:00"
    export(reports, tmp_path, table=table)
    deleted = read(tmp_path)["deletedAt"]
    assert deleted.dtype == pl.Datetime("us", "UTC")
    assert (deleted.null_count(), str(deleted[60])) == (74, "2026-03-01 23:00:00+00:00")


def lose_rows(number, _, page):
    del page["data"][10 if number != 4 else 3 :]
    return page


def break_cell(number, _, page):
    if number == 4:
        page["data"][2]["balance"] = 1.005
    return page


def repeat_rows(_number, _, page):
    page["data"] = [customer(i) for i in range(len(page["data"]))]
    return page


@pytest.mark.parametrize(
    ("spoil", "kind", "words"),
    [
        (lambda n, _, page: Reply(403) if n == 4 else page, ApiError, "403"),
        (lose_rows, ExportIncomplete, "68 rows came, where 75 are announced"),
        (break_cell, BadCell, "balance: no decimal .* page 4, row 3"),
        (repeat_rows, ExportIncomplete, "10 rows came, and 65 that repeat others"),
    ],
)
def test_a_failed_export_leaves_the_old_one(reports, tmp_path, spoil, kind, words):
    export(reports, tmp_path, "old")
    before = hash_file(tmp_path / "latest" / "manifest.json")
    reports.spoil = spoil
    with pytest.raises(kind, match=words) as caught:
        export(reports, tmp_path, "new")
    assert "\n" not in str(caught.value)
    assert [name for name in left_in(tmp_path) if name != SPOOL] == ["latest", "old"]
    assert hash_file(tmp_path / "latest" / "manifest.json") == before


def test_what_can_not_be_proven_is_not_kept_either(reports, tmp_path):
    reports.spoil = lose_rows
    with pytest.raises(ExportIncomplete):
        export(reports, tmp_path)
    assert left_in(tmp_path) == []


@pytest.mark.slow
def test_broken_rules_are_counted_by_column_without_values(reports, tmp_path):
    reports.rows[60]["id"] = " "
    reports.rows[10]["createdAt"] = None
    with pytest.raises(BadRows) as caught:
        export(reports, tmp_path)
    assert caught.value.faults == {("createdAt", "required"): 1, ("id", "not blank"): 1}
    assert "in 75 rows read" in str(caught.value)
    assert not list(tmp_path.glob("*/manifest.json"))


def test_keys_are_compared_once_more_where_their_types_may_make_two_of_them_one(reports, tmp_path):
    reports.rows = [customer(i, id=f"{i:03}") for i in range(20)]
    reports.rows[15]["id"] = "7"  # as text another one than 007
    assert export(reports, tmp_path, "run1").proof.distinct_keys == 20
    table = TABLE | {"columns": COLUMNS | {"id": "integer"}, "key": ["id"]}
    with pytest.raises(BadRows) as caught:
        export(reports, tmp_path, "run2", table=table)
    assert caught.value.faults == {("id", "unique"): 1}
    for row in reports.rows:
        row["id"] = int(row["id"])
    reports.rows[15]["id"] = 15
    assert export(reports, tmp_path, "run3", table=table).proof.distinct_keys == 20


def test_a_feed_that_is_mended_asks_for_nothing_again(reports, tmp_path):
    reports.rows[3]["balance"] = 1.005
    with pytest.raises(BadCell):
        export(reports, tmp_path)
    reports.asked.clear()
    made = export(reports, tmp_path, table=TABLE | {"columns": COLUMNS | {"balance": "decimal(3)"}})
    assert (made.rows, made.proof.resumed, reports.asked) == (75, 8, [])
    assert left_in(tmp_path) == ["latest", "run1"]


def test_a_feed_that_is_not_mended_reads_all_anew(reports, tmp_path):
    """The platform's data may have been."""
    reports.rows[3]["balance"] = 1.005
    for run_id in ("run1", "run2"):
        with pytest.raises(BadCell):
            export(reports, tmp_path, run_id)
        assert len(reports.asked) == 8
        reports.asked.clear()
    reports.rows[3]["balance"] = 1.5
    made = export(reports, tmp_path, "run3")
    assert (made.rows, made.proof.resumed, len(reports.asked)) == (75, 0, 8)


def test_a_full_refresh_reads_all_anew(reports, tmp_path):
    reports.spoil = lambda n, _, page: Reply(403) if n == 8 else page
    with pytest.raises(ApiError):
        export(reports, tmp_path, policy={"in_flight": 1})
    reports.asked.clear()
    reports.spoil = lambda *told: told[2]
    made = export(reports, tmp_path, full=True)
    assert (made.proof.resumed, len(reports.asked)) == (0, 8)


@pytest.mark.parametrize("other", [{"account": {"who": "b"}}, {"rows_page": 25}])
def test_what_was_read_of_another_question_is_not_taken(reports, tmp_path, other):
    reports.spoil = lambda n, _, page: Reply(403) if n == 3 else page
    with pytest.raises(ApiError):
        export(reports, tmp_path)
    reports.spoil = lambda *told: told[2]
    assert export(reports, tmp_path, **other).proof.resumed == 0


def test_told_to_stop_it_keeps_what_it_has(reports, tmp_path):
    stop = threading.Event()

    def spoil(number, _, page):
        if number == 4:
            stop.set()
        return page

    reports.rows = [customer(i) for i in range(400)]
    reports.spoil = spoil
    with pytest.raises(Stopped, match="nothing was published"):
        export(reports, tmp_path, stop=stop)
    asked = {*reports.asked}
    assert len(asked) < 30
    made = export(reports, tmp_path)
    assert made.proof.resumed == len(asked)
    assert set(reports.times.values()) == {1}


def test_what_was_read_long_ago_is_read_again(reports, tmp_path):
    reports.spoil = lambda n, _, page: Reply(403) if n == 8 else page
    with pytest.raises(ApiError):
        export(reports, tmp_path, policy={"in_flight": 1})
    index = tmp_path / SPOOL / "units.jsonl"
    units = [json.loads(line) for line in index.read_text().splitlines()]
    for unit in units:
        unit["facts"]["at"] -= 7 * 3600
    index.write_text("".join(json.dumps(unit) + "\n" for unit in units))
    reports.spoil = lambda *told: told[2]
    assert export(reports, tmp_path).proof.resumed == 0


def test_a_repeated_run_gives_what_it_published(reports, tmp_path):
    first = export(reports, tmp_path)
    reports.asked.clear()
    assert export(reports, tmp_path) == first
    assert reports.asked == []

    # A crash between publishing and pointing is mended by the repeat.
    (tmp_path / "latest").unlink()
    export(reports, tmp_path)
    assert (tmp_path / "latest").readlink().name == "run1"

    # An old run does not take `latest` back.
    export(reports, tmp_path, "run2")
    export(reports, tmp_path)
    assert (tmp_path / "latest").readlink().name == "run2"

    (tmp_path / "run1" / first.files[0].path).write_bytes(b"PAR1")
    with pytest.raises(CannotWrite, match="damaged"):
        export(reports, tmp_path)


def test_the_last_versions_are_kept(reports, tmp_path):
    reports.rows = reports.rows[:5]
    for i in range(5):
        export(reports, tmp_path, f"run{i}", keep=3)
    assert left_in(tmp_path) == ["latest", "run2", "run3", "run4"]

    # What is no version is not counted and not touched.
    (tmp_path / "run2" / "manifest.json").write_text("{")
    export(reports, tmp_path, "run5", keep=1)
    assert left_in(tmp_path) == ["latest", "run2", "run5"]


def test_what_a_crash_left_is_cleared(reports, tmp_path):
    (tmp_path / ".old-x1.part").mkdir()
    (tmp_path / ".old-x1.part" / "data.parquet.0").write_bytes(b"half")
    (tmp_path / ".latest.new").symlink_to("old")
    export(reports, tmp_path)
    assert left_in(tmp_path) == ["latest", "run1"]


@pytest.mark.parametrize("where", ["/proc/exports", "file/exports", "taken"])
def test_an_unwritable_output_is_told_before_anything_is_asked(reports, tmp_path, where):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "taken" / "latest").mkdir(parents=True)
    with pytest.raises(CannotWrite) as caught:
        export(reports, tmp_path / where)
    assert "\n" not in str(caught.value)
    assert where in str(caught.value)
    assert reports.asked == []


def test_two_exports_at_once_are_one_too_many(reports, tmp_path):
    with publishing.claim(tmp_path, "other"), pytest.raises(CannotWrite, match="another export"):
        export(reports, tmp_path)
    assert reports.asked == []
    export(reports, tmp_path)


@pytest.mark.parametrize("run_id", ["", ".", "..", "a/b", "latest", "x\n", ".hidden", "a" * 200])
def test_a_run_id_is_a_plain_name(reports, tmp_path, run_id):
    with pytest.raises(ValueError, match="run id"):
        export(reports, tmp_path, run_id)


def test_a_full_disk_publishes_nothing(reports, tmp_path):
    """A limit on file size stands in for a full disk."""
    code = """
import resource, signal, sys
from pathlib import Path
import pipelines
from pipelines.publishing import CannotWrite
from tests.pipelines.exports.paged import run
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
class There:
    url = sys.argv[2]
try:
    run(There, Path(sys.argv[1]), rows_page=1000)
except CannotWrite as error:
    print(error)
"""
    reports.rows = [{"id": os.urandom(40).hex(), "points": i} for i in range(5000)]
    line = [sys.executable, "-c", code, str(tmp_path), reports.url]
    env = {**os.environ, "PYTHONPATH": str(exporting.__file__).rpartition("/pipelines")[0]}
    done = subprocess.run(line, check=True, capture_output=True, text=True, env=env)
    assert "cannot be written" in done.stdout
    assert done.stdout.count("\n") == 1
    assert not list(tmp_path.glob("*/manifest.json"))


def test_a_reader_never_meets_half(reports, tmp_path):
    """While exports replace each other, whatever `latest` leads to is whole."""
    reports.rows = reports.rows[:30]
    export(reports, tmp_path, "run0")
    done, faults, reads = threading.Event(), [], [0]

    def look():
        while not done.is_set():
            folder = tmp_path / (tmp_path / "latest").readlink()
            try:
                manifest = json.loads((folder / "manifest.json").read_text())
                if pl.read_parquet(folder / "data").height != manifest["rows"]:
                    faults.append("rows")
            except Exception as error:  # noqa: BLE001  (each is a fault of the publisher)
                faults.append(error)
            reads[0] += 1

    thread = threading.Thread(target=look)
    thread.start()
    for i in range(1, 11):
        reports.rows.append(customer(100 + i))
        export(reports, tmp_path, f"run{i}", keep=11)
    done.set()
    thread.join()
    assert faults == []
    assert reads[0] > 3


def test_what_was_read_goes_when_a_person_is_forgotten(reports, state):
    """Whom it names nobody has looked up, so all of it goes."""
    from pipelines.forgetting.exports import drop_spools

    out = state / "exports" / "customers"
    reports.spoil = lambda n, _, page: Reply(403) if n == 3 else page
    with pytest.raises(ApiError):
        export(reports, out)
    assert (out / SPOOL / "rows").stat().st_size
    drop_spools()
    assert not (out / SPOOL).exists()
