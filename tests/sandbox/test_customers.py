"""POST, PUT and GET of customers: keys, conflicts, merging, and what is refused."""

import re
import time

import pytest

FULL = {
    "mobilePhone": "+4712345678",
    "externalId": "Ext-1",
    "email": "Test@Test.com",
    "zip": "0153",
    "favouriteStores": ["S100"],
    "consents": {"acceptsTerms": True},
    "extendedConsents": [{"id": "acceptsDigital", "value": True}],
    "extendedProperties": {"a": 1, "b": [{"c": None}]},
}


def create(api, **data):
    return api.post("customers", {"data": data})


def test_a_customer_is_found_by_each_key_without_case(api):
    created = create(api, **FULL).raise_for_status().json()
    customer_id = created["data"]["id"]
    for path in (
        f"customers/id/{customer_id.lower()}",
        "customers/externalId/EXT-1",
        "customers?mobilePhone=%2B4712345678",
    ):
        assert api.get(path).json() == created
    assert re.fullmatch(r"\d{4}-\d\d-\d\d \d\d:\d\d:\d\d", created["metaData"]["CreatedAt"])
    assert created["data"]["favoriteStores"] == ["S100"]
    assert created["data"]["zip"] == "0153"
    [consent] = created["data"]["consents"]["extendedConsents"]
    assert (consent["id"], consent["value"]) == ("acceptsDigital", True)
    assert created["data"]["extendedProperties"] == FULL["extendedProperties"]


def test_409_names_the_fields_that_clash(api):
    create(api, **FULL).raise_for_status()
    clash = {"mobilePhone": "+4799999999", "externalId": "EXT-1", "email": "TEST@test.com"}
    answer = create(api, **clash)
    assert answer.status_code == 409
    paths = [fault["path"] for fault in answer.json()["detailedErrorMessage"]]
    assert paths == ["data.externalId", "data.email"]
    assert api.facts()["customers"] == 1


def test_put_merges(api):
    old = create(api, firstName="Kari", **FULL).json()
    time.sleep(1.1)  # times are whole seconds
    change = {
        "id": old["data"]["id"],
        "email": "new@test.com",
        "consents": {"acceptsSms": True, "extendedConsents": [{"id": "other", "value": False}]},
        "extendedProperties": {"a": 2},
        "favoriteStores": ["S1", "S2"],
    }
    new = api.send("PUT", "customers", {"data": change}).raise_for_status().json()
    assert new["data"]["firstName"] == "Kari"
    assert new["data"]["email"] == "new@test.com"
    assert new["data"]["favoriteStores"] == ["S1", "S2"]
    assert new["data"]["extendedProperties"] == {"a": 2, "b": [{"c": None}]}
    assert new["data"]["consents"]["acceptsTerms"]
    assert new["data"]["consents"]["acceptsSms"]
    consents = new["data"]["consents"]["extendedConsents"]
    assert [consent["id"] for consent in consents] == ["acceptsDigital", "other"]
    assert new["metaData"]["CreatedAt"] == old["metaData"]["CreatedAt"]
    assert new["metaData"]["UpdatedAt"] > old["metaData"]["UpdatedAt"]
    assert api.get("customers/externalId/ext-1").json() == new


def test_an_old_key_is_free_again(api):
    old = create(api, **FULL).json()["data"]
    body = {"data": {"externalId": "ext-1", "mobilePhone": "+4711111111"}}
    api.send("PUT", "customers/externalId", body).raise_for_status()
    assert api.get("customers?mobilePhone=%2B4712345678").status_code == 404
    assert create(api, mobilePhone=FULL["mobilePhone"]).status_code == 201
    assert api.get(f"customers/id/{old['id']}").json()["data"]["mobilePhone"] == "+4711111111"


def test_put_answers_400_for_nobody_and_409_for_somebody_else(api):
    one = create(api, mobilePhone="+4711111111", externalId="one").json()["data"]
    create(api, mobilePhone="+4722222222", externalId="two")
    for path, data, status, field in (
        ("customers", {"id": "nobody"}, 400, "data.id"),
        ("customers/externalId", {"externalId": "nobody"}, 400, "data.externalId"),
        ("customers", {"id": one["id"], "mobilePhone": "+4722222222"}, 409, "data.mobilePhone"),
        ("customers", {"id": one["id"], "externalId": "TWO"}, 409, "data.externalId"),
        ("customers/externalId", {"externalId": "two", "id": one["id"]}, 409, "data.id"),
    ):
        answer = api.send("PUT", path, {"data": data})
        assert answer.status_code == status
        assert [fault["path"] for fault in answer.json()["detailedErrorMessage"]] == [field]


@pytest.mark.parametrize(
    ("data", "path"),
    [
        ({}, "data.mobilePhone"),
        ({"id": "x", "mobilePhone": "+4712345678"}, "data.id"),
        *(({"mobilePhone": wrong}, "data.mobilePhone") for wrong in ("12345678", "", "+0", 47)),
        *(({"mobilePhone": wrong}, "data.mobilePhone") for wrong in (None, "+47 123 45 678")),
        ({"email": "nobody"}, "data.email"),
        ({"email": None}, "data.email"),
        ({"externalId": ""}, "data.externalId"),
        ({"externalId": 1}, "data.externalId"),
        ({"country": "Norway"}, "data.country"),
        ({"birthDate": "2007-01-01"}, "data.birthDate"),
        ({"birthDate": "2007-02-30T00:00:00"}, "data.birthDate"),
        ({"gender": "F"}, "data.gender"),
        ({"favoriteStores": "S1"}, "data.favoriteStores"),
        ({"favoriteStores": [1]}, "data.favoriteStores[0]"),
        ({"favoriteStores": [], "favouriteStores": []}, "data.favouriteStores"),
        ({"interests": {}}, "data.interests"),
        ({"consents": {"acceptsSms": "yes"}}, "data.consents.acceptsSms"),
        ({"consents": {"acceptsPost": True}}, "data.consents.acceptsPost"),
        ({"extendedConsents": [{"id": "x"}]}, "data.extendedConsents[0].value"),
        (
            {"extendedConsents": [], "consents": {"extendedConsents": []}},
            "data.extendedConsents",
        ),
        ({"extendedProperties": []}, "data.extendedProperties"),
        ({"loyalty": {}}, "data.loyalty"),
        ({"firstname": "x"}, "data.firstname"),
    ],
)
def test_a_wrong_field_is_refused_with_its_path(shared_api, data, path):
    if "mobilePhone" not in path:
        data = {"mobilePhone": "+4712345678", **data}
    answer = shared_api.post("customers", {"data": data})
    assert answer.status_code == 400, answer.text
    assert [fault["path"] for fault in answer.json()["detailedErrorMessage"]] == [path]
    assert shared_api.facts()["customers"] == 0


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({}, "data"),
        ({"data": []}, "data"),
        ({"data": {"mobilePhone": "+4712345678"}, "more": 1}, "more"),
        ({"data": {"mobilePhone": "+4712345678"}, "source": {"storeId": 1}}, "source.storeId"),
        ({"data": {"mobilePhone": "+4712345678"}, "source": {"who": "x"}}, "source.who"),
        ([], ""),
    ],
)
def test_a_wrong_body_is_refused_with_its_path(shared_api, body, path):
    answer = shared_api.post("customers", body)
    assert answer.status_code == 400
    assert [fault["path"] for fault in answer.json()["detailedErrorMessage"]] == [path]
