"""Each example of the contract is taken, and answered in the shape the contract shows."""

import pytest

from tests.sandbox.shapes import check_promotions, shape


@pytest.mark.parametrize("variant", ["", ".return", ".return_4_2_0"])
def test_transactions_are_taken(api, example, variant):
    body = example(f"transactions_create.request{variant}")
    answer = api.post("transactions", body)
    assert (answer.status_code, answer.json()) == (200, {})
    header = body["ReceiptRequests"][0]["Header"]
    assert api.get(f"transactions/customerId/{header['ConsumerId']}").status_code == 200


def test_transactions_come_back_in_the_documented_shape(api, example):
    api.post("transactions", example("transactions_create.request"))
    found = api.get("transactions/customerId/9AE37AD3-8A55-4BB5-81FD-B08F00B684ED").json()
    assert shape(found) == shape(example("transactions_list.response"))
    assert list(found[0]) == list(example("transactions_list.response")[0])
    assert found[0]["receiptId"] == "9999258836"
    assert found[0]["rows"][0]["lineNo"] == "1"
    assert found[0]["rows"][0]["grossAmount"] == 1817.8


def test_purchase_and_its_return_are_two_receipts(api, example):
    for variant in ("", ".return"):
        api.post("transactions", example(f"transactions_create.request{variant}"))
    facts = api.facts()
    assert (facts["receipts"], facts["warnings"]["repeated_receipts"]) == (2, 0)
    assert (facts["gross"], facts["returns"]["gross"]) == ("3635.6", "1817.8")
    assert facts["quantity"] == "0"
    assert facts["warnings"]["header_gross_differs"] == 0


def test_import_is_taken(api, example):
    answer = api.post("import", example("import_data.request"))
    assert (answer.status_code, answer.json()) == (200, {})
    [row] = api.get("reports/customers").json()["data"]
    assert row["name"] == "John Doe"
    assert row["zip"] == 10


def test_customer_is_created_in_the_documented_shape(api, example):
    answer = api.post("customers", example("customer_create.request"))
    assert answer.status_code == 201
    expected = example("customer_create.response")
    found = answer.json()
    assert list(found["data"]) == list(expected["data"])
    check_promotions(found["data"].pop("promotions"), expected["data"].pop("promotions"))
    expected["data"]["loyalty"]["loyaltyCards"] = []  # a new customer has no clips
    assert shape(found) == shape(expected)


def test_customer_of_the_least_fields_has_the_same_names(api, example):
    answer = api.post("customers", example("customer_create.request.min"))
    assert answer.status_code == 201
    expected = example("customer_create.response")
    assert list(answer.json()["data"]) == list(expected["data"])
    assert list(answer.json()["data"]["loyalty"]) == list(expected["data"]["loyalty"])
    assert answer.json()["data"]["favoriteStores"] == []


@pytest.mark.parametrize("path", ["customers", "customers/externalId"])
def test_customer_is_updated(api, example, path):
    created = api.post("customers", example("customer_create.request")).json()
    suffix = "" if path == "customers" else "_by_external_id"
    body = example(f"customer_update{suffix}.request")
    body["data"]["id"] = created["data"]["id"]
    answer = api.send("PUT", path, body)
    assert answer.status_code == 200
    assert shape(answer.json()) == shape(created)
    assert answer.json()["data"]["consents"]["extendedConsents"][0]["id"] == "acceptsDigital"


def test_least_updates_change_nothing(api, example):
    customer = {"data": {"mobilePhone": "+4712345678", "externalId": "100001111"}}
    created = api.post("customers", customer).json()["data"]
    least = example("customer_update.request.min")
    least["data"]["id"] = created["id"]
    assert api.send("PUT", "customers", least).json()["data"] == created
    least = example("customer_update_by_external_id.request.min")
    assert api.send("PUT", "customers/externalId", least).json()["data"] == created


def test_stores_have_the_documented_names(api, example, make_receipt):
    api.post("transactions", {"ReceiptRequests": [make_receipt()]})
    [store] = api.get("stores").json()
    assert list(store) == list(example("stores_list.response")[0])
    assert store["id"] == "001"


def test_report_has_the_documented_metadata(api, example):
    answer = api.get("reports/customers").json()
    assert shape(answer) == shape(example("report_get.response.guess"))
    assert list(answer["metaData"]) == list(example("general.reports_metadata")["metaData"])
    assert answer["metaData"] == {
        "reportType": "customers",
        "totalRecords": 0,
        "totalPages": 0,
        "activePage": 1,
    }


def test_errors_have_the_documented_envelope(api, example):
    for _ in range(2):
        answer = api.post("customers", example("customer_create.request"))
    expected = example("general.error_409")
    assert answer.status_code == 409
    assert list(answer.json()) == list(expected)
    assert (answer.json()["code"], answer.json()["message"]) == ("409", "Conflict")
