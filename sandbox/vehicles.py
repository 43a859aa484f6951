"""Vehicles, a preview. All of it is invented: the contract has paths and no sample.

The body is free. The platform gives each vehicle its `id`; one customer has no two that are alike.
"""

from starlette.responses import Response

from sandbox import strict_json
from sandbox.answers import Refusal, answer
from sandbox.bodies import Record, read_free, refuse
from sandbox.calls import Call
from sandbox.customer_store import find_member
from sandbox.customers import new_id


def list_vehicles(call: Call) -> Response:
    """GET /modules/vehicles/customerId/{customerId}."""
    _require(call)
    call.read_query()
    with call.state.read() as sql:
        customer = find_member(sql, call.path["customerId"])
        if customer is None:
            raise Refusal(404, "there is no such customer")
        query = "SELECT id, body FROM vehicles WHERE customer = ? ORDER BY number"
        rows = sql.execute(query, (customer.number,)).fetchall()
    return answer("[" + ",".join([_show(vehicle_id, body) for vehicle_id, body in rows]) + "]")


def add_vehicle(call: Call) -> Response:
    """POST /modules/vehicles/customerId/{customerId}: 201 with the vehicle and its id."""
    _require(call)
    body = read_free(call)
    wanted = call.path["customerId"]
    call.content.judge_record({"customerId": wanted})
    if "id" in body:
        raise refuse("id", "is given by the platform")
    vehicle_id, text = new_id(), strict_json.write(body)
    with call.state.write() as change:
        customer = find_member(change.sql, wanted)
        if customer is None:
            raise refuse("customerId", "there is no such customer")
        query = "SELECT body FROM vehicles WHERE customer = ?"
        rows = change.sql.execute(query, (customer.number,)).fetchall()
        if any(strict_json.read(known) == body for (known,) in rows):
            raise Refusal(409, "this customer has this vehicle already")
        change.sql.execute(
            "INSERT INTO vehicles (id, customer, body) VALUES (?, ?, ?)",
            (vehicle_id, customer.number, text),
        )
        change.count({"vehicles": 1})
    return answer(_show(vehicle_id, text), 201)


def change_vehicle(call: Call) -> Response:
    """PUT /modules/vehicles/vehicleId/{vehicleId}: the body takes the old one's place."""
    _require(call)
    body, wanted = read_free(call), call.path["vehicleId"].upper()
    call.content.judge_record({"vehicleId": wanted})
    if str(body.pop("id", wanted)).upper() != wanted:
        raise refuse("id", "is another vehicle's")
    text = strict_json.write(body)
    with call.state.write() as change:
        changed = change.sql.execute("UPDATE vehicles SET body = ? WHERE id = ?", (text, wanted))
        if changed.rowcount == 0:
            raise Refusal(404, "there is no such vehicle")
    return answer(_show(wanted, text))


def delete_vehicle(call: Call) -> Response:
    """DELETE /modules/vehicles/vehicleId/{vehicleId}."""
    _require(call)
    call.read_query()
    wanted = call.path["vehicleId"].upper()
    call.content.judge_record({"vehicleId": wanted})
    with call.state.write() as change:
        if change.sql.execute("DELETE FROM vehicles WHERE id = ?", (wanted,)).rowcount == 0:
            raise Refusal(404, "there is no such vehicle")
        change.count({"vehicles": -1})
    return answer("{}")


def _require(call: Call) -> None:
    call.require_preview()
    call.require_activation("vehicles")


def _show(vehicle_id: str, text: str) -> str:
    body = strict_json.read(text)
    assert isinstance(body, dict)
    shown: Record = {"id": vehicle_id, **body}
    return strict_json.write(shown)
