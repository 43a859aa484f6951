"""Refusals: exactly the records at fault are rejected, the others accepted on the way."""

import math
import time
from pathlib import Path

import pytest

from delivery.ledger import open_ledger
from pipelines.settings import ledger_url

# Whole runs, together half a minute.
pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("dagster_forgets")]

STYLES = ("list", "paths", "object", "string", "vague", "empty", "no_body", "html")
QUICK = {(400, "list", "all"), (409, "paths", "first"), (422, "vague", "all"), (400, "html", "all")}
SLOW = pytest.mark.slow
BAD = (3, 17, 18, 44)


def ids(numbers):
    return {f"R{n}" for n in numbers}


def once(numbers):
    return dict.fromkeys(ids(numbers), 1)


def learned(platform):
    with open_ledger(ledger_url()) as ledger:
        return ledger.learned(f"{platform.base_url}/transactions").max_records


@pytest.mark.parametrize(
    ("status", "style", "names"),
    [
        pytest.param(status, style, names, marks=() if (status, style, names) in QUICK else SLOW)
        for status in (400, 409, 422)
        for style in STYLES
        for names in ("all", "first")
    ],
)
def test_exactly_the_bad_receipts_are_rejected(status, style, names, shop):
    poison = {"fault": "poison", "ids": [*ids(BAD)], "status": status, "style": style}
    platform = shop.serve({**poison, "names": names})
    summary = shop.run(shop.feed(target={"max_receipts": 20}), shop.write(range(60)))
    assert (summary.state, summary.exit_code, summary.error) == ("finished", 4, "")
    told = shop.told(summary)
    assert (told["rejected"], {*told}) == (ids(BAD), {"accepted", "rejected"})
    assert platform.held() == once({*range(60)} - {*BAD})
    rows = shop.rows(summary, "rejects.csv")
    assert sorted(row["receipt"] for row in rows) == sorted(f"R{n}" for n in BAD for _ in "12")
    assert all(str(status) in row["_error"] for row in rows)
    assert (summary.rejected_records, summary.rejected_rows) == (4, 8)
    assert sum(summary.reasons.values()) == 4
    assert platform.seen() - 3 <= 2 * len(BAD) * math.log2(20)
    posts = platform.seen()
    again = shop.run(shop.feed(), shop.write(sorted({*range(60)} - {*BAD})))
    assert (again.exit_code, platform.seen()) == (0, posts)


def test_a_bad_member_is_rejected_and_the_others_are_taken(shop, run):
    platform = shop.serve({"fault": "poison", "ids": ["165"], "style": "vague"})
    summary = run("members_csv")
    assert (summary.exit_code, summary.rejected_records, summary.rejected_rows) == (4, 1, 1)
    assert platform.facts()["customers"] == 27
    assert [row["member_no"] for row in shop.rows(summary, "rejects.csv")] == ["165"]


def test_rejects_once_mended_are_delivered(shop):
    platform = shop.serve({"fault": "poison", "ids": [*ids(BAD)]})
    feed = shop.feed()
    summary = shop.run(feed, shop.write(range(60)))
    platform.fail()
    source = shop.folder / "mended.csv"
    source.write_bytes((Path(summary.folder) / "rejects.csv").read_bytes())
    mended = shop.run(feed, source)
    assert (mended.exit_code, mended.accepted_records) == (0, 4)
    assert platform.held() == once(range(60))


def test_a_request_that_is_too_large_is_halved_and_that_is_remembered(shop):
    platform = shop.serve({"fault": "too_large", "records": 12})
    feed = shop.feed(target={"max_receipts": 40, "in_flight": 1})
    summary = shop.run(feed, shop.write(range(120)))
    assert (summary.exit_code, summary.accepted_records) == (0, 120)
    assert platform.held() == once(range(120))
    assert platform.fired() == [3]  # 40, then its halves of 20; the rest is cut into tens
    assert learned(platform) == 10
    again = shop.run(feed, shop.write(range(120, 180)))
    assert (again.exit_code, again.requests, platform.fired()) == (0, 6, [3])


