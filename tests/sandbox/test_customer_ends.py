"""Customers come as prospects, are found by what changed, and go with all they have."""

import sqlite3
import time

import httpx
import pytest

from tests.sandbox.shapes import shape

PHONE, MAIL = "+4712345678", "kari/n@x.no"


def create(api, **data):
    return api.post("customers", {"data": {"mobilePhone": PHONE, **data}})


@pytest.mark.parametrize("variant", ["min_email", "min_mobile_phone"])
def test_a_prospect_becomes_a_customer(api, example, variant):
    body = example(f"prospect_create.request.{variant}")
    answer = api.post("customers/prospects", body)
    assert answer.status_code == 201
    assert shape(answer.json()) == shape(example("prospect_create.response.guess"))
    customer = api.get(f"customers/id/{answer.json()['data']['id']}").json()["data"]
    [(name, value)] = body["data"].items()
    assert customer[name] == value
    assert (api.facts()["customers"], api.facts()["prospects"]) == (1, 1)
    repeat = api.post("customers/prospects", body)
    assert (repeat.status_code, repeat.json()["message"]) == (409, "Conflict")
    assert api.facts()["prospects"] == 1


@pytest.mark.parametrize(
    "body",
    [
        {},
        {"data": {}},
        {"email": MAIL},
        {"data": {"email": MAIL, "mobilePhone": PHONE}},
        {"data": {"email": "x"}},
        {"data": {"email": MAIL, "firstName": "Kari"}},
    ],
)
def test_a_wrong_prospect_is_refused(shared_api, body):
    assert shared_api.post("customers/prospects", body).status_code == 400


def test_a_customer_is_found_by_email(api):
    created = create(api, email=MAIL).json()
    assert api.get("customers/email/KARI%2Fn@x.no").json() == created
    assert api.get("customers/email/nobody@x.no").json()["message"] == "Customer Not Found"


def test_changed_customers_are_those_since_a_time(api):
    first = create(api, externalId="E1").json()
    second = create(api, mobilePhone="+4700000002", externalId="E2").json()
    for path in (
        "customers/changed",
        "customers/changed/",
        "customers/changed/2020-01-01T00:00:00",
    ):
        assert api.get(path).json() == [first, second]
    time.sleep(1.1)
    changed = api.send("PUT", "customers", {"data": {"id": first["data"]["id"], "city": "Oslo"}})
    at = changed.json()["metaData"]["UpdatedAt"].replace(" ", "T")
    assert api.get(f"customers/changed/{at}").json() == [changed.json()]
    assert api.get("customers/changed").json() == [second, changed.json()]
    assert api.get("customers/changed/2999-01-01").json() == []
    for wrong in ("yesterday", "2024-02-30", "2024-01-01T00:00:00Z", "1700000000"):
        assert api.get(f"customers/changed/{wrong}").status_code == 400


def test_many_changed_customers_come_in_one_list(api):
    for first in range(0, 1200, 400):
        members = [{"externalId": f"E{n}"} for n in range(first, first + 400)]
        api.post("import", {"members": members}).raise_for_status()
    found = api.get("customers/changed").json()
    assert [one["data"]["externalId"] for one in found] == [f"E{n}" for n in range(1200)]
    api.put_faults({"fault": "cut", "path": "/customers/changed"})
    with pytest.raises(httpx.TransportError):
        api.get("customers/changed")


@pytest.fixture
def full(api, make_receipt):
    """A customer who has something of everything."""
    member = create(api, externalId="Ext-1", email=MAIL, firstName="Kari").json()["data"]["id"]
    api.post(f"loyalty/bonus/addRewardPoints?customerId={member}", {"points": 5})
    stamps = {"id": "4", "memberId": PHONE, "itemCount": 3}
    api.send("PUT", "loyalty/achievements", stamps).raise_for_status()
    items = [{"itemId": "1", "quantity": 1}]
    api.post("abandonedCarts", {"cartId": "C1", "contactId": member, "items": items})
    api.post("abandonedCarts", {"cartId": "C2", "externalId": "EXT-1", "items": items})
    api.post("payment-cards", {"memberId": member, "token": "secret-token"}).raise_for_status()
    api.post(f"modules/vehicles/customerId/{member}", {"plate": "KARI 1"}).raise_for_status()
    [promotion] = api.get(f"promotions/customerId/{member}").json()
    use = {"id": promotion["id"], "customerId": member}
    api.post("promotions/redeem", use).raise_for_status()
    api.http.post(f"promotions/{promotion['id']}/disableUse/{member}").raise_for_status()
    api.post(f"triggers/welcome/customer/{member}", {"data": "Kari"}).raise_for_status()
    receipts = [make_receipt("A", ConsumerId=member), make_receipt("B", ConsumerId="ext-1")]
    api.post("transactions", {"ReceiptRequests": receipts}).raise_for_status()
    assert len(api.get(f"transactions/customerId/{member}").json()) == 2
    return member


