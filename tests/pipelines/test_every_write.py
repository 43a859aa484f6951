"""Every method that takes one record a request, fed from a file into the sandbox."""

import csv
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import httpx
import polars as pl
import pytest
import yaml

from connectors.trigg.catalogue import JSON, all_endpoints
from pipelines.feeds import FeedError, find_feed
from pipelines.loading import prepare
from tests.pipelines.conftest import KEY, NO_WAITS

EXAMPLES = Path(__file__).resolve().parent.parent / "sandbox/examples"
FIRST, SECOND = "15BE85AB-CD61-4A23-8C22-0981AD35DBD1S2010", "2A9ACDD0-9113-4EF4-8EA9-FD343E040EE9"
CARD, COUPON = "952841C1-4385-40B3-8B30-A65AAC66108E", "71E8AC01-152D-4B2E-956A-3656CD3396AE"
PHONE = "+4712345678"
# What each is fed: parameters, and the contract's example or a body where it has none.
FED: dict[str, tuple[dict[str, str], str | dict[str, Any]]] = {
    "PUT /abandonedCarts": ({}, "abandoned_cart_empty.request"),
    "POST /customers/prospects": ({}, "prospect_create.request.min_email"),
    "DELETE /customers/id/{id}/source/{source}": ({"id": "?", "source": "gdpr"}, {}),
    "DELETE /customers/externalId/{externalId}/source/{source}": (
        {"externalId": SECOND, "source": "gdpr list"},
        {},
    ),
    "POST /loyalty/bonus/import": ({}, "bonus_import.request"),
    "POST /loyalty/bonus/addRewardPoints": (
        {"customerId": FIRST},
        "bonus_add_reward_points.request",
    ),
    "POST /loyalty/activity/{activityId}/customerId/{customerId}": (
        {"activityId": "20", "customerId": FIRST},
        {},
    ),
    "POST /loyalty/loyalty-cards/transfer-clips": ({}, "clips_transfer.request"),
    "PUT /loyalty/achievements": ({}, "achievement_update.request"),
    "POST /modules/vehicles/customerId/{customerId}": (
        {"customerId": FIRST},
        {"plate": "AB12345", "wheels": 4, "electric": True, "engine": {"kW": 150.5}},
    ),
    "PUT /modules/vehicles/vehicleId/{vehicleId}": ({"vehicleId": "?"}, {"plate": "AB99999"}),
    "DELETE /modules/vehicles/vehicleId/{vehicleId}": ({"vehicleId": "?"}, {}),
    "POST /payment-cards": ({}, "payment_card_add.request"),
    "DELETE /payment-cards/{customerId}/{cardId}": ({"customerId": FIRST, "cardId": "?"}, {}),
    "POST /promotions/redeem": ({}, "promotion_redeem.request"),
    "POST /promotions/{promotionId}/enableUse/{customerId}": (
        {"promotionId": COUPON, "customerId": FIRST},
        {},
    ),
    "POST /promotions/{promotionId}/disableUse/{customerId}": (
        {"promotionId": COUPON, "customerId": FIRST},
        {},
    ),
    "POST /triggers/{id}/customer/{customerId}": (
        {"id": "?", "customerId": FIRST},
        "trigger_by_customer.request",
    ),
    "POST /triggers/{id}/customer/mobilePhone/{mobilePhone}": (
        {"id": "?", "mobilePhone": PHONE},
        "trigger_by_mobile_phone.request",
    ),
}
KINDS = {bool: "boolean", int: "integer", float: "number", str: "text"}


def example(name: str) -> dict[str, Any]:
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


