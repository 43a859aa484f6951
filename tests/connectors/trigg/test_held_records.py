"""What a customer's lists prove of a record in doubt; what is not proven is unknown."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.trigg.held_records import (
    Sent,
    find_card,
    find_points,
    find_redemption,
    find_vehicle,
)
from connectors.trigg.lists import Number, find_list

LEFT = datetime(2026, 11, 30, 12, tzinfo=UTC)
OPENING = Sent({"points": Number("500"), "description": "Opening balance"}, LEFT.timestamp())


def bonus(points="500", description: str | None = "Opening balance", hours=0.0, **more):
    made = LEFT + timedelta(hours=hours)
    row = {
        "id": Number("7"),
        "points": Number(points),
        "value": Number(more.pop("value", points)),
        "pointsCreatedDateTime": made.strftime("%Y-%m-%dT%H:%M:%S.123"),
        "extendedProperties": {} if description is None else {"description": description},
    }
    return row | more


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], "missing"),
        ([bonus()], "landed"),
        ([bonus("500.0")], "landed"),
        ([bonus(), bonus("20", "Welcome")], "landed"),
        ([bonus("20", "Welcome")], "missing"),
        ([bonus(hours=-11)], "landed"),  # it may be told in the hour of another zone
        ([bonus(hours=-14)], "missing"),  # another program's, or of another ledger
        ([bonus(hours=-14), bonus()], "unknown"),
        ([bonus(), bonus()], "unknown"),
        ([bonus(description="Opening")], "unknown"),  # cut by the platform?
        ([bonus(description=None)], "unknown"),
        ([bonus(description="Opening", hours=-14)], "missing"),
        ([bonus(), bonus(description="Purchase")], "unknown"),
        ([bonus("50", "Purchase", value="500")], "unknown"),
        ([bonus(pointsCreatedDateTime="yesterday")], "landed"),
        ([bonus("20", description="Opening balance")], "missing"),
        ([bonus(points="many")], "unknown"),
        ([bonus(points="500"), "?"], "unknown"),
        ([{"points": None}], "unknown"),
        ([bonus(description=None, ruleName="Opening balance")], "landed"),
    ],
)
def test_points(rows, told):
    assert find_points(OPENING, [rows]) == told


def test_points_without_a_description_are_never_found():
    sent = Sent({"points": Number("500")}, LEFT.timestamp())
    assert find_points(sent, [[bonus(description=None)]]) == "unknown"
    assert find_points(sent, [[bonus("20")]]) == "missing"


def test_a_number_is_no_description():
    sent = Sent({"points": Number("500"), "description": "7"}, LEFT.timestamp())
    assert find_points(sent, [[bonus(description=None)]]) == "unknown"


ROWS = st.lists(
    st.builds(
        bonus,
        st.sampled_from(["500", "20"]),
        st.sampled_from(["Opening balance", "Purchase", None]),
        st.sampled_from([-100.0, -14.0, -1.0, 0.0, 1.0]),
    ),
    max_size=4,
)


@given(rows=ROWS, lag=st.floats(0, 2), zone=st.integers(-12, 14))
def test_points_that_landed_are_never_missing_and_others_never_landed(rows, lag, zone):
    """Whatever else is there, and in whichever zone the platform tells its times."""
    told = find_points(OPENING, [rows])
    ours = bonus(hours=zone + lag)
    assert find_points(OPENING, [[*rows, ours]]) != "missing"
    mine = [row for row in rows if row["points"] == "500" and "Opening balance" in str(row)]
    if told == "landed":
        assert len(mine) == 1


CARD = Sent({"memberId": "C1", "token": "999"})


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], "missing"),
        ([{"token": "999"}], "landed"),
        ([{"token": "998"}], "missing"),
        ([{"token": "***9"}], "unknown"),
        ([{"token": "998"}, {}], "unknown"),
        ([{"token": "999"}, {"token": "***8"}], "landed"),
        (["999"], "unknown"),
    ],
)
def test_cards(rows, told):
    assert find_card(CARD, [rows]) == told


CAR = Sent({"plate": "AB1", "wheels": Number("4"), "engine": {"kW": Number("150.5")}})


@pytest.mark.parametrize(
    ("rows", "told"),
    [
        ([], "missing"),
        ([{"id": "V1", "plate": "AB1", "wheels": Number("4.0"), "engine": {"kW": "150.50"}}], None),
        ([{"id": "V1", **CAR.body}], "landed"),
        ([{"id": "V1", **CAR.body}, {"id": "V2", "plate": "X"}], "landed"),
        ([{"id": "V2", "plate": "X"}], "unknown"),
        ([{"id": "V2", "plate": "ab1", **{k: CAR.body[k] for k in ("wheels",)}}], "unknown"),
    ],
)
def test_vehicles(rows, told):
    assert find_vehicle(CAR, [rows]) == (told or "landed")


USE = Sent({"id": "P1", "customerId": "C1", "receiptId": "R7"})


def promotion(*receipts, count=None, name="p1"):
    uses = [{"receiptId": receipt} for receipt in receipts]
    told = len(uses) if count is None else count
    return {"id": name, "redemptionCount": Number(told), "redemptionHistory": uses}


@pytest.mark.parametrize(
    ("history", "promotions", "told"),
    [
        ([], [], "missing"),
        ([{"couponId": "P1"}], [], "unknown"),
        ([{"couponId": "P1"}], [promotion("R7")], "landed"),
        ([{"couponId": "P9"}], [promotion()], "missing"),
        ([{"couponId": "P1"}], [promotion("R6")], "missing"),
        ([{"couponId": "P1"}], [promotion("R6", count=2)], "unknown"),
        ([{"couponId": "P1"}], [promotion("R6", None)], "unknown"),
        ([{"couponId": "P1"}], [promotion("R7", "R7")], "unknown"),
        ([{"couponId": "P1"}], [promotion("R7", name="P2")], "unknown"),
        ([{"couponId": "P1"}], [promotion("R7"), promotion("R7")], "unknown"),
        ([{"couponId": "P1"}], [{"id": "P1"}], "unknown"),
    ],
)
def test_redemptions(history, promotions, told):
    assert find_redemption(USE, [history, promotions]) == told


def test_a_use_without_a_receipt_is_never_found():
    sent = Sent({"id": "P1", "customerId": "C1"})
    assert find_redemption(sent, [[{"couponId": "P1"}], [promotion("R7")]]) == "unknown"


@pytest.mark.parametrize(
    ("body", "found"),
    [
        (b'{"transactions": [{"a": 1}]}', ([{"a": "1"}], True)),
        (b"[]", ([], True)),
        (b'{"data": [1], "metaData": {"CreatedAt": "x"}}', (["1"], True)),
        (b'{"data": [1], "metaData": {"totalRecords": 2}}', (["1"], False)),
        (b'{"data": [1], "metaData": {"totalPages": 3}}', (["1"], False)),
        (b'{"a": [], "b": []}', None),
        (b"<html>", None),
        (b'"x"', None),
    ],
)
def test_a_list_is_read_bare_or_wrapped(body, found):
    assert find_list(body) == found


def test_a_number_keeps_its_spelling():
    assert find_list(b"[1.50]") == ([Number("1.50")], True)
    assert Decimal("1.50") == Decimal("1.5")
