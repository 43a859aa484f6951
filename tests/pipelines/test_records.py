"""Feeds of records that are requests of their own, into the sandbox."""

import json
import re
from pathlib import Path

import httpx
import polars as pl
import pytest
import yaml

from pipelines.feeds import FeedError, LoadFeed, find_feed
from pipelines.loading import prepare
from pipelines.previewing import preview
from tests.pipelines.conftest import KEY, NO_WAITS

pytestmark = pytest.mark.usefixtures("dagster_forgets")

MAPPING = {
    "externalId": "no",
    "mobilePhone": "phone",
    "firstName": "name",
    "consents.acceptsTerms": "terms",
    "source.sourceName": {"constant": "legacy"},
}
HEADER = "no,phone,name,terms\n"


def feed(folder: Path, endpoint="POST /customers", mapping=MAPPING, **words) -> Path:
    attributes = {
        "source": {"path": str(folder / "members.csv")},
        "target": {"endpoint": endpoint},
        "mapping": mapping,
        "delivery": NO_WAITS,
        "rejects": {"max_percent": 100},
        **words,
    }
    place = folder / "feeds" / "people"
    place.mkdir(parents=True, exist_ok=True)
    told = {"type": "pipelines.components.LoadFeedComponent", "attributes": attributes}
    (place / "defs.yaml").write_text(yaml.safe_dump(told, sort_keys=False), encoding="utf-8")
    return place


def members(folder: Path, *rows: str) -> Path:
    file = folder / "members.csv"
    file.write_text(HEADER + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return file


def rows(count, first=0):
    return [f"M{n},+47{90_000_000 + n},Kari,true" for n in range(first, first + count)]


def bodies(path: Path, source: Path, folder: Path) -> list[str]:
    _, words = find_feed(str(path))
    prepare(words, source, folder)
    return pl.read_ipc((folder / "records.arrow").read_bytes())["json"].to_list()


def held(platform, number):
    url = f"{platform.base_url}/customers/externalId/{number}"
    return httpx.get(url, headers={"x-api-key": KEY}, trust_env=False).json()


def test_each_row_is_a_request_and_none_is_sent_again(shop):
    platform = shop.serve()
    path = feed(shop.folder)
    members(shop.folder, *rows(50))
    summary = shop.run(path)
    assert (summary.accepted_records, summary.requests, summary.exit_code) == (50, 50, 0)
    assert platform.facts()["customers"] == 50
    assert held(platform, "M7")["data"]["mobilePhone"] == "+4790000007"
    shop.outcomes(summary)
    members(shop.folder, *rows(53))
    summary = shop.run(path)
    assert (summary.unchanged_records, summary.accepted_records, summary.requests) == (50, 3, 3)


def test_a_refused_record_is_a_reject_with_its_reason_and_stops_nothing(shop):
    shop.serve()
    path = feed(shop.folder, delivery={**NO_WAITS, "key": ["externalId"]})
    members(shop.folder, *rows(5), "M9,+4790000001,Ola,true", "M10,,Ola,true", *rows(3, 20))
    summary = shop.run(path)
    assert (summary.accepted_records, summary.rejected_records) == (8, 2)
    rejects = {row["no"]: row["_error"] for row in shop.rows(summary, "rejects.csv")}
    (clash,) = {"M1", "M9"} & {*rejects}  # who has the phone is who came first
    assert "409" in rejects[clash]
    assert "has no mobilePhone, so nothing can name it" in rejects["M10"]


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "busy", "error_500", "gateway"])
def test_faults_of_the_platform_lose_and_double_nothing(shop, fault):
    platform = shop.serve({"method": "POST", "path": "/customers", "every": 9, "fault": fault})
    path = feed(shop.folder)
    members(shop.folder, *rows(60))
    summary = shop.run(path)
    assert platform.facts()["customers"] == 60
    assert (summary.accepted_records, summary.in_doubt_records) == (60, 0)
    shop.outcomes(summary)


def test_the_path_may_hold_values_of_the_record(tmp_path):
    path = feed(
        tmp_path,
        "POST /triggers/{id}/customer/mobilePhone/{mobilePhone}",
        {"id": {"constant": "welcome"}, "mobilePhone": "phone", "data": "name"},
    )
    made = bodies(path, members(tmp_path, *rows(1)), tmp_path)
    assert made == ['/triggers/welcome/customer/mobilePhone/%2B4790000000\n{"data":"Kari"}']


def test_a_parameter_of_the_query_and_numbers_of_the_body(tmp_path):
    mapping = {"customerId": "no", "points": "phone", "description": "name"}
    path = feed(tmp_path, "POST /loyalty/bonus/addRewardPoints", mapping)
    source = members(tmp_path, "M 1,1000,Opening,", "M2,1.5,Opening,")
    made = bodies(path, source, tmp_path)
    assert made == [
        '/loyalty/bonus/addRewardPoints?customerId=M%201\n{"points":1000,"description":"Opening"}'
    ]


def test_a_deletion_has_a_path_and_no_body(tmp_path):
    mapping = {"externalId": "no", "source": {"constant": "gdpr"}}
    path = feed(tmp_path, "DELETE /customers/externalId/{externalId}/source/{source}", mapping)
    assert bodies(path, members(tmp_path, *rows(1)), tmp_path) == [
        "/customers/externalId/M0/source/gdpr\n"
    ]


def test_preview_shows_the_path_and_the_body(tmp_path):
    path = feed(tmp_path)
    members(tmp_path, *rows(2))
    _, words = find_feed(str(path))
    seen = preview(words)
    assert seen.lines == ["POST /customers"] * 2
    assert json.loads(seen.bodies[1])["data"]["externalId"] == "M1"
    assert seen.records[0].sent["source"] == {"sourceName": "legacy"}


@pytest.mark.parametrize(
    ("endpoint", "mapping", "told"),
    [
        ("POST /custmers", MAPPING, "did you mean POST /customers?"),
        ("POST /messaging/sms", {"phoneNumber": "phone"}, "is not offered for files"),
        ("GET /stores", {"a": "no"}, "takes no records"),
        ("POST /customers", {"mobilphone": "phone"}, "did you mean mobilePhone?"),
        ("POST /customers", {"externalId": "no"}, "lacks mobilePhone"),
        ("POST /payment-cards", {"memberId": "no"}, "lacks token"),
        (
            "POST /loyalty/loyalty-cards/transfer-clips",
            {"extendedProperties": "no"},
            "is an object",
        ),
    ],
)
def test_a_feed_that_the_method_cannot_take_is_refused(tmp_path, endpoint, mapping, told):
    with pytest.raises(FeedError, match=re.escape(told)):
        find_feed(str(feed(tmp_path, endpoint, mapping)))


def test_words_of_receipts_have_no_place(tmp_path):
    with pytest.raises(FeedError, match="receipts"):
        find_feed(str(feed(tmp_path, receipts={"vat_percent": "25"})))


def test_a_feed_of_records_says_what_it_is(tmp_path):
    _, words = find_feed(str(feed(tmp_path)))
    assert isinstance(words, LoadFeed)
    target = words.target
    assert (target.noun, words.of_receipts, target.may_repeat) == ("member", False, False)
