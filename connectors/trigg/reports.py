"""One page of a report: `GET /reports/{reportType}?page=&rowsPage=`.

The contract promises little (reading T06): neither the order of rows, nor the name of the property
that holds them, nor that totals stay. Here a page is read as it is; whether the pages make a whole
is for `pipelines.exports.reading.report` to prove.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import polars as pl

from connectors.trigg.frames import find_rows, open_answer, to_frame

if TYPE_CHECKING:
    from connectors.trigg.client import Answer

__all__ = ["BadReport", "Get", "Page", "ask_page"]

Get = Callable[[str, "Mapping[str, str | int] | None"], "Answer"]
"""Asks for a path with parameters: `Client.get`."""


class BadReport(Exception):  # noqa: N818  (says what was met, like the errors beside it)
    """A page that can't be read, or contradicts itself.

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
        total_records, total_pages: what `metaData` says; None when the page has none.
    """

    number: int
    rows: pl.DataFrame
    total_records: int | None
    total_pages: int | None


def ask_page(
    get: Get,
    report: str,
    number: int,
    *,
    rows_page: int,
    parameters: Mapping[str, str] | None = None,
    rows_property: str = "auto",
) -> Page:
    """Ask for one page.

    Args:
        get: asks for a path with parameters, e.g. `Client.get`.
        report: the report's type, a part of the path.
        number: the page, from 1.
        rows_page: rows to ask for. A platform may give fewer.
        parameters: further parameters of the report.
        rows_property: the property that holds the rows; "auto" takes the only list.

    Raises:
        BadReport: it can't be read, or calls itself another page.
        ApiError: the request failed.
    """
    asked: dict[str, str | int] = {**(parameters or {}), "page": number, "rowsPage": rows_page}
    answer = get(f"/reports/{quote(report, safe='')}", asked)
    try:
        envelope = open_answer(answer.body)
        total, pages = _read_meta(envelope.pop("metaData", None), number)
        rows = to_frame(find_rows(envelope, rows_property, empty=total == 0))
    except ValueError as fault:
        raise BadReport(report, number, str(fault)) from None
    return Page(number, rows, total, pages)


def _read_meta(meta: object, number: int) -> tuple[int, int] | tuple[None, None]:
    """Read (totalRecords, totalPages), and hold `activePage` against the page asked for."""
    if meta is None:
        return None, None
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
