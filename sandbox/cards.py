"""Stamp cards: the clips of each customer on each card, put there by hand or by another customer.

Which cards there are is settled by `offers`. Invented: the answers `{}`, that a full card goes on
counting, and that a card without clips is not shown.
"""

import sqlite3

from starlette.responses import Response

from sandbox import strict_json
from sandbox.answers import Refusal, answer
from sandbox.bodies import ACHIEVEMENT, TRANSFER, read_body, refuse
from sandbox.calls import Call
from sandbox.customer_store import find_member
from sandbox.offers import Offers
from sandbox.state import Change


def transfer_clips(call: Call) -> Response:
    """POST /loyalty/loyalty-cards/transfer-clips, a preview; whatever is wrong answers 400."""
    call.require_preview()
    call.require_activation("loyalty_cards")
    body = read_body(call, TRANSFER)
    call.content.judge_record({n: body[n] for n in ("fromCustomerId", "toCustomerId")})
    card = call.offers.find_card(body["loyaltycardId"])
    if card is None:
        raise refuse("loyaltycardId", "there is no such card")
    with call.state.write() as change:
        giver = find_member(change.sql, body["fromCustomerId"])
        taker = find_member(change.sql, body["toCustomerId"])
        if giver is None or taker is None:
            field = "fromCustomerId" if giver is None else "toCustomerId"
            raise refuse(field, "there is no such customer")
        if giver.number == taker.number:
            raise refuse("toCustomerId", "is the same customer")
        count = body["clipCount"]
        there = _count_clips(change.sql, giver.number, card.id)
        if there < count:
            raise refuse("clipCount", f"too few clips: {there} on this card, {count} wanted")
        _add_clips(change, giver.number, card.id, -count)
        _add_clips(change, taker.number, card.id, count)
    return answer("{}")


def add_achievement(call: Call) -> Response:
    """PUT /loyalty/achievements, a preview: adds itemCount stamps each time it comes.

    The member is named by phone, as the sample does, or by id or externalId.
    """
    call.require_preview()
    body = read_body(call, ACHIEVEMENT)
    call.content.judge_record({"memberId": body["memberId"]})
    card = call.offers.find_card(body["id"])
    if card is None:
        raise refuse("id", "there is no such card")
    with call.state.write() as change:
        member = find_member(change.sql, body["memberId"], "mobilePhone", "id", "externalId")
        if member is None:
            raise refuse("memberId", "there is no such customer")
        _add_clips(change, member.number, card.id, body["itemCount"])
        change.count({"clips": body["itemCount"]})
    return answer("{}")


def get_cards(call: Call) -> Response:
    """GET /loyalty/loyalty-cards/{customerId}: `namn` is spelled so."""
    call.require_activation("loyalty_cards")
    call.read_query()
    with call.state.read() as sql:
        customer = find_member(sql, call.path["customerId"])
        if customer is None:
            raise Refusal(404, "there is no such customer")
        cards = list_cards(sql, customer.number, call.offers)
    return answer(strict_json.write(cards))


def get_card_campaigns(call: Call) -> Response:
    """GET /loyalty/loyalty-cards/campaigns."""
    call.require_activation("loyalty_cards")
    call.read_query()
    campaigns: list[object] = [
        {
            "stampCardId": card.id,
            "stampCard": card.name,
            "stampCardType": card.type,
            "productId": card.product,
            "extendedProperties": {},
        }
        for card in call.offers.cards
    ]
    return answer(strict_json.write(campaigns))


def list_cards(sql: sqlite3.Connection, number: int, offers: Offers) -> list[object]:
    """Return the cards of the customer of this number, those with clips."""
    query = "SELECT card, count FROM clips WHERE customer = ? AND count > 0"
    counts = dict(sql.execute(query, (number,)).fetchall())
    return [
        {
            "id": card.id,
            "namn": card.name,
            "total": card.total,
            "count": counts[card.id],
            "imageUrl": "",
            "extendedProperties": {},
        }
        for card in offers.cards
        if card.id in counts
    ]


def _count_clips(sql: sqlite3.Connection, number: int, card: str) -> int:
    query = "SELECT count FROM clips WHERE customer = ? AND card = ?"
    found = sql.execute(query, (number, card)).fetchone()
    return int(found[0]) if found else 0


def _add_clips(change: Change, number: int, card: str, count: int) -> None:
    change.sql.execute(
        "INSERT INTO clips VALUES (?, ?, ?)"
        " ON CONFLICT (customer, card) DO UPDATE SET count = count + excluded.count",
        (number, card, count),
    )