def flatten(body: dict[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    """Give the values of a body by dotted name; objects with nothing in them have none."""
    for key, value in body.items():
        if isinstance(value, dict):
            yield from flatten(value, f"{above}{key}.")
        else:
            yield f"{above}{key}", value


def without_empty(body: dict[str, Any]) -> dict[str, Any]:
    made = {k: without_empty(v) if isinstance(v, dict) else v for k, v in body.items()}
    return {k: v for k, v in made.items() if v != {}}


def write(folder: Path, name: str, parameters: dict[str, str], body: dict[str, Any]) -> Path:
    """Write a source of one row, and the feed that loads it."""
    (method,) = (each for each in all_endpoints() if each.name == name)
    values = [*parameters.items(), *flatten(body)]
    mapping: dict[str, Any] = {}
    for number, (field, value) in enumerate(values):
        mapping[field] = f"c{number}"
        known = {**method.parameters, **method.fields}
        if field not in known and not isinstance(value, str):
            mapping[field] = {"column": f"c{number}", "type": KINDS[type(value)]}
    with (folder / "a.csv").open("w", newline="", encoding="utf-8") as file:
        rows = csv.writer(file)
        rows.writerow(f"c{number}" for number in range(len(values)))
        rows.writerow(str(value) for _, value in values)
    place = folder / "feeds" / "one"
    place.mkdir(parents=True)
    attributes = {
        "source": {"path": str(folder / "a.csv")},
        "target": {"endpoint": name},
        "mapping": mapping,
        "delivery": NO_WAITS,
    }
    words = {"type": "pipelines.components.LoadFeedComponent", "attributes": attributes}
    (place / "defs.yaml").write_text(yaml.safe_dump(words, sort_keys=False), encoding="utf-8")
    return place


@pytest.fixture
def platform(shop):
    """A platform with two customers, one of whom has clips, a card and a vehicle."""
    served = shop.serve()
    with httpx.Client(
        base_url=served.base_url, headers={"x-api-key": KEY}, trust_env=False
    ) as http:
        third = example("promotion_redeem.request")["customerId"]
        for number, phone in ((FIRST, PHONE), (SECOND, "+4712345679"), (third, "+4712345670")):
            data = {"externalId": number, "mobilePhone": phone}
            http.post("customers", json={"data": data}).raise_for_status()
        cart = example("abandoned_cart_upsert.request")
        http.post("abandonedCarts", json=cart).raise_for_status()
        stamp = {"id": CARD, "memberId": FIRST, "itemCount": 3}
        http.put("loyalty/achievements", json=stamp).raise_for_status()
        yield http


def find_out(http: httpx.Client, name: str) -> str:
    """Give the id that only the platform knows."""
    if "/customers/id/" in name:
        return http.get(f"customers/externalId/{SECOND}").json()["data"]["id"]
    if "vehicleId" in name:
        path = f"modules/vehicles/customerId/{FIRST}"
        http.post(path, json={"plate": "XY1"}).raise_for_status()
        (vehicle,) = http.get(path).json()
        return next(str(v) for k, v in vehicle.items() if k.casefold() in {"id", "vehicleid"})
    if "payment-cards" in name:
        http.post("payment-cards", json={"memberId": FIRST, "token": "T1"}).raise_for_status()
        found = http.get(f"payment-cards/customerId/{FIRST}").json()
        return next(str(v) for k, v in flatten(found["data"][0]) if k == "cardId")
    return "welcome"


def test_every_such_method_is_here():
    takes = {
        each.name
        for each in all_endpoints()
        if each.use == "load" and each.sends == "one" and each.types in {(), (JSON,)}
    }
    apart = {"POST /customers", "PUT /customers", "PUT /customers/externalId"}  # test_customers.py
    assert takes - {*FED} - apart == {"POST /abandonedCarts"}  # needs a list of objects


def test_what_needs_a_list_is_refused(tmp_path):
    place = write(tmp_path, "POST /abandonedCarts", {}, {"cartId": "1"})
    with pytest.raises(FeedError, match="needs a list of objects"):
        find_feed(str(place))


def planned(shop, place) -> dict[str, Any]:
    """Plan and ask for what deletes customers; what does not needs neither."""
    if not find_feed(str(place))[1].target.erases:
        return {}
    looked = shop.run(place, dry_run=True)
    made = json.loads((Path(looked.folder) / "plan.json").read_text())
    return {"plan": made["digest"], "delete": made["to_send"]}


@pytest.mark.parametrize("name", FED)
def test_it_is_sent_once_with_the_body_of_the_contract(shop, platform, name):
    parameters, told = FED[name]
    body = example(told) if isinstance(told, str) else told
    parameters = {k: find_out(platform, name) if v == "?" else v for k, v in parameters.items()}
    place = write(shop.folder, name, parameters, body)
    _, words = find_feed(str(place))
    prepare(words, shop.folder / "a.csv", shop.folder)
    (text,) = pl.read_ipc((shop.folder / "records.arrow").read_bytes())["json"]
    path, _, sent = text.partition("\n")
    assert json.loads(sent or "{}") == without_empty(body)
    assert "{" not in path
    summary = shop.run(place, **planned(shop, place))
    assert (summary.accepted_records, summary.requests) == (1, 1), shop.rows(summary, "rejects.csv")
    shop.outcomes(summary)
    summary = shop.run(place, **planned(shop, place))
    assert (summary.unchanged_records, summary.requests) == (1, 0)


@pytest.mark.usefixtures("platform")
def test_what_undoes_another_is_sent_after_it_and_the_other_way_round(shop):
    """Each is remembered as the other's change, not apart."""
    told = {"promotionId": COUPON, "customerId": FIRST}
    feeds = []
    for word in ("enable", "disable"):
        folder = shop.folder / word
        folder.mkdir()
        name = f"POST /promotions/{{promotionId}}/{word}Use/{{customerId}}"
        feeds.append(write(folder, name, told, {}))
    enable, disable = feeds
    sent = [shop.run(each).requests for each in (disable, disable, enable, enable, disable)]
    assert sent == [1, 0, 1, 0, 1]
