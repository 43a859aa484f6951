"""Points: a ledger whose rows are listed and whose sum is exact, whoever adds at the same time."""

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.sandbox.shapes import shape

PHONE = "+4712345678"


@pytest.fixture
def member(api):
    body = {"data": {"mobilePhone": PHONE, "externalId": "E1"}}
    return api.post("customers", body).json()["data"]["id"]


def points(api, member):
    return api.get(f"customers/id/{member}").json()["data"]["loyalty"]


def listed(api, member):
    return api.get(f"loyalty/transactions/customerId/{member}").json()["transactions"]


def test_the_bonus_import_answers_as_documented(api, example, member):
    first = api.post("loyalty/bonus/import", example("bonus_import.request"))
    assert first.status_code == 200
    assert shape(first.json()) == shape(example("bonus_import.response"))
    assert list(first.json()[0]) == list(example("bonus_import.response")[0])
    second = api.post("loyalty/bonus/import", example("bonus_import.request") | {"activity": "2"})
    assert second.json() == [
        {
            "status": "1",
            "statusText": "OK",
            "points": "40",
            "totaltPoints": "40",
            "activityPoints": "30",
        }
    ]
    found = points(api, member)
    assert (found["points"], found["pointsActive"], found["pointsTotal"]) == (40, 40, 40)
    assert (api.facts()["points"], api.facts()["bonuses"]) == (40, 2)


def test_reward_points_are_added_each_time_and_their_description_is_shown(api, example, member):
    body = example("bonus_add_reward_points.request")
    for _ in range(2):
        answer = api.post(f"loyalty/bonus/addRewardPoints?customerId={member}", body)
        assert (answer.status_code, answer.json()) == (200, {})
    api.post("loyalty/bonus/addRewardPoints?customerId=e1", {"points": -300}).raise_for_status()
    assert points(api, member)["points"] == 1700
    rows = listed(api, member)
    assert [row["points"] for row in rows] == [1000, 1000, -300]
    assert rows[0]["extendedProperties"] == {"description": body["description"]}
    assert rows[2]["extendedProperties"] == {}


def test_transactions_have_the_documented_names_and_both_verbs_list(api, example, member):
    body = example("bonus_import.request")
    api.post("loyalty/bonus/import", body | {"activityValue": 7.5}).raise_for_status()
    path = f"loyalty/transactions/customerId/{member}"
    answer = api.get(path)
    assert api.http.post(path).json() == answer.json()
    sample = example("bonus_transactions.response")
    assert list(answer.json()) == list(sample)
    [row] = answer.json()["transactions"]
    assert list(row) == list(sample["transactions"][0])
    assert (row["transactionDate"], row["value"], row["points"]) == ("2022-07-01", 7.5, 7)
    assert (row["customerId"], row["externalCustomerId"]) == (member, "E1")
    assert (row["activityId"], row["acitvityName"]) == ("20", "Opening balance")


def test_an_activity_takes_a_free_body_or_none(api, member):
    path = f"loyalty/activity/20/customerId/{member}"
    assert api.http.post(path).json()[0]["activityPoints"] == "1"
    answer = api.post(path, {"activityValue": 12, "till": {"no": 1.50}})
    assert answer.json()[0] | {"statusText": ""} == {
        "status": "1",
        "statusText": "",
        "points": "13",
        "totaltPoints": "13",
        "activityPoints": "12",
    }
    assert listed(api, member)[1]["extendedProperties"] == {
        "activityValue": 12,
        "till": {"no": 1.5},
    }


def test_rules_have_the_documented_names(shared_api, example):
    rules = shared_api.get("bonus/rules").json()
    assert [rule["bonusRuleId"] for rule in rules] == ["2", "20"]
    assert shape(rules[:1]) == shape(example("bonus_rules_list.response"))


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("loyalty/bonus/import", {"externalId": "nobody", "activity": "20"}, 404),
        ("loyalty/bonus/import", {"externalId": PHONE, "activity": "99"}, 404),
        ("loyalty/bonus/import", {"externalId": PHONE}, 400),
        ("loyalty/bonus/import", [{"externalId": PHONE, "activity": "20"}], 400),
        ("loyalty/bonus/import", {"externalId": PHONE, "activity": 20}, 400),
        (
            "loyalty/bonus/import",
            {"externalId": PHONE, "activity": "20", "activityDate": "2022-02-30"},
            400,
        ),
        (
            "loyalty/bonus/import",
            {"externalId": PHONE, "activity": "20", "activityValue": "10"},
            400,
        ),
        (
            "loyalty/bonus/import",
            {"externalId": PHONE, "activity": "20", "activityValue": 1e13},
            400,
        ),
        ("loyalty/bonus/import", {"externalId": PHONE, "activity": "20", "points": 1}, 400),
        ("loyalty/bonus/addRewardPoints", {"points": 1}, 400),
        ("loyalty/bonus/addRewardPoints?customerId=nobody", {"points": 1}, 400),
        ("loyalty/bonus/addRewardPoints?customerId=E1", {}, 400),
        ("loyalty/bonus/addRewardPoints?customerId=E1", {"points": 1.5}, 400),
        ("loyalty/bonus/addRewardPoints?customerId=E1", {"points": True}, 400),
        ("loyalty/bonus/addRewardPoints?customerId=E1", {"points": 10**12 + 1}, 400),
        ("loyalty/bonus/addRewardPoints?customerId=E1", '{"points": 1' + "0" * 30 + "}", 400),
        ("loyalty/bonus/addRewardPoints?customerId=E1&x=1", {"points": 1}, 400),
        ("loyalty/activity/20/customerId/nobody", {}, 404),
        ("loyalty/activity/99/customerId/E1", {}, 404),
        ("loyalty/activity/20/customerId/E1", [], 400),
        ("loyalty/activity/20/customerId/E1", {"activityValue": True}, 400),
        ("loyalty/transactions/customerId/nobody", {}, 400),
    ],
)
def test_what_is_wrong_is_refused_and_adds_nothing(api, member, path, body, status):
    answer = api.post(path, body)
    assert (answer.status_code, answer.json()["code"]) == (status, str(status)), answer.text
    assert api.facts()["bonuses"] == points(api, member)["points"] == 0


def test_faults_name_their_path(api, member):
    answer = api.post(f"loyalty/bonus/addRewardPoints?customerId={member}", {"point": 1})
    assert answer.json()["detailedErrorMessage"] == [
        {"path": "points", "message": "required"},
        {"path": "point", "message": "unknown field"},
    ]


def test_sums_stay_exact_in_a_crowd_and_over_a_restart(start):
    with start() as api:
        for n in range(4):
            api.post(
                "customers", {"data": {"mobilePhone": f"+470000000{n}", "externalId": f"E{n}"}}
            )

        def add(n):
            path = f"loyalty/bonus/addRewardPoints?customerId=E{n % 4}"
            return api.post(path, {"points": n, "description": f"d{n}"}).status_code

        with ThreadPoolExecutor(8) as pool:
            assert set(pool.map(add, range(200))) == {200}
        before = api.stored()
        assert before["points"] == sum(range(200))
    with start() as api:
        assert api.stored() == before
        sums = [
            api.get(f"customers/externalId/E{n}").json()["data"]["loyalty"]["points"]
            for n in range(4)
        ]
        assert sums == [sum(range(n, 200, 4)) for n in range(4)]
        assert len(listed(api, "E0")) == 50
        rows = api.get("reports/customers").json()["data"]
        assert [row["points"] for row in rows] == sums
