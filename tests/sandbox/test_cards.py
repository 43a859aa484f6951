"""Stamp cards, payment cards and carts."""

import json
from concurrent.futures import ThreadPoolExecutor

import httpx
import pytest

from tests.sandbox.shapes import shape


@pytest.fixture
def members(api, example):
    """Customers who have the ids of the contract's samples as their externalIds."""
    transfer = example("clips_transfer.request")
    wanted = {
        "+4712345678": transfer["fromCustomerId"],
        "+4700000002": transfer["toCustomerId"],
    }
    return [
        api.post("customers", {"data": {"mobilePhone": phone, "externalId": key}}).json()["data"][
            "id"
        ]
        for phone, key in wanted.items()
    ]


def stamp(api, member, card, count):
    body = {"id": card, "memberId": member, "itemCount": count}
    return api.send("PUT", "loyalty/achievements", body)


def clips(api, member):
    cards = api.get(f"loyalty/loyalty-cards/{member}").json()
    return {card["id"]: card["count"] for card in cards}


@pytest.mark.usefixtures("members")
def test_stamps_are_added_each_time(api, example):
    body = example("achievement_update.request")
    for _ in range(2):
        answer = api.send("PUT", "loyalty/achievements", body)
        assert (answer.status_code, answer.json()) == (200, {})
    assert clips(api, example("clips_transfer.request")["fromCustomerId"]) == {body["id"]: 2}
    assert api.facts()["clips"] == 2


def test_a_member_is_named_by_phone_id_or_external_id(api, members):
    for key in ("+4712345678", members[0].lower(), "15BE85AB-CD61-4A23-8C22-0981AD35DBD1S2010"):
        assert stamp(api, key, "4", 2).status_code == 200
    assert clips(api, members[0]) == {"4": 6}
    shown = api.get(f"customers/id/{members[0]}").json()["data"]["loyalty"]["loyaltyCards"]
    assert shown == api.get(f"loyalty/loyalty-cards/{members[0]}").json()


def test_cards_have_the_documented_names(api, example, members):
    assert api.get(f"loyalty/loyalty-cards/{members[0]}").json() == []
    stamp(api, members[0], "4", 3)
    found = api.get(f"loyalty/loyalty-cards/{members[0]}").json()
    sample = example("loyalty_cards_list.response")
    assert list(found[0]) == list(sample[0])
    assert (found[0]["namn"], found[0]["total"], found[0]["count"]) == ("Black coffee", 6, 3)
    campaigns = api.get("loyalty/loyalty-cards/campaigns").json()
    assert list(campaigns[0]) == list(example("loyalty_card_campaigns_list.response")[0])


def test_clips_are_moved_and_too_few_are_refused_with_the_reason(api, example, members):
    body = example("clips_transfer.request")
    stamp(api, members[0], body["loyaltycardId"], 3)
    path = "loyalty/loyalty-cards/transfer-clips"
    assert api.post(path, body).status_code == 200
    assert api.post(path, body | {"clipCount": 2}).status_code == 200
    answer = api.post(path, body)
    assert answer.status_code == 400
    [fault] = answer.json()["detailedErrorMessage"]
    assert fault == {
        "path": "clipCount",
        "message": "too few clips: 0 on this card, 1 wanted",
    }
    assert (clips(api, members[0]), clips(api, members[1])) == ({}, {body["loyaltycardId"]: 3})
    assert api.facts()["clips"] == 3


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"fromCustomerId": "nobody"}, "fromCustomerId"),
        ({"toCustomerId": "nobody"}, "toCustomerId"),
        ({"toCustomerId": "15be85ab-cd61-4a23-8c22-0981ad35dbd1s2010"}, "toCustomerId"),
        ({"loyaltycardId": "none"}, "loyaltycardId"),
        ({"clipCount": 0}, "clipCount"),
        ({"clipCount": "1"}, "clipCount"),
        ({"loyaltyCardId": "4"}, "loyaltyCardId"),
    ],
)
@pytest.mark.usefixtures("members")
def test_a_wrong_transfer_is_refused(api, example, changed, named):
    body = example("clips_transfer.request") | changed
    answer = api.post("loyalty/loyalty-cards/transfer-clips", body)
    assert answer.status_code == 400
    assert [fault["path"] for fault in answer.json()["detailedErrorMessage"]] == [named]


@pytest.mark.parametrize(
    ("changed", "named"),
    [
        ({"id": "none"}, "id"),
        ({"memberId": "nobody"}, "memberId"),
        ({"itemCount": -1}, "itemCount"),
    ],
)
@pytest.mark.usefixtures("members")
def test_a_wrong_stamp_is_refused(api, example, changed, named):
    answer = api.send(
        "PUT", "loyalty/achievements", example("achievement_update.request") | changed
    )
    assert answer.status_code == 400
    assert [fault["path"] for fault in answer.json()["detailedErrorMessage"]] == [named]


