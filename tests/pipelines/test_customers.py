"""Members one a request: created, updated, or whichever is right."""

import json
from pathlib import Path

import httpx
import polars as pl
import pytest
import yaml

from pipelines.feeds import FeedError, find_feed
from pipelines.loading import prepare
from tests.pipelines.conftest import KEY, NO_WAITS
from tests.pipelines.test_every_write import example

pytestmark = pytest.mark.usefixtures("dagster_forgets")

MAPPING = {"externalId": "no", "mobilePhone": "phone", "firstName": "name", "city": "city"}
HEADER = "no,phone,name,city\n"
POST, BY_ID, BY_EXTERNAL = "POST /customers", "PUT /customers", "PUT /customers/externalId"


def write(folder: Path, endpoint, mode=None, mapping=MAPPING, **words) -> Path:
    attributes = {
        "source": {"path": str(folder / "members.csv")},
        "target": {"endpoint": endpoint, "in_flight": 1, **({"mode": mode} if mode else {})},
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


def members(folder: Path, *rows: str, header=HEADER) -> Path:
    file = folder / "members.csv"
    file.write_text(header + "".join(f"{row}\n" for row in rows), encoding="utf-8")
    return file


@pytest.fixture
def platform(shop):
    """A platform with two customers, M1 and M2, of whom more is known than the feeds say."""
    served = shop.serve()
    headers = {"x-api-key": KEY}
    with httpx.Client(base_url=served.base_url, headers=headers, trust_env=False) as http:
        for n in (1, 2):
            data = {
                "externalId": f"M{n}",
                "mobilePhone": f"+479000000{n}",
                "lastName": "Nordmann",
                "zip": "0553",
                "favoriteStores": ["S1"],
                "consents": {"acceptsSms": True, "extendedConsents": [{"id": "a", "value": True}]},
            }
            http.post("customers", json={"data": data}).raise_for_status()
        http.served = served
        yield http


def held(http, number):
    return http.get(f"customers/externalId/{number}").json()["data"]


def asked(http, what):
    return http.served.facts()["seen"].get(what, 0)


def rejects(shop, summary):
    return {row["no"]: row["_error"] for row in shop.rows(summary, "rejects.csv")}


@pytest.mark.parametrize(
    ("endpoint", "sample"),
    [
        (POST, "customer_create.request"),
        (BY_ID, "customer_update.request"),
        (BY_EXTERNAL, "customer_update_by_external_id.request"),
    ],
)
def test_a_body_is_spelled_as_the_contract_has_it(tmp_path, endpoint, sample):
    wanted = example(sample)
    names = ["mobilePhone", "externalId", "email", "firstName", "lastName", "address", "zip"]
    names += ["city", "country", "birthDate", "gender"]
    names += ["id"] if "id" in wanted["data"] else []
    row = {name: str(wanted["data"][name]) for name in names} | {"birthDate": "2007-01-01"}
    mapping = {name: name for name in names}
    mapping |= {"favoriteStores": {"list": ["stores"], "at": ";"}}
    mapping |= {"interests": {"list": ["interests"], "at": ";"}}
    row |= {"stores": "S100", "interests": "Sports", "yes": "true"}
    mapping |= {f"consents.{n}": "yes" for n in ("acceptsTerms", "acceptsEmail", "acceptsSms")}
    mapping |= {"consents.extendedConsents.acceptsDigital": "yes"}
    for group in ("extendedProperties", "source.extendedSourceFields"):
        mapping |= {f"{group}.additionalProp{n}": {"constant": "string"} for n in (1, 2, 3)}
    given = {k: v for k, v in wanted["source"].items() if isinstance(v, str)}
    mapping |= {f"source.{name}": {"constant": value} for name, value in given.items()}
    header = ",".join(row) + "\n"
    source = members(tmp_path, ",".join(row.values()), header=header)
    _, words = find_feed(str(write(tmp_path, endpoint, mapping=mapping)))
    prepare(words, source, tmp_path)
    (text,) = pl.read_ipc((tmp_path / "records.arrow").read_bytes())["json"]
    path, _, body = text.partition("\n")
    assert path == endpoint.split(" ")[1]
    assert json.loads(body) == wanted


def test_an_update_keeps_what_the_file_does_not_say(shop, platform):
    members(shop.folder, "M1,+4790000001,Kari,Oslo", "M9,+4790000009,Ola,Bergen")
    path = write(shop.folder, BY_EXTERNAL)
    summary = shop.run(path)
    assert (summary.accepted_records, summary.rejected_records) == (1, 1)
    assert "no customer has this externalId" in rejects(shop, summary)["M9"]
    now = held(platform, "M1")
    assert (now["firstName"], now["city"], now["lastName"]) == ("Kari", "Oslo", "Nordmann")
    assert now["favoriteStores"] == ["S1"]
    assert now["consents"]["acceptsSms"] is True
    assert [each["id"] for each in now["consents"]["extendedConsents"]] == ["a"]
    assert str(now["zip"]) in {"0553", "553"}


def test_nothing_is_written_where_nothing_changes(shop, platform):
    members(shop.folder, "M1,+4790000001,,", "M2,+4790000002,,")
    summary = shop.run(write(shop.folder, BY_EXTERNAL))
    assert summary.accepted_records == 2
    assert asked(platform, "PUT /customers/externalId") == 0


def test_an_upsert_creates_the_new_and_updates_those_who_are_there(shop, platform):
    members(shop.folder, "M1,+4790000001,Kari,Oslo", "M3,+4790000003,Ola,Bergen")
    path = write(shop.folder, POST, "upsert")
    summary = shop.run(path)
    assert (summary.accepted_records, summary.exit_code) == (2, 0)
    assert held(platform, "M1")["firstName"] == "Kari"
    assert held(platform, "M1")["lastName"] == "Nordmann"
    assert held(platform, "M3")["city"] == "Bergen"
    assert platform.served.facts()["customers"] == 3
    members(shop.folder, "M1,+4790000001,Kari,Moss", "M3,+4790000003,Ola,Bergen")
    summary = shop.run(path)
    assert (summary.accepted_records, summary.unchanged_records) == (1, 1)
    assert held(platform, "M1")["city"] == "Moss"


def test_an_upsert_does_not_choose_between_two_customers(shop, platform):
    members(shop.folder, "M1,+4790000002,Kari,Oslo")
    summary = shop.run(write(shop.folder, POST, "upsert"))
    assert summary.rejected_records == 1
    assert "its names are those of 2 customers" in rejects(shop, summary)["M1"]
    assert held(platform, "M1").get("firstName") in {None, ""}


def test_an_upsert_by_external_id_creates_whom_it_does_not_find(shop, platform):
    members(shop.folder, "M1,+4790000001,Kari,Oslo", "M4,+4790000004,Ola,Bergen")
    summary = shop.run(write(shop.folder, BY_EXTERNAL, "upsert"))
    assert summary.accepted_records == 2
    assert held(platform, "M4")["firstName"] == "Ola"


def test_a_create_refuses_who_is_there(shop, platform):
    members(shop.folder, "M5,+4790000001,Kari,Oslo", "M6,+4790000006,Ola,Bergen")
    summary = shop.run(write(shop.folder, POST))
    assert (summary.accepted_records, summary.rejected_records) == (1, 1)
    assert "409" in rejects(shop, summary)["M5"]
    assert asked(platform, "PUT /customers") == 0


@pytest.mark.parametrize("fault", ["drop_before", "drop_after", "busy", "error_500", "gateway"])
@pytest.mark.parametrize("verb", ["GET", "PUT", "POST"])
def test_faults_leave_nobody_in_doubt_and_double_nobody(shop, platform, verb, fault):
    rows = [f"M{n},+47900000{n:02},Kari,Oslo" for n in range(1, 13)]
    members(shop.folder, *rows)
    platform.served.fail({"method": verb, "path": "/customers", "every": 3, "fault": fault})
    summary = shop.run(write(shop.folder, POST, "upsert"))
    assert (summary.accepted_records, summary.in_doubt_records) == (12, 0), summary.error
    platform.served.fail()
    assert platform.served.facts()["customers"] == 12
    assert {held(platform, f"M{n}")["city"] for n in range(1, 13)} == {"Oslo"}


@pytest.mark.parametrize(
    ("endpoint", "mode", "mapping", "told"),
    [
        (POST, "update", MAPPING, "POST /customers cannot update"),
        (BY_ID, "create", MAPPING, "PUT /customers cannot create"),
        (BY_ID, None, MAPPING, "lacks id, which PUT /customers needs"),
        (POST, None, {"externalId": "no"}, "lacks mobilePhone, which POST /customers needs"),
        (POST, None, MAPPING | {"fristName": "name"}, "did you mean firstName"),
    ],
)
def test_a_feed_that_cannot_be_is_refused(tmp_path, endpoint, mode, mapping, told):
    with pytest.raises(FeedError, match=told):
        find_feed(str(write(tmp_path, endpoint, mode, mapping)))
