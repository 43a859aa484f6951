"""Promotions, triggers and vehicles, and the file that says which offers there are."""

import json
import re
import subprocess
import sys
from pathlib import Path

import httpx
import pytest
import yaml

import sandbox
from sandbox.offers import Offers, read_offers
from tests.sandbox.shapes import check_promotions, shape

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs" / "sandbox.md"


@pytest.fixture
def member(api, example):
    key = example("promotion_redeem.request")["customerId"]
    body = {"data": {"mobilePhone": "+4712345678", "externalId": key}}
    return api.post("customers", body).json()["data"]["id"]


def bodies(api, kind):
    text = httpx.get(f"{api.running.bodies_url}/{kind}").raise_for_status().text
    return [json.loads(line) for line in text.splitlines()]


def promotion(api, member):
    [found] = api.get(f"promotions/customerId/{member}").json()
    assert api.get("promotions/mobilePhone", mobilePhone="+4712345678").json() == [found]
    assert api.get(f"customers/id/{member}").json()["data"]["promotions"] == [found]
    return found


def test_a_promotion_is_redeemed_until_it_is_used_up(api, example, member):
    body = example("promotion_redeem.request")
    check_promotions([promotion(api, member)], example("promotions_list.response"))
    history = f"promotions/redeem/history/customerId/{member}"
    assert api.get(history).status_code == 404
    for used in range(1, 6):
        assert api.post("promotions/redeem", body).json() == {}
        found = promotion(api, member)
        assert (found["redemptionCount"], found["available"]) == (used, used < 5)
    answer = api.post("promotions/redeem", body)
    assert answer.status_code == 400
    assert answer.json()["detailedErrorMessage"] == [
        {"path": "id", "message": "the promotion is used up: 5 of 5"}
    ]
    assert len(api.get(history).json()) == api.facts()["redemptions"] == 5
    assert list(api.get(history).json()[0]) == list(example("promotions_redeemed_list.response")[0])
    use = found["redemptionHistory"][0]
    assert list(use) == list(example("promotions_list.response")[0]["redemptionHistory"][0])
    assert (use["storeId"], use["receiptId"]) == (body["storeId"], body["receiptId"])
    assert bodies(api, "redemptions") == [body] * 5


def test_a_promotion_is_disabled_and_enabled_for_one_customer(api, example, member):
    body = example("promotion_redeem.request")
    for _ in range(2):
        path = f"promotions/{body['id'].lower()}/disableUse/{member}"
        assert api.http.post(path).json() == {}
    assert api.facts()["disabled_promotions"] == 1
    assert promotion(api, member)["available"] is False
    assert "disabled" in api.post("promotions/redeem", body).text
    for _ in range(2):
        assert api.post(f"promotions/{body['id']}/enableUse/{member}", {}).status_code == 200
    assert api.facts()["disabled_promotions"] == 0
    assert api.post("promotions/redeem", body).status_code == 200


@pytest.mark.usefixtures("member")
def test_wrong_requests_about_promotions(api, example):
    body = example("promotion_redeem.request")
    for changed, status in (
        ({"id": "X"}, 404),
        ({"customerId": "X"}, 404),
        ({"cashierId": 123}, 400),
        ({"customer": "X"}, 400),
    ):
        assert api.post("promotions/redeem", body | changed).status_code == status
    for path in (f"X/disableUse/{body['customerId']}", f"{body['id']}/enableUse/X"):
        assert api.http.post(f"promotions/{path}").status_code == 400
    switch = f"promotions/{body['id']}/enableUse/{body['customerId']}"
    assert api.post(switch, {"x": 1}).status_code == 400
    assert api.get("promotions/customerId/X").status_code == 404
    assert api.get("promotions/mobilePhone").status_code == 400
    assert api.facts()["redemptions"] == 0
    assert [p["id"] for p in api.get("promotions/definitions").json()] == [body["id"]]