@pytest.mark.parametrize("key", ["id", "externalId"])
def test_a_deletion_takes_everything_that_is_a_persons(api, full, key, tmp_path):
    other = create(api, mobilePhone="+4700000002", externalId="E2").json()
    api.post("loyalty/bonus/addRewardPoints?customerId=E2", {"points": 7})
    wanted = full.lower() if key == "id" else "EXT-1"
    answer = api.http.delete(f"customers/{key}/{wanted}/source/any%20text")
    assert (answer.status_code, answer.json()) == (200, {})
    again = api.http.delete(f"customers/{key}/{wanted}/source/any")
    assert (again.status_code, again.json()["message"]) == (404, "Customer Not Found")
    facts = api.facts()
    gone = ("clips", "carts", "cart_items", "payment_cards", "vehicles", "disabled_promotions")
    assert [facts[name] for name in gone] == [0] * len(gone)
    assert (facts["customers"], facts["deleted"], facts["points"], facts["bonuses"]) == (1, 1, 7, 1)
    assert (facts["receipts"], facts["redemptions"], facts["triggers"]) == (2, 1, 1)
    for path in (
        f"customers/id/{full}",
        "customers/externalId/Ext-1",
        f"transactions/customerId/{full}",
    ):
        assert api.get(path).status_code == 404, path
    assert api.get("transactions/customerId/Ext-1").status_code == 404
    [row] = api.get("reports/customers").json()["data"]
    assert row["id"] == other["data"]["id"]
    assert [r["customerId"] for r in api.get("reports/transactions").json()["data"]] == [None] * 2
    connection = sqlite3.connect(tmp_path / "data" / "sandbox.sqlite")
    dump = "\n".join(connection.iterdump()).lower()
    connection.close()
    for secret in ("kari", "12345678", "ext-1", "secret-token", full.lower()):
        assert secret not in dump


def test_who_was_deleted_may_come_again_at_once_by_default(api):
    old = create(api).json()["data"]["id"]
    api.http.delete(f"customers/id/{old}/source/etl").raise_for_status()
    new = create(api).json()["data"]["id"]
    assert new != old
    assert api.get("reports/customers").json()["metaData"]["totalRecords"] == 1


def test_pages_of_a_report_are_whole_after_deletions(api):
    api.post("import", {"members": [{"externalId": f"E{n}"} for n in range(10)]})
    for n in (0, 3, 9):
        api.http.delete(f"customers/externalId/E{n}/source/etl").raise_for_status()
    api.post("import", {"members": [{"externalId": "E10"}]})
    pages = [api.get("reports/customers", page=p, rowsPage=3).json() for p in (1, 2, 3)]
    found = [row["externalId"] for page in pages for row in page["data"]]
    assert found == [f"E{n}" for n in (1, 2, 4, 5, 6, 7, 8, 10)]
    assert pages[0]["metaData"]["totalRecords"] == 8


def test_a_deleted_phone_and_email_stay_in_quarantine_for_a_while(start, example):
    with start(quarantine=2) as api:
        create(api, email=MAIL).raise_for_status()
        deleted = api.get("customers", mobilePhone=PHONE).json()["data"]["id"]
        api.http.delete(f"customers/id/{deleted}/source/etl").raise_for_status()
    begun = time.monotonic()
    with start(quarantine=2) as api:
        answer = create(api)
        assert (answer.status_code, answer.json()) == (
            422,
            example("customer_create.response.error_422_guess")
            | {"message": answer.json()["message"]},
        )
        by_mail = {"data": {"mobilePhone": "+4700000002", "email": MAIL.upper()}}
        assert api.post("customers", by_mail).status_code == 422
        assert api.post("customers/prospects", {"data": {"email": MAIL}}).status_code == 422
        assert create(api, mobilePhone="+4700000002").status_code == 201
        while (answer := create(api)).status_code == 422:
            assert time.monotonic() - begun < 10
            time.sleep(0.1)
        assert answer.status_code == 201
