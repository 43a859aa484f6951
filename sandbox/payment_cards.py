"""Payment cards: tokens of a payment provider, each of one customer.

Invented: the answer `{}` of POST, the card's id and its names, and what a repeat is: the same token
again, whoever's it is.
"""

from uuid import uuid4

from starlette.responses import Response

from sandbox import strict_json
from sandbox.answers import Refusal, answer
from sandbox.bodies import PAYMENT_CARD, read_body, refuse
from sandbox.calls import Call
from sandbox.customer_store import find_by_number, find_member
from sandbox.profiles import answer_customer


def add_payment_card(call: Call) -> Response:
    """POST /payment-cards: 409 for a token that is known; no 404 is listed for the member."""
    call.require_activation("payment_cards")
    body = read_body(call, PAYMENT_CARD)
    call.content.judge_record({"memberId": body["memberId"]})
    with call.state.write() as change:
        member = find_member(change.sql, body["memberId"])
        if member is None:
            raise refuse("memberId", "there is no such customer")
        added = change.sql.execute(
            "INSERT OR IGNORE INTO payment_cards (customer, card_id, token) VALUES (?, ?, ?)",
            (member.number, str(uuid4()), body["token"]),
        )
        if added.rowcount == 0:
            raise Refusal(409, [{"path": "token", "message": "is stored already"}])
        change.count({"payment_cards": 1})
    return answer("{}")


def list_payment_cards(call: Call) -> Response:
    """GET /payment-cards/customerId/{customerId}: an empty list without cards."""
    call.require_activation("payment_cards")
    call.read_query()
    with call.state.read() as sql:
        customer = find_member(sql, call.path["customerId"])
        if customer is None:
            raise refuse("customerId", "there is no such customer")
        query = "SELECT card_id, token FROM payment_cards WHERE customer = ? ORDER BY number"
        rows = sql.execute(query, (customer.number,)).fetchall()
    cards: list[object] = [
        {
            "id": customer.id,
            "cardId": card_id,
            "token": token,
            "cardName": "Card",
            "cardData": "",
            "maskedCardNo": "",
            "displayCardName": "Card",
            "displayCardData": "",
        }
        for card_id, token in rows
    ]
    times = {"CreatedAt": customer.times[0], "UpdatedAt": customer.times[1]}
    return answer(strict_json.write({"data": cards, "metaData": times}))


def get_member_by_token(call: Call) -> Response:
    """GET /payment-cards/token/{token}: the customer; no 404 is listed for an unknown token."""
    call.require_activation("payment_cards")
    call.read_query()
    with call.state.read() as sql:
        query = "SELECT customer FROM payment_cards WHERE token = ?"
        found = sql.execute(query, (call.path["token"],)).fetchone()
        if found is None:
            raise refuse("token", "is no stored card's")
        return answer_customer(call, sql, find_by_number(sql, found[0]))


def delete_payment_card(call: Call) -> Response:
    """DELETE /payment-cards/{customerId}/{cardId}."""
    call.require_activation("payment_cards")
    call.read_query()
    call.content.judge_record({"customerId": call.path["customerId"]})
    with call.state.write() as change:
        customer = find_member(change.sql, call.path["customerId"])
        if customer is None:
            raise Refusal(404, "there is no such customer")
        gone = change.sql.execute(
            "DELETE FROM payment_cards WHERE customer = ? AND card_id = ?",
            (customer.number, call.path["cardId"].lower()),
        )
        if gone.rowcount == 0:
            raise Refusal(404, "this customer has no such card")
        change.count({"payment_cards": -1})
    return answer("{}")
