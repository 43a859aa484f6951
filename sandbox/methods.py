"""The methods about receipts, stores and consents; each takes a call, and answers or refuses.

Bodies that the contract does not document are invented here: `{}` for POST /transactions (reading
T03), `{"status": "ok"}` for the ping, the list of consents (T32).
"""

import sys
from collections.abc import Callable

from starlette.responses import Response

from sandbox import strict_json
from sandbox.answers import Refusal, answer
from sandbox.calls import Call
from sandbox.customer_store import find_member
from sandbox.customers import CONSENTS
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
        member = find_member(sql, wanted)
        keys = {wanted.casefold()}
        if member is not None:
            ids = (member.record.get("id"), member.record.get("externalId"))
            keys |= {str(known).casefold() for known in ids if known is not None}
        receipts = call.history.show(sql, keys)
    if member is None and not receipts:
        raise Refusal(404, "no such member, and no receipt of one", "Member Not Found")
    return answer(f"[{receipts}]")


def get_stores(call: Call) -> Response:
    """GET /stores: those that are offered, then those that receipts named beside them."""
    call.read_query()
    with call.state.read() as sql:
        named = list_stores(sql, 1, sys.maxsize)
    offered = {store.id: store.name for store in call.offers.stores}
    shown = [show_store(store, name) for store, name in offered.items()]
    shown += [show_store(store) for store in named if store not in offered]
    return answer("[" + ",".join(shown) + "]")


def get_consents(call: Call) -> Response:
    """GET /consents: a fixed list."""
    call.read_query()
    return answer(strict_json.write(list(CONSENTS)))
