"""Faults that are an answer: it comes as told, and what is stored is what was told."""

from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

import httpx
import pytest

STORED = {"none": [], "half": ["A", "B"], "all": ["A", "B", "C", "D", "E"]}
BATCH = STORED["all"]


@pytest.mark.parametrize("stored", STORED)
@pytest.mark.parametrize(
    "kind",
    [
        ("gateway", 502, "application/json"),
        ("error_500", 500, "application/json"),
        ("error_504", 504, "application/json"),
        ("html_503", 503, "text/html; charset=utf-8"),
        ("html_200", 200, "text/html; charset=utf-8"),
    ],
)
def test_an_answer_that_tells_nothing(api, doc_rule, make_batch, kind, stored):
    fault, status, media = kind
    api.put_faults(doc_rule(fault, stored=stored))
    answer = api.post("transactions", make_batch(*BATCH))
    assert (answer.status_code, answer.headers["content-type"]) == (status, media)
    assert api.stored_ids() == STORED[stored]
    if media == "application/json":
        assert list(answer.json()) == ["code", "message", "detailedErrorMessage"]
        assert answer.json()["code"] == str(status)
    else:
        assert answer.text.startswith("<!DOCTYPE html>")
    # It was the first request only: sent again, the batch is taken, on the same connection.
    assert api.post("transactions", make_batch("F")).status_code == 200
    assert (api.fired(), api.stored_ids()) == ([1], [*STORED[stored], "F"])


def test_gateway_is_spelled_as_documented(api, doc_rule):
    api.put_faults(doc_rule("gateway"))
    body = api.get("stores").json()
    assert (body["code"], body["message"]) == ("502", "Bad Gateway")
    assert list(body["detailedErrorMessage"]) == ["gateway", "gatewayMessage"]


@pytest.mark.parametrize("stored", ["none", "half", "all"])
def test_members_are_stored_in_halves_too_and_single_records_not(api, stored):
    api.put_faults({"fault": "gateway", "stored": stored})
    api.post("import", {"members": [{"externalId": one} for one in "ABCDE"]})
    expected = {"none": 0, "half": 2, "all": 5}[stored]
    assert api.facts()["customers"] == expected
    api.post("customers", {"data": {"mobilePhone": "+4712345678"}})
    assert api.facts()["customers"] == expected + (stored == "all")


def test_the_whole_batch_is_judged_before_half_is_stored(api, make_batch):
    api.put_faults({"fault": "gateway", "stored": "half"})
    bad = make_batch("A", "B", "C", "D")
    bad["ReceiptRequests"][3]["Items"] = []
    assert api.post("transactions", bad).status_code == 502
    assert api.stored_ids() == []


def test_busy_comes_in_bursts(api, doc_rule, make_batch):
    api.put_faults(doc_rule("busy", every=4, burst=2))
    answers = [api.post("transactions", make_batch(str(n))) for n in range(1, 11)]
    assert [a.status_code == 429 for a in answers] == [n in (4, 5, 8, 9) for n in range(1, 11)]
    assert api.stored_ids() == sorted(["1", "2", "3", "6", "7", "10"])
    assert answers[3].headers["retry-after"] == "1"
    assert answers[3].json() == {
        "code": "429",
        "message": "Too Many Requests",
        "detailedErrorMessage": {},
    }


def test_retry_after_is_said_in_every_way(api):
    api.put_faults({"fault": "busy"})
    assert "retry-after" not in api.get("stores").headers
    api.put_faults({"fault": "busy", "retry_after": 0.5})
    assert api.get("stores").headers["retry-after"] == "0.5"
    api.put_faults({"fault": "busy", "retry_after": 60, "retry_after_as": "date"})
    when = parsedate_to_datetime(api.get("stores").headers["retry-after"])
    assert 50 < (when - datetime.now(UTC)).total_seconds() <= 60
    api.put_faults({"fault": "busy", "retry_after": "absurd"})
    said = [api.get("stores").headers["retry-after"] for _ in range(5)]
    assert said == ["9999999999", "-1", "soon", "Thu, 01 Jan 1970 00:00:00 GMT", "9999999999"]