@pytest.mark.parametrize("name", ["customer", "mobile_phone"])
def test_a_trigger_is_set_off_each_time(api, example, member, name):
    body = example(f"trigger_by_{name}.request")
    last = member if name == "customer" else "mobilePhone/%2B4712345678"
    for _ in range(2):
        answer = api.post(f"triggers/welcome/customer/{last}", body)
        assert answer.status_code == 200
        assert isinstance(answer.json(), str)
    assert api.facts()["triggers"] == 2
    assert bodies(api, "triggers") == [body, body]
    unknown = api.post(f"triggers/none/customer/{last}", body)
    assert (unknown.status_code, unknown.json()["message"]) == (404, "Trigger not found")
    assert api.post(f"triggers/welcome/customer/{last}", {"a": {}}).status_code == 400
    assert api.post("triggers/welcome/customer/nobody", body).status_code == 400
    assert api.post("triggers/welcome/customer/mobilePhone/1", body).status_code == 400
    assert api.facts()["triggers"] == 2


def test_vehicles_are_added_changed_and_deleted(api, member):
    path = f"modules/vehicles/customerId/{member}"
    assert api.get(path).json() == []
    text = '{"plate": "AB 12345", "weight": 1500.50}'
    added = api.post(path, text)
    assert added.status_code == 201
    vehicle = added.json()["id"]
    assert added.text == f'{{"id":"{vehicle}","plate":"AB 12345","weight":1500.50}}'
    assert api.post(path, '{"weight": 1500.5, "plate": "AB 12345"}').status_code == 409
    assert api.post(path, {"plate": "CD 2"}).status_code == 201
    assert api.facts()["vehicles"] == 2
    mine = f"modules/vehicles/vehicleId/{vehicle.lower()}"
    changed = api.send("PUT", mine, {"id": vehicle, "plate": "EF 3"})
    assert changed.json() == {"id": vehicle, "plate": "EF 3"}
    assert [one["plate"] for one in api.get(path).json()] == ["EF 3", "CD 2"]
    assert bodies(api, "vehicles") == [{"plate": "EF 3"}, {"plate": "CD 2"}]
    assert api.send("PUT", mine, {"id": "other"}).status_code == 400
    assert api.http.delete(mine).json() == {}
    assert api.http.delete(mine).status_code == 404
    assert api.send("PUT", mine, {"plate": "X"}).status_code == 404
    assert api.facts()["vehicles"] == 1


def test_wrong_requests_about_vehicles(api, member):
    path = f"modules/vehicles/customerId/{member}"
    for body in ([], "x", {"id": "mine"}, ""):
        assert api.post(path, body).status_code == 400
    assert api.post("modules/vehicles/customerId/nobody", {}).status_code == 400
    assert api.get("modules/vehicles/customerId/nobody").status_code == 404
    assert httpx.get(f"{api.running.bodies_url}/customers").status_code == 404


def test_bonus_campaigns_of_all_and_of_a_member(api, example, member):
    sample = example("bonus_campaigns_list.response")
    shown = api.get("loyalty/bonus/campaigns").json()
    assert shape(shown) == shape(sample)
    assert list(shown[0]) == list(sample[0])
    for path in ("", "/", f"/{member}", f"/{example('promotion_redeem.request')['customerId']}"):
        assert api.get(f"loyalty/bonus/campaigns{path}").json() == shown
    assert api.get("loyalty/bonus/campaigns/nobody").status_code == 404
    assert api.get("loyalty/bonus/campaigns", id=member).status_code == 400


def test_affiliates_have_an_id_and_a_name(start):
    named = [{"id": "A1", "name": "One"}, {"id": "A2", "name": "Two"}]
    with start(offers={"affiliates": named, "campaigns": []}) as api:
        assert api.get("affiliates").json() == named
        assert api.get("loyalty/bonus/campaigns").json() == []
        assert api.get("affiliates", page=1).status_code == 400


