"""What members hold, read from every form the answers may have; what tells nothing is an error."""

import json
import threading
from collections.abc import Callable

import pytest

from connectors.trigg.client import Answer
from connectors.trigg.errors import Refused, Unclear
from connectors.trigg.holdings import ask_holdings, canonical_body
from connectors.trigg.questions import Patience

ONCE = Patience(workers=2, tries=1, first_wait=0)
CUSTOMER = {
    "data": {
        "id": "A-1",
        "externalId": "0042",
        "loyalty": {"points": 12.5, "loyaltyCards": [{"id": "4", "count": 3}]},
    },
    "metaData": {"CreatedAt": "2026-01-31 12:00:00"},
}
LINES = [{"transactionType": "RETURN", "quantity": -1, "grossAmount": 12.5}]
RECEIPT = {"storeId": "101", "receiptId": "R1", "grossAmount": 12.50, "rows": LINES}


def answers(body: object) -> Callable[..., Answer]:
    return lambda _path, _params: Answer(200, json.dumps(body).encode(), 0.0, "application/json")


def refuse(path: str, _: object) -> Answer:
    raise Refused("GET", path, "404 Not Found", status=404, documented=True)


def ask(get: Callable[..., Answer], question: str):
    told = ask_holdings(get, question, ["0042", "a/b"], threading.Event(), ONCE)
    assert told is not None
    return {table: rows.rows() for table, rows in told.items()}


@pytest.mark.parametrize("body", [CUSTOMER, {**CUSTOMER, "data": [CUSTOMER["data"]]}])
def test_a_customer(body: object) -> None:
    told = ask(answers(body), "customer by externalId")
    created = CUSTOMER["metaData"]["CreatedAt"]
    if isinstance(body["data"], list):
        assert told["customers"][0][:4] == ("0042", "A-1", "0042", 125_000)
    else:
        assert told["customers"] == [("0042", "A-1", "0042", 125_000, created)]
    assert told["stamps"] == [("0042", "4", 3)]


def test_nobody_is_there() -> None:
    told = ask(refuse, "customer by externalId")
    assert told == {"customers": [("0042", None, None, 0, None)], "stamps": []}
    assert ask(answers([]), "customer by externalId") == told
    assert ask(refuse, "receipts") == {"receipts": []}


@pytest.mark.parametrize("body", [[RECEIPT], {"data": [RECEIPT]}])
def test_receipts(body: object) -> None:
    assert ask(answers(body), "receipts") == {
        "receipts": [("0042", "101", "R1", "RETURN", 125_000)]
    }


def test_vehicles_and_cards_are_told_by_what_they_hold() -> None:
    told = ask(answers([{"id": "V1", "plate": "AB", "litres": 1.50}]), "vehicles")["vehicles"]
    assert told == [("0042", "V1", canonical_body('{"litres": 1.5, "plate": "AB"}'))]
    told = ask(answers({"data": [{"cardId": "C", "token": "t"}]}), "payment cards")
    assert told == {"payment cards": [("0042", "C", "t")]}


@pytest.mark.parametrize(
    ("question", "body"),
    [
        ("customer by id", [{"id": "1"}, {"id": "2"}]),
        ("customer by id", {"data": {"id": "1"}}),
        ("customer by id", "hello"),
        ("receipts", {"rows": 1}),
        ("receipts", [{"storeId": 1}]),
        ("vehicles", {"plate": "AB"}),
        ("vehicles", [{"plate": "AB"}]),
        ("payment cards", [{"token": "t"}]),
    ],
)
def test_what_does_not_tell_is_an_error_and_never_nothing(question: str, body: object) -> None:
    with pytest.raises(Unclear):
        ask(answers(body), question)


def test_told_to_stop() -> None:
    stop = threading.Event()
    stop.set()
    assert ask_holdings(answers([]), "receipts", ["1"], stop, ONCE) is None
