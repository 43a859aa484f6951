"""The methods about customers: made, changed, looked up, listed and deleted.

Invented: the answers `{}` of the deletions, the body of prospects, which the contract describes in
words only, and that GET /customers/changed answers a bare list (readings T07, T29).
"""

import sqlite3
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from itertools import islice

from starlette.responses import Response, StreamingResponse

from sandbox import strict_json
from sandbox.answers import Refusal, answer
from sandbox.bodies import PROSPECT, Record, check_day, read_body, refuse
from sandbox.calls import Call
from sandbox.customer_store import (
    Customer,
    TakenError,
    add_customer,
    change_customer,
    find_customer,
    list_changed,
    refuse_taken,
)
from sandbox.customers import read_customer
from sandbox.erasing import erase_customer, refuse_quarantined
from sandbox.profiles import answer_customer, show_profile

_CHUNK = 500


def post_customer(call: Call) -> Response:
    """POST /customers: 409 for a key that is another's, 422 for one in quarantine."""
    record = read_customer(call.json_text(), required="mobilePhone", allowed_id=False)
    return _add(call, record, lambda sql, customer: answer_customer(call, sql, customer, 201))


def post_prospect(call: Call) -> Response:
    """POST /customers/prospects, a preview: an e-mail or a phone becomes a customer."""
    call.require_preview()
    body = read_body(call, PROSPECT)
    record: Record = dict(body["data"])
    if len(record.keys() & {"email", "mobilePhone"}) != 1:
        raise refuse("data", "needs one of email, mobilePhone")
    if "source" in body:
        record["source"] = body["source"]
    shown = lambda _, customer: answer(strict_json.write({"data": {"id": customer.id}}), 201)  # noqa: E731 - one line says it
    return _add(call, record, shown, "prospects")


def _add(
    call: Call,
    record: Record,
    show: Callable[[sqlite3.Connection, Customer], Response],
    *counted: str,
) -> Response:
    call.content.judge_customer(record)
    try:
        with call.state.write() as change:
            refuse_quarantined(change.sql, record, call.settings.quarantine)
            customer = add_customer(change, record)
            change.count(dict.fromkeys(counted, 1))
            return show(change.sql, customer)
    except TakenError as taken:
        raise refuse_taken(taken) from None


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
                raise refuse(f"data.{field}", "no customer has it")
            changed = change_customer(change, known, record)
            return answer_customer(call, change.sql, changed)
    except TakenError as taken:
        raise refuse_taken(taken) from None


def get_customer_by_id(call: Call) -> Response:
    """GET /customers/id/{id}."""
    call.read_query()
    return _get(call, "id", call.path["id"])


def get_customer_by_external_id(call: Call) -> Response:
    """GET /customers/externalId/{id}."""
    call.read_query()
    return _get(call, "externalId", call.path["id"])


def get_customer_by_email(call: Call) -> Response:
    """GET /customers/email/{email}, a preview."""
    call.require_preview()
    call.read_query()
    return _get(call, "email", call.path["email"])


def get_customer_by_phone(call: Call) -> Response:
    """GET /customers?mobilePhone=, the plus sign sent as %2B (T08)."""
    phone = call.read_query("mobilePhone").get("mobilePhone")
    if not phone:
        raise Refusal(400, "the query parameter mobilePhone is required")
    return _get(call, "mobilePhone", phone)


def _get(call: Call, field: str, value: str) -> Response:
    with call.state.read() as sql:
        customer = find_customer(sql, field, value)
        if customer is not None:
            return answer_customer(call, sql, customer)
    raise _refuse_unknown(field)


def _refuse_unknown(field: str) -> Refusal:
    return Refusal(404, f"no customer has this {field}", "Customer Not Found")


def get_changed(call: Call) -> Response:
    """GET /customers/changed/{timestamp}: those created or updated then or later, in UTC.

    Without a timestamp, those of the last day. The deleted are not shown.
    """
    call.read_query()
    asked = call.path.get("timestamp", "")
    if asked:
        try:
            since = check_day(asked).replace("T", " ")
        except ValueError:
            raise refuse("timestamp", "must be YYYY-MM-DDTHH:MM:SS, or a day") from None
    else:
        since = (datetime.now(UTC) - timedelta(days=1)).strftime("%Y-%m-%d %H:%M:%S")
    return StreamingResponse(_stream_changed(call, since), media_type="application/json")


def _stream_changed(call: Call, since: str) -> Iterator[str]:
    with call.state.read() as sql:
        shown = (show_profile(sql, one, call.offers) for one in list_changed(sql, since))
        yield "[" + ",".join(islice(shown, _CHUNK))
        while chunk := ",".join(islice(shown, _CHUNK)):
            yield f",{chunk}"
        yield "]"


def delete_customer(call: Call) -> Response:
    """DELETE /customers/id/{id}/source/{source}; the source is free text (T27)."""
    return _delete(call, "id")


def delete_customer_by_external_id(call: Call) -> Response:
    """DELETE /customers/externalId/{externalId}/source/{source}."""
    return _delete(call, "externalId")


def _delete(call: Call, field: str) -> Response:
    call.read_query()
    call.content.judge_record({field: call.path[field]})
    with call.state.write() as change:
        customer = find_customer(change.sql, field, call.path[field])
        if customer is None:
            raise _refuse_unknown(field)
        ids = erase_customer(change, customer, call.settings.quarantine)
    call.history.forget(ids)
    return answer("{}")