def test_a_receipt_that_is_too_large_by_itself_is_rejected(shop):
    platform = shop.serve({"fault": "too_large", "bytes": 3000})
    feed = shop.feed(target={"max_receipts": 40})
    small, large = shop.write(range(8), lines=1), shop.write([99], name="large.csv", lines=30)
    with small.open("a") as file:
        file.writelines(large.read_text().splitlines(keepends=True)[1:])
    summary = shop.run(feed, small)
    assert (summary.exit_code, shop.told(summary)["rejected"]) == (4, {"R99"})
    assert platform.held() == once(range(8))


@pytest.mark.slow
@pytest.mark.parametrize(
    ("stop", "said"),
    [
        ({"rejects": 5}, "records refused, allowed 5"),
        ({"in_a_row": 5}, "records refused in a row, allowed 5"),
        ({"percent": 5}, "% of the records refused, allowed 5 %"),
    ],
)
def test_when_too_much_is_refused_the_rest_is_not_tried(stop, said, shop):
    bad = range(100, 140)
    platform = shop.serve({"fault": "poison", "ids": [*ids(bad)]})
    feed = shop.feed(target={"in_flight": 1}, delivery={"stop_after": stop})
    source = shop.write(range(300))
    summary = shop.run(feed, source)
    assert (summary.state, summary.exit_code, summary.resumable) == ("failed", 3, False)
    assert said in summary.error
    told = shop.told(summary)
    assert told["rejected"] < ids(bad)
    assert told["unsent"] >= ids(range(200, 300))
    assert {row["receipt"] for row in shop.rows(summary, "rejects.csv")} == told["rejected"]
    assert {row["receipt"] for row in shop.rows(summary, "unsent.csv")} == told["unsent"]
    assert platform.held() == dict.fromkeys(told["accepted"], 1)
    platform.fail()
    for name in ("unsent.csv", "rejects.csv"):
        rest = shop.run(feed, Path(summary.folder) / name)
        assert (rest.exit_code, rest.unchanged_records) == (0, 0)
    assert platform.held() == once(range(300))


def test_without_requests_to_spare_nobody_looks_for_the_bad_ones(shop):
    platform = shop.serve({"fault": "poison", "ids": ["R3"], "style": "vague"})
    summary = shop.run(shop.feed(delivery={"extra_requests": 0}), shop.write(range(30)))
    assert (summary.state, summary.exit_code) == ("finished", 4)
    assert shop.told(summary)["unsent"] == ids(range(10))
    assert "budget of extra requests" in shop.rows(summary, "unsent.csv")[0]["_error"]
    assert platform.held() == once(range(10, 30))


@pytest.mark.parametrize("spelled", [0, "none", "absurd"])
def test_a_busy_platform_gets_everything_all_the_same(spelled, shop):
    busy = {"fault": "busy", "path": "/transactions", "every": 3, "burst": 2}
    platform = shop.serve({**busy, "retry_after": spelled})
    retries = {"first_wait": 0, "longest_wait": 0, "longest_asked_wait": 0, "deadline": 20}
    summary = shop.run(shop.feed(delivery={"retries": retries}), shop.write(range(100)))
    assert (summary.exit_code, summary.accepted_records) == (0, 100)
    assert platform.fired()[0] >= 5
    assert platform.held() == once(range(100))


@pytest.mark.parametrize("spelled", ["seconds", "date"])
def test_a_busy_platform_is_left_alone_as_long_as_it_asks(spelled, shop):
    rule = {"fault": "busy", "path": "/transactions", "first": 1, "retry_after_as": spelled}
    platform = shop.serve({**rule, "retry_after": 2})
    started = time.monotonic()
    summary = shop.run(shop.feed(target={"in_flight": 1}), shop.write(range(20)))
    assert time.monotonic() - started > 1
    assert (summary.exit_code, summary.accepted_records, platform.seen()) == (0, 20, 3)


def test_a_path_that_is_not_there_stops_all(shop, monkeypatch):
    platform = shop.serve()
    monkeypatch.setenv("TRIGG_BASE_URL", platform.root)
    feed = shop.feed(target={"in_flight": 1})
    summary = shop.run(feed, shop.write(range(30)))
    assert summary.state == "failed"
    assert (summary.accepted_records, summary.rejected_records) == (0, 0)
    assert platform.held() == {}
