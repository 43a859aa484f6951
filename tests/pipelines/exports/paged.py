"""A platform with one report over a real socket, which may do wrong as a test wants it."""

import json
import threading
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Event
from typing import Any
from urllib.parse import parse_qs, urlsplit
from zoneinfo import ZoneInfo

import polars as pl

from connectors.trigg.account import Account, Timeout
from connectors.trigg.client import Client
from delivery.policy import Policy
from pipelines.exports.exporting import ExportRequest, export
from pipelines.exports.manifest import Manifest
from pipelines.exports.reading.proving import Care
from pipelines.exports.reading.report import Question, ReportSource
from pipelines.feeds.table import Table

KEY = "test-key-5f2a"
COLUMNS = {"id": "text", "points": "integer"}
OSLO = ZoneInfo("Europe/Oslo")
BY_DAY = """type: pipelines.components.ExportFeedComponent
attributes:
  report:
    type: sales
    parameters: {fromDate: "{from}", toDate: "{until}"}
    window: {zone: Europe/Oslo}
  columns: {id: text, at: timestamp, amount: decimal(2)}
  required: [at]
  key: [id]
  layout: {partition_by: at, zone: Europe/Oslo}
  partitions: {by: day, start: 2026-03-01}
"""
"""An export of a report by day."""


@dataclass
class Reply:
    """An answer of `Reports` that is not a page; `cut` ends it that many bytes early."""

    status: int = 200
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    content_type: str = "application/json"
    cut: int = 0
    wait: float = 0.0


class Reports:
    """A platform with one report, over a real socket: `rows` in pages as asked for.

    Attributes:
        rows: what there is.
        cap: rows a page at most.
        asked: the pages that were asked for, in order.
        keys: the API keys that came with them.
        spoil: makes of (page, how often it was asked for, the answer) what is sent instead.
    """

    def __init__(self) -> None:
        self.rows: list[dict[str, Any]] = []
        self.cap = 10**6
        self.asked: list[int] = []
        self.queries: list[dict[str, str]] = []
        self.keys: list[str | None] = []
        self.spoil: Callable[[int, int, dict[str, Any]], object] = lambda *page: page[2]
        self.lock = threading.Lock()
        self.later = False
        self.url = ""

    def answer(self, query: dict[str, str]) -> object:
        """Give the page that is asked for, spoiled."""
        number, size = int(query["page"]), min(int(query["rowsPage"]), self.cap)
        with self.lock:
            self.asked.append(number)
            self.queries.append(query)
            rows, times = [*self.rows], self.asked.count(number)
            meta = {
                "reportType": "customers",
                "totalRecords": len(rows),
                "totalPages": -(-len(rows) // size),
                "activePage": number,
            }
            data = rows[(number - 1) * size : number * size]
            return self.spoil(number, times, {"data": data, "metaData": meta})

    @property
    def times(self) -> Counter[int]:
        """How often each page was asked for."""
        return Counter(self.asked)


@contextmanager
def serve_reports() -> Iterator[Reports]:
    """Run such a platform."""
    reports = Reports()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        disable_nagle_algorithm = True

        def do_GET(self) -> None:
            query = {k: v[-1] for k, v in parse_qs(urlsplit(self.path).query).items()}
            reports.keys.append(self.headers.get("x-api-key"))
            made = reports.answer(query)
            reply = made if isinstance(made, Reply) else Reply(body=json.dumps(made).encode())
            time.sleep(reply.wait)
            self.send_response(reply.status)
            self.send_header("content-type", reply.content_type)
            self.send_header("content-length", str(len(reply.body)))
            for name, value in reply.headers.items():
                self.send_header(name, value)
            self.end_headers()
            self.wfile.write(reply.body[: len(reply.body) - reply.cut])
            if reply.cut:
                self.close_connection = True

        def handle_one_request(self) -> None:
            with suppress(ConnectionError):  # the client went away: often the test's point
                super().handle_one_request()
                return
            self.close_connection = True

        def log_message(self, *_: object) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    http.daemon_threads = True
    reports.url = f"http://127.0.0.1:{http.server_port}/v4"
    thread = threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield reports
    finally:
        http.shutdown()
        http.server_close()
        thread.join()


def sell_by_day(reports: Reports, rows: list[dict[str, Any]]) -> None:
    """Let the report take a window of days, in Oslo: `fromDate`, and `toDate` which is not in it.

    `reports.later` is whether the platform counts the end in nevertheless.
    """
    reports.rows, reports.later = rows, False

    def answer(query: dict[str, str]) -> object:
        def is_asked(row: dict[str, Any]) -> bool:
            day = datetime.fromisoformat(row["at"]).astimezone(OSLO).date().isoformat()
            until = query["toDate"]
            return query["fromDate"] <= day and (day < until or (reports.later and day == until))

        found = [row for row in reports.rows if is_asked(row)]
        number, size = int(query["page"]), int(query["rowsPage"])
        meta = {"totalRecords": len(found), "totalPages": 1, "activePage": number}
        return {"data": found[(number - 1) * size : number * size], "metaData": meta}

    reports.answer = answer  # type: ignore[method-assign]


def sale(number: int, at: str, **more: Any) -> dict[str, Any]:
    """Make a row of such a report."""
    return {"id": f"s{number}", "at": at, "amount": f"{number}.50", **more}


def customer(number: int, **more: Any) -> dict[str, Any]:
    """Make a row."""
    return {"id": f"c{number:04}", "points": number, **more}


def run(
    reports: Reports,
    out: Path,
    run_id: str = "run1",
    *,
    key: tuple[str, ...] = ("id",),
    table: dict[str, Any] | None = None,
    care: dict[str, Any] | None = None,
    stop: Event | None = None,
    timeout: Timeout | None = None,
    max_answer: int = 64 * 1024 * 1024,
    **request: Any,
) -> Manifest:
    """Export the report, ten rows a page, four pages at a time, never waiting."""
    policy = Policy(
        **{"first_wait": 0, "longest_wait": 0, "breaker_rest": 0, "deadline": 20}
        | request.pop("policy", {})
    )
    rows_page = request.pop("rows_page", 10)
    asks = ExportRequest(
        feed="customers",
        table=Table(**{"columns": COLUMNS, "key": [*key]} | (table or {})),
        host="127.0.0.1",
        **request,
    )
    question = Question(report="customers", rows_page=rows_page)
    account = Account(reports.url, KEY, timeout or Timeout())
    with Client(account, in_flight=policy.in_flight, max_answer=max_answer) as client:
        how = Care(policy=policy, **(care or {}))
        source = ReportSource(client.get, question, how, stop)
        return export(asks, source, out, run_id)


def read(out: Path) -> pl.DataFrame:
    """Read the newest version."""
    return pl.read_parquet(out / "latest" / "data")
