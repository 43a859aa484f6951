"""The methods of the API: each takes a call and returns a response or raises a refusal.

Bodies that the contract does not document are invented here: `{}` for POST /transactions and
POST /import (readings T03, T04), `{"status": "ok"}` for the ping, the list of consents (T32).
"""

import sys
from collections.abc import Callable

from starlette.responses import Response

from sandbox import strict_json
from sandbox.answers import Refusal, answer
from sandbox.calls import Call
from sandbox.customer_store import (
    Customer,
    TakenError,
    add_customer,
    change_customer,
    find_customer,
    refuse_taken,
    upsert_members,
)
from sandbox.customers import CONSENTS, read_customer, show_customer
from sandbox.members import read_members
from sandbox.receipt_store import add_batch, list_stores
from sandbox.receipt_views import show_store
from sandbox.receipts import check_batch

Method = Callable[[Call], Response]


def ping(_: Call) -> Response:
    """GET /health/ping."""
    return answer('{"status":"ok"}')


def post_transactions(call: Call) -> Response:
    """POST /transactions."""
    call.require_activation("transactions")
    batch = check_batch(call.json_text(), call.settings.max_receipts)
    call.content.judge_receipts([receipt.receipt_id for receipt in batch.receipts], len(call.body))
    if call.half:
        batch = batch.first_half()
    add_batch(call.state, batch, call.on_repeat)
    return answer("{}")


def get_transactions(call: Call) -> Response:
    """GET /transactions/customerId/{customerId}, by the customer's id or externalId (T21)."""
    call.require_activation("transactions")
    call.read_query()
    wanted = call.path["customerId"]
    with call.state.read() as sql:
        member = find_customer(sql, "id", wanted) or find_customer(sql, "externalId", wanted)
        keys = {wanted.casefold()}
        if member is not None:
            ids = (member.record.get("id"), member.record.get("externalId"))
            keys |= {str(known).casefold() for known in ids if known is not None}
        receipts = call.history.show(sql, keys)
    if member is None and not receipts:
        raise Refusal(404, "no such member, and no receipt of one", "Member Not Found")
    return answer(f"[{receipts}]")


def post_import(call: Call) -> Response:
    """POST /import, JSON only."""
    call.require_activation("import")
    name, members = read_members(call.json_text(), call.settings.import_envelope)
    ids = [member.get("externalId") for member in members]
    call.content.judge_members(name, ids, len(call.body))
    if call.half:
        members = members[: len(members) // 2]
    with call.state.write() as change:
        upsert_members(change, name, members)
    return answer("{}")


def post_customer(call: Call) -> Response:
    """POST /customers."""
    record = read_customer(call.json_text(), required="mobilePhone", allowed_id=False)
    call.content.judge_customer(record)
    try:
        with call.state.write() as change:
            customer = add_customer(change, record)
    except TakenError as taken:
        raise refuse_taken(taken) from None
    return _answer_customer(customer, 201)


def put_customer(call: Call) -> Response:
    """PUT /customers, named by data.id; no 404 is documented, so an unknown one answers 400."""
    return _put(call, "id")


def put_customer_by_external_id(call: Call) -> Response:
    """PUT /customers/externalId, named by data.externalId; a data.id must be that customer's."""
    return _put(call, "externalId")


def _put(call: Call, field: str) -> Response:
    record = read_customer(call.json_text(), required=field, allowed_id=True)
    call.content.judge_customer(record)
    try:
        with call.state.write() as change:
            known = find_customer(change.sql, field, record[field])
            if known is None:
                fault = {"path": f"data.{field}", "message": "no customer has it"}
                raise Refusal(400, [fault])
            changed = change_customer(change, known, record)
    except TakenError as taken:
        raise refuse_taken(taken) from None
    return _answer_customer(changed, 200)


def get_customer_by_id(call: Call) -> Response:
    """GET /customers/id/{id}."""
    call.read_query()
    return _get(call, "id", call.path["id"])


def get_customer_by_external_id(call: Call) -> Response:
    """GET /customers/externalId/{id}."""
    call.read_query()
    return _get(call, "externalId", call.path["id"])


def get_customer_by_phone(call: Call) -> Response:
    """GET /customers?mobilePhone=, the plus sign sent as %2B (T08)."""
    phone = call.read_query("mobilePhone").get("mobilePhone")
    if not phone:
        raise Refusal(400, "the query parameter mobilePhone is required")
    return _get(call, "mobilePhone", phone)


def _get(call: Call, field: str, value: str) -> Response:
    with call.state.read() as sql:
        customer = find_customer(sql, field, value)
    if customer is None:
        raise Refusal(404, f"no customer has this {field}", "Customer Not Found")
    return _answer_customer(customer, 200)


def _answer_customer(customer: Customer, status: int) -> Response:
    body = show_customer(customer.record, customer.created_at, customer.updated_at)
    return answer(body, status)


def get_stores(call: Call) -> Response:
    """GET /stores: those that receipts named."""
    call.read_query()
    with call.state.read() as sql:
        stores = list_stores(sql, 1, sys.maxsize)
    return answer("[" + ",".join(map(show_store, stores)) + "]")


def get_consents(call: Call) -> Response:
    """GET /consents: a fixed list."""
    call.read_query()
    return answer(strict_json.write(list(CONSENTS)))
