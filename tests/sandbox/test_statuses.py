"""Every documented status that can be reached, and the envelope around every error."""

import json
import sqlite3

import httpx
import pytest

from sandbox.routes import API

GOOD = {"data": {"mobilePhone": "+4712345678", "externalId": "E1", "email": "a@b.no"}}
# Method, path, a good body or None, what needs activation.
METHODS = [
    ("POST", "import", {"members": [{"email": "a@b.no"}]}, "import"),
    ("POST", "transactions", None, "transactions"),
    ("GET", "transactions/customerId/X", None, "transactions"),
    ("POST", "customers", GOOD, ""),
    ("PUT", "customers", GOOD, ""),
    ("PUT", "customers/externalId", GOOD, ""),
    ("GET", "customers/id/X", None, ""),
    ("GET", "customers/externalId/X", None, ""),
    ("GET", "customers?mobilePhone=%2B4712345678", None, ""),
    ("GET", "stores", None, ""),
    ("GET", "consents", None, ""),
    ("GET", "reports/customers", None, "reports"),
    ("POST", "import/form", None, "import"),
    ("POST", "import/file", None, "import"),
    ("POST", "customers/prospects", GOOD, "previews"),
    ("GET", "customers/email/a@b.no", None, "previews"),
    ("GET", "customers/changed", None, ""),
    ("GET", "customers/changed/", None, ""),
    ("GET", "customers/changed/2024-01-01", None, ""),
    ("DELETE", "customers/id/X/source/etl", None, ""),
    ("DELETE", "customers/externalId/X/source/etl", None, ""),
    ("GET", "affiliates", None, "previews"),
    ("GET", "bonus/rules", None, "bonus"),
    ("GET", "loyalty/bonus/campaigns", None, "bonus"),
    ("GET", "loyalty/bonus/campaigns/", None, "bonus"),
    ("GET", "loyalty/bonus/campaigns/X", None, "bonus"),
    ("POST", "loyalty/bonus/import", None, "bonus"),
    ("POST", "loyalty/bonus/addRewardPoints?customerId=X", None, "bonus"),
    ("POST", "loyalty/activity/2/customerId/X", None, "bonus"),
    ("GET", "loyalty/transactions/customerId/X", None, "bonus"),
    ("POST", "loyalty/transactions/customerId/X", None, "bonus"),
    ("PUT", "loyalty/achievements", None, "previews"),
    ("POST", "loyalty/loyalty-cards/transfer-clips", None, "previews"),
    ("GET", "loyalty/loyalty-cards/campaigns", None, "loyalty_cards"),
    ("GET", "loyalty/loyalty-cards/X", None, "loyalty_cards"),
    ("POST", "abandonedCarts", None, "carts"),
    ("PUT", "abandonedCarts", None, "carts"),
    ("POST", "payment-cards", None, "payment_cards"),
    ("GET", "payment-cards/token/X", None, "payment_cards"),
    ("GET", "payment-cards/customerId/X", None, "payment_cards"),
    ("DELETE", "payment-cards/X/Y", None, "payment_cards"),
    ("GET", "modules/vehicles/customerId/X", None, "previews"),
    ("POST", "modules/vehicles/customerId/X", None, "previews"),
    ("PUT", "modules/vehicles/vehicleId/X", None, "previews"),
    ("DELETE", "modules/vehicles/vehicleId/X", None, "previews"),
    ("POST", "promotions/redeem", None, "promotions"),
    ("GET", "promotions/redeem/history/customerId/X", None, "promotions"),
    ("GET", "promotions/customerId/X", None, "promotions"),
    ("GET", "promotions/mobilePhone?mobilePhone=X", None, "promotions"),
    ("GET", "promotions/definitions", None, "previews"),
    ("GET", "promotions/campaigns", None, "previews"),
    ("POST", "promotions/P/enableUse/X", None, "promotions"),
    ("POST", "promotions/P/disableUse/X", None, "promotions"),
    ("POST", "triggers/T/customer/X", None, "triggers"),
    ("POST", "triggers/T/customer/mobilePhone/X", None, "triggers"),
]


def check_envelope(answer: httpx.Response, status: int) -> object:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/json"
    body = answer.json()
    assert list(body) == ["code", "message", "detailedErrorMessage"]
    assert body["code"] == str(status)
    assert body["message"]
    assert "Traceback" not in answer.text
    return body["detailedErrorMessage"]


def test_ping_needs_no_key(shared_api):
    assert httpx.get(f"{shared_api.running.base_url}/health/ping").status_code == 200


@pytest.mark.parametrize(("verb", "path", "body", "_"), METHODS)
@pytest.mark.parametrize("key", [None, "", "Sandbox", "sandbox2", "sandböx".encode()])
def test_401_without_the_key(shared_api, verb, path, body, _, key):
    headers = {} if key is None else {"x-api-key": key}
    answer = httpx.request(
        verb, f"{shared_api.running.base_url}/{path}", json=body, headers=headers
    )
    check_envelope(answer, 401)


