"""Feeds that read methods without pages, as they are run: published, gone on with, told of."""

from decimal import Decimal
from pathlib import Path

import httpx
import polars as pl
import pytest
import yaml

from delivery.ledger import open_ledger
from pipelines.exports import exporting
from pipelines.exports.manifest import read_manifest
from pipelines.forgetting.looking import find
from pipelines.settings import ledger_url
from tests.pipelines.exports.reading.test_every_read import KEY
from transforms.persons import read_keys

pytestmark = pytest.mark.usefixtures("dagster_forgets")

CHANGED = "GET /customers/changed/{timestamp}"
NO_WAITS = {"attempts": 2, "first_wait": 0, "longest_wait": 0, "longest_asked_wait": 0}


@pytest.fixture
def http(api):
    headers = {"x-api-key": KEY}
    with httpx.Client(base_url=api.base_url, headers=headers, trust_env=False) as http:
        yield http


def add(http, number):
    data = {"externalId": f"M{number}", "mobilePhone": f"+4790000{number:03}"}
    http.post("customers", json={"data": data}).raise_for_status()


@pytest.fixture
def export(run, tmp_path):
    """Return what writes a feed of such words and runs it."""

    def one(name, read, out="out", **words):
        place = tmp_path / "feeds" / name
        place.mkdir(parents=True, exist_ok=True)
        options = {k: words.pop(k) for k in ("full", "since") if k in words}
        attributes = {"read": {"retries": NO_WAITS, **read}, **words}
        told = {"type": "pipelines.components.ExportFeedComponent", "attributes": attributes}
        (place / "defs.yaml").write_text(yaml.safe_dump(told), encoding="utf-8")
        return run(place, output=tmp_path / out / name, **options)

    return one


def table(summary):
    return pl.read_parquet(f"{summary.output}/data/**/*.parquet")


def test_a_list_is_published(export, http):
    summary = export(
        "rules",
        {"endpoint": "GET /bonus/rules"},
        key=["bonusRuleId"],
        columns={"bonusRuleId": "text"},
    )
    assert summary.state == "finished", summary.error
    assert table(summary)["bonusRuleId"].to_list() == ["2", "20"]
    manifest = read_manifest(Path(summary.output))
    assert manifest.source == "GET /bonus/rules"
    assert (manifest.proof.complete, manifest.proof.distinct_keys) == (True, 2)
    assert http.get("bonus/rules").json()[0]["name"] in table(summary)["name"].to_list()


def test_members_are_those_of_a_file(export, http, tmp_path):
    for number in range(3):
        add(http, number)
    (tmp_path / "list.csv").write_text("who\nM0\nM1\n\nM1\nnobody\n")
    read = {
        "endpoint": "GET /customers/externalId/{id}",
        "over": {"file": str(tmp_path / "list.csv"), "column": "who"},
    }
    summary = export("some", read)
    assert summary.state == "finished", summary.error
    assert table(summary)["_id"].to_list() == ["M0", "M1"]
    assert summary.proof == "3 members = 2 answered + 1 without any"
    assert summary.warnings[0] == "1 row names somebody who was named before"
    (tmp_path / "list.csv").write_text("who\nM0\na/b\n")
    summary = export("some", read)
    assert summary.state == "failed"
    assert "1 member was refused: the name does not make a sound part" in summary.error
    assert summary.error.endswith("mend the list of members, or say `on_incomplete: publish`")
    summary = export("some", {**read, "on_incomplete": "publish"})
    assert summary.state == "finished"
    assert not read_manifest(Path(summary.output)).proof.complete
    (tmp_path / "list.csv").unlink()
    assert "list.csv" in export("some", read).error


def test_what_it_cannot_is_one_line(export, api):
    summary = export("all", {"endpoint": "GET /stores"}, since="yesterday")
    assert summary.error == "only reports have a window: leave --since and --until out"
    over = {"export": "customers_report", "column": "id"}
    summary = export("cards", {"endpoint": "GET /customers/id/{id}", "over": over})
    assert summary.error.startswith("read.over: nothing is published of customers_report yet")
    assert api.facts()["seen"] == {}


def changed(export, **more):
    since = {"first": "2020-01-01", "overlap_minutes": 0}
    return export("changed", {"endpoint": CHANGED, "since": since}, **more)


def test_changes_go_on_from_the_version_before(export, http):
    add(http, 1)
    first = changed(export)
    watermark = read_manifest(Path(first.output)).proof.watermark
    (customer,) = http.get("customers/changed/2020-01-01").json()
    assert watermark == customer["metaData"]["UpdatedAt"].replace(" ", "T") + "+00:00"
    assert table(first).height == 1
    assert changed(export, out="other").rows == 1  # a folder of its own begins at the first
    assert changed(export, full=True).rows == 1


