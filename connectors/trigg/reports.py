"""Reading a paged report: `GET /reports/{reportType}?page=&rowsPage=`, page beside page.

The contract promises little (reading T06), so nothing is believed that can be checked: every
page must carry the same totals and its own number, and hold as many rows as its place asks for.
Rows come as polars frames with the types found in the page; `transforms.reports` makes the
declared ones of them.
"""

import json
import math
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NoReturn
from urllib.parse import quote

import polars as pl

from connectors.trigg.answers import mask

if TYPE_CHECKING:
    from connectors.trigg.client import Answer

__all__ = ["BadReport", "Get", "Page", "read_pages"]

Get = Callable[[str, "Mapping[str, str | int] | None"], "Answer"]
"""Asks for a path with parameters: `Client.get`."""


class BadReport(Exception):  # noqa: N818  (says what was met, like the errors beside it)
    """A report that cannot be trusted: totals moved, rows missing, no JSON.

    Attributes:
        report: the report's type.
        page: the page, from 1.
        said: what is wrong with it.
    """

    def __init__(self, report: str, page: int, message: str) -> None:
        self.report = report
        self.page = page
        self.said = message
        super().__init__(f"report {report}, page {page}: {message}")


@dataclass(frozen=True, slots=True)
class Page:
    """One page.

    Attributes:
        number: the page, from 1.
        rows: its rows, one column a property, in the types its JSON has; nested values are
            structs and lists, or JSON text where they differ in kind from row to row.
        total_records, total_pages: what `metaData` says; None and 1 when the report has none.
    """

    number: int
    rows: pl.DataFrame
    total_records: int | None
    total_pages: int


def read_pages(
    get: Get,
    report: str,
    *,
    rows_page: int = 1000,
    params: Mapping[str, str | int] | None = None,
    in_flight: int = 4,
    rows_property: str = "auto",
    max_pages: int = 100_000,
) -> Iterator[Page]:
    """Read a report's pages: the first alone, the others side by side, given in order.

    A report without `metaData` is complete in one answer; a bare list is one too (reading T29).
    At most `2 * in_flight` pages are held.

    Args:
        get: asks for a path with parameters, e.g. `Client.get`; called from several threads.
        report: the report's type, a part of the path.
        rows_page: rows to ask for in a page. A platform may give fewer, if always the same.
        params: further parameters of the report.
        in_flight: pages asked for at once.
        rows_property: the property that holds the rows; "auto" takes the only list.
        max_pages: more pages than this are taken for a mistake.

    Raises:
        BadReport: the pages contradict each other, or one cannot be read.
        ApiError: a request failed.
    """

    def read(number: int) -> Page:
        asked = {**(params or {}), "page": number, "rowsPage": rows_page}
        answer = get(f"/reports/{quote(report, safe='')}", asked)
        return _parse(report, number, answer.body, rows_property)

    first = read(1)
    if first.total_pages > max_pages:
        raise BadReport(
            report, 1, f"{first.total_pages:,} pages; raise rows_page or max_pages ({max_pages:,})"
        )
    _check(report, first, first)
    yield first
    for page in _read_ahead(read, range(2, first.total_pages + 1), in_flight):
        _check(report, first, page)
        yield page


def _read_ahead(read: Callable[[int], Page], numbers: range, in_flight: int) -> Iterator[Page]:
    if not numbers:
        return
    waiting: deque[Future[Page]] = deque()
    with ThreadPoolExecutor(min(in_flight, len(numbers)), "report-page") as pool:
        try:
            for number in numbers:
                waiting.append(pool.submit(read, number))
                if len(waiting) >= 2 * in_flight:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _check(report: str, first: Page, page: Page) -> None:
    """Compare a page with what the first one promised."""
    total, pages, per_page = first.total_records, first.total_pages, first.rows.height
    if total is None:
        return
    if (page.total_records, page.total_pages) != (total, pages):
        raise BadReport(
            report,
            page.number,
            f"the report changed while it was read: {total} rows in {pages} pages became"
            f" {page.total_records} in {page.total_pages}; export it again at a quiet time",
        )
    if pages <= 1:
        expected = total
    elif page is first:
        # The page size is the platform's to choose, so long as it fits the totals.
        expected = per_page if per_page and math.ceil(total / per_page) == pages else -1
    else:
        expected = per_page if page.number < pages else total - per_page * (pages - 1)
    if page.rows.height != expected:
        raise BadReport(
            report,
            page.number,
            f"{page.rows.height} rows do not fit the {total} rows in {pages} pages that are"
            " announced; export it again, then ask the platform's operator",
        )


