"""Which records a 2xx answer says were taken. What it carries is not documented (reading T03)."""

import json
import re
from collections.abc import Mapping
from typing import Any

from connectors.trigg.answers import mask

__all__ = ["find_no", "taken_ids"]

_ID_NAMES = {"receiptid", "externalid", "mobilephone", "email"}
_TAKEN = {
    *("receiptids", "externalids", "accepted", "taken", "stored", "created", "updated"),
    *("imported", "inserted", "succeeded", "successful", "processed"),
}
_LISTS = {"receipts", "members", "customers", "transactions"}
_REFUSED = {
    *("rejected", "refused", "failed", "failures", "invalid", "errors", "error", "faults"),
    *("rejections", "skipped", "ignored", "notfound", "unprocessed", "quarantined"),
}
_FAULTS = {*_REFUSED, "errormessage", "errorcode", "detailederrormessage", "fault"}
_YES = {"success", "issuccess", "successful", "ok", "accepted", "taken", "stored"}
_STATES = {"status", "code", "statuscode", "state", "result", "outcome"}
_BAD_STATES = {*_REFUSED, "conflict", "badrequest", "failure", "fault"}


def taken_ids(body: bytes) -> frozenset[str] | None:
    """Read which records an answer lists as taken.

    Rows that carry an error are not taken, nor are those under `rejected`, `errors` and the like.
    An answer that tells of refusals and lists no other record lists as taken: none.

    Args:
        body: the whole body of a 2xx answer.

    Returns:
        The ids it gives for them: receiptId, externalId, mobilePhone, email. None if it lists
        nothing: an empty body, `{}`, a text, counts without refusals.
    """
    try:
        found = json.loads(body.removeprefix(b"\xef\xbb\xbf"))
    except (ValueError, RecursionError):
        return None
    if isinstance(found, list):
        found = {"": found}
    if not isinstance(found, dict):
        return None
    inner = found.get("data")
    parts = {_plain(name): value for name, value in found.items()}
    if isinstance(inner, dict):
        parts |= {_plain(name): value for name, value in inner.items()}
    if _ids_of(parts):  # one record, told without a list
        parts = {"": [parts]}
    return _read_parts(parts)


def _read_parts(parts: Mapping[str, Any]) -> frozenset[str] | None:
    taken: set[str] = set()
    refused: set[str] = set()
    listed = _is_bad(parts)
    for name, rows in parts.items():
        if not isinstance(rows, list):
            continue
        listed |= not rows and name in _TAKEN | _LISTS
        for row in rows:
            if isinstance(row, dict):
                plain = {_plain(key): value for key, value in row.items()}
                ids, bad = _ids_of(plain), name in _REFUSED or _is_bad(plain)
            else:
                ids = _as_ids(row) if name in _TAKEN | _REFUSED else frozenset()
                bad = name in _REFUSED
            (refused if bad else taken).update(ids)
            listed |= bad or bool(ids)
    # A purchase and its return may share an id: where one of them was refused, ask about both.
    return frozenset(taken - refused) if listed else None


def _ids_of(row: Mapping[str, Any]) -> frozenset[str]:
    """Find the ids of a row, also where it repeats the request: `{"Header": {"ReceiptId": …}}`."""
    inner = [row[name] for name in ("header", "data") if isinstance(row.get(name), dict)]
    places = [row, *({_plain(key): value for key, value in part.items()} for part in inner)]
    return frozenset().union(*(_as_ids(p.get(name)) for p in places for name in _ID_NAMES))


def find_no(body: bytes, wanted: Mapping[str, str]) -> str:
    """Say why the 2xx answer to one record is a no all the same; empty where it is not.

    Args:
        body: the whole body.
        wanted: what a yes says, by name (reading T31). An answer that does not say it is no no.
    """
    if not wanted:
        return ""
    try:
        answer = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    for row in answer if isinstance(answer, list) else [answer]:
        for name, value in wanted.items():
            told = row.get(name) if isinstance(row, dict) else None
            if told is not None and str(told) != value:
                return f"the answer says {name} {mask(str(told))}, not {value}"
    return ""


def _as_ids(value: object) -> frozenset[str]:
    known = isinstance(value, str | int) and not isinstance(value, bool) and value != ""
    return frozenset({str(value)}) if known else frozenset()


def _is_bad(row: Mapping[str, Any]) -> bool:
    """Tell whether a row, or the answer itself, says that something was not taken."""
    for name, value in row.items():
        if name in _FAULTS and (any(value) if isinstance(value, list) else value):
            return True
        if name in _YES and value is False:
            return True
        if name in _STATES and _is_bad_state(value):
            return True
    return False


def _is_bad_state(value: object) -> bool:
    text = str(value)
    if re.fullmatch("[0-9]{3}", text):
        return int(text) >= 400
    return _plain(text) in _BAD_STATES


def _plain(name: str) -> str:
    return re.sub("[^a-z]", "", name.lower())
