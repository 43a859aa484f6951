"""Lists that the platform answers with, bare or wrapped (reading T29), and the numbers in them."""

import json
from decimal import Decimal
from typing import Any

__all__ = ["Number", "Rows", "find_list", "read_json", "read_number"]

Rows = list[Any]


class Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


def read_json(body: bytes, number: type[str] = Number) -> Any:  # noqa: ANN401  (whatever JSON holds)
    """Read an answer, its numbers as they are written; as plain texts that takes half the time.

    Raises:
        ValueError, RecursionError: it is no JSON.
    """
    return json.loads(
        body.removeprefix(b"\xef\xbb\xbf"),
        parse_int=number,
        parse_float=number,
        parse_constant=lambda _: None,
    )


def find_list(body: bytes, number: type[str] = Number) -> tuple[Rows, bool] | None:
    """Read the rows of an answer, and whether these are all; None if it has not one list."""
    try:
        found = read_json(body, number)
    except (ValueError, RecursionError):
        return None
    rows = found
    if isinstance(rows, dict) and isinstance(rows.get("data"), dict):
        rows = rows["data"]
    if isinstance(rows, dict):
        lists = [value for value in rows.values() if isinstance(value, list)]
        rows = lists[0] if len(lists) == 1 else None
    return (rows, _is_whole(found, len(rows))) if isinstance(rows, list) else None


def _is_whole(found: Any, rows: int) -> bool:  # noqa: ANN401  (whatever JSON holds)
    """Tell whether there are no further pages; none are documented."""
    meta = found.get("metaData") if isinstance(found, dict) else None
    if not isinstance(meta, dict):
        return True
    return meta.get("totalRecords", str(rows)) == str(rows) and meta.get("totalPages", "1") in "01"


def read_number(value: object) -> Decimal | None:
    """Read a number that may be told as text; None if it is none, or absurd."""
    if not isinstance(value, str) or len(value) > 30:
        return None
    try:
        number = Decimal(value)
    except ArithmeticError:
        return None
    return number if number.is_finite() and abs(number.adjusted()) < 20 else None
