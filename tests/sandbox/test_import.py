"""POST /import: members become customers, by their first key, all of them or none."""

import pytest


def rows(api):
    return api.get("reports/customers", rowsPage=10000).json()["data"]


def test_members_are_added_then_changed_by_their_keys(api):
    first = [
        {"externalId": "E1", "email": "one@x.no", "firstName": "Kari", "lastName": "Nordmann"},
        {"mobilePhone": "+4711111111", "city": "Oslo"},
        {"email": "three@x.no", "zip": 153},
    ]
    api.post("import", {"members": first}).raise_for_status()
    second = [
        {"externalId": "e1", "email": "new@x.no", "birthDate": None},
        {"mobilePhone": "+4711111111", "externalId": "E2"},
        {"email": "THREE@x.no", "zip": "0153"},
    ]
    api.post("import", {"people": second}).raise_for_status()
    one, two, three = rows(api)
    assert (one["externalId"], one["email"], one["name"]) == ("e1", "new@x.no", "Kari Nordmann")
    assert (two["externalId"], two["mobilePhone"], two["city"]) == ("E2", "+4711111111", "Oslo")
    assert three["zip"] == "0153"
    assert (api.facts()["customers"], api.facts()["imports"]) == (3, 2)
    assert sorted(one) == sorted(
        [
            *("id", "externalId", "mobilePhone", "email", "firstName", "lastName", "name"),
            *("address", "zip", "city", "country", "birthDate", "gender"),
            *("createdAt", "updatedAt", "points"),
        ]
    )


def test_a_shared_phone_does_not_make_two_members_one(api):
    phone = "+4711111111"
    api.post("import", {"members": [{"externalId": "E1", "mobilePhone": phone}]})
    answer = api.post("import", {"members": [{"externalId": "E2", "mobilePhone": phone}]})
    assert answer.status_code == 400
    assert "members[0].mobilePhone" in answer.text
    assert [row["externalId"] for row in rows(api)] == ["E1"]


def test_nothing_of_a_member_is_lost(api):
    member = {
        "externalId": "E1",
        "name": "Kari",
        "age": 30,
        "metaData": [{"isVip": True}],
        "nothing": None,
        "extendedProperties": {"shoe": 44.5},
    }
    api.post("import", {"members": [member]}).raise_for_status()
    found = api.get("customers/externalId/E1").json()["data"]["extendedProperties"]
    del member["externalId"]
    assert found == member | member.pop("extendedProperties")


def test_consents_and_lists_go_to_the_customer_if_they_have_its_form(api):
    consents = {"acceptsSms": True, "extendedConsents": [{"id": "acceptsPost", "value": True}]}
    good = {"externalId": "E1", "interests": ["Sports"], "favoriteStores": [], "consents": consents}
    other = {"externalId": "E2", "interests": "Sports", "consents": {"sms": "yes"}}
    api.post("import", {"members": [good, other]}).raise_for_status()
    one, two = (api.get(f"customers/externalId/E{n}").json()["data"] for n in (1, 2))
    assert (one["interests"], one["extendedProperties"]) == (["Sports"], {})
    assert (one["consents"]["acceptsSms"], one["consents"]["acceptsEmail"]) == (True, False)
    assert [c["id"] for c in one["consents"]["extendedConsents"]] == ["acceptsPost"]
    del other["externalId"]
    assert (two["interests"], two["extendedProperties"]) == ([], other)


def test_a_member_twice_in_a_body_is_one_customer(api):
    members = [{"externalId": "E1", "city": "Oslo"}, {"externalId": "E1", "address": "Gate 1"}]
    api.post("import", {"members": members}).raise_for_status()
    [row] = rows(api)
    assert (row["city"], row["address"]) == ("Oslo", "Gate 1")


def test_a_body_without_effect_is_refused_whole(api):
    api.post("import", {"members": [{"externalId": "E1", "email": "one@x.no"}]})
    before = (api.stored(), rows(api))
    members = [{"externalId": f"N{n}"} for n in range(5)]
    answer = api.post("import", {"members": [*members, {"externalId": "E2", "email": "ONE@x.no"}]})
    assert answer.status_code == 400
    [fault] = answer.json()["detailedErrorMessage"]
    assert fault == {"path": "members[5].email", "message": "belongs to another customer"}
    assert (api.stored(), rows(api)) == before


@pytest.mark.parametrize(
    ("body", "named"),
    [
        ([], "one array"),
        ({}, "one array"),
        ({"members": {}}, "one array"),
        ({"members": [{"email": "a@b.no"}], "more": []}, "one array"),
        ({"members": []}, "members"),
        ({"members": ["x"]}, "members[0]"),
        ({"members": [{"email": "a@b.no"}, {"name": "x"}]}, "members[1]"),
        ({"members": [{"email": ""}]}, "members[0].email"),
        ({"members": [{"email": "a@b.no", "externalId": 7}]}, "members[0].externalId"),
        ({"members": [{"mobilePhone": {"x": 1}}]}, "members[0].mobilePhone"),
        ({"members": [{"externalId": "\ud800"}]}, "members[0].externalId"),
        ({"members": [{"email": None, "mobilePhone": None}]}, "members[0]"),
        ('{"members": [{"email": "a@b.no", "email": "c@d.no"}]}', "email"),
        ('{"members": [{"email": "a@b.no", "x": NaN}]}', "NaN"),
        ('{"members": [{"email": "a@b.no", "x": ' + "[" * 700 + "]" * 700 + "}]}", "nested"),
        ("externalId;email\nE1;a@b.no\n", "not JSON"),
    ],
)
def test_a_wrong_body_is_refused(shared_api, body, named):
    answer = shared_api.post("import", body)
    assert answer.status_code == 400, answer.text
    assert named in answer.text
    assert "a@b.no" not in answer.text
    assert shared_api.facts()["customers"] == 0


def test_the_name_of_the_array_can_be_fixed(start):
    with start(import_envelope="members") as api:
        assert api.post("import", {"people": [{"email": "a@b.no"}]}).status_code == 400
        assert api.post("import", {"members": [{"email": "a@b.no"}]}).status_code == 200


def test_receipts_of_an_imported_member_are_found_by_both_ids(api, make_receipt):
    api.post("import", {"members": [{"externalId": "Ext-9"}]})
    customer_id = rows(api)[0]["id"]
    assert api.get("transactions/customerId/ext-9").json() == []
    receipts = [
        make_receipt("A", ConsumerId=customer_id.lower()),
        make_receipt("B", ConsumerId="EXT-9"),
        make_receipt("C", ConsumerId="other"),
    ]
    api.post("transactions", {"ReceiptRequests": receipts}).raise_for_status()
    for wanted in (customer_id, "ext-9"):
        found = api.get(f"transactions/customerId/{wanted}").json()
        assert [receipt["receiptId"] for receipt in found] == ["A", "B"]
    assert len(api.get("transactions/customerId/OTHER").json()) == 1
