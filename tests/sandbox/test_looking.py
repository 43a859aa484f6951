"""Ways to look into the sandbox: each receipt and how often it is stored, and the requests seen."""

import csv
import io
import json
import time

import httpx
import pytest


def look(api, **query):
    return httpx.get(api.running.receipts_url, params=query).raise_for_status().text


def test_each_receipt_once_with_how_often_it_is_stored(api, make_receipt):
    back = make_receipt("B", GrossAmount=12.5)
    back["Items"][0] |= {"TransactionType": "RETURN", "Quantity": -1}
    other_store = make_receipt('A"æ', StoreId="002")
    batch = [make_receipt("B"), back, make_receipt("B"), other_store]
    assert look(api) == ""
    api.post("transactions", {"ReceiptRequests": batch})
    found = [json.loads(line) for line in look(api).splitlines()]
    expected = [
        ("002", 'A"æ', "PURCHASE", "10", 1),
        ("001", "B", "PURCHASE", "10", 2),
        ("001", "B", "RETURN", "12.5", 1),
    ]
    assert [tuple(one.values()) for one in found] == expected
    assert list(found[0]) == ["storeId", "receiptId", "kind", "grossAmount", "times"]
    rows = list(csv.reader(io.StringIO(look(api, format="csv"))))
    assert rows == [list(found[0]), *[[*one[:4], str(one[4])] for one in expected]]
    assert [json.loads(line)["times"] for line in look(api, times=2).splitlines()] == [2]
    assert look(api, times=3) == ""


def test_an_amount_is_spelled_without_exponent(api, make_receipt):
    text = json.dumps({"ReceiptRequests": [make_receipt()]})
    api.post(
        "transactions",
        text.replace('"GrossAmount": 10, "Vat": 2}', '"GrossAmount": 1.5e3, "Vat": 2}'),
    )
    assert json.loads(look(api))["grossAmount"] == "1500"


@pytest.mark.parametrize("query", [{"format": "xml"}, {"times": "x"}, {"other": "1"}])
def test_a_wrong_question_is_refused(shared_api, query):
    assert httpx.get(shared_api.running.receipts_url, params=query).status_code == 400


def test_every_request_is_counted_by_path_refused_ones_too(api, make_batch):
    api.post("transactions", make_batch("A"))
    api.post("transactions", "not JSON")
    httpx.post(f"{api.running.base_url}/transactions")  # no key
    api.put_faults({"fault": "drop_before"})
    with pytest.raises(httpx.TransportError):
        api.post("transactions", make_batch("B"))
    with pytest.raises(httpx.TransportError):
        api.post("import", {})
    httpx.delete(api.running.faults_url)
    api.get("customers/id/secret")
    api.get("transactions/customerId/secret")
    api.post("secret", {})
    facts = api.facts()
    assert facts["requests"] == 1
    assert facts["seen"] == {
        "POST /transactions": 4,
        "POST /import": 1,
        "GET /customers/id/{id}": 1,
        "GET /transactions/customerId/{customerId}": 1,
        "POST elsewhere": 1,
    }


def test_a_customer_is_shown_again_with_what_came_since(api, make_receipt):
    shown = []
    for number in range(4):
        receipt = make_receipt(str(number), ConsumerId="c1" if number % 2 else "C1")
        api.post("transactions", {"ReceiptRequests": [receipt, make_receipt("X", ConsumerId="C2")]})
        for _ in range(2):
            found = api.get("transactions/customerId/C1").json()
            assert [one["receiptId"] for one in found] == [*shown, str(number)]
        shown.append(str(number))
    # A member known by this externalId has the receipts of both of its ids, in order of arrival.
    api.post("customers", {"data": {"mobilePhone": "+4712345678", "externalId": "C1"}})
    own_id = api.get("customers/externalId/C1").json()["data"]["id"]
    api.post("transactions", {"ReceiptRequests": [make_receipt("OWN", ConsumerId=own_id)]})
    api.post("transactions", {"ReceiptRequests": [make_receipt("LAST")]})
    for key in ("C1", own_id, "c1"):
        found = api.get(f"transactions/customerId/{key}").json()
        assert [one["receiptId"] for one in found] == [*shown, "OWN", "LAST"]


@pytest.mark.slow
def test_a_customer_asked_for_again_and_a_list_of_all_are_fast(api, make_receipt):
    for first in range(0, 16_000, 400):
        receipts = [
            make_receipt(f"R{n}", lines=10, ConsumerId=f"C{n % 250}")
            for n in range(first, first + 400)
        ]
        api.post("transactions", {"ReceiptRequests": receipts}).raise_for_status()
    assert len(api.get("transactions/customerId/C1").json()) == 64
    asked, listed = [], []
    for _ in range(5):
        begun = time.perf_counter()
        api.get("transactions/customerId/C1")
        asked.append(time.perf_counter() - begun)
        begun = time.perf_counter()
        assert look(api).count("\n") == 16_000
        listed.append(time.perf_counter() - begun)
    # One of 250 customers costs no look through all: 2 ms and 0.3 s on a quiet machine.
    assert 10 * min(asked) < min(listed)