def test_cards_of_an_unknown_member_answer_404(shared_api):
    assert shared_api.get("loyalty/loyalty-cards/nobody").status_code == 404


def test_no_clip_is_made_or_lost_in_a_crowd(api, example, members):
    body = example("clips_transfer.request")
    stamp(api, members[0], body["loyaltycardId"], 20)

    def move(_):
        return api.post("loyalty/loyalty-cards/transfer-clips", body).status_code

    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(move, range(30)))
    assert sorted(answers) == [200] * 20 + [400] * 10
    assert clips(api, members[1]) == {body["loyaltycardId"]: 20}


def carts(api):
    text = httpx.get(f"{api.running.bodies_url}/carts").raise_for_status().text
    return [json.loads(line) for line in text.splitlines()]


def test_a_cart_is_made_replaced_and_emptied(api, example):
    body = example("abandoned_cart_upsert.request")
    assert api.post("abandonedCarts", body).json() == {}
    assert carts(api) == [body]
    changed = body | {"cartId": body["cartId"].lower(), "items": body["items"] * 3}
    assert api.post("abandonedCarts", changed).status_code == 200
    assert carts(api) == [changed]
    assert (api.facts()["carts"], api.facts()["cart_items"]) == (1, 3)
    answer = api.send("PUT", "abandonedCarts", example("abandoned_cart_empty.request"))
    assert (answer.status_code, answer.json()) == (200, {})
    assert carts(api) == [changed | {"items": []}]
    assert (api.facts()["carts"], api.facts()["cart_items"]) == (1, 0)


@pytest.mark.parametrize(
    ("verb", "body"),
    [
        ("POST", {"items": []}),
        ("POST", {"cartId": "A"}),
        ("POST", {"cartId": "", "items": []}),
        ("POST", {"cartId": "A", "items": [{"itemId": "1"}]}),
        ("POST", {"cartId": "A", "items": [{"itemId": "1", "quantity": "2"}]}),
        ("POST", {"cartId": "A", "items": [], "contactid": "C"}),
        ("PUT", {"cartId": "unknown"}),
        ("PUT", {"cartId": "A", "items": []}),
        ("PUT", {}),
    ],
)
def test_a_wrong_cart_is_refused(shared_api, verb, body):
    assert shared_api.send(verb, "abandonedCarts", body).status_code == 400
    assert shared_api.facts()["carts"] == 0


@pytest.mark.usefixtures("members")
def test_a_payment_card_is_added_once_listed_and_deleted(api, example):
    body = example("payment_card_add.request")
    member = body["memberId"]
    path = f"payment-cards/customerId/{member}"
    assert api.get(path).json()["data"] == []
    assert api.post("payment-cards", body).json() == {}
    repeat = api.post("payment-cards", body)
    assert (repeat.status_code, repeat.json()["code"]) == (409, "409")
    found = api.get(path).json()
    assert shape(found) == shape(example("payment_cards_list.response"))
    assert list(found["data"][0]) == list(example("payment_cards_list.response")["data"][0])
    assert found["data"][0]["token"] == body["token"]
    customer = api.get(f"payment-cards/token/{body['token']}").json()
    assert customer == api.get(f"customers/externalId/{member}").json()
    assert api.facts()["payment_cards"] == 1
    card = found["data"][0]["cardId"]
    assert api.http.delete(f"payment-cards/{member}/{card}").json() == {}
    assert api.http.delete(f"payment-cards/{member}/{card}").status_code == 404
    assert api.get(path).json()["data"] == []
    assert api.facts()["payment_cards"] == 0


def test_payment_cards_of_nobody(shared_api):
    assert shared_api.post("payment-cards", {"memberId": "X", "token": "T"}).status_code == 400
    assert shared_api.post("payment-cards", {"memberId": "X"}).status_code == 400
    assert shared_api.get("payment-cards/customerId/X").status_code == 400
    assert shared_api.get("payment-cards/token/X").status_code == 400
    assert shared_api.http.delete("payment-cards/X/Y").status_code == 404


@pytest.mark.usefixtures("members")
def test_one_payment_card_is_added_when_many_add_the_same(api, example):
    body = example("payment_card_add.request")
    with ThreadPoolExecutor(8) as pool:
        answers = list(pool.map(lambda _: api.post("payment-cards", body).status_code, range(16)))
    assert sorted(answers) == [200] + [409] * 15
    assert api.facts()["payment_cards"] == 1
