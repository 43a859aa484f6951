"""What the platform holds of members, asked one by one: to be compared with what was sent.

A question that gets no answer of use is an error, never a guess: whoever compares wants all.
"""

import json
import threading
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import polars as pl

from connectors.trigg.asking import Get, can_ask, get_or_none
from connectors.trigg.errors import Unclear
from connectors.trigg.held_receipts import list_held
from connectors.trigg.questions import Patience, put_questions

if TYPE_CHECKING:
    from collections.abc import Sequence

__all__ = ["HOLDINGS", "SCHEMAS", "TABLES_OF", "ask_holdings", "canonical_body", "question_of"]

SCALE = 10_000
CUSTOMERS = pl.Schema(
    {
        "question": pl.String,  # as it was asked
        "id": pl.String,  # null where there is no such customer
        "external_id": pl.String,
        "points": pl.Int64,  # ten-thousandths
        "created": pl.String,  # as the platform tells it
    }
)
STAMPS = pl.Schema({"question": pl.String, "card": pl.String, "count": pl.Int64})
RECEIPTS = pl.Schema(
    {
        "question": pl.String,
        "store": pl.String,
        "receipt": pl.String,
        "kind": pl.String,  # PURCHASE or RETURN
        "amount": pl.Int64,  # ten-thousandths, without sign
    }
)
VEHICLES = pl.Schema({"question": pl.String, "id": pl.String, "body": pl.String})
CARDS = pl.Schema({"question": pl.String, "id": pl.String, "token": pl.String})
Row = tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Question:
    """One way to ask: where for, and how an answer is read.

    Attributes:
        path: with `{}` where the name goes.
        read: gives the rows of each table (`HOLDINGS`) from an answer's JSON; raises ValueError
            where it is not what was asked for.
    """

    path: str
    read: Callable[[str, bytes], Mapping[str, list[Row]]]


def question_of(name: str) -> str:
    """Say what is asked to find a customer by `id`, `externalId`, `mobilePhone` or `email`."""
    return {
        "id": "customer by id",
        "externalId": "customer by externalId",
        "mobilePhone": "customer by mobilePhone",
        "email": "customer by email",
    }[name]


def ask_holdings(
    get: Get,
    asked: str,
    names: Iterable[str],
    stop: threading.Event,
    patience: Patience,
) -> dict[str, pl.DataFrame] | None:
    """Put one kind of question (`HOLDINGS`) about several names, side by side.

    Args:
        get: `Client.get`; called from several threads.
        asked: which question.
        names: of customers, each asked about once; those that make no sound path are left out.
        stop: ends it soon.
        patience: how many at a time, and how often.

    Returns:
        The tables of the question. A customer who is not there (404) has no row, and of
        `customers` one without an `id`. None if it was told to stop before all were answered.

    Raises:
        ApiError: a question got no answer of use.
    """
    question = HOLDINGS[asked]
    wanted = [name for name in dict.fromkeys(names) if can_ask(name)]

    def ask(name: str) -> Mapping[str, list[Row]]:
        path = question.path.format(quote(name, safe=""))
        body = get_or_none(get, path, None)
        if body is None:
            return question.read(name, b"")
        try:
            return question.read(name, body)
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError):
            what = "an answer that does not tell what was asked for"
            raise Unclear(
                "GET", question.path, what, status=200, todo="ask the platform's operator"
            ) from None

    answers = put_questions(wanted, ask, patience, stop)
    if answers.error is not None:
        raise answers.error
    if len(answers.told) < len(wanted):
        return None
    tables: dict[str, list[Row]] = {name: [] for name in TABLES_OF[asked]}
    for name in wanted:
        for table, rows in answers.told[name].items():
            tables[table] += rows
    return {
        name: pl.DataFrame(rows, schema=SCHEMAS[name], orient="row")
        for name, rows in tables.items()
    }


def _read_customer(name: str, body: bytes) -> Mapping[str, list[Row]]:
    """Read one customer, bare or under `data`; an empty list is nobody."""
    found = _load(body) if body else []
    meta = found.get("metaData") if isinstance(found, dict) else None
    if isinstance(found, dict) and isinstance(found.get("data"), dict | list):
        found = found["data"]
    if isinstance(found, list):
        if len(found) > 1:
            raise ValueError("several customers")
        found = found[0] if found else None
    if found is None:
        return {"customers": [(name, None, None, 0, None)], "stamps": []}
    loyalty = found.get("loyalty") or {}
    created = meta.get("CreatedAt") if isinstance(meta, dict) else None
    row = (name, str(found["id"]), found.get("externalId"), _scaled(loyalty["points"]), created)
    cards = loyalty.get("loyaltyCards") or []
    return {
        "customers": [row],
        "stamps": [(name, str(card["id"]), int(Decimal(card["count"]))) for card in cards],
    }


def _read_receipts(name: str, body: bytes) -> Mapping[str, list[Row]]:
    held = list_held(body) if body else []
    if held is None:
        raise ValueError("no list of receipts")
    return {"receipts": [(name, *receipt) for receipt in held]}


def _read_vehicles(name: str, body: bytes) -> Mapping[str, list[Row]]:
    rows = [(name, str(found.pop("id")), _canonical(found)) for found in _list(body) if found["id"]]
    return {"vehicles": rows}


def _read_cards(name: str, body: bytes) -> Mapping[str, list[Row]]:
    return {"payment cards": [(name, str(c["cardId"]), str(c["token"])) for c in _list(body)]}


def canonical_body(text: str) -> str:
    """Write a JSON object in the one way in which two that are equal are the same text."""
    return _canonical(_load(text.encode()))


def _canonical(found: "dict[str, Any]") -> str:
    return json.dumps(
        found, sort_keys=True, ensure_ascii=False, separators=(",", ":"), default=_plain
    )


def _plain(number: object) -> str:
    """Write a fraction in one way, whatever zeros it was sent with."""
    return f"{Decimal(str(number)).normalize():f}"


def _list(body: bytes) -> "Sequence[dict[str, Any]]":
    """Read a list, bare or under `data` (reading T29)."""
    found = _load(body) if body else []
    found = found["data"] if isinstance(found, dict) else found
    if not isinstance(found, list):
        raise TypeError("no list")
    return found


def _load(body: bytes) -> Any:  # noqa: ANN401  (whatever JSON holds)
    return json.loads(body.removeprefix(b"\xef\xbb\xbf"), parse_float=Decimal)


def _scaled(points: object) -> int:
    return int(Decimal(str(points)) * SCALE)


SCHEMAS: Mapping[str, pl.Schema] = {
    "customers": CUSTOMERS,
    "stamps": STAMPS,
    "receipts": RECEIPTS,
    "vehicles": VEHICLES,
    "payment cards": CARDS,
}
HOLDINGS = {
    "customer by id": Question("/customers/id/{}", _read_customer),
    "customer by externalId": Question("/customers/externalId/{}", _read_customer),
    "customer by mobilePhone": Question("/customers?mobilePhone={}", _read_customer),
    "customer by email": Question("/customers/email/{}", _read_customer),
    "receipts": Question("/transactions/customerId/{}", _read_receipts),
    "vehicles": Question("/modules/vehicles/customerId/{}", _read_vehicles),
    "payment cards": Question("/payment-cards/customerId/{}", _read_cards),
}
"""The questions there are."""
TABLES_OF = {
    name: ("customers", "stamps") if name.startswith("customer") else (name,) for name in HOLDINGS
}
"""The tables that each question fills."""
