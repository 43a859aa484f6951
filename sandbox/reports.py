"""GET /reports/{reportType}: what was loaded, page by page, in order of arrival.

Pages do not move while rows are only added: each is one range of keys, found without counting
over the rows before it. A deleted customer moves those that come after. The rows stand under
`data` (reading T06).
"""

import re
import sqlite3
from collections.abc import Callable

from starlette.responses import Response

from sandbox.answers import Refusal, answer
from sandbox.calls import Call
from sandbox.customer_store import list_customers
from sandbox.customers import show_row
from sandbox.points import count_points
from sandbox.receipt_store import list_stores, read_lines
from sandbox.receipt_views import show_lines, show_store

# Ours: the contract names no maximum. A page of 10,000 lines is about 3 MB.
MAX_ROWS_PAGE = 10_000


def _read_customers(sql: sqlite3.Connection, first: int, last: int) -> list[str]:
    found = list_customers(sql, first, last)
    return [show_row(c.record, c.times, count_points(sql, c.number)) for c in found]


def _read_lines(sql: sqlite3.Connection, first: int, last: int) -> list[str]:
    """One row for each receipt line: receipts in order of arrival, lines as they were sent."""
    return [
        row
        for text, begin, end in read_lines(sql, first, last)
        for row in show_lines(text, begin, end)
    ]


def _read_stores(sql: sqlite3.Connection, first: int, last: int) -> list[str]:
    return [show_store(store_id) for store_id in list_stores(sql, first, last)]


# Report type: the fact that counts its rows, and what reads the rows of two numbers, both included.
_REPORTS: dict[str, tuple[str, Callable[[sqlite3.Connection, int, int], list[str]]]] = {
    "customers": ("customers", _read_customers),
    "transactions": ("lines", _read_lines),
    "stores": ("stores", _read_stores),
}


def get_report(call: Call) -> Response:
    """GET /reports/{reportType}?page=1&rowsPage=25.

    An unknown type answers 400: the contract lists no 404. A page past the end is empty.
    """
    call.require_activation("reports")
    report_type = call.path["reportType"]
    if report_type not in _REPORTS:
        raise Refusal(400, f"reportType must be one of {', '.join(sorted(_REPORTS))}")
    query = call.read_query("page", "rowsPage")
    page = _read_count(query, "page", 1, 10**9)
    size = _read_count(query, "rowsPage", 25, MAX_ROWS_PAGE)
    counted_as, read_rows = _REPORTS[report_type]
    with call.state.read() as sql:
        found = sql.execute("SELECT value FROM facts WHERE name = ?", (counted_as,)).fetchone()
        total = int(found[0]) if found else 0
        first = (page - 1) * size + 1
        rows = read_rows(sql, first, min(first + size - 1, total)) if first <= total else []
    return answer(
        f'{{"data":[{",".join(rows)}],"metaData":{{"reportType":"{report_type}"'
        f',"totalRecords":{total},"totalPages":{-(-total // size)},"activePage":{page}}}}}'
    )


def _read_count(query: dict[str, str], name: str, default: int, most: int) -> int:
    text = query.get(name, str(default))
    if not re.fullmatch("[0-9]{1,10}", text) or not 1 <= int(text) <= most:
        raise Refusal(400, f"{name} must be a whole number from 1 to {most}")
    return int(text)
