"""Faults on requests of a single record: lost answers, late ones, and records named by their id."""

import time

import httpx
import pytest

MEMBER = {"data": {"mobilePhone": "+4712345678", "externalId": "E1"}}
# Method, path, body, and the fact that counts what is stored.
WRITES = [
    ("POST", "loyalty/bonus/addRewardPoints?customerId=E1", {"points": 1}, "points"),
    ("POST", "loyalty/bonus/import", {"externalId": "E1", "activity": "20"}, "points"),
    ("POST", "loyalty/activity/20/customerId/E1", {}, "points"),
    ("PUT", "loyalty/achievements", {"id": "4", "memberId": "E1", "itemCount": 1}, "clips"),
    ("POST", "abandonedCarts", {"cartId": "E1", "items": []}, "carts"),
    ("POST", "payment-cards", {"memberId": "E1", "token": "T"}, "payment_cards"),
    ("POST", "modules/vehicles/customerId/E1", {"plate": "X"}, "vehicles"),
    (
        "POST",
        "promotions/redeem",
        {"id": "71E8AC01-152D-4B2E-956A-3656CD3396AE", "customerId": "E1"},
        "redemptions",
    ),
    ("POST", "triggers/welcome/customer/E1", {}, "triggers"),
    ("DELETE", "customers/externalId/E1/source/etl", None, "deleted"),
]
KINDS = pytest.mark.parametrize(("verb", "path", "body", "fact"), WRITES)


@pytest.fixture
def ready(api):
    api.post("customers", MEMBER).raise_for_status()
    return api


def send(api, verb, path, body):
    return api.http.request(verb, path) if body is None else api.send(verb, path, body)


@KINDS
def test_a_lost_answer_was_taken(ready, verb, path, body, fact):
    ready.put_faults({"fault": "drop_after", "first": 1, "method": verb})
    with pytest.raises(httpx.TransportError):
        send(ready, verb, path, body)
    assert ready.facts()[fact] == 1


@KINDS
def test_half_of_a_single_record_is_none(ready, verb, path, body, fact):
    below = "/" + path.partition("?")[0]
    ready.put_faults({"fault": "gateway", "first": 1, "stored": "half", "path": below})
    assert send(ready, verb, path, body).status_code == 502
    assert ready.facts()[fact] == 0


@KINDS
def test_a_record_is_refused_by_its_id(ready, verb, path, body, fact):
    ready.put_faults({"fault": "poison", "ids": ["E1"], "status": 422})
    answer = send(ready, verb, path, body)
    assert answer.status_code == 422
    assert answer.json()["detailedErrorMessage"][0]["message"] == "this record cannot be taken"
    assert ready.facts()[fact] == 0
    assert ready.fired() == [1]


@KINDS
def test_a_late_request_is_taken_later(ready, verb, path, body, fact):
    ready.put_faults({"fault": "late", "first": 1, "seconds": 0.1})
    with pytest.raises(httpx.TransportError):
        send(ready, verb, path, body)
    begun = time.monotonic()
    while ready.facts()[fact] == 0:
        assert time.monotonic() - begun < 10
        time.sleep(0.02)


def test_poison_names_a_customers_field(api, doc_rule):
    api.put_faults(doc_rule("poison", ids=["E1"], style="paths"))
    answer = api.post("customers", MEMBER)
    assert answer.status_code == 400
    assert [f["path"] for f in answer.json()["detailedErrorMessage"]] == ["data.externalId"]
