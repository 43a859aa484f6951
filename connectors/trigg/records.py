"""The records of an answer that has no pages: one, or a list, bare or wrapped (reading T29).

Nothing of an answer is left out: what stands beside a wrapped list goes to each of its records.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import quote

import polars as pl

from connectors.trigg import frames
from connectors.trigg.endpoint import Answers, Endpoint

__all__ = ["BadAnswer", "Records", "path_of", "read_list", "read_records", "to_frame", "to_json"]

Record = Mapping[str, Any]


class BadAnswer(Exception):  # noqa: N818  (says what was met)
    """An answer that is no JSON, or not of records. One line, without a value of it."""


@dataclass(frozen=True, slots=True)
class Records:
    """What an answer holds.

    Attributes:
        rows: its records, as JSON has them.
        total: how many there are, where the answer says it.
    """

    rows: list[Record] = field(default_factory=list)
    total: int | None = None


def path_of(endpoint: Endpoint, value: str = "", name: str = "") -> str:
    """Give the path of a question, with the value that fills its parameter, percent-encoded.

    Args:
        endpoint: the method.
        value: of the parameter; without one all are asked for.
        name: of a query parameter, where it is not the catalogue's (reading T08).
    """
    by = endpoint.asks_by
    told = quote(value, safe="")
    if by and endpoint.parameters[by].place == "query":
        return f"{endpoint.path}?{name or by}={told}"
    return endpoint.path.replace(f"/{{{by}}}", f"/{told}" if value else "") if by else endpoint.path


def read_records(body: bytes, answers: Answers) -> Records:
    """Read an answer.

    Args:
        body: as it came.
        answers: whether it is one record, or a list of them. A list may be bare, below `data`, or
            the only list; what has no such list is one record all the same. Nothing at all (null,
            `{}`, `[]`, `{"data": null}`) is no record. A list of plain values has them as `value`.

    Raises:
        BadAnswer: it is no JSON, or its records are not all objects.
    """
    try:
        envelope = frames.open_plainly(body)
    except ValueError as fault:
        raise BadAnswer(str(fault)) from None
    if envelope in ({}, {"data": None}):
        return Records()
    name = "data" if isinstance(envelope.get("data"), list) else ""
    if answers == "many" and not name:
        name = _only_list(envelope)
    rows = envelope[name] if name else [envelope]
    if not name and [*envelope] == ["data"] and not isinstance(envelope["data"], dict):
        raise BadAnswer("it holds no records")
    beside: Record = {key: value for key, value in envelope.items() if key != name} if name else {}
    plain = [not isinstance(row, dict) for row in rows]
    if all(plain) and not any(isinstance(row, list) for row in rows):
        rows = [{"value": row} for row in rows]
    elif any(plain):
        raise BadAnswer("its records are not all objects")
    beside, total = _totals(beside)
    return Records([{**beside, **row} for row in rows] if beside else rows, total)


def read_list(body: bytes, answers: Answers) -> tuple[pl.DataFrame, int | None]:
    """Read an answer likewise, as a frame, and how many records it tells of if it does.

    A bare list of objects, however long, never becomes Python's.

    Raises:
        BadAnswer: as `read_records`.
    """
    try:
        envelope = frames.open_answer(body)
        if [*envelope] == ["data"] and isinstance(envelope["data"], pl.Series):
            return frames.to_frame(envelope["data"]), None
    except ValueError as fault:
        raise BadAnswer(str(fault)) from None
    found = read_records(body, answers)
    return to_frame([to_json(found.rows)]), found.total


def _only_list(envelope: Record) -> str:
    """Name the property that holds the list of records; empty if all of it is one record."""
    lists = [name for name, value in envelope.items() if isinstance(value, list)]
    return lists[0] if len(lists) == 1 and not envelope.keys() & {"id", "data"} else ""


def _totals(beside: Record) -> tuple[Record, int | None]:
    """Take the totals of pages out of what stands beside a list."""
    meta = beside.get("metaData")
    if not isinstance(meta, dict) or "totalRecords" not in meta:
        return beside, None
    try:
        total = int(str(meta["totalRecords"]))
    except ValueError:
        raise BadAnswer("metaData has no whole number totalRecords") from None
    return {name: value for name, value in beside.items() if name != "metaData"}, total


def to_json(rows: Sequence[Record]) -> bytes:
    """Write records with commas between them, as `to_frame` takes them."""
    text = json.dumps(rows, ensure_ascii=False, separators=(",", ":"))
    return text[1:-1].encode("utf-8", "replace")  # half a surrogate pair is no text


def to_frame(rows: Sequence[bytes]) -> pl.DataFrame:
    """Make one column a property of all records, in the types that their JSON has.

    Values that differ in kind from record to record become text, all as JSON where any of them is
    an object or a list.

    Args:
        rows: pieces of `to_json`.
    """
    body = b"[" + b",".join(piece for piece in rows if piece) + b"]"
    return frames.to_frame(frames.open_answer(body)["data"])