def test_401_after_a_big_body_and_the_connection_goes_on(shared_api):
    with httpx.Client(base_url=shared_api.running.base_url) as http:
        check_envelope(http.post("import", content=b" " * 3_000_000), 401)
        assert http.get("health/ping").status_code == 200


def test_every_path_of_the_api_is_tried_here():
    tried = {(verb, path.partition("?")[0].split("/")[0]) for verb, path, _, _ in METHODS}
    served = {(verb, path.split("/")[1]) for path, verbs in API.items() for verb in verbs}
    assert tried == served
    assert len(METHODS) == sum(len(verbs) for verbs in API.values())


def test_403_when_not_activated_and_404_for_previews(start):
    with start(activated=frozenset()) as api:
        for verb, path, body, needs in METHODS:
            answer = api.send(verb, path, body or {})
            if needs == "previews":
                assert "preview" in check_envelope(answer, 404)
            elif needs:
                assert needs in check_envelope(answer, 403)
            else:
                assert answer.status_code != 403


def test_403_of_previews_that_are_not_activated(start):
    with start(activated=frozenset({"previews"})) as api:
        for verb, path, needs in (
            ("POST", "loyalty/loyalty-cards/transfer-clips", "loyalty_cards"),
            ("POST", "modules/vehicles/customerId/X", "vehicles"),
            ("GET", "promotions/definitions", "promotions"),
            ("GET", "affiliates", "affiliates"),
        ):
            assert needs in check_envelope(api.send(verb, path, {}), 403)


@pytest.mark.parametrize(
    "path", ["", "nothing", "stores/", "customers/id/", "reports", "transactions/customerId"]
)
def test_404_for_an_unknown_path(shared_api, path):
    check_envelope(shared_api.get(path), 404)


def test_404_outside_the_base_path(shared_api):
    root = shared_api.running.base_url.removesuffix("/v4")
    check_envelope(httpx.get(f"{root}/v3/stores"), 404)


@pytest.mark.parametrize(
    ("verb", "path", "allowed"),
    [
        ("DELETE", "customers", {"GET", "HEAD", "POST", "PUT"}),
        ("GET", "transactions", {"POST"}),
        ("POST", "health/ping", {"GET", "HEAD"}),
        ("PATCH", "reports/customers", {"GET", "HEAD"}),
    ],
)
def test_405_for_a_wrong_method(shared_api, verb, path, allowed):
    answer = shared_api.send(verb, path, "{}")
    check_envelope(answer, 405)
    assert set(answer.headers["allow"].split(", ")) == allowed


@pytest.mark.parametrize(
    ("path", "message"),
    [
        ("transactions/customerId/nobody", "Member Not Found"),
        ("customers/id/nobody", "Customer Not Found"),
        ("customers/externalId/nobody", "Customer Not Found"),
        ("customers?mobilePhone=%2B4700000", "Customer Not Found"),
    ],
)
def test_404_for_an_unknown_member(shared_api, path, message):
    answer = shared_api.get(path)
    check_envelope(answer, 404)
    assert answer.json()["message"] == message


@pytest.mark.parametrize(
    ("path", "named"),
    [
        ("customers", "mobilePhone"),
        ("customers?phone=1", "mobilePhone"),
        ("customers?mobilePhone=1&mobilePhone=2", "mobilePhone"),
        ("reports/nothing", "customers, stores, transactions"),
        ("reports/customers?page=0", "page"),
        ("reports/customers?page=-1", "page"),
        ("reports/customers?page=", "page"),
        ("reports/customers?page=1.0", "page"),
        ("reports/customers?page=99999999999", "page"),
        ("reports/customers?rowsPage=0", "rowsPage"),
        ("reports/customers?rowsPage=10001", "rowsPage must be a whole number from 1 to 10000"),
        ("reports/customers?rowspage=10", "rowsPage"),
        ("stores?page=1", "none"),
    ],
)
def test_400_for_a_wrong_query(shared_api, path, named):
    assert named in check_envelope(shared_api.get(path), 400)


@pytest.mark.parametrize(
    "content_type",
    ["", "text/plain", "text/csv", "application/xml", "application/json; charset=latin-1"],
)
@pytest.mark.parametrize("path", ["transactions", "customers", "loyalty/achievements"])
def test_400_for_another_content_type(shared_api, path, content_type):
    verb = "PUT" if path == "loyalty/achievements" else "POST"
    detail = check_envelope(shared_api.send(verb, path, "{}", content_type=content_type), 400)
    assert "application/json" in detail


@pytest.mark.parametrize("content_type", ["", "text/plain", "text/xml", "text/csv; charset=cp1252"])
def test_400_for_another_content_type_of_an_import(shared_api, content_type):
    detail = check_envelope(shared_api.post("import", "{}", content_type=content_type), 400)
    assert "application/json or application/xml or text/csv" in detail


