"""Each record is delivered once: what the platform holds already is not sent again."""

import json
from pathlib import Path

import pytest
import yaml

pytestmark = pytest.mark.usefixtures("dagster_forgets")


def ids(numbers):
    return {f"R{n}" for n in numbers}


@pytest.mark.parametrize(
    "feed",
    [
        "receipts_csv",
        "members_csv",
        *(pytest.param(f"receipts_{x}", marks=pytest.mark.slow) for x in ("json", "xml")),
    ],
)
def test_the_same_file_again_sends_nothing(feed, shop, run):
    platform = shop.serve()
    first = run(feed)
    assert (first.exit_code, platform.seen()) == (0, 1)
    again = run(feed)
    assert (again.state, again.exit_code, again.error) == ("finished", 0, "")
    assert (again.unchanged_records, again.accepted_records) == (first.records, 0)
    assert (again.requests, again.bytes, platform.seen()) == (0, 0, 1)
    assert {*shop.outcomes(again)["outcome"]} == {"unchanged"}


def test_of_a_file_exported_again_only_the_new_receipts_are_sent(shop):
    platform, feed = shop.serve(), shop.feed(target={"max_receipts": 400})
    assert shop.run(feed, shop.write(range(300))).accepted_records == 300
    new = range(300, 303)
    order = [*new, *reversed(range(300))]  # whatever the order
    again = shop.run(feed, shop.write(order, name="other.csv"))
    assert (again.exit_code, again.accepted_records, again.unchanged_records) == (0, 3, 300)
    assert (again.requests, platform.seen()) == (1, 2)
    assert shop.told(again)["accepted"] == ids(new)
    assert platform.held() == dict.fromkeys(ids(range(303)), 1)


def test_a_changed_receipt_is_held_unless_told_otherwise(shop):
    platform, feed = shop.serve(), shop.feed()
    shop.run(feed, shop.write(range(30)))
    for _ in range(2):  # however often it comes
        held = shop.run(feed, shop.write(range(31), changed=[7, 9]))
        assert (held.state, held.exit_code) == ("finished", 5)
        assert (held.held_records, held.unsent_records) == (2, 2)
        assert shop.told(held)["unsent"] == ids([7, 9])
    assert held.unchanged_records == 29
    rows = shop.rows(held, "unsent.csv")
    assert [row["receipt"] for row in rows] == ["R7", "R7", "R9", "R9"]
    assert {row["_error"] for row in rows} == {
        "held: delivered before with other content (delivery.changed: hold)"
    }
    assert platform.held() == dict.fromkeys(ids(range(31)), 1)


def test_a_changed_receipt_is_sent_again_where_the_feed_says_so(shop):
    platform, feed = shop.serve(), shop.feed(delivery={"changed": "resend"})
    shop.run(feed, shop.write(range(30)))
    sent = shop.run(feed, shop.write(range(30), changed=[7]))
    assert (sent.exit_code, sent.accepted_records, sent.unchanged_records) == (0, 1, 29)
    again = shop.run(feed, shop.write(range(30), changed=[7]))
    assert (again.requests, again.unchanged_records) == (0, 30)
    back = shop.run(feed, shop.write(range(30)))
    assert (back.accepted_records, platform.held()["R7"]) == (1, 3)


def test_a_changed_receipt_is_rejected_where_the_feed_says_so(shop):
    platform, feed = shop.serve(), shop.feed(delivery={"changed": "reject"})
    shop.run(feed, shop.write(range(30)))
    refused = shop.run(feed, shop.write(range(30), changed=[7]))
    assert (refused.exit_code, refused.rejected_records, refused.rejected_rows) == (4, 1, 2)
    assert (refused.requests, platform.seen()) == (0, 3)
    rows = shop.rows(refused, "rejects.csv")
    assert [row["receipt"] for row in rows] == ["R7", "R7"]
    assert {row["_error"] for row in rows} == {
        "delivered before with other content (delivery.changed: reject)"
    }
    assert shop.rows(refused, "unsent.csv") == []


def test_a_changed_member_is_sent_again(shop, run, tmp_path):
    platform = shop.serve()
    source = Path("sample_data/members.csv")
    first = run("members_csv")
    text = source.read_text(encoding="utf-8")
    assert text.count("Per,Moen") == 1
    changed = tmp_path / "members.csv"
    changed.write_text(text.replace("Per,Moen", "Per,Mo"), encoding="utf-8")
    again = run("members_csv", source=changed)
    assert (again.exit_code, again.accepted_records) == (0, 1)
    assert again.unchanged_records == first.records - 1
    assert platform.facts()["customers"] == first.records


