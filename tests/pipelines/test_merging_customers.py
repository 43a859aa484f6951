"""Members and prospects that stand in a source twice, where each is a request: real runs."""

import json
from pathlib import Path

import polars as pl
import pytest

from delivery.records import read_records
from pipelines.feeds import FeedError, find_feed
from pipelines.id_map import learn_ids, read_ids
from pipelines.loading import prepare
from pipelines.settings import trigg_account
from tests.pipelines.test_customers import (
    BY_EXTERNAL,
    BY_ID,
    POST,
    asked,
    held,
    members,
    platform,
    write,
)

__all__ = ["platform"]
pytestmark = pytest.mark.usefixtures("dagster_forgets")
PROSPECTS = "POST /customers/prospects"
HEADER = "no,phone,mail,born,name,changed\n"
MAPPING = {
    "externalId": "no",
    "mobilePhone": "phone",
    "email": "mail",
    "birthDate": "born",
    "firstName": "name",
}
RULES = [["mobilePhone"], ["email", "birthDate"]]
ROWS = (
    "7,+4790000007,gro@example.com,1980-01-31,Gro,2024-01-01",
    "8,+4790000007,,,Gro H,2024-02-01",  # newer, by phone
    "9,+4790000009,ola@example.com,1975-02-01,Ola,2024-01-01",
    "9,+4790000010,,,Ola N,2023-01-01",  # by its key
    "10,+4790000011,ola@example.com,1975-02-01,,2022-01-01",  # by e-mail and birth date
    "11,+4790000012,per@example.com,1975-02-01,Per,2022-01-01",  # another one
)
NEWEST = {"match": RULES, "keep": "newest", "newest_by": "changed"}


def feed(folder: Path, endpoint=POST, mode=None, mapping=MAPPING, **words):
    words.setdefault("duplicates", NEWEST)
    return write(folder, endpoint, mode, mapping, **words)


def counts(summary):
    names = ("accepted", "rejected", "unchanged", "merged", "in_doubt", "unsent")
    return {n: c for n in names if (c := getattr(summary, f"{n}_records"))}


def merged(shop, summary):
    told = shop.outcomes(summary).filter(pl.col("outcome") == "merged")
    return {row: into.replace("\x1f", " ") for row, into in told["row", "merged_into"].iter_rows()}


@pytest.mark.parametrize(
    ("endpoint", "mode"), [(POST, "create"), (POST, "upsert"), (BY_EXTERNAL, "upsert")]
)
def test_each_person_is_one_request_and_the_others_are_merged(shop, platform, endpoint, mode):
    members(shop.folder, *ROWS, header=HEADER)
    path = feed(shop.folder, endpoint, mode, duplicates=NEWEST | {"fill": True})
    summary = shop.run(path)
    assert counts(summary) == {"accepted": 3, "merged": 3}
    assert merged(shop, summary) == {2: "externalId 8", 5: "externalId 9", 6: "externalId 9"}
    assert [(r["no"], r["_error"]) for r in shop.rows(summary, "merged.csv")] == [
        ("7", "merged into externalId 8 by mobilePhone; that one stands at line 3"),
        ("9", "merged into externalId 9 by its key; that one stands at line 4"),
        ("10", "merged into externalId 9 by email + birthDate; that one stands at line 4"),
    ]
    assert asked(platform, "POST /customers") - 2 == 3  # two were there before
    gro, ola = held(platform, "8"), held(platform, "9")
    assert (gro["firstName"], gro["email"]) == ("Gro H", "gro@example.com")  # filled in
    assert gro["birthDate"].startswith("1980-01-31")
    assert (ola["firstName"], ola["mobilePhone"]) == ("Ola", "+4790000009")
    again = shop.run(path)
    assert counts(again) == {"unchanged": 3, "merged": 3}
    assert asked(platform, "POST /customers") - 2 == 3


def test_an_upsert_of_the_one_who_stays_keeps_what_the_platform_knows(shop, platform):
    rows = ("M1,+4790000001,,,Kari,2024-02-01", "5,+4790000001,k@example.com,,K,2024-01-01")
    members(shop.folder, *rows, header=HEADER)
    summary = shop.run(feed(shop.folder, POST, "upsert", duplicates=NEWEST | {"fill": True}))
    assert counts(summary) == {"accepted": 1, "merged": 1}
    now = held(platform, "M1")
    assert (now["firstName"], now["email"]) == ("Kari", "k@example.com")
    assert (now["lastName"], now["favoriteStores"]) == ("Nordmann", ["S1"])
    assert platform.served.facts()["customers"] == 2