def test_the_offers_of_the_docs_are_those_there_are_from_the_start():
    text = DOCS.read_text(encoding="utf-8")
    [block] = re.findall(
        r"^## An offers file\n.*?```yaml\n(.*?)```", text, re.MULTILINE | re.DOTALL
    )
    assert read_offers(yaml.safe_load(block)) == Offers()


def test_offers_are_read_from_a_file(start, tmp_path):
    file = tmp_path / "offers.yaml"
    file.write_text("activities: [{id: A, name: Visit, points: 7}]\npromotions: []\n")
    with start(offers=file) as api:
        api.post("customers", {"data": {"mobilePhone": "+4712345678", "externalId": "E"}})
        answer = api.post("loyalty/activity/a/customerId/E", {})
        assert answer.json()[0]["activityPoints"] == "7"
        assert api.get("promotions/customerId/E").status_code == 404
        assert api.get("customers/externalId/E").json()["data"]["promotions"] == []


def test_a_promotion_out_of_date_is_not_shown_and_not_redeemed(start):
    old = {"id": "P", "name": "Old", "valid_to": "2020-01-01T00:00:00"}
    with start(offers={"promotions": [old]}) as api:
        api.post("customers", {"data": {"mobilePhone": "+4712345678", "externalId": "E"}})
        assert api.get("promotions/customerId/E").status_code == 404
        answer = api.post("promotions/redeem", {"id": "P", "customerId": "E"})
        assert (answer.status_code, "out of date" in answer.text) == (400, True)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ({"coupons": []}, "offers: coupons: no such word; words are promotions, cards"),
        ({"cards": [{"id": "1", "name": "x"}]}, "cards[0].total: field required"),
        ({"triggers": ["a", ""]}, "triggers[1]"),
        ({"cards": [{"id": "a", "name": "", "total": 1}] * 2}, "two of the cards have one id"),
        ([], "must be a mapping"),
    ],
)
def test_wrong_offers_are_refused_before_anything_runs(tmp_path, given, said):
    with pytest.raises(sandbox.FaultsError) as caught, sandbox.running(tmp_path, offers=given):
        pass
    assert said in str(caught.value)


def test_the_command_refuses_wrong_offers_and_unknown_methods(cli, tmp_path):
    offers = tmp_path / "offers.yaml"
    offers.write_text("cards: [{id: a, total: 1}]")
    ran = cli("sandbox", "--port", 0, "--data", tmp_path / "data", "--offers", offers)
    assert (ran.code, ran.err) == (1, f"loyalty-etl: {offers}: cards[0].name: field required\n")
    ran = cli("sandbox", "--port", 0, "--data", tmp_path / "data", "--not-activated", "bonuses")
    assert ran.code == 1
    assert "bonuses: methods are affiliates, bonus, carts, import" in ran.err
    assert not (tmp_path / "data").exists()


def test_the_command_passes_its_options_on(tmp_path):
    options = ("--not-activated", "bonus", "--not-activated", "previews", "--quarantine", "60")
    command = [sys.executable, "-m", "pipelines", "sandbox", "--port", "0", "--data", tmp_path]
    process = subprocess.Popen(
        [*map(str, command), *options], cwd=ROOT, stdout=subprocess.PIPE, text=True
    )
    try:
        process.stdout.readline()
        [url] = re.findall(r"TRIGG_BASE_URL=(\S+)", process.stdout.readline())
        with httpx.Client(base_url=url, headers={"x-api-key": "sandbox"}) as http:
            assert http.get("bonus/rules").status_code == 403
            assert http.get("customers/email/a@b.no").status_code == 404
            body = {"data": {"mobilePhone": "+4712345678", "externalId": "E"}}
            assert http.post("customers", json=body).status_code == 201
            assert http.delete("customers/externalId/E/source/etl").status_code == 200
            assert http.post("customers", json=body).status_code == 422
    finally:
        process.terminate()
        process.communicate(timeout=20)