def _parse(report: str, number: int, body: bytes, rows_property: str) -> Page:
    try:
        envelope = _open(body)
        meta = _read_meta(envelope.pop("metaData", None), number)
        rows = _to_frame(
            _find_rows(envelope, rows_property, empty=meta is not None and not meta[0])
        )
    except ValueError as fault:
        raise BadReport(report, number, str(fault)) from None
    return Page(number, rows, *(meta or (None, 1)))


def _open(body: bytes) -> dict[str, Any]:
    """Read a page as its properties: lists as polars Series where possible, else as lists.

    Types are inferred in full. That costs a third more than a schema, and shows every property
    there is: a schema would drop in silence what it does not name.
    """
    body = body.removeprefix(b"\xef\xbb\xbf").strip()
    try:
        found = pl.read_json(body, infer_schema_length=None)
        if body[:1] == b"[":
            return {"data": found.to_struct("data") if found.width else []}
        return {name: found[name][0] for name in found.columns}
    except pl.exceptions.PolarsError:
        pass  # values of mixed kinds, or no JSON at all: the plain reader tells
    try:
        plain = json.loads(body, parse_constant=_refuse)
    except (ValueError, RecursionError):
        raise ValueError(_describe(body)) from None
    return plain if isinstance(plain, dict) else {"data": plain}


def _refuse(word: str) -> NoReturn:
    raise ValueError(word)  # NaN and Infinity are no JSON


def _describe(body: bytes) -> str:
    """Say what a page is that is no JSON, without quoting rows."""
    if not body:
        return "an empty answer; export the report again"
    if body[:1] in {b"{", b"["}:
        return f"JSON that is cut off or broken ({len(body):,} bytes); export the report again"
    line = mask(body[:500].decode("utf-8", "replace").partition("\n")[0], limit=80)
    return f'no JSON but "{line}"; check TRIGG_BASE_URL'


def _read_meta(meta: object, number: int) -> tuple[int, int] | None:
    """Read (totalRecords, totalPages), and hold `activePage` against the page asked for."""
    if meta is None:
        return None
    facts = meta if isinstance(meta, dict) else {}
    total, pages, active = (
        _read_count(facts, name) for name in ("totalRecords", "totalPages", "activePage")
    )
    if active != number and (total, active) != (0, 0):
        raise ValueError(f"it calls itself page {active}; export the report again")
    return total, pages


def _read_count(facts: dict[str, Any], name: str) -> int:
    count = facts.get(name)
    if isinstance(count, str) and count.isascii() and count.isdigit() and len(count) < 19:
        count = int(count)
    if not isinstance(count, int) or isinstance(count, bool) or count < 0:
        raise ValueError(f"metaData has no whole number {name}; ask the platform's operator")
    return count


def _find_rows(envelope: dict[str, Any], wanted: str, *, empty: bool) -> Any:  # noqa: ANN401  (a Series or a list)
    if wanted != "auto":
        if wanted not in envelope:
            raise ValueError(f"no property {wanted!r}, but {_names(envelope)}: set rows_property")
        return envelope[wanted] if envelope[wanted] is not None else []
    lists = [name for name, value in envelope.items() if isinstance(value, (pl.Series, list))]
    if len(lists) == 1:
        return envelope[lists[0]]
    if not lists and empty:
        return []
    raise ValueError(
        f"which property holds the rows is not clear ({_names(lists or envelope)}):"
        " set rows_property"
    )


def _names(names: Iterable[str]) -> str:
    return mask(", ".join(names), limit=120) or "none"


def _to_frame(rows: Any) -> pl.DataFrame:  # noqa: ANN401  (a Series or a list)
    """Make one column a property of the rows' objects."""
    if len(rows) == 0:
        return pl.DataFrame()
    if isinstance(rows, pl.Series):
        if rows.dtype != pl.Struct or rows.null_count():
            raise ValueError("its rows are not all objects: check rows_property")
        return rows.struct.unnest()
    if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
        raise ValueError("its rows are not all objects: check rows_property")
    names = dict.fromkeys(name for row in rows for name in row)
    return pl.DataFrame({name: _to_text([row.get(name) for row in rows]) for name in names})


def _to_text(values: list[Any]) -> pl.Series:
    """Write values of mixed kinds as text, and all as JSON where any is an object or a list."""
    nested = any(isinstance(value, (dict, list)) for value in values)
    return pl.Series(
        [
            value
            if value is None or (isinstance(value, str) and not nested)
            else json.dumps(value, ensure_ascii=False, separators=(",", ":"))
            for value in values
        ],
        dtype=pl.String,
    )
