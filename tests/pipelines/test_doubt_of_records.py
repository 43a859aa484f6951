"""Records of their own whose answer was lost: asked about where the platform can tell."""

import csv
import threading
from pathlib import Path

import httpx
import polars as pl
import pytest
import yaml

from connectors.trigg.account import Account
from connectors.trigg.client import Client
from delivery.ledger import open_ledger
from delivery.replies import Found
from pipelines.replies import make_ask
from pipelines.settings import ledger_url
from pipelines.settling import describe_records, doubtful
from tests.pipelines.conftest import KEY, NO_WAITS

pytestmark = pytest.mark.usefixtures("dagster_forgets")

COUPON = "71E8AC01-152D-4B2E-956A-3656CD3396AE"
MEMBERS = 9
POINTS = "POST /loyalty/bonus/addRewardPoints"
CARDS = "POST /payment-cards"
VEHICLES = "POST /modules/vehicles/customerId/{customerId}"
REDEEM = "POST /promotions/redeem"
CREATE = "POST /customers"
# Mapping, where it is sent, where it is asked for, and what the sandbox counts.
ASKED = {
    POINTS: (
        {"customerId": "no", "points": "n", "description": "text"},
        ("/loyalty/bonus/*", "/loyalty/transactions/*"),
        "bonuses",
    ),
    CARDS: (
        {"memberId": "no", "token": "text"},
        ("/payment-cards", "/payment-cards/*"),
        "payment_cards",
    ),
    VEHICLES: (
        {"customerId": "no", "plate": "text"},
        ("/modules/*", "/modules/*"),
        "vehicles",
    ),
    REDEEM: (
        {"id": {"constant": COUPON}, "customerId": "no", "receiptId": "text"},
        ("/promotions/redeem", "/promotions/*"),
        "redemptions",
    ),
}
COLUMNS = ["no", "n", "text", "phone"]


def write(folder: Path, endpoint: str, mapping, rows, **words) -> Path:
    with (folder / "a.csv").open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file)
        lines.writerow(COLUMNS)
        lines.writerows(rows)
    attributes = {
        "source": {"path": str(folder / "a.csv")},
        "target": {"endpoint": endpoint, "in_flight": 3},
        "mapping": mapping,
        "rejects": {"max_percent": 100},
        **words,
        "delivery": {**NO_WAITS, **words.get("delivery", {})},
    }
    place = folder / "feeds" / "one"
    place.mkdir(parents=True, exist_ok=True)
    told = {"type": "pipelines.components.LoadFeedComponent", "attributes": attributes}
    (place / "defs.yaml").write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")
    return place


@pytest.fixture
def platform(shop):
    """A platform with some members."""
    served = shop.serve()
    headers = {"x-api-key": KEY}
    with httpx.Client(base_url=served.base_url, headers=headers, trust_env=False) as http:
        for n in range(MEMBERS):
            data = {"externalId": f"M{n}", "mobilePhone": f"+479000000{n}"}
            http.post("customers", json={"data": data}).raise_for_status()
        http.served = served
        yield http


def one_each():
    return [(f"M{n}", 100 + n, f"text {n}", f"+479000000{n}") for n in range(MEMBERS)]


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "gateway"])
@pytest.mark.parametrize("endpoint", ASKED)
def test_a_lost_answer_is_asked_for(shop, platform, endpoint, fault):
    mapping, (path, _), fact = ASKED[endpoint]
    platform.served.fail({"method": "POST", "path": path, "every": 2, "fault": fault})
    summary = shop.run(write(shop.folder, endpoint, mapping, one_each()))
    assert (summary.accepted_records, summary.in_doubt_records) == (MEMBERS, 0), summary.error
    assert platform.served.fired()[0] > 1
    assert platform.served.facts()[fact] == MEMBERS
    if endpoint == POINTS:
        assert platform.served.facts()["points"] == sum(100 + n for n in range(MEMBERS))


@pytest.mark.parametrize("endpoint", ASKED)
def test_who_answers_no_question_leaves_it_in_doubt(shop, platform, endpoint):
    mapping, (path, asked), fact = ASKED[endpoint]
    rules = [
        {"method": "POST", "path": path, "first": 2, "fault": "drop_after"},
        {"method": "GET", "path": asked, "fault": "error_500"},
    ]
    platform.served.fail(*rules)
    place = write(shop.folder, endpoint, mapping, one_each())
    summary = shop.run(place)
    assert summary.in_doubt_records == 2, summary.error
    assert summary.accepted_records == MEMBERS - 2
    platform.served.fail()
    told = shop.resume(place, summary.run_id)
    assert (told.accepted_records, told.in_doubt_records) == (MEMBERS, 0), told.error
    assert platform.served.facts()[fact] == MEMBERS


