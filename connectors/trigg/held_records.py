"""What a customer holds of points, cards, vehicles and used promotions, and what that proves.

Only `landed` and `missing` are proven; whatever proves neither is `unknown`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Literal

from connectors.trigg.held_members import covers
from connectors.trigg.lists import Number, Rows, read_number

__all__ = ["Sent", "find_card", "find_points", "find_redemption", "find_vehicle"]

Told = Literal["landed", "missing", "unknown"]
_SURELY_BEFORE = 13 * 3600
"""Seconds. Times have no offset (reading T14): that of a new transaction may look 12 hours old."""
_MASKED = frozenset("*•…")


@dataclass(frozen=True, slots=True)
class Sent:
    """One record as it was sent.

    Attributes:
        body: its fields, numbers as `connectors.trigg.lists.Number`.
        at: when its last request left, Unix seconds; None if nobody knows.
    """

    body: Mapping[str, Any]
    at: float | None = None


def find_points(sent: Sent, lists: Sequence[Rows]) -> Told:
    """Look for points among the bonus transactions of a customer.

    They have landed if one transaction, and no more, has their number and their description, and
    is not older than the request. They are missing if no transaction that may be so new has their
    number, as points or as the value that these were given for.
    """
    (rows,) = lists
    points, text = read_number(sent.body.get("points")), sent.body.get("description")
    exact: list[bool] = []
    may_be = points is None
    for row in rows:
        if not isinstance(row, dict) or read_number(row.get("points")) is None:
            return "unknown"
        numbers = {read_number(row.get(name)) for name in ("points", "value")}
        if points not in numbers:
            continue
        old = _is_before(row, sent.at)
        if text and text in _texts(row) and points == read_number(row.get("points")):
            exact.append(old)
        else:
            may_be |= not old
    if may_be or (len(exact) > 1 and not all(exact)):
        return "unknown"
    return "missing" if all(exact) else "landed"


def find_card(sent: Sent, lists: Sequence[Rows]) -> Told:
    """Look for the token of a payment card among those of its customer."""
    (rows,) = lists
    tokens = [row.get("token") if isinstance(row, dict) else None for row in rows]
    if sent.body.get("token") in tokens:
        return "landed"
    shown = all(isinstance(token, str) and _MASKED.isdisjoint(token) for token in tokens)
    return "missing" if shown else "unknown"


def find_vehicle(sent: Sent, lists: Sequence[Rows]) -> Told:
    """Look for a vehicle among those of its customer.

    It has landed if one of them has all that was sent. It is missing if they have none: what
    becomes of its values at the platform is nowhere said, so another one may be it.
    """
    (rows,) = lists
    if not rows:
        return "missing"
    there = bool(sent.body) and any(covers(sent.body, row) for row in rows)
    return "landed" if there else "unknown"


def find_redemption(sent: Sent, lists: Sequence[Rows]) -> Told:
    """Look for the use of a promotion in the history of a customer, and beside the promotion.

    It has landed if the promotion shows one use, and no more, for the receipt; it is missing if
    the promotion shows as many uses as it counts and none for the receipt, or the customer has
    none at all. The history alone names no receipt.
    """
    history, promotions = lists
    if not history:
        return "missing"
    wanted, receipt = str(sent.body.get("id")).casefold(), sent.body.get("receiptId")
    mine = [r for r in promotions if isinstance(r, dict) and str(r.get("id")).casefold() == wanted]
    uses = mine[0].get("redemptionHistory") if len(mine) == 1 else None
    if not receipt or not isinstance(uses, list):
        return "unknown"
    receipts = [use.get("receiptId") if isinstance(use, dict) else None for use in uses]
    if receipt in receipts:
        return "landed" if receipts.count(receipt) == 1 else "unknown"
    all_shown = all(receipts) and str(mine[0].get("redemptionCount")) == str(len(uses))
    return "missing" if all_shown else "unknown"


def _texts(row: Mapping[str, Any]) -> set[str]:
    """Give what may be the description of a transaction: where it stands is not documented."""
    inner = row.get("extendedProperties")
    places = (row, inner) if isinstance(inner, dict) else (row,)
    values = [value for place in places for value in place.values()]
    return {v for v in values if isinstance(v, str) and not isinstance(v, Number)}


def _is_before(row: Mapping[str, Any], at: float | None) -> bool:
    """Tell whether a transaction is surely older than the request."""
    try:
        made = datetime.fromisoformat(str(row.get("pointsCreatedDateTime")))
    except ValueError:
        return False
    made = made if made.tzinfo else made.replace(tzinfo=UTC)
    return at is not None and made.timestamp() < at - _SURELY_BEFORE
