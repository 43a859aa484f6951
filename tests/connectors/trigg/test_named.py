import json
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from connectors.trigg.answers import make_error
from connectors.trigg.named import MAX_IDS, find_named

KEY = "test-key-5f2a"


def find(detail):
    envelope = {"code": "400", "message": "Bad Request", "detailedErrorMessage": detail}
    return find_named(detail if isinstance(detail, bytes) else json.dumps(envelope).encode(), KEY)


@pytest.mark.parametrize(
    ("detail", "ids"),
    [
        ("Receipt 9999258836 has no lines", {"9999258836"}),
        ("Receipts: R-1, R-2; (R-3).", {"R-1", "R-2", "R-3"}),
        ("receiptId=R-77 in store:001/5", {"R-77"}),
        ("the receipt 'no digits here' is odd", {"no digits here"}),
        ("the receipt “X Y” is odd", {"X Y"}),
        ("customer kari@example.no exists, +4790000001 too", {"kari@example.no", "+4790000001"}),
        ("blå-7", {"blå-7"}),
        (["R-1 is bad", "R-2 too"], {"R-1", "R-2"}),
        ({"receiptId": "abc"}, {"abc"}),
        ({"ReceiptId": 12}, {"12"}),
        ({"receipt_id": 12.50}, {"12.5"}),
        ({"receiptIds": ["abc", "def", 7, None, True]}, {"abc", "def", "7"}),
        ([{"externalId": "a"}, {"mobilePhone": "+47 900"}, {"email": "b"}], {"a", "+47 900", "b"}),
        ({"faults": [{"deep": {"deeper": {"Id": "xyz"}}}]}, {"xyz"}),
        ({"R-9": "is bad"}, {"R-9"}),
        (b'{"detailedErrorMessage": {"receiptId": "R-1"}, {"receiptId": "R-2', {"R-1", "R-2"}),
        (b"<html><p>Receipt <b>R-1</b> was refused</p></html>", {"R-1"}),
        (b"Receipt R-1 was refused", {"R-1"}),
    ],
)
def test_ids_are_found_wherever_they_stand(detail, ids):
    assert ids <= find(detail).ids


@pytest.mark.parametrize(
    ("detail", "places"),
    [
        ("ReceiptRequests[3].Header.StoreId: required", {3}),
        ("ReceiptRequests[3].Items[2].Vat and members[4]", {3, 4}),
        ("at $.ReceiptRequests[3]", {3}),
        ("at $[3].Header", {3}),
        ("at $['ReceiptRequests'][3]['Header']", {3}),
        ("[3].Header is required", {3}),
        ("see /ReceiptRequests/3/Header and #/members/5", {3, 5}),
        ("members.3.email is no e-mail", {3}),
        ([{"path": "ReceiptRequests[0].Header"}, {"path": "ReceiptRequests[1]"}], {0, 1}),
        ({"loc": ["body", "ReceiptRequests", 3, "Items", 2]}, {3}),
        ({"errors": {"ReceiptRequests[3].Header": ["required"], "$.members[2]": []}}, {2, 3}),
        ("Items[2].Vat: required", set()),
        ({"loc": ["Items", 2]}, set()),
        ("line 3, version v4.3, amount 1234.50, 3 of 400", set()),
        (b'{"errors": {"ReceiptRequests[3].Header": ["requ', {3}),
    ],
)
def test_places_are_read_from_paths(detail, places):
    assert find(detail).places == places


@pytest.mark.parametrize(
    "body",
    [b"", b"null", b"{}", b"[]", b"7", b'"text"', b"true", {}, [], None, "", "not a word of it"],
)
def test_a_body_that_names_nothing_names_nothing(body):
    assert find(body).ids == frozenset()
    assert find(body).places == frozenset()


def test_a_place_is_no_id():
    assert "3" not in find("ReceiptRequests[3].Header.StoreId: required").ids
    assert find("ReceiptRequests[3].Header.ReceiptId='R-7'").ids == {"R-7"}


def test_the_status_and_the_key_are_no_ids():
    assert find(f"400 with {KEY} '{KEY}'").ids == {"400"}
    assert find({"receiptId": KEY}).ids == frozenset()
    assert find_named(b'{"code": 400, "status": 400, "message": "no"}').ids == frozenset()


def test_only_a_refusal_names_records_and_its_message_stays_masked():
    body = b'{"detailedErrorMessage": {"receiptId": "4790000001", "path": "ReceiptRequests[2]"}}'
    error = make_error("POST", "/transactions", 422, body, headers={}, secret=KEY)
    assert error.named_ids == {"4790000001"}
    assert error.named_places == {2}
    assert "4790000001" not in str(error) + repr(error) + error.said + error.detail
    assert make_error("POST", "/x", 500, body, headers={}, secret=KEY).named_ids == frozenset()


def test_ids_are_kept_out_of_sight():
    assert "4790000001" not in repr(find_named(b'{"mobilePhone": "4790000001"}'))


@pytest.mark.parametrize(
    "hostile",
    [
        b"[" * 262_144,
        b'{"a":' * 40_000,
        b"[3]" * 87_000,
        b"a" * 262_144,
        b"a/" * 131_000,
        b"a-" * 131_000,
        b"'" * 262_144,
        b"'a" * 131_000,
        b"<" * 262_144,
        b"9 " * 131_000,
        b" ".join(b"%d" % i for i in range(44_000)),
        b" ".join(b"a[%d]" % i for i in range(30_000)),
        json.dumps([{"receiptId": str(i)} for i in range(11_000)]).encode(),
    ],
    ids=lambda hostile: hostile[:12].decode(),
)
def test_hostile_bodies_are_bounded(hostile):
    started = time.process_time()
    named = find_named(hostile)
    assert time.process_time() - started < 5
    assert len(named.ids) <= MAX_IDS
    assert len(named.places) <= MAX_IDS


@given(st.recursive(st.text() | st.integers() | st.floats() | st.none() | st.booleans(),
                    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)))  # fmt: skip
def test_any_json_can_be_read(value):
    find(value)


@given(st.binary())
def test_any_bytes_can_be_read(body):
    find_named(body)


@given(st.text(st.characters(whitelist_categories=["Lu", "Nd"]), min_size=1, max_size=20))
def test_an_id_under_its_name_is_found_as_it_is(name):
    assert name in find([{"message": "bad", "receiptId": name}]).ids