def test_the_same_points_given_by_somebody_else_leave_it_in_doubt(shop, platform):
    """No one can say whose they are, so they are not given again."""
    body = {"points": 100, "description": "text 0"}
    platform.post("loyalty/bonus/addRewardPoints?customerId=M0", json=body).raise_for_status()
    rule = {"method": "POST", "path": "/loyalty/bonus/*", "fault": "drop_after", "first": 1}
    platform.served.fail(rule)
    place = write(shop.folder, POINTS, ASKED[POINTS][0], one_each()[:1])
    summary = shop.run(place)
    assert (summary.in_doubt_records, summary.requests, summary.exit_code) == (1, 1, 5)
    assert platform.served.facts()["points"] == 200
    with open_ledger(ledger_url()) as ledger:
        (load,) = ledger.loads(feed="one")
        (entry,) = doubtful(ledger, load)
    assert describe_records(load, entry, 5) == ["row 2: customerId M0"]  # and no description


def test_points_without_a_description_are_given_again_only_if_none_are_there(shop, platform):
    mapping = {"customerId": "no", "points": "n"}
    rules = [
        {"method": "POST", "path": "/loyalty/bonus/*", "fault": "drop_after", "first": 1},
        {"method": "POST", "path": "/loyalty/bonus/*", "fault": "drop_before", "first": 2},
    ]
    platform.served.fail(*rules)
    place = write(shop.folder, POINTS, mapping, one_each(), delivery={"order": "none"})
    summary = shop.run(place)
    facts = platform.served.facts()
    assert summary.accepted_records + summary.in_doubt_records == MEMBERS
    assert summary.in_doubt_records == 1
    assert facts["bonuses"] == MEMBERS


def test_a_card_that_is_another_members_is_a_reject(shop, platform):
    """The 409 after a lost answer is no proof: the token may be stored for somebody else."""
    card = {"memberId": "M8", "token": "text 0"}
    platform.post("payment-cards", json=card).raise_for_status()
    rule = {"method": "POST", "path": "/payment-cards", "fault": "drop_before", "first": 1}
    platform.served.fail(rule)
    summary = shop.run(write(shop.folder, CARDS, ASKED[CARDS][0], one_each()[:1]))
    assert (summary.accepted_records, summary.rejected_records) == (0, 1)
    (row,) = shop.rows(summary, "rejects.csv")
    assert "409" in row["_error"]


def test_a_member_that_clashes_after_a_lost_answer_is_a_reject(shop, platform):
    """Created are M20, whose answer is lost, and M21; M22 has the phone of M0."""
    rule = {"method": "POST", "path": "/customers", "fault": "drop_after", "first": 3}
    platform.served.fail(rule)
    rows = [
        ("M20", 1, "Kari", "+4790000020"),
        ("M21", 1, "Ola", "+4790000021"),
        ("M22", 1, "Per", "+4790000000"),
    ]
    mapping = {"externalId": "no", "mobilePhone": "phone", "firstName": "text"}
    summary = shop.run(write(shop.folder, CREATE, mapping, rows))
    assert (summary.accepted_records, summary.rejected_records) == (2, 1), summary.error
    (row,) = shop.rows(summary, "rejects.csv")
    assert row["no"] == "M22"
    assert "409" in row["_error"]
    assert platform.served.facts()["customers"] == MEMBERS + 2


def test_a_member_who_is_there_with_other_content_is_a_reject(shop, platform):
    rule = {"method": "POST", "path": "/customers", "fault": "drop_before", "first": 1}
    platform.served.fail(rule)
    mapping = {"externalId": "no", "mobilePhone": "phone", "firstName": "text"}
    rows = [("M0", 1, "Kari", "+4790000000")]
    summary = shop.run(write(shop.folder, CREATE, mapping, rows))
    assert (summary.accepted_records, summary.rejected_records) == (0, 1)


def test_asking_ends_soon_when_it_is_told_to_stop():
    """The event is handed on to who asks."""
    stop = threading.Event()
    stop.set()
    request = '/loyalty/bonus/addRewardPoints?customerId=M%201\n{"points":1}'
    odd = request.replace("M%201", "a%2Fb")
    with Client(Account("http://127.0.0.1:9", KEY)) as client:
        ask = make_ask(client, POINTS)
        assert ask is not None
        records = pl.DataFrame({"json": [request, odd], "replaces": False, "sent_at": 0.0})
        assert ask(records, stop) == [Found.UNKNOWN, Found.UNASKABLE]


def test_two_rows_of_one_customer_are_told_apart_by_what_they_say(shop, platform):
    rows = [
        ("M0", 5, "Opening", ""),
        ("M0", 7, "Welcome", ""),
        ("M1", 5, "Opening", ""),
        ("M1", 6, "Opening", ""),
    ]
    place = write(shop.folder, POINTS, ASKED[POINTS][0], rows)
    summary = shop.run(place)
    assert (summary.accepted_records, summary.rejected_records) == (2, 2)
    told = {row["_error"] for row in shop.rows(summary, "rejects.csv")}
    assert len(told) == 1
    assert (
        "have delivery.key name what tells them apart (now customerId, description)" in told.pop()
    )
    assert platform.served.facts()["points"] == 12
    cars = [("M0", 5, "AB1", ""), ("M0", 5, "AB2", ""), ("M0", 5, "AB2", "")]
    summary = shop.run(write(shop.folder, VEHICLES, ASKED[VEHICLES][0], cars))
    assert (summary.accepted_records, summary.rejected_records) == (2, 1)
