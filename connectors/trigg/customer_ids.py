"""Finding out which customer is which: all that changed since a time, or one after the other.

GET /customers/changed answers a list, bare or below `data`, or one customer alone (readings T07 and
T29); whether it is whole is not documented, so whoever is not in it is asked for.
"""

import json
import re
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

import polars as pl

from connectors.files import FileSource, SourceError, read
from connectors.trigg.asking import can_find, find_id
from connectors.trigg.errors import ApiError, Forbidden, Refused, Unclear
from connectors.trigg.questions import Patience, put_questions

if TYPE_CHECKING:
    from connectors.trigg.client import Client

__all__ = ["NAMES", "FoundIds", "fetch_changed", "find_ids", "read_changed"]

NAMES = ("externalId", "mobilePhone", "email")
"""What a customer is known by, beside the platform's own id."""
_CHANGED = "/customers/changed"
_NO_KEY = 401
_SMALL = 1 << 20
_LIST_BELOW = re.compile(rb'\s*\{\s*"data"\s*:\s*\[')


def fetch_changed(client: "Client", since: datetime, file: Path, stop: threading.Event) -> bool:
    """Write the answer of GET /customers/changed/{timestamp} to a file, readable by its owner only.

    Args:
        client: of the account.
        since: a UTC time; it is sent without a zone, so the caller begins earlier (reading T07).
        file: where to write; it holds personal data.
        stop: ends it soon.

    Returns:
        False where the platform refuses to tell, or it was told to stop.

    Raises:
        ApiError: it gives no whole answer, or knows no such key.
    """
    file.touch(mode=0o600)

    def ask(path: str) -> bool:
        with file.open("wb") as into:
            client.download(path, into)
        return True

    path = f"{_CHANGED}/{since:%Y-%m-%dT%H:%M:%S}"
    answers = put_questions([path], ask, Patience(workers=1), stop)
    error = answers.error
    if isinstance(error, Refused) or (isinstance(error, Forbidden) and error.status != _NO_KEY):
        return False
    if error is not None:
        raise error
    return bool(answers.told)


def read_changed(file: Path) -> Iterator[pl.DataFrame]:
    """Read such an answer, some thousand customers at a time: `id` and `NAMES`, all text.

    Raises:
        Unclear: this is no list of customers.
    """
    size = file.stat().st_size
    with file.open("rb") as text:
        head = text.read(_SMALL)
    if not head.strip():
        return
    if size < _SMALL and (alone := _read_alone(head)) is not None:
        yield alone
        return
    below = "data" if head.lstrip().startswith(b"{") else None
    names = ("id", *NAMES)
    columns = tuple(f"{inside}{name}" for inside in ("data.", "") for name in names)
    source = FileSource(path=file, format="json", columns=columns, record=below)
    try:
        for frame in read(source):
            yield frame.select(pl.coalesce(f"data.{n}", n).alias(n) for n in names)
    except SourceError as error:
        raise _unreadable("no list of customers") from error


def _read_alone(text: bytes) -> pl.DataFrame | None:
    """Read an answer that is one customer; None if it is a list."""
    if not text.lstrip().startswith(b"{") or _LIST_BELOW.match(text):
        return None
    try:
        body = json.loads(text)
    except ValueError:
        raise _unreadable("no JSON") from None
    data = body.get("data", body)
    if not isinstance(data, dict):
        return None
    if "id" not in data:
        raise _unreadable("no list of customers")
    schema = dict.fromkeys(("id", *NAMES), pl.String)
    values = {name: data.get(name) for name in schema}
    return pl.DataFrame([{k: None if v is None else str(v) for k, v in values.items()}], schema)


@dataclass(frozen=True)
class FoundIds:
    """What single look-ups told.

    Attributes:
        customers: `name`, `value` and `id` (null where there is no such customer) of those told.
        error: why others are not known, where a question got no answer of use; one of several.
    """

    customers: pl.DataFrame
    error: ApiError | None = None


def find_ids(
    client: "Client", members: Iterable[tuple[str, str]], stop: threading.Event, patience: Patience
) -> FoundIds:
    """Look members up, each by a call of its own.

    Who has a name that makes no sound part of a path is not asked for, and not told.

    Args:
        client: of the account.
        members: `NAMES` and value of each.
        stop: ends it soon.
        patience: how many at a time, and how often.
    """
    keys = {f"{name}\x1f{value}": (name, value) for name, value in members if can_find(name, value)}
    answers = put_questions(keys, lambda key: find_id(client.get, *keys[key]), patience, stop)
    rows = [(*keys[key], told) for key, told in answers.told.items()]
    schema = {"name": pl.String, "value": pl.String, "id": pl.String}
    return FoundIds(pl.DataFrame(rows, schema, orient="row"), answers.error)


def _unreadable(what: str) -> Unclear:
    fault = f"an answer that is {what}"
    return Unclear("GET", _CHANGED, fault, status=200, todo="ask the platform's operator")