def test_charset_may_be_said(shared_api, make_receipt):
    body = {"ReceiptRequests": [make_receipt()]}
    for given in ("application/json;charset=UTF-8", 'Application/JSON; charset="utf-8"'):
        assert shared_api.post("transactions", body, content_type=given).status_code == 200


def test_400_for_a_content_encoding(shared_api):
    answer = shared_api.post("import", b"\x1f\x8b", content_encoding="gzip")
    assert "encoding" in check_envelope(answer, 400)


def test_409_on_a_repeated_receipt_when_told_to(start, make_receipt):
    old, new = make_receipt("OLD"), make_receipt("NEW")
    with start(duplicate_receipt="conflict") as api:
        api.post("transactions", {"ReceiptRequests": [old]}).raise_for_status()
        [fault] = check_envelope(api.post("transactions", {"ReceiptRequests": [new, old]}), 409)
        assert (fault["receiptId"], fault["path"]) == ("OLD", "ReceiptRequests[1].Header.ReceiptId")
        assert api.facts()["receipts"] == 1
        check_envelope(api.post("transactions", {"ReceiptRequests": [new, new]}), 409)
        assert api.facts()["receipts"] == 1


def test_repeated_receipt_is_passed_over_when_told_to(start, make_receipt):
    body = {"ReceiptRequests": [make_receipt("A"), make_receipt("B", lines=3)]}
    with start(duplicate_receipt="ignore") as api:
        for _ in range(2):
            assert api.post("transactions", body).status_code == 200
        facts = api.facts()
    assert (facts["receipts"], facts["lines"], facts["gross"]) == (2, 4, "40")
    assert facts["warnings"]["repeated_receipts"] == 2


def test_repeated_receipt_is_stored_again_by_default(api, make_receipt):
    for _ in range(2):
        api.post("transactions", {"ReceiptRequests": [make_receipt()]}).raise_for_status()
    assert (api.facts()["receipts"], api.facts()["warnings"]["repeated_receipts"]) == (2, 1)


def test_413_above_a_limit_of_receipts(start, make_receipt):
    receipts = [make_receipt(str(n)) for n in range(3)]
    with start(max_receipts=2) as api:
        check_envelope(api.post("transactions", {"ReceiptRequests": receipts}), 413)
        assert api.post("transactions", {"ReceiptRequests": receipts[:2]}).status_code == 200


def test_401_receipts_are_taken_with_a_warning(api, make_receipt):
    receipts = [make_receipt(str(n)) for n in range(401)]
    for many in (400, 401):
        api.post("transactions", {"ReceiptRequests": receipts[:many]}).raise_for_status()
    assert api.facts()["warnings"]["over_400_receipts"] == 1


def test_413_for_a_long_body_and_the_server_goes_on(start):
    with start(max_body_bytes=1000) as api:
        for size in (1001, 5_000_000):
            check_envelope(api.post("import", b" " * size), 413)
        check_envelope(api.post("import", b" " * 1000), 400)


def test_500_without_a_traceback_when_something_breaks(start, tmp_path, caplog):
    with start() as api:
        connection = sqlite3.connect(tmp_path / "data" / "sandbox.sqlite")
        connection.execute("DROP TABLE customers")
        connection.close()
        body = {"members": [{"email": "secret@person.no"}]}
        check_envelope(api.post("import", body), 500)
        check_envelope(api.post("customers", GOOD), 500)
        assert api.get("stores").status_code == 200
    assert "OperationalError" in caplog.text
    assert "secret" not in caplog.text
    assert "Traceback" not in caplog.text


def test_consents_are_a_list_of_ids(shared_api):
    consents = shared_api.get("consents").json()
    assert [sorted(consent) for consent in consents] == [["description", "id", "name"]] * 3


def test_no_answer_repeats_what_a_person_is(shared_api):
    secret = "+4799999999999999999secret"
    bodies = [
        ("customers", {"data": {"mobilePhone": secret, "email": secret, "gender": secret}}),
        ("import", {"members": [{"externalId": [secret]}]}),
        ("transactions", {"ReceiptRequests": [{"Header": {"ConsumerId": {"x": secret}}}]}),
        ("customers/prospects", {"data": {"mobilePhone": secret, "email": secret}}),
        ("loyalty/bonus/addRewardPoints?customerId=secret", {"points": 1}),
        ("abandonedCarts", {"cartId": secret, "items": [secret]}),
        ("payment-cards", {"memberId": secret, "token": secret}),
        ("modules/vehicles/customerId/secret", {"owner": secret}),
        ("triggers/welcome/customer/secret", {"data": secret}),
    ]
    for path, body in bodies:
        answer = shared_api.post(path, json.dumps(body))
        check_envelope(answer, 400)
        assert "secret" not in answer.text
