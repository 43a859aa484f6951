import json
import os
import subprocess
import sys
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import polars as pl
import pyarrow.parquet as pq
import pytest

from connectors.trigg.account import Account
from connectors.trigg.client import Client
from connectors.trigg.errors import ApiError
from connectors.trigg.reports import BadReport
from pipelines import exporting, publishing
from pipelines.exporting import BadRows, ExportIncomplete, ExportRequest, export_report
from pipelines.publishing import CannotWrite
from transforms.reports import BadCell
from validators.report_rows import RowRules

COLUMNS = {"id": "text", "points": "integer", "balance": "decimal", "createdAt": "timestamp"}
REQUEST = ExportRequest(
    report="customers",
    columns=COLUMNS,
    rules=RowRules(required=("createdAt",), key=("id",)),
    host="127.0.0.1",
    rows_page=10,
)


def customer(i, **more):
    at = f"2026-03-01T10:00:{i % 60:02}Z"
    return {"id": f"c{i:04}", "points": i, "balance": i / 4, "createdAt": at, **more}


class Platform:
    """A report over HTTP: `rows` in pages, unless `spoil` has something else to say."""

    def __init__(self):
        self.rows = []
        self.asked = []
        self.spoil = lambda _, page: page


@pytest.fixture
def platform():
    facts = Platform()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self):
            query = parse_qs(urlsplit(self.path).query)
            number, size = int(query["page"][0]), int(query["rowsPage"][0])
            facts.asked.append(number)
            meta = {
                "totalRecords": len(facts.rows),
                "totalPages": -(-len(facts.rows) // size),
                "activePage": number,
            }
            data = facts.rows[(number - 1) * size : number * size]
            page = facts.spoil(number, {"metaData": meta, "data": data})
            body = json.dumps(page).encode()
            self.send_response(500 if page is None else 200)
            self.send_header("content-type", "application/json")
            self.send_header("content-length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    with Client(Account(f"http://127.0.0.1:{http.server_port}", "test-key-5f2a")) as client:
        facts.get = client.get
        yield facts
    http.shutdown()
    http.server_close()
    thread.join()


@pytest.fixture
def small_chunks(monkeypatch):
    monkeypatch.setattr(exporting, "CHUNK", 20)


def replace(**more):
    return ExportRequest(**{**{name: getattr(REQUEST, name) for name in REQUEST.__slots__}, **more})


def left_in(out):
    """Names in the output folder, but for the lock."""
    return sorted(path.name for path in out.iterdir() if path.name != ".lock")


@pytest.mark.usefixtures("small_chunks")
def test_an_export_is_typed_whole_and_told_of(platform, tmp_path):
    platform.rows = [customer(i) for i in range(95)]
    out, told = tmp_path / "customers", []
    made = export_report(REQUEST, platform.get, out, "run1", lambda *seen: told.append(seen))

    frame = pl.read_parquet(out / "latest" / "data.parquet")
    assert frame.schema == {
        "id": pl.String,
        "points": pl.Int64,
        "balance": pl.Decimal(38, 2),
        "createdAt": pl.Datetime("us", "UTC"),
    }
    assert frame["id"].to_list() == [row["id"] for row in platform.rows]
    assert frame["balance"].sum() * 4 == sum(range(95))
    assert told[-1] == (95, 95)
    assert len(told) == 10

    manifest = json.loads((out / "run1" / "manifest.json").read_text())
    assert (made.rows, made.total_records, made.pages) == (95, 95, 10)
    assert manifest["rows"] == made.rows
    assert manifest["columns"]["balance"] == "Decimal(precision=38, scale=2)"
    assert manifest["bytes"] == (out / "run1" / "data.parquet").stat().st_size
    assert manifest["sha256"] == exporting.hash_file(out / "run1" / "data.parquet")
    assert manifest["started"] <= manifest["finished"]
    assert manifest["undeclared"] == []

    stored = pq.ParquetFile(out / "run1" / "data.parquet")
    assert stored.metadata.num_row_groups == 5
    assert stored.metadata.row_group(0).column(0).compression == "ZSTD"
    assert stored.schema_arrow.metadata[b"run_id"] == b"run1"
    assert left_in(out) == ["latest", "run1"]
    assert (out / "latest").readlink().name == "run1"


def test_only_the_owner_can_read_it(platform, tmp_path):
    platform.rows = [customer(1)]
    out = tmp_path / "deep" / "customers"
    export_report(REQUEST, platform.get, out, "run1")
    for path in (out, out / "run1"):
        assert path.stat().st_mode & 0o777 == 0o700
    for path in (out / "run1").iterdir():
        assert path.stat().st_mode & 0o777 == 0o600


def test_an_empty_report_is_a_file_with_columns(platform, tmp_path):
    made = export_report(REQUEST, platform.get, tmp_path, "run1")
    frame = pl.read_parquet(tmp_path / "latest" / "data.parquet")
    assert (frame.height, frame.columns, made.rows) == (0, list(COLUMNS), 0)
    assert frame.schema["createdAt"] == pl.Datetime("us")


@pytest.mark.usefixtures("small_chunks")
def test_a_column_that_turns_up_late_is_kept(platform, tmp_path):
    platform.rows = [customer(i) for i in range(75)]
    platform.rows[44]["favourite"] = {"store": 7}
    platform.rows[74]["zip"] = "0150"
    made = export_report(REQUEST, platform.get, tmp_path, "run1")
    frame = pl.read_parquet(tmp_path / "latest" / "data.parquet")
    assert frame.columns == [*COLUMNS, "favourite", "zip"]
    assert made.undeclared == ["favourite", "zip"]
    assert frame["id"].to_list() == [row["id"] for row in platform.rows]
    assert frame["favourite"].drop_nulls().to_list() == ['{"store":7}']
    assert (frame["favourite"][44], frame["zip"][74]) == ('{"store":7}', "0150")
    assert sorted(path.name for path in (tmp_path / "run1").iterdir()) == [
        "data.parquet",
        "manifest.json",
    ]


@pytest.mark.usefixtures("small_chunks")
def test_a_time_that_turns_up_late_tells_the_zone(platform, tmp_path):
    request = replace(columns={**COLUMNS, "deletedAt": "timestamp"})
    platform.rows = [customer(i, deletedAt=None) for i in range(75)]
    platform.rows[60]["deletedAt"] = "2026-03-02T00:00:00+01:00"
    export_report(request, platform.get, tmp_path, "run1")
    deleted = pl.read_parquet(tmp_path / "latest" / "data.parquet")["deletedAt"]
    assert deleted.dtype == pl.Datetime("us", "UTC")
    assert (deleted.null_count(), str(deleted[60])) == (74, "2026-03-01 23:00:00+00:00")

    platform.rows[10]["deletedAt"] = "2026-03-02T00:00:00"
    with pytest.raises(BadCell, match="deletedAt: some times carry a zone"):
        export_report(request, platform.get, tmp_path, "run2")


def test_a_report_without_totals_is_complete(platform, tmp_path):
    platform.spoil = lambda *_: [customer(1), customer(2)]
    made = export_report(REQUEST, platform.get, tmp_path, "run1")
    assert (made.rows, made.total_records, made.pages) == (2, None, 1)


def no_answer(number, page):
    return None if number == 4 else page


def lose_rows(number, page):
    del page["data"][10 if number != 4 else 3 :]
    return page


def break_cell(number, page):
    if number == 4:
        page["data"][2]["balance"] = 1.005
    return page


def repeat_rows(_, page):
    page["data"] = [customer(i) for i in range(len(page["data"]))]
    return page


def leave_out(number, page):
    if number == 2:
        page["data"][0]["createdAt"] = None
    return page


@pytest.mark.parametrize(
    ("spoil", "kind", "words"),
    [
        (no_answer, ApiError, "500"),
        (lose_rows, BadReport, "page 4: 3 rows do not fit"),
        (break_cell, BadCell, "balance: no decimal .* page 4, row 3"),
        (repeat_rows, BadRows, "id unique: 65"),
    ],
)
@pytest.mark.usefixtures("small_chunks")
def test_a_failed_export_leaves_the_old_one(platform, tmp_path, spoil, kind, words):
    platform.rows = [customer(i) for i in range(75)]
    export_report(REQUEST, platform.get, tmp_path, "old")
    before = (tmp_path / "latest" / "data.parquet").read_bytes()
    platform.spoil = spoil
    with pytest.raises(kind, match=words) as caught:
        export_report(REQUEST, platform.get, tmp_path, "new")
    assert "\n" not in str(caught.value)
    assert left_in(tmp_path) == ["latest", "old"]
    assert (tmp_path / "latest" / "data.parquet").read_bytes() == before


@pytest.mark.slow
@pytest.mark.usefixtures("small_chunks")
def test_broken_rules_are_counted_by_column_without_values(platform, tmp_path):
    platform.rows = [customer(i) for i in range(75)]
    platform.rows[60]["id"] = " "
    platform.spoil = leave_out
    with pytest.raises(BadRows) as caught:
        export_report(REQUEST, platform.get, tmp_path, "run1")
    assert caught.value.faults == {("createdAt", "required"): 1, ("id", "not blank"): 1}
    assert "in 75 rows read" in str(caught.value)
    assert left_in(tmp_path) == []


def test_rows_are_held_against_the_total_again(platform, tmp_path, monkeypatch):
    """Whatever the pages said, the rows written must be those announced."""
    platform.rows = [customer(i) for i in range(30)]
    real = exporting.read_pages

    def lossy(*args, **kwargs):
        return (page for page in real(*args, **kwargs) if page.number != 2)

    monkeypatch.setattr(exporting, "read_pages", lossy)
    with pytest.raises(ExportIncomplete, match="20 rows read where 30 are announced"):
        export_report(REQUEST, platform.get, tmp_path, "run1")
    assert left_in(tmp_path) == []


def test_a_repeated_run_gives_what_it_published(platform, tmp_path):
    platform.rows = [customer(i) for i in range(30)]
    first = export_report(REQUEST, platform.get, tmp_path, "run1")
    platform.asked.clear()
    assert export_report(REQUEST, platform.get, tmp_path, "run1") == first
    assert platform.asked == []

    # A crash between publishing and pointing is mended by the repeat.
    (tmp_path / "latest").unlink()
    export_report(REQUEST, platform.get, tmp_path, "run1")
    assert (tmp_path / "latest").readlink().name == "run1"

    # An old run does not take `latest` back.
    export_report(REQUEST, platform.get, tmp_path, "run2")
    export_report(REQUEST, platform.get, tmp_path, "run1")
    assert (tmp_path / "latest").readlink().name == "run2"

    (tmp_path / "run1" / "data.parquet").write_bytes(b"PAR1")
    with pytest.raises(CannotWrite, match="damaged"):
        export_report(REQUEST, platform.get, tmp_path, "run1")


def test_the_last_versions_are_kept(platform, tmp_path):
    for i in range(5):
        export_report(replace(keep=3), platform.get, tmp_path, f"run{i}")
    assert left_in(tmp_path) == ["latest", "run2", "run3", "run4"]

    # What is no version is not counted and not touched.
    (tmp_path / "run2" / "manifest.json").write_text("{")
    export_report(replace(keep=1), platform.get, tmp_path, "run5")
    assert left_in(tmp_path) == ["latest", "run2", "run5"]


def test_what_a_crash_left_is_cleared(platform, tmp_path):
    (tmp_path / ".old-x1.part").mkdir()
    (tmp_path / ".old-x1.part" / "data.parquet.0").write_bytes(b"half")
    (tmp_path / ".latest.new").symlink_to("old")
    export_report(REQUEST, platform.get, tmp_path, "run1")
    assert left_in(tmp_path) == ["latest", "run1"]


@pytest.mark.parametrize("where", ["/proc/exports", "file/exports", "taken"])
def test_an_unwritable_output_is_told_before_anything_is_asked(platform, tmp_path, where):
    (tmp_path / "file").write_text("in the way")
    (tmp_path / "taken" / "latest").mkdir(parents=True)
    with pytest.raises(CannotWrite) as caught:
        export_report(REQUEST, platform.get, tmp_path / where, "run1")
    assert "\n" not in str(caught.value)
    assert where in str(caught.value)
    assert platform.asked == []


def test_two_exports_at_once_are_one_too_many(platform, tmp_path):
    with publishing.claim(tmp_path, "other"), pytest.raises(CannotWrite, match="another export"):
        export_report(REQUEST, platform.get, tmp_path, "run1")
    assert platform.asked == []
    export_report(REQUEST, platform.get, tmp_path, "run1")


@pytest.mark.parametrize("run_id", ["", ".", "..", "a/b", "latest", "x\n", ".hidden", "a" * 200])
def test_a_run_id_is_a_plain_name(platform, tmp_path, run_id):
    with pytest.raises(ValueError, match="run id"):
        export_report(REQUEST, platform.get, tmp_path, run_id)


def test_wrong_declarations_are_told_first(platform, tmp_path):
    with pytest.raises(ValueError, match="none of text"):
        export_report(replace(columns={"id": "string"}), platform.get, tmp_path, "run1")
    with pytest.raises(ValueError, match="does not declare"):
        export_report(replace(rules=RowRules(key=("nr",))), platform.get, tmp_path, "run1")
    assert platform.asked == []


def test_a_full_disk_publishes_nothing(tmp_path):
    """A limit on file size stands in for a full disk."""
    code = """
import resource, signal, sys
from pathlib import Path
import pipelines
from connectors.trigg.client import Answer
from pipelines.exporting import ExportRequest, export_report
from pipelines.publishing import CannotWrite
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
import random, json
rows = [{"id": random.randbytes(40).hex()} for _ in range(20_000)]
answer = Answer(200, json.dumps(rows).encode(), 0.0, "application/json")
try:
    export_report(ExportRequest(report="x", columns={"id": "text"}),
                  lambda *_: answer, Path(sys.argv[1]), "run1")
except CannotWrite as error:
    print(error)
"""
    run = [sys.executable, "-c", code, str(tmp_path)]
    env = {**os.environ, "PYTHONPATH": str(exporting.__file__).rpartition("/pipelines")[0]}
    done = subprocess.run(run, check=True, capture_output=True, text=True, env=env)
    assert "cannot be written" in done.stdout
    assert done.stdout.count("\n") == 1
    assert left_in(tmp_path) == []


def test_a_reader_never_meets_half(platform, tmp_path):
    """While exports replace each other, whatever `latest` leads to is whole."""
    platform.rows = [customer(i) for i in range(30)]
    export_report(REQUEST, platform.get, tmp_path, "run0")
    done, faults, reads = threading.Event(), [], [0]

    def read():
        while not done.is_set():
            folder = tmp_path / (tmp_path / "latest").readlink()
            try:
                manifest = json.loads((folder / "manifest.json").read_text())
                if pl.read_parquet(folder / "data.parquet").height != manifest["rows"]:
                    faults.append("rows")
            except Exception as error:  # noqa: BLE001  (each is a fault of the publisher)
                faults.append(error)
            reads[0] += 1

    thread = threading.Thread(target=read)
    thread.start()
    for i in range(1, 11):
        platform.rows.append(customer(100 + i))
        export_report(replace(keep=11), platform.get, tmp_path, f"run{i}")
    done.set()
    thread.join()
    assert faults == []
    assert reads[0] > 3
