"""Triggers: each request sets off an automation for one customer, again if it comes again.

The contract's sample answers a bare JSON text; which one is invented.
"""

from starlette.responses import Response

from sandbox import strict_json
from sandbox.answers import Refusal, answer
from sandbox.bodies import read_free, refuse
from sandbox.calls import Call
from sandbox.customer_store import find_member
from sandbox.customers import now


def trigger_by_customer(call: Call) -> Response:
    """POST /triggers/{id}/customer/{customerId}."""
    return _trigger(call, "customerId")


def trigger_by_phone(call: Call) -> Response:
    """POST /triggers/{id}/customer/mobilePhone/{mobilePhone}."""
    return _trigger(call, "mobilePhone", "mobilePhone")


def _trigger(call: Call, name: str, *fields: str) -> Response:
    """Trigger; the listed 404 is the trigger's, so an unknown customer answers 400."""
    call.require_activation("triggers")
    call.read_query()
    body, wanted = read_free(call, optional=True), call.path["id"]
    for key, value in body.items():
        if isinstance(value, dict | list):
            raise refuse(strict_json.show(key)[1:-1], "must be a plain value: the body is flat")
    call.content.judge_record({name: call.path[name]})
    known = [one for one in call.offers.triggers if one.casefold() == wanted.casefold()]
    if not known:
        raise Refusal(404, "there is no such trigger", "Trigger not found")
    with call.state.write() as change:
        customer = find_member(change.sql, call.path[name], *fields)
        if customer is None:
            raise refuse(name, "there is no such customer")
        change.sql.execute(
            "INSERT INTO triggers (customer, trigger_id, made_at, body) VALUES (?, ?, ?, ?)",
            (customer.number, known[0], now(), strict_json.write(body)),
        )
        change.count({"triggers": 1})
    return answer(strict_json.write("triggered"))
