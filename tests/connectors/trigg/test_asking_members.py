import json
import threading

import polars as pl
import pytest

import sandbox
from connectors.trigg.account import Account
from connectors.trigg.asking import ask_members
from connectors.trigg.client import Client
from connectors.trigg.errors import Refused, Unclear
from connectors.trigg.questions import Patience

KARI = {
    "externalId": "7",
    "mobilePhone": "+4790000001",
    "email": "Kari@example.no",
    "firstName": "Kari",
    "birthDate": "1990-01-31T00:00:00",
    "zip": "0553",
    "consents": {"acceptsTerms": True, "acceptsSms": False},
    "favoriteStores": ["S1", "S2"],
}
QUICK = Patience(tries=2, first_wait=0.001)


def ask(client, *records):
    """Ask for records of (key field, value, what was sent)."""
    rows = [(f"{name}\x1f{value}", json.dumps(sent)) for name, value, sent in records]
    frame = pl.DataFrame(rows, {"key": pl.String, "json": pl.String}, orient="row")
    return ask_members(client.get, frame, threading.Event(), QUICK)


def test_the_sandbox_tells_what_has_landed(tmp_path):
    odd = {"externalId": "a:b+c ø", "firstName": "Ola"}
    phone = {"mobilePhone": "+4790000002", "firstName": "Per", "consents": {"acceptsSms": True}}
    mail = {"email": "x@example.no"}
    with (
        sandbox.running(tmp_path / "sandbox") as running,
        Client(Account(running.base_url, running.api_key)) as client,
    ):
        client.post("/import", json.dumps({"members": [KARI, odd, phone, mail]}).encode())
        asked = ask(
            client,
            ("externalId", "7", KARI),
            ("externalId", "7", KARI | {"firstName": "Karin"}),
            ("externalId", "8", KARI | {"externalId": "8"}),
            ("externalId", "a:b+c ø", odd),
            ("mobilePhone", "+4790000002", phone),
            ("mobilePhone", "+4790000003", phone),
            ("email", "x@example.no", mail),
            ("externalId", "a/b", odd),
        )
    assert asked.found == [
        *("landed", "missing", "missing", "landed"),
        *("landed", "missing", "unaskable", "unaskable"),
    ]
    assert asked.error is None


@pytest.mark.parametrize(
    "held",
    [
        {},
        {"email": "Kari@example.no", "points": 3},
        {"zip": 553},
        {"zip": "0553"},
        {"consents": {"acceptsTerms": True, "acceptsSms": False, "acceptsEmail": True}},
        {"consents": {"acceptsTerms": "true", "acceptsSms": "False"}},
        {"favoriteStores": None, "favouriteStores": ["S2", "S1"]},
        {"externalId": 7},
    ],
)
def test_what_is_held_in_another_form_has_landed(server, client, held):
    record = {k: v for k, v in (KARI | held).items() if v is not None}
    server.reply(200, {"data": record, "metaData": {}})
    assert ask(client, ("externalId", "7", KARI)).found == ["landed"]


@pytest.mark.parametrize(
    "held",
    [
        {"email": "kari@example.no"},
        {"email": None},
        {"zip": "553"},
        {"zip": 554},
        {"zip": "NaN"},
        {"consents": {"acceptsTerms": True}},
        {"consents": None},
        {"favoriteStores": ["S1"]},
        {"favoriteStores": ["S1", "S2", "S3"]},
        {"firstName": ["Kari"]},
        {"birthDate": True},
    ],
)
def test_what_differs_is_missing(server, client, held):
    server.reply(200, {"data": KARI | held})
    assert ask(client, ("externalId", "7", KARI)).found == ["missing"]


def test_extended_consents_are_compared_by_what_was_sent(server, client):
    own = [{"id": "a", "value": True, "name": "A"}, {"id": "b", "value": False, "name": "B"}]
    held = {"externalId": "7", "consents": {"extendedConsents": own}}
    server.reply(200, {"data": held})
    inside = {"consents": {"extendedConsents": [{"id": "a", "value": True}]}}
    beside = {"extendedConsents": [{"id": "b", "value": False}]}
    wrong = {"extendedConsents": [{"id": "b", "value": True}]}
    asked = ask(client, ("externalId", "7", inside))
    assert asked.found == ["landed"]
    assert ask(client, ("externalId", "7", beside)).found == ["landed"]
    assert ask(client, ("externalId", "7", wrong)).found == ["missing"]


@pytest.mark.parametrize(
    ("answer", "found", "kind"),
    [
        ((404, b""), "missing", None),
        ((404, {"code": "404", "message": "x", "detailedErrorMessage": "y"}), "missing", None),
        ((404, b"<html>"), "unknown", Refused),
        ((500, b""), "unknown", Unclear),
        ((200, b""), "unknown", Unclear),
        ((200, b"[]"), "missing", None),
        ((200, [KARI]), "landed", None),
        ((200, [KARI, KARI]), "unknown", Unclear),
        ((200, {"data": [KARI]}), "landed", None),
        ((200, KARI), "landed", None),
        ((200, {"status": "ok"}), "unknown", Unclear),
    ],
)
def test_answers_of_all_kinds(server, client, answer, found, kind):
    server.reply(*answer)
    asked = ask(client, ("externalId", "7", KARI))
    assert asked.found == [found]
    assert type(asked.error) is (kind or type(None))


def test_nothing_of_a_person_is_in_an_error(server, client):
    server.reply(500, b"")
    asked = ask(client, ("mobilePhone", "+4790000001", KARI), ("externalId", "90000001", KARI))
    assert "90000001" not in str(asked.error) + repr(asked)