def test_two_who_are_updated_give_each_other_no_name(shop, platform):
    """M1 and M2 are two customers, whatever the file thinks: each keeps its own phone."""
    mapping = MAPPING | {"consents.extendedConsents.news": "changed"}
    rows = ("M1,,,1980-01-31,Kari,", "M2,+4790000002,m@example.com,1980-01-31,Kari,true")
    members(shop.folder, *rows, header=HEADER)
    words = {"match": [["firstName", "birthDate"]], "fill": True}
    summary = shop.run(feed(shop.folder, BY_EXTERNAL, mapping=mapping, duplicates=words))
    assert counts(summary) == {"accepted": 1, "merged": 1}
    now = held(platform, "M1")
    assert (now["mobilePhone"], now.get("email")) == ("+4790000001", None)
    assert {"id": "news", "value": True} in [
        {k: c[k] for k in ("id", "value")} for c in now["consents"]["extendedConsents"]
    ]
    same = ("M1,,,1980-01-31,Kari,", "M1,,k@example.com,,,")  # one customer after all
    members(shop.folder, *same, header=HEADER)
    assert counts(shop.run(feed(shop.folder, BY_EXTERNAL, duplicates=words))) == {
        "accepted": 1,
        "merged": 1,
    }
    assert held(platform, "M1")["email"] == "k@example.com"


def test_by_the_platforms_own_id(shop, platform):
    own = [held(platform, name)["id"] for name in ("M1", "M2")]
    mapping = {"id": "no", "firstName": "name"}
    rows = [f"{own[0]},,,,Kari,", f"{own[1]},,,,Ola,", f"{own[0]},,,,Karin,"]
    members(shop.folder, *rows, header=HEADER)
    summary = shop.run(feed(shop.folder, BY_ID, mapping=mapping, duplicates={}))
    assert merged(shop, summary) == {4: f"id {own[0]}"}
    assert [held(platform, name)["firstName"] for name in ("M1", "M2")] == ["Kari", "Ola"]


def test_without_the_word_they_are_rejected_as_ever(shop):
    shop.serve()
    members(shop.folder, *ROWS[2:4], ROWS[5], header=HEADER)
    summary = shop.run(write(shop.folder, POST, mapping=MAPPING))
    assert counts(summary) == {"accepted": 1, "rejected": 2}
    assert [r["no"] for r in shop.rows(summary, "rejects.csv")] == ["9", "9"]
    assert not shop.rows(summary, "merged.csv")


def test_one_who_is_refused_leaves_the_merged_where_they_are(shop, platform):
    """Both rows are put together, mended, and tried once more."""
    rows = ("M9,+4790000001,,,Kari,2024-02-01", "5,+4790000001,k@example.com,,K,2024-01-01")
    members(shop.folder, *rows, header=HEADER)
    path = feed(shop.folder, POST, duplicates=NEWEST | {"fill": True})
    summary = shop.run(path)
    assert counts(summary) == {"rejected": 1, "merged": 1}  # M1 has this phone: 409
    back = [r for name in ("rejects.csv", "merged.csv") for r in shop.rows(summary, name)]
    assert [r["no"] for r in back] == ["M9", "5"]
    mended = [",".join(r[n] for n in HEADER.strip().split(",")) for r in back]
    source = members(shop.folder, *(m.replace("'", "").replace("001", "009") for m in mended),
                     header=HEADER)  # fmt: skip
    assert counts(shop.run(path, source)) == {"accepted": 1, "merged": 1}
    assert held(platform, "M9")["email"] == "k@example.com"


def test_what_was_merged_wrongly_is_retried(shop, platform, cli_here):
    rows = ("7,+4790000007,,,Ola,", "8,+4790000008,,,Ola,", "9,+4790000009,,,Gro,")
    members(shop.folder, *rows, header=HEADER)
    path = feed(shop.folder, POST, duplicates={"match": [["firstName"]]})
    summary = shop.run(path)
    assert counts(summary) == {"accepted": 2, "merged": 1}
    listed = cli_here("results", summary.run_id, "--outcome", "merged", "--json")
    (told,) = json.loads(listed.out)["listed"]
    assert (told["row"], told["merged_into"]) == (3, "row 2, externalId 7")
    assert told["why"] == ["merged by firstName"]
    again = cli_here("retry", Path(summary.folder) / "merged.csv", "--feed", path)
    assert "1 = 1 accepted + 0 rejected" in again.out
    assert held(platform, "8")["mobilePhone"] == "+4790000008"


def test_a_load_that_stopped_goes_on_with_what_was_filled_in(shop, platform):
    members(shop.folder, *ROWS, header=HEADER)
    platform.served.fail({"fault": "forbidden", "method": "POST"})
    path = feed(shop.folder, POST, duplicates=NEWEST | {"fill": True})
    stopped = shop.run(path)
    assert stopped.resumable
    assert stopped.merged_records == 3
    platform.served.fail()
    (shop.folder / "members.csv").unlink()  # it goes on from what was made ready
    summary = shop.resume(path, stopped.run_id)
    assert counts(summary) == {"accepted": 3, "merged": 3}
    assert merged(shop, summary) == {2: "externalId 8", 5: "externalId 9", 6: "externalId 9"}
    assert held(platform, "8")["email"] == "gro@example.com"