@pytest.mark.parametrize("renamed", [False, True])
def test_broken_off_while_it_publishes_no_change_is_lost(export, http, monkeypatch, renamed):
    """The watermark is in the version, so that both are published or neither is."""
    add(http, 1)

    def publish(part, version):
        if renamed:
            part.rename(part.parent / version)
        raise OSError(5, "cut off")

    with monkeypatch.context() as patch:
        patch.setattr(exporting, "publish", publish)
        broken = changed(export)
        assert broken.state == "failed"
    out = Path(broken.output)
    assert bool(exporting.last_watermark(out)) == renamed
    add(http, 2)
    summary = changed(export)
    assert summary.rows == 2
    assert exporting.last_watermark(out) == read_manifest(out / "latest").proof.watermark


def test_changes_merged_keep_a_table_of_all_customers(export, http):
    words = {
        "nested": "flatten",
        "key": ["data.id"],
        "columns": {"data.id": "text", "metaData.UpdatedAt": "timestamp"},
        "layout": {"mode": "merge"},
    }
    for number in range(3):
        add(http, number)
    assert table(changed(export, **words)).height == 3
    who = http.get("customers/externalId/M1").json()["data"]["id"]
    body = {"data": {"id": who, "city": "Bergen"}}
    http.put("customers", json=body).raise_for_status()
    add(http, 3)
    summary = changed(export, **words)
    assert summary.state == "finished", summary.error
    rows = table(summary).sort("data.externalId")
    assert rows["data.externalId"].to_list() == ["M0", "M1", "M2", "M3"]
    assert rows["data.city"].to_list() == [None, "Bergen", None, None]
    manifest = read_manifest(Path(summary.output))
    assert (manifest.mode, manifest.rows) == ("merge", 4)
    http.delete(f"customers/id/{who}/source/test").raise_for_status()
    assert table(changed(export, **words)).height == 4  # deletions are not told
    assert table(changed(export, full=True, **words)).height == 3


def test_receipts_of_the_members_of_another_export(export, http, run):
    for number in range(3):
        add(http, number)
    receipt = {
        "Header": {"StoreId": "1", "ReceiptId": "R1", "TimeStamp": "2026-01-31T14:50:05"},
        "Items": [],
    }
    item = {"LineNo": 1, "Quantity": 1, "ProductId": "P", "TransactionType": "PURCHASE"}
    amounts = {"GrossAmount": 12.5, "Vat": 2.5, "NetAmount": 10}
    receipt["Header"] |= {"ConsumerId": "M1", **amounts}
    receipt["Items"] = [
        {"ReceiptId": "R1", "ProductName": "x", **item, **amounts, "LineNo": n} for n in (1, 2)
    ]
    http.post("transactions", json={"ReceiptRequests": [receipt]}).raise_for_status()
    summary = run("customers_report")
    assert summary.state == "finished", summary.error
    read = {
        "endpoint": "GET /transactions/customerId/{customerId}",
        "over": {"export": "customers_report", "column": "id"},
    }
    columns = {"_customerId": "text", "receiptId": "text", "grossAmount": "decimal(2)"}
    summary = export("receipts", read, columns=columns, lists="table")
    assert summary.state == "finished", summary.error
    assert summary.proof == "3 members = 3 answered + 0 without any"
    rows = table(summary)
    assert rows.select("receiptId", "grossAmount").rows() == [("R1", Decimal("12.50"))]
    assert pl.read_parquet(f"{summary.output}/rows/*.parquet").height == 2


def test_whoever_is_forgotten_is_found_in_it(export, http, tmp_path):
    for number in range(3):
        add(http, number)
    (tmp_path / "list.csv").write_text("who\nM0\nM1\nM2\n")
    read = {
        "endpoint": "GET /customers/externalId/{id}",
        "over": {"file": str(tmp_path / "list.csv"), "column": "who"},
    }
    summary = export("members", read, nested="flatten")
    assert summary.state == "finished", summary.error
    who = http.get("customers/externalId/M1").json()["data"]["id"]
    with open_ledger(ledger_url()) as ledger:
        for key in ("M1", who, "+4790000001"):
            (hit,) = find(read_keys([key]), ledger).hits
            assert (hit.rows, hit.where.places.to_list()) == (1, [1]), key
        assert find(read_keys(["M7", "nobody@b.no"]), ledger).hits == []


@pytest.mark.parametrize(
    ("nested", "lists"), [("json", "json"), ("struct", "list"), ("flatten", "table")]
)
def test_customers_are_written_in_every_form(export, http, tmp_path, nested, lists):
    for number in range(2):
        add(http, number)
    (tmp_path / "list.csv").write_text("who\nM0\nM1\n")
    read = {
        "endpoint": "GET /customers/externalId/{id}",
        "over": {"file": str(tmp_path / "list.csv"), "column": "who"},
    }
    summary = export("members", read, nested=nested, lists=lists)
    assert summary.state == "finished", summary.error
    rows = table(summary)
    assert rows["_id"].to_list() == ["M0", "M1"]
    numbers = {
        "json": lambda: rows["data"].str.json_path_match("$.externalId"),
        "struct": lambda: rows["data"].struct.field("externalId"),
        "flatten": lambda: rows["data.externalId"],
    }[nested]()
    assert numbers.to_list() == ["M0", "M1"]
