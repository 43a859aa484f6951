"""Promotions: each customer has all those of `offers`, may use them so often, and may be stopped.

Invented: the answers `{}`, and the 400 with a reason for a promotion that is used up, switched off
or out of date, for which the contract lists nothing.
"""

import sqlite3

from starlette.responses import Response

from sandbox import strict_json
from sandbox.answers import Refusal, answer
from sandbox.bodies import REDEMPTION, Record, read_body, read_free, refuse
from sandbox.calls import Call
from sandbox.customer_store import find_member
from sandbox.customers import now
from sandbox.offers import Offers, Promotion


def redeem(call: Call) -> Response:
    """POST /promotions/redeem: each request is one use."""
    call.require_activation("promotions")
    body = read_body(call, REDEMPTION)
    call.content.judge_record({"customerId": body["customerId"]})
    promotion = call.offers.find_promotion(body["id"])
    if promotion is None:
        raise Refusal(404, "there is no such promotion")
    time = now()
    with call.state.write() as change:
        customer = find_member(change.sql, body["customerId"])
        if customer is None:
            raise Refusal(404, "there is no such customer")
        used = _count_uses(change.sql, customer.number).get(promotion.id, 0)
        if promotion.id in _find_disabled(change.sql, customer.number):
            raise refuse("id", "the promotion is disabled for this customer")
        if promotion.limit is not None and used >= promotion.limit:
            raise refuse("id", f"the promotion is used up: {used} of {promotion.limit}")
        if not _is_current(promotion, time):
            raise refuse("id", "the promotion is out of date")
        change.sql.execute(
            "INSERT INTO redemptions (customer, promotion, made_at, body) VALUES (?, ?, ?, ?)",
            (customer.number, promotion.id, time, strict_json.write(body)),
        )
        change.count({"redemptions": 1})
    return answer("{}")


def enable_use(call: Call) -> Response:
    """POST /promotions/{promotionId}/enableUse/{customerId}: undoes disableUse."""
    return _switch(call, "DELETE FROM disabled_promotions WHERE customer = ? AND promotion = ?", -1)


def disable_use(call: Call) -> Response:
    """POST /promotions/{promotionId}/disableUse/{customerId}."""
    return _switch(call, "INSERT OR IGNORE INTO disabled_promotions VALUES (?, ?)", 1)


def _switch(call: Call, statement: str, step: int) -> Response:
    """Switch; a body is not documented, and no 404 is listed."""
    call.require_activation("promotions")
    call.read_query()
    if read_free(call, optional=True):
        raise Refusal(400, "this method takes no body")
    call.content.judge_record({"customerId": call.path["customerId"]})
    promotion = call.offers.find_promotion(call.path["promotionId"])
    if promotion is None:
        raise refuse("promotionId", "there is no such promotion")
    with call.state.write() as change:
        customer = find_member(change.sql, call.path["customerId"])
        if customer is None:
            raise refuse("customerId", "there is no such customer")
        moved = change.sql.execute(statement, (customer.number, promotion.id)).rowcount
        change.count({"disabled_promotions": step * moved})
    return answer("{}")


def get_promotions(call: Call) -> Response:
    """GET /promotions/customerId/{customerId}: 404 for an unknown member, or one without any."""
    call.require_activation("promotions")
    call.read_query()
    return _list(call, call.path["customerId"])


def get_promotions_by_phone(call: Call) -> Response:
    """GET /promotions/mobilePhone?mobilePhone= (T08)."""
    call.require_activation("promotions")
    phone = call.read_query("mobilePhone").get("mobilePhone")
    if not phone:
        raise Refusal(400, "the query parameter mobilePhone is required")
    return _list(call, phone, "mobilePhone")


def _list(call: Call, wanted: str, *fields: str) -> Response:
    with call.state.read() as sql:
        customer = find_member(sql, wanted, *fields)
        shown = list_promotions(sql, customer.number, call.offers) if customer else []
    if not shown:
        raise Refusal(404, "no such customer, or one without promotions")
    return answer(strict_json.write(shown))


