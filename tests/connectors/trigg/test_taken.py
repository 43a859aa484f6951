import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.trigg.taken import taken_ids


@pytest.mark.parametrize(
    "body",
    [
        b"", b"OK", b"{}", b"[]", b"null", b"7", b'"taken"', b"\xff", b"[" * 100_000,
        {"status": "ok"}, {"status": "ok", "count": 400, "failed": 0, "errors": []},
        {"accepted": 400}, {"data": []}, {"data": None}, {"data": {}}, {"code": "200"},
        {"errors": None, "warnings": [{"message": "slow"}]}, {"message": "Accepted"},
    ],
)  # fmt: skip
def test_an_answer_that_lists_nothing(body):
    assert taken_ids(body if isinstance(body, bytes) else json.dumps(body).encode()) is None


@pytest.mark.parametrize(
    ("body", "ids"),
    [
        ([{"receiptId": "1"}, {"receiptId": 2}], {"1", "2"}),
        ({"data": [{"receiptId": "1"}]}, {"1"}),
        ({"data": {"receipts": [{"ReceiptId": "1"}]}}, {"1"}),
        ({"ReceiptRequests": [{"Header": {"ReceiptId": "1"}, "Items": []}]}, {"1"}),
        ({"members": [{"externalId": "a", "email": "b"}, {"mobilePhone": "7"}]}, {"a", "b", "7"}),
        ({"data": {"externalId": "a"}}, {"a"}),
        ({"receiptId": "1", "status": "ok"}, {"1"}),
        ({"receiptIds": ["1", 2]}, {"1", "2"}),
        ({"accepted": ["1"], "rejected": ["2"]}, {"1"}),
        ({"accepted": [], "rejected": []}, set()),
        ({"rows": [{"receiptId": "1", "status": 200}, {"receiptId": "2", "status": 400}]}, {"1"}),
        ([{"receiptId": "1", "error": None}, {"receiptId": "2", "error": "no"}], {"1"}),
        ([{"receiptId": "1", "errors": []}, {"receiptId": "2", "errors": ["no"]}], {"1"}),
        ([{"receiptId": "1", "success": True}, {"receiptId": "2", "success": False}], {"1"}),
        ([{"receiptId": "1", "status": "OK"}, {"receiptId": "2", "status": "Rejected"}], {"1"}),
        ([{"receiptId": "1"}, {"receiptId": "1", "error": "the return"}], set()),
        ({"errors": [{"receiptId": "2"}]}, set()),
        ({"errors": ["one receipt is bad"]}, set()),
        ({"accepted": 399, "rejected": 1}, set()),
        ({"success": False}, set()),
        ({"code": "400", "message": "Bad Request", "detailedErrorMessage": {}}, set()),
        ([{"index": 3, "error": "no"}], set()),
    ],
)  # fmt: skip
def test_an_answer_that_lists_records(body, ids):
    assert taken_ids(json.dumps(body).encode()) == ids


@given(st.recursive(st.text() | st.integers() | st.none() | st.booleans(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_any_answer_can_be_read(value):
    taken_ids(json.dumps(value).encode())