def test_a_merged_member_is_the_customer_that_was_sent(shop, platform):
    members(shop.folder, *ROWS, header=HEADER)
    path = feed(shop.folder, POST)
    shop.run(path)
    told = learn_ids(*find_feed(str(path)))
    assert (told.members, told.unknown, told.looked_up) == (6, 0, 3)
    ids = dict(read_ids(trigg_account()).select("legacy_id", "customer_id").iter_rows())
    assert ids["7"] == ids["8"] == held(platform, "8")["id"]
    assert ids["9"] == ids["10"]
    assert len({*ids.values()}) == 3


def test_prospects_are_matched_by_phone_or_e_mail(shop, platform, cli_here):
    mapping = {"data.mobilePhone": "phone", "data.email": "mail",
               "data.extendedProperties.shop": "name"}  # fmt: skip
    rows = (
        ",+4790000007,,,,",
        ",+4790000007,gro@example.com,,Sandvika,",
        ",,gro@example.com,,,",
        ",,ola@example.com,,,",
    )
    members(shop.folder, *rows, header=HEADER)
    words = {"match": [["data.mobilePhone"], ["data.email"]], "fill": True}
    path = feed(shop.folder, PROSPECTS, mapping=mapping, duplicates=words)
    summary = shop.run(path)
    assert counts(summary) == {"accepted": 2, "merged": 2}
    assert merged(shop, summary) == dict.fromkeys([3, 4], "data.mobilePhone +4790000007")
    with_key = cli_here("results", summary.run_id, "--outcome", "merged", "--json").out
    assert "+479000" not in with_key
    told = json.loads(with_key)["listed"]
    assert [each["why"] for each in told] == [
        ["merged by data.mobilePhone"],
        ["merged by data.email, through others"],
    ]
    counted = shop.run(path)
    assert counts(counted) == {"unchanged": 2, "merged": 2}
    kept = platform.get("customers", params={"mobilePhone": "+4790000007"}).json()["data"]
    assert kept.get("extendedProperties") == {"shop": "Sandvika"}
    assert kept.get("email") is None  # it would name the prospect otherwise
    forgotten = ("+4790000007", "gro@example.com")
    keys = [word for key in forgotten for word in ("--key", key)]
    assert cli_here("forget", *keys, "--yes").code == 0
    told = pl.concat([shop.outcomes(each) for each in (summary, counted)])
    assert not [t for t in told["key", "merged_into", "reasons"].rows() if any(
        key in str(t) for key in forgotten)]  # fmt: skip
    assert not [k for k in forgotten if k in str(shop.rows(summary, "merged.csv"))]


def test_prospects_of_one_name_may_be_given_the_other(tmp_path):
    mapping = {"data.mobilePhone": "phone", "data.email": "mail"}
    source = members(tmp_path, ",+4790000007,,,,", ",+4790000007,gro@example.com,,,",
                     header=HEADER)  # fmt: skip
    words = {"duplicates": {"fill": True}, "delivery": {"key": ["data.mobilePhone"]}}
    _, told = find_feed(str(feed(tmp_path, PROSPECTS, mapping=mapping, **words)))
    assert prepare(told, source, tmp_path).merged_records == 1
    (records,) = read_records(tmp_path / "records.arrow")
    path, _, body = records["json"][0].partition("\n")
    assert path == "/customers/prospects"
    assert json.loads(body)["data"] == {"mobilePhone": "+4790000007", "email": "gro@example.com"}


@pytest.mark.parametrize(
    ("endpoint", "mapping", "told"),
    [
        (
            "DELETE /customers/externalId/{externalId}/source/{source}",
            {"externalId": "no", "source": {"constant": "gdpr"}},
            "of deletions each row is looked at",
        ),
        (
            "POST /loyalty/bonus/addRewardPoints",
            {"customerId": "no", "points": "name", "description": "born"},
            "belongs to members and prospects",
        ),
    ],
)
def test_deletions_and_records_have_no_duplicates(tmp_path, endpoint, mapping, told):
    path = feed(tmp_path, endpoint, mapping=mapping, duplicates={"match": []})
    with pytest.raises(FeedError, match=told):
        find_feed(str(path))


def test_a_rule_names_what_is_mapped(tmp_path):
    path = feed(tmp_path, POST, duplicates={"match": [["city"]]})
    with pytest.raises(FeedError, match="city is not mapped"):
        find_feed(str(path))
