"""Every method that a feed can read, read from the sandbox over a real socket."""

import json
from contextlib import contextmanager
from pathlib import Path
from threading import Event

import httpx
import polars as pl
import pytest

import sandbox
from connectors.trigg.account import Account
from connectors.trigg.catalogue import all_endpoints
from connectors.trigg.client import Client
from pipelines.exports.reading.sources import reader_of
from pipelines.exports.reading.spool import Spool
from pipelines.exports.run import begin, export_step
from pipelines.feeds import ExportFeed
from pipelines.feeds.read import Read
from pipelines.progress import quiet

KEY = "sandbox-key-7c41"
EXAMPLES = Path(__file__).resolve().parents[3] / "sandbox/examples"
FIRST, SECOND, THIRD = "E1", "E2", "E/3"
PHONE = "+4712345678"
CARD, COUPON = "952841C1-4385-40B3-8B30-A65AAC66108E", "71E8AC01-152D-4B2E-956A-3656CD3396AE"
EACH = {
    "GET /customers": [PHONE, "+4712345679", "+4799999999"],
    "GET /customers/id/{id}": ["?", "nobody"],
    "GET /customers/externalId/{id}": [FIRST, SECOND, "nobody"],
    "GET /customers/email/{email}": ["a@b.no", "nobody@b.no"],
    "GET /loyalty/bonus/campaigns/{id}": [FIRST, "nobody"],
    "GET /loyalty/loyalty-cards/{customerId}": [FIRST, SECOND, "nobody"],
    "GET /loyalty/transactions/customerId/{customerId}": [FIRST, SECOND],
    "GET /modules/vehicles/customerId/{customerId}": [FIRST, SECOND, "nobody"],
    "GET /payment-cards/token/{token}": ["T1"],
    "GET /payment-cards/customerId/{customerId}": [FIRST, SECOND],
    "GET /promotions/customerId/{customerId}": [FIRST, SECOND, "nobody"],
    "GET /promotions/mobilePhone": [PHONE, "+4799999999"],
    "GET /promotions/redeem/history/customerId/{customerId}": [FIRST, SECOND],
    "GET /transactions/customerId/{customerId}": [FIRST, "nobody"],
}
ROWS = {
    "GET /customers": 2,
    "GET /customers/externalId/{id}": 2,
    "GET /loyalty/loyalty-cards/{customerId}": 1,
    "GET /modules/vehicles/customerId/{customerId}": 2,
    "GET /promotions/customerId/{customerId}": 2,
}
"""How many rows there are; else one."""
LISTS = (
    *("GET /affiliates", "GET /consents", "GET /loyalty/bonus/campaigns/{id}", "GET /bonus/rules"),
    *("GET /loyalty/loyalty-cards/campaigns", "GET /promotions/campaigns"),
    *("GET /promotions/definitions", "GET /stores"),
)
CHANGES = "GET /customers/changed/{timestamp}"