def get_history(call: Call) -> Response:
    """GET /promotions/redeem/history/customerId/{customerId}: 404 where there is none (T28)."""
    call.require_activation("promotions")
    call.read_query()
    with call.state.read() as sql:
        customer = find_member(sql, call.path["customerId"])
        query = "SELECT promotion FROM redemptions WHERE customer = ? ORDER BY number"
        rows = sql.execute(query, (customer.number,)).fetchall() if customer else []
    if not rows:
        raise Refusal(404, "no such customer, or one who redeemed nothing")
    known = {promotion.id: promotion.description for promotion in call.offers.promotions}
    shown: list[object] = [
        {"couponId": promotion, "description": known.get(promotion, "")} for (promotion,) in rows
    ]
    return answer(strict_json.write(shown))


def get_definitions(call: Call) -> Response:
    """GET /promotions/definitions and /promotions/campaigns, previews; the form is invented."""
    call.require_preview()
    call.require_activation("promotions")
    call.read_query()
    shown: list[object] = [
        {"id": p.id, "name": p.name, "description": p.description, "redemptionLimit": p.limit}
        for p in call.offers.promotions
    ]
    return answer(strict_json.write(shown))


def list_promotions(sql: sqlite3.Connection, number: int, offers: Offers) -> list[object]:
    """Return the promotions of the customer of this number that are in force."""
    time = now()
    current = [promotion for promotion in offers.promotions if _is_current(promotion, time)]
    if not current:
        return []
    uses, disabled = _count_uses(sql, number), _find_disabled(sql, number)
    shown: list[object] = []
    for promotion in current:
        used = uses.get(promotion.id, 0)
        is_left = promotion.limit is None or used < promotion.limit
        history = _show_history(sql, number, promotion.id) if used else []
        shown.append(
            {
                "id": promotion.id,
                "promotionDefinitionId": promotion.id,
                "type": "Promotion",
                "name": promotion.name,
                "available": is_left and promotion.id not in disabled,
                "description": promotion.description,
                "urlLink": "",
                "validFrom": f"{promotion.valid_from[:19]}.000Z",
                "validTo": f"{promotion.valid_to[:19]}.000Z",
                "unlimitedRedemption": promotion.limit is None,
                "redemptionLimit": promotion.limit or 0,
                "redemptionCount": used,
                "productsIncluded": [],
                "productsExcluded": [],
                "storesIncluded": [],
                "redemptionChannels": [],
                "redemptionHistory": history,
            }
        )
    return shown


def _show_history(sql: sqlite3.Connection, number: int, promotion: str) -> list[object]:
    query = """
        SELECT made_at, body FROM redemptions WHERE customer = ? AND promotion = ? ORDER BY number
    """
    shown: list[object] = []
    for made_at, text in sql.execute(query, (number, promotion)):
        body = strict_json.read(text)
        assert isinstance(body, dict)
        when = f"{made_at.replace(' ', 'T')}.000Z"
        use: Record = {name: body.get(name) for name in ("storeId", "receiptId")}
        shown.append({**use, "redeemDateTime": when})
    return shown


def _is_current(promotion: Promotion, time: str) -> bool:
    return promotion.valid_from <= time.replace(" ", "T") <= promotion.valid_to


def _count_uses(sql: sqlite3.Connection, number: int) -> dict[str, int]:
    query = "SELECT promotion, count(*) FROM redemptions WHERE customer = ? GROUP BY promotion"
    return dict(sql.execute(query, (number,)).fetchall())


def _find_disabled(sql: sqlite3.Connection, number: int) -> set[str]:
    query = "SELECT promotion FROM disabled_promotions WHERE customer = ?"
    return {promotion for (promotion,) in sql.execute(query, (number,))}