def test_the_same_receipts_through_another_feed_are_not_sent_again(shop, tmp_path):
    platform = shop.serve()
    assert shop.run(shop.feed(), shop.write(range(20))).accepted_records == 20
    till = [
        {
            "store": "1",
            "receipt": f"R{n}",
            "customer": f"C{n % 7}",
            "time": "2024-01-31T14:50:05",
            "items": [
                {"line": line, "quantity": 1, "product": "P", "gross": n + 1.5} for line in (1, 2)
            ],
        }
        for n in range(21)
    ]
    source = tmp_path / "till.json"
    source.write_text(json.dumps(till), encoding="utf-8")
    feed = shop.feed("other_till", source={"path": str(source), "items": "items"})
    words = yaml.safe_load((feed / "defs.yaml").read_text())
    inside = ("line", "quantity", "product", "gross")
    words["attributes"]["mapping"] = {
        k: f"items.{v}" if v in inside else v for k, v in words["attributes"]["mapping"].items()
    }
    (feed / "defs.yaml").write_text(yaml.safe_dump(words))
    other = shop.run(feed, source)
    assert (other.exit_code, other.unchanged_records, other.accepted_records) == (0, 20, 1)
    assert platform.held() == dict.fromkeys(ids(range(21)), 1)


def test_a_receipt_its_return_and_another_stores_are_three_records(shop):
    platform = shop.serve()
    source = shop.write([1])
    head, *lines = source.read_text().splitlines()
    other = [line.replace("1,R1", "2,R1", 1) for line in lines]
    back = [line.replace(",1,P,", ",-1,P,") for line in lines]
    source.write_text("\n".join([head, *lines, *other, *back]) + "\n")
    keys = ["Header.StoreId", "Header.ReceiptId", "Items.TransactionType"]
    feed = shop.feed(receipts={"vat_percent": "25", "key": keys})
    assert shop.run(feed, source).accepted_records == 3
    assert platform.facts()["receipts"] == 3
    assert shop.run(feed, source).unchanged_records == 3


def test_another_platform_gets_everything_and_the_first_is_remembered(shop, monkeypatch):
    first, feed = shop.serve(), shop.feed()
    source = shop.write(range(20))
    shop.run(feed, source)
    other = shop.serve()
    assert shop.run(feed, source).accepted_records == 20
    assert other.held() == first.held()
    for spelling in (first.base_url, first.base_url + "/"):
        monkeypatch.setenv("TRIGG_BASE_URL", spelling)
        assert shop.run(feed, source).unchanged_records == 20
    assert (first.seen(), other.seen()) == (2, 2)


def test_an_address_in_another_spelling_is_the_same_platform(shop, monkeypatch):
    platform, feed = shop.serve(), shop.feed()
    source = shop.write(range(20))
    port = platform.base_url.partition(":")[2].partition(":")[2]
    for host in ("HTTP://LOCALHOST", "http://localhost"):
        monkeypatch.setenv("TRIGG_BASE_URL", f"{host}:{port}")
        summary = shop.run(feed, source)
        assert summary.exit_code == 0
    assert (summary.unchanged_records, platform.seen()) == (20, 2)


def test_a_dry_run_says_what_would_be_sent(shop):
    platform, feed = shop.serve(), shop.feed()
    shop.run(feed, shop.write(range(30)))
    dry = shop.run(feed, shop.write(range(45), changed=[3]), dry_run=True)
    assert (dry.state, dry.unchanged_records, dry.held_records) == ("prepared", 29, 1)
    assert (dry.requests, platform.seen()) == (2, 3)
    plan = json.loads((Path(dry.folder) / "plan.json").read_text())
    told = {k: plan[k] for k in ("records", "to_send", "unchanged", "held", "requests", "bytes")}
    assert told == {
        "records": 45, "to_send": 15, "unchanged": 29, "held": 1, "requests": 2, "bytes": dry.bytes,
    }  # fmt: skip
    sent = shop.run(feed, plan=plan["digest"])
    assert (sent.accepted_records, sent.requests, sent.bytes) == (15, 2, dry.bytes)
    differs = shop.run(feed, shop.write(range(46)), plan=plan["digest"])
    assert (differs.state, differs.exit_code) == ("failed", 3)
    assert "not as planned" in differs.error
    assert "R45" not in platform.held()


def test_what_was_rejected_before_is_tried_again(shop):
    poison = {"fault": "poison", "ids": ["R3"]}
    platform, feed = shop.serve(poison), shop.feed()
    source = shop.write(range(10))
    assert shop.told(shop.run(feed, source))["rejected"] == {"R3"}
    platform.fail()
    again = shop.run(feed, source)
    assert (again.exit_code, again.accepted_records, again.unchanged_records) == (0, 1, 9)
    assert platform.held() == dict.fromkeys(ids(range(10)), 1)