def test_redirect_leads_to_a_login_page_and_stores_nothing(api, doc_rule, make_batch):
    api.put_faults(doc_rule("redirect"))
    answer = api.post("transactions", make_batch("A"))
    assert (answer.status_code, answer.headers["location"]) == (302, "https://login.example/")
    assert api.stored_ids() == []


@pytest.mark.parametrize(("fault", "status"), [("unauthorized", 401), ("forbidden", 403)])
def test_a_key_that_no_longer_fits_until_the_rule_goes(api, doc_rule, make_batch, fault, status):
    api.put_faults(doc_rule(fault))
    answers = [api.post("transactions", make_batch(one)).status_code for one in "ABCD"]
    assert answers == [200, 200, status, status]
    told = httpx.delete(api.running.faults_url).json()
    assert told["rules"] == []
    assert api.post("transactions", make_batch("E")).status_code == 200
    assert api.stored_ids() == ["A", "B", "E"]


@pytest.mark.parametrize(("stored", "ids"), [("half", ["A", "B"]), ("all", BATCH)])
def test_short_names_half_of_the_batch(api, doc_rule, make_batch, stored, ids):
    api.put_faults(doc_rule("short", stored=stored))
    answer = api.post("transactions", make_batch(*BATCH))
    named = [{"storeId": "001", "receiptId": one} for one in ("A", "B")]
    assert (answer.status_code, answer.json()) == (200, {"receipts": named})
    assert api.stored_ids() == ids


def test_short_does_not_hide_a_refusal(api, make_batch):
    api.put_faults({"fault": "short"})
    assert api.post("transactions", make_batch()).status_code == 400


def test_repeats_are_what_the_faults_say(api, make_batch):
    for repeats, status, ids in [
        (None, 200, ["A"]),
        ("ignore", 200, ["A"]),
        ("conflict", 409, ["A"]),
        ("accept", 200, ["A", "A"]),
    ]:
        api.put_faults(repeats=repeats)
        assert api.post("transactions", make_batch("A")).status_code == status
        assert api.stored_ids() == ids


def page(api, number=2):
    return api.get("reports/stores", page=number, rowsPage=2).json()


def test_pages_that_cannot_be_true(api, doc_rule, make_receipt):
    receipts = [make_receipt(str(n), StoreId=f"S{n}") for n in range(1, 6)]
    api.post("transactions", {"ReceiptRequests": receipts})
    first, second = page(api, 1), page(api)
    empty = doc_rule("wrong_page")
    assert empty["wrong"] == "empty"
    api.put_faults(empty)
    assert page(api) == second | {"data": []}
    assert page(api, 1) == first
    assert api.fired() == [1]
    api.put_faults(empty | {"wrong": "repeated"})
    assert page(api) == second | {"data": first["data"]}
    api.put_faults(empty | {"wrong": "no_meta"})
    assert page(api) == {"data": second["data"]}
    api.put_faults(empty | {"wrong": "totals"})
    assert [page(api)["metaData"]["totalRecords"] for _ in range(2)] == [6, 7]
    api.put_faults(empty | {"wrong": "bare"})
    assert page(api) == second["data"]
    meta = second["metaData"]
    for wrong, said in [
        ("renamed", {"activePage": 1}),
        ("endless", {"totalPages": 3}),
        ("text", {name: str(value) for name, value in meta.items()}),
    ]:
        api.put_faults(empty | {"wrong": wrong})
        assert page(api) == second | {"metaData": meta | said}
    api.put_faults({"fault": "wrong_page", "wrong": "capped", "rows": 1})
    assert [store["id"] for store in page(api)["data"]] == ["S2"]
    assert page(api)["metaData"]["totalPages"] == 5
    assert api.get("reports/nothing").status_code == 400
