"""Points: a ledger of bonuses, a row for each, whose sum is what a customer has.

The bonus import answers as the contract's sample does. Invented: the answers `{}` of
addRewardPoints and the rest of what the contract has no sample for, that points never expire, and
what an activity is worth (`offers`).
"""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import ROUND_FLOOR, Decimal, localcontext

from starlette.responses import Response

from sandbox import strict_json
from sandbox.answers import Refusal, answer
from sandbox.bodies import (
    BONUS_ACTIVITY,
    MOST_POINTS,
    REWARD_POINTS,
    Record,
    read_body,
    read_free,
    refuse,
)
from sandbox.calls import Call
from sandbox.customer_store import Customer, find_member
from sandbox.offers import Activity, Offers
from sandbox.state import Change

_NOT_FOUND = "Customer or activity not found"


@dataclass(frozen=True, slots=True)
class Bonus:
    """One row of the ledger.

    Attributes:
        value: what the activity was about, a number as it was sent.
        rule: the activity's id; None for points given by hand.
        happened_at: a day, or a local date-time.
        shown: what is shown back as extendedProperties.
    """

    points: int
    value: Decimal | int
    rule: str | None
    happened_at: str
    shown: Record


def import_bonus(call: Call) -> Response:
    """POST /loyalty/bonus/import: one activity of a member, by externalId or phone (T31)."""
    call.require_activation("bonus")
    body = read_body(call, BONUS_ACTIVITY)
    call.content.judge_record({"externalId": body["externalId"]})
    activity = call.offers.find_activity(body["activity"])
    value = body.get("activityValue", 1)
    day = body.get("activityDate", _now())
    bonus = _earn(activity, value, day, {})
    return _add_activity(call, bonus, body["externalId"], "externalId", "mobilePhone")


def add_by_activity(call: Call) -> Response:
    """POST /loyalty/activity/{activityId}/customerId/{customerId}.

    The body is free; its activityValue counts, if it is a number, and all of it is shown back. It
    answers as the bonus import does: invented.
    """
    call.require_activation("bonus")
    body = read_free(call, optional=True)
    call.content.judge_record({"customerId": call.path["customerId"]})
    value = body.get("activityValue", 1)
    if isinstance(value, bool) or not isinstance(value, Decimal | int):
        raise refuse("activityValue", "must be a number")
    activity = call.offers.find_activity(call.path["activityId"])
    return _add_activity(call, _earn(activity, value, _now(), body), call.path["customerId"])


def _earn(activity: Activity | None, value: Decimal | int, day: str, shown: Record) -> Bonus:
    if activity is None:
        raise Refusal(404, "there is no such activity", _NOT_FOUND)
    if not activity.per_value:
        return Bonus(activity.points, value, activity.id, day, shown)
    with localcontext(prec=80):
        points = int((Decimal(value) * activity.points).to_integral_value(ROUND_FLOOR))
    if abs(points) > MOST_POINTS:
        raise refuse("activityValue", f"earns more than {MOST_POINTS} points")
    return Bonus(points, value, activity.id, day, shown)


def _add_activity(call: Call, bonus: Bonus, wanted: str, *fields: str) -> Response:
    with call.state.write() as change:
        customer = find_member(change.sql, wanted, *fields)
        if customer is None:
            raise Refusal(404, "there is no such customer", _NOT_FOUND)
        total = str(add_bonus(change, customer, bonus))
    told = {"status": "1", "statusText": "OK", "points": total, "totaltPoints": total}
    return answer(strict_json.write([{**told, "activityPoints": str(bonus.points)}]))


def add_reward_points(call: Call) -> Response:
    """POST /loyalty/bonus/addRewardPoints?customerId=: the query names the member (reading T09).

    No 404 is listed, so an unknown member answers 400.
    """
    call.require_activation("bonus")
    wanted = call.read_query("customerId").get("customerId")
    if not wanted:
        raise Refusal(400, "the query parameter customerId is required")
    body = read_body(call, REWARD_POINTS)
    call.content.judge_record({"customerId": wanted})
    shown: Record = {"description": body["description"]} if "description" in body else {}
    bonus = Bonus(body["points"], body["points"], None, _now(), shown)
    with call.state.write() as change:
        customer = find_member(change.sql, wanted)
        if customer is None:
            raise refuse("customerId", "there is no such customer")
        add_bonus(change, customer, bonus)
    return answer("{}")


def list_bonuses(call: Call) -> Response:
    """GET and POST /loyalty/transactions/customerId/{customerId}: both list (reading T10).

    What the contract's sample has and a sandbox lacks is null; a description stands below
    extendedProperties: invented. No 404 is listed, so an unknown member answers 400.
    """
    call.require_activation("bonus")
    call.read_query()
    with call.state.read() as sql:
        customer = find_member(sql, call.path["customerId"])
        if customer is None:
            raise refuse("customerId", "there is no such customer")
        query = """
            SELECT number, points, value, rule, happened_at, made_at, body FROM bonuses
            WHERE customer = ? ORDER BY number
        """
        rows = sql.execute(query, (customer.number,)).fetchall()
    shown = [_show(customer, row, call.offers) for row in rows]
    return answer(strict_json.write({"transactions": shown}))


_Row = tuple[int, int, str, str | None, str, str, str]


def _show(customer: Customer, row: _Row, offers: Offers) -> Record:
    number, points, value, rule, happened_at, made_at, body = row
    activity = offers.find_activity(rule) if rule is not None else None
    name = activity.name if activity is not None else None
    day, _, _ = happened_at.partition("T")
    return {
        "id": number,
        "transactionDate": day,
        "transactionDateTime": happened_at if day != happened_at else f"{day}T00:00:00",
        "customerId": customer.id,
        "externalCustomerId": customer.record.get("externalId"),
        "affiliateId": None,
        "affiliateName": None,
        "ruleId": rule,
        "ruleName": name,
        "activityId": rule,
        "acitvityName": name,
        "dataId": None,
        "dataLineId": None,
        "value": Decimal(value),
        "points": points,
        "pointsCreatedDateTime": made_at,
        "extendedProperties": strict_json.read(body),
    }


def list_rules(call: Call) -> Response:
    """GET /bonus/rules: the activities that may be imported."""
    call.require_activation("bonus")
    call.read_query()
    rules: list[object] = [
        {
            "bonusRuleId": activity.id,
            "name": activity.name,
            "bonusRuleType": "VALUE" if activity.per_value else "REGISTER",
            "value": str(activity.points),
            "validFrom": "2022-01-01T00:00:00",
            "validTo": None,
            "created": "2021-01-01T00:00:00",
        }
        for activity in call.offers.activities
    ]
    return answer(strict_json.write(rules))


def add_bonus(change: Change, customer: Customer, bonus: Bonus) -> int:
    """Put a bonus into the ledger and return what the customer then has."""
    change.sql.execute(
        "INSERT INTO bonuses (customer, points, value, rule, happened_at, made_at, body)"
        " VALUES (?, ?, ?, ?, ?, ?, ?)",
        (
            customer.number,
            bonus.points,
            str(bonus.value),
            bonus.rule,
            bonus.happened_at,
            datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f")[:-3],
            strict_json.write(bonus.shown),
        ),
    )
    change.count({"points": bonus.points, "bonuses": 1})
    return count_points(change.sql, customer.number)


def count_points(sql: sqlite3.Connection, number: int) -> int:
    """Return the points of the customer of this number."""
    query = "SELECT coalesce(sum(points), 0) FROM bonuses WHERE customer = ?"
    total = sql.execute(query, (number,)).fetchone()[0]
    return int(total)


def _now() -> str:
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S")