def example(name):
    return json.loads((EXAMPLES / f"{name}.json").read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def platform(make_folder):
    """A platform with two customers, one of whom has something of everything."""
    with (
        sandbox.running(make_folder("platform"), KEY) as api,
        httpx.Client(base_url=api.base_url, headers={"x-api-key": KEY}, trust_env=False) as http,
    ):
        for number, phone, email in ((FIRST, PHONE, "a@b.no"), (SECOND, "+4712345679", "c@d.no")):
            data = {"externalId": number, "mobilePhone": phone, "email": email}
            http.post("customers", json={"data": data}).raise_for_status()
        stamp = {"id": CARD, "memberId": FIRST, "itemCount": 3}
        http.put("loyalty/achievements", json=stamp).raise_for_status()
        points = {"points": 12, "description": "by hand"}
        http.post(f"loyalty/bonus/addRewardPoints?customerId={FIRST}", json=points)
        for plate in ("AB1", "CD2"):
            path = f"modules/vehicles/customerId/{FIRST}"
            http.post(path, json={"plate": plate, "engine": {"kW": 150.5}}).raise_for_status()
        http.post("payment-cards", json={"memberId": FIRST, "token": "T1"}).raise_for_status()
        redeemed = {**example("promotion_redeem.request"), "id": COUPON, "customerId": FIRST}
        http.post("promotions/redeem", json=redeemed).raise_for_status()
        receipts = example("transactions_create.request")
        receipts["ReceiptRequests"][0]["Header"]["ConsumerId"] = FIRST
        http.post("transactions", json=receipts).raise_for_status()
        yield api.base_url, http


@contextmanager
def reading(base_url, folder, words, watermark="", key=KEY):
    """Read by these words into a spool; gives the proof and the rows."""
    read = Read.model_validate(words)
    with Client(Account(base_url, key), in_flight=read.in_flight) as client:
        source = reader_of(read, client, folder, watermark=watermark, stop=Event(), progress=quiet)
        with Spool(folder / "spool", source.asked) as spool:
            proof = source.read(spool, quiet)
            frames = [rows for _, rows in spool.frames() if rows.width]
            yield proof, pl.concat(frames, how="diagonal_relaxed") if frames else pl.DataFrame()


@pytest.fixture
def publish(platform, tmp_path, monkeypatch):
    """Return what runs a feed with these words, all but Dagster, and gives the table."""
    monkeypatch.setenv("TRIGG_BASE_URL", platform[0])

    def run(words):
        feed = ExportFeed.model_validate({"read": words})
        begun = begin("run1", "some", feed, str(tmp_path / "out"))
        summary, manifest = export_step(feed, begun, quiet)
        assert manifest.proof.complete
        return pl.read_parquet(f"{summary.output}/data/*.parquet")

    return run


def write_list(folder, ids):
    file = folder / "ids.csv"
    file.write_text("\n".join(["who", *ids]) + "\n", encoding="utf-8")
    return {"file": str(file), "column": "who"}


def test_every_method_that_feeds_read_is_read_in_some_test():
    """Who adds one to the catalogue adds it here, or where the likes of it are read."""
    apart = {"GET /reports/{reportType}"}
    readable = {each.name for each in all_endpoints() if each.use == "export"}
    assert readable == {*EACH, *LISTS, CHANGES, *apart}


@pytest.mark.parametrize("name", LISTS)
def test_a_list_is_read_whole(platform, publish, tmp_path, name):
    base_url, http = platform
    path = name.removeprefix("GET /").removesuffix("/{id}")
    wanted = http.get(path).raise_for_status().json()
    with reading(base_url, tmp_path, {"endpoint": name}) as (proof, rows):
        assert wanted
        assert rows.to_dicts() == wanted
        assert (proof.complete, proof.rows, proof.units) == (True, len(wanted), 1)
    assert publish({"endpoint": name}).height == len(wanted)


@pytest.mark.parametrize("name", EACH)
def test_each_member_is_asked_about(platform, publish, tmp_path, name):
    base_url, http = platform
    first = http.get(f"customers/externalId/{FIRST}").json()["data"]["id"]
    ids = [first if each == "?" else each for each in EACH[name]]
    words = {"endpoint": name, "over": write_list(tmp_path, ids)}
    with reading(base_url, tmp_path, words) as (proof, rows):
        (parameter,) = (e for e in all_endpoints() if e.name == name)
        marked = f"_{parameter.asks_by}"
        assert rows.columns[0] == marked
        assert rows.height == proof.rows == ROWS.get(name, 1)
        assert rows[marked].unique(maintain_order=True).to_list() == ids[: rows[marked].n_unique()]
        assert proof.complete, proof.doubts
        without = sum(each.startswith(("nobody", "+4799")) for each in ids)
        history = "history" in name
        assert proof.asked == {
            "members": len(ids),
            "answered": len(ids) - without - history,
            "without_any": without + history,
            "refused": 0,
            "blank": 0,
            "repeated": 0,
        }
    table = publish(words)
    assert table[marked].to_list() == rows[marked].to_list()


def test_changes_are_read(platform, publish, tmp_path):
    base_url, http = platform
    words = {"endpoint": CHANGES, "since": {"first": "2020-01-01"}}
    with reading(base_url, tmp_path, words) as (proof, rows):
        assert rows.to_dicts() == http.get("customers/changed/2020-01-01").json()
        assert (proof.complete, proof.rows, proof.repeated) == (True, 2, 0)
        assert proof.watermark.endswith("+00:00")
    assert publish(words).height == 2
