"""An answer that repeats its request shows nothing of a person, and still says what is wrong."""

import json

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.trigg.answers import make_error
from connectors.trigg.echo import hide_echo

KARI = {
    "externalId": "E7",
    "mobilePhone": "+4790000001",
    "email": "kari@example.no",
    "firstName": "Kari Strøm",
    "lastName": "Bo",
    "birthDate": "1990-01-31T00:00:00",
    "address": "Canarygata 1 B",
    "country": "NO",
    "gender": "Female",
    "interests": ["Fishing"],
    "metaData": [{"shoe": "size forty"}],
}
PERSONAL = ("Kari", "kari", "Strøm", "1990-01-31", "Canarygata", "Fishing", "forty")


def fail(detail: object, path: str = "/customers", body: object = KARI) -> str:
    answer = json.dumps({"code": "400", "message": "Bad Request", "detailedErrorMessage": detail})
    sent = (path, json.dumps(body).encode())
    error = make_error(
        "POST", path, 400, answer.encode(), headers=httpx.Headers(), secret="secret-key", sent=sent
    )
    return str(error)


@pytest.mark.parametrize("inner", [True, False])
@pytest.mark.parametrize("members", [1, 400])
def test_nothing_of_a_person_is_shown(members: int, *, inner: bool) -> None:
    said = json.dumps(KARI, ensure_ascii=inner)
    told = fail(said, body={"members": [KARI] * members})
    assert [text for text in PERSONAL if text.casefold() in told.casefold()] == []
    assert "E7" in told


def test_what_is_wrong_is_still_told() -> None:
    told = fail(
        "firstName: KARI STRØM has no vowel; country NO is not known; no such gender Female"
    )
    assert "firstName: <value> has no vowel" in told
    assert "country NO is not known; no such gender Female" in told
    assert "lastName is too short" in fail("lastName is too short")


def test_a_word_within_another_stays() -> None:
    body = {"data": {"firstName": "Per", "city": "Oslo"}}
    assert hide_echo("per person; person Per in Oslofjord", "/x", json.dumps(body).encode()) == (
        "<value> person; person <value> in Oslofjord"
    )


def test_receipts_are_told_by_their_ids() -> None:
    receipt = {"Header": {"StoreId": "S", "ReceiptId": "R700", "PaymentString": "VISA Kari"}}
    body = json.dumps({"ReceiptRequests": [receipt]}).encode()
    told = hide_echo("R700 of S: PaymentString VISA Kari is wrong", "/transactions", body)
    assert told == "R700 of S: PaymentString <value> is wrong"


@pytest.mark.parametrize(
    "body",
    [
        "<members><member><externalId>E7</externalId><lastName>Str&amp;m</lastName></member></members>",
        'externalId,lastName,city\r\nE7,"Str&m",Oslo\r\n',
        "externalId=E7&lastName=Str%26m",
        "--b\r\nContent-Type: text/csv\r\n\r\nexternalId,lastName\nE7,Str&m\n\r\n--b--\r\n",
    ],
)
def test_a_body_of_any_format_is_hidden(body: str) -> None:
    told = hide_echo("lastName Str&m of E7 is wrong", "/import", body.encode())
    assert told == "lastName <value> of E7 is wrong"
    told = hide_echo("externalId=E7&lastName=Str%26m is wrong", "/import", body.encode())
    assert told == "externalId=E7&lastName=<value> is wrong"


def test_a_query_is_hidden_too() -> None:
    path = "/loyalty/bonus/addRewardPoints?customerId=C7&description=Gave%20til%20Kari"
    assert hide_echo("C7: Gave til Kari", path, b"") == "C7: <value>"


@given(st.text(max_size=30), st.text(max_size=9), st.binary(max_size=30))
def test_any_text_is_bounded(text: str, path: str, body: bytes) -> None:
    assert len(hide_echo(text, path, body)) <= 8 * len(text) + 8


LETTERS = st.text("abcæøåÄßé", min_size=3, max_size=9)


@given(LETTERS, st.text(max_size=9))
def test_a_value_never_stands_alone(value: str, before: str) -> None:
    body = json.dumps({"lastName": value}).encode()
    told = hide_echo(f"{before} {value} {value.lower()} .", "/x", body)
    assert not {f" {value} ", f" {value.lower()} "} & {told}
    assert told.endswith(" <value> <value> .")
