"""Bodies of POST /transactions that break one rule each: 400, the place named, nothing stored."""

import copy
import json

import pytest

HEADER, ITEM = "ReceiptRequests[0].Header", "ReceiptRequests[0].Items[0]"
GONE = object()
# What is wrong: where, the value there.
FIELDS = [
    *((f"{HEADER}.{name}", GONE) for name in ("StoreId", "ReceiptId", "TimeStamp")),
    *((f"{HEADER}.{name}", GONE) for name in ("GrossAmount", "Vat")),
    *((f"{ITEM}.{name}", GONE) for name in ("ReceiptId", "LineNo", "Quantity", "ProductId")),
    *((f"{ITEM}.{name}", GONE) for name in ("GrossAmount", "Vat", "NetAmount")),
    (f"{ITEM}.TransactionType", GONE),
    *((f"{HEADER}.StoreId", wrong) for wrong in (1, 1.5, None, True, "", ["1"], {})),
    *((f"{HEADER}.ReceiptId", wrong) for wrong in (1, None, "")),
    (f"{HEADER}.ReceiptId", 123456789012345678901234567890),
    *((f"{HEADER}.ConsumerId", wrong) for wrong in (1, None, "", "\ud800")),
    *((f"{HEADER}.GrossAmount", wrong) for wrong in ("1.5", "", None, True, [1], {"a": 1})),
    (f"{HEADER}.GrossAmount", 10**30),
    *((f"{HEADER}.{name}", "0") for name in ("Vat", "NetAmount", "Discount")),
    *((f"{HEADER}.Currency", wrong) for wrong in ("nok", "NO", "KRONE", "", 578, "NOK\n")),
    *((f"{HEADER}.{name}", 1) for name in ("EcrId", "PaymentString", "Ext1", "Ext5")),
    *(
        (f"{HEADER}.TimeStamp", wrong)
        for wrong in (
            *("2023-10-13", "2023-10-13 14:50:05", "2023-10-13T14:50:05Z", "2023-10-13T14:50"),
            *("2023-10-13T14:50:05+02:00", "2023-02-29T12:00:00", "2023-13-01T12:00:00"),
            *(
                "2023-10-13T24:00:01",
                "20231013T145005",
                "",
                1697201405,
                None,
                "\uff12023-10-13T14:50:05",
            ),
        )
    ),
    *((f"{ITEM}.LineNo", wrong) for wrong in ("1", 1.0, 1.5, None, True)),
    *((f"{ITEM}.Quantity", wrong) for wrong in ("1", None, False)),
    *((f"{ITEM}.TransactionType", wrong) for wrong in ("purchase", "SALE", "", None, 1)),
    *((f"{ITEM}.{name}", 7) for name in ("ReceiptId", "ProductId", "ProductName", "SupplierId")),
    *((f"{ITEM}.{name}", 7) for name in ("CampaignId", "ProductGroupLevel1Name", "Ext10")),
    *((f"{ITEM}.{name}", "7") for name in ("Discount", "Cost", "ProductGroupLevel1Id")),
    (f"{ITEM}.ProductGroupLevel3Id", 1.5),
    *((f"{where}.Extra", "x") for where in (HEADER, ITEM, "ReceiptRequests[0]")),
    (f"{HEADER}.storeId", "001"),
    (f"{HEADER}.Timestamp", "2023-10-13T14:50:05"),
    *(("ReceiptRequests[0].Items", wrong) for wrong in ([], {}, None, "x", GONE)),
    *((HEADER, wrong) for wrong in ([], None, "x", GONE)),
    *((ITEM, wrong) for wrong in ([], None, "x")),
    *(("ReceiptRequests[0]", wrong) for wrong in ([], None, "x", 1)),
    *(("ReceiptRequests", wrong) for wrong in ([], {}, None, "x", GONE)),
    ("Extra", 1),
]


def break_body(body, path, value):
    """Return the body with this value at this path."""
    body = copy.deepcopy(body)
    steps = path.replace("[", ".[").split(".")
    at = body
    keys = [int(step[1:-1]) if step.startswith("[") else step for step in steps]
    for key in keys[:-1]:
        at = at[key]
    if value is GONE:
        del at[keys[-1]]
    else:
        at[keys[-1]] = value
    return body


@pytest.mark.parametrize(("path", "value"), FIELDS)
def test_a_wrong_field_is_refused_with_its_path(shared_api, make_receipt, path, value):
    good = {"ReceiptRequests": [make_receipt("RC-1")]}
    answer = shared_api.post("transactions", break_body(good, path, value))
    assert answer.status_code == 400, answer.text
    faults = answer.json()["detailedErrorMessage"]
    assert [fault["path"] for fault in faults] == [path], faults
    assert all(fault["message"] for fault in faults)
    intact = "Header" in path and not path.endswith(("Header", "ReceiptId"))
    if intact or path.startswith(ITEM):
        assert faults[0]["receiptId"] == "RC-1"
    assert shared_api.facts()["receipts"] == 0


@pytest.mark.parametrize(
    ("old", "new", "named"),
    [
        ('"GrossAmount": 10,', '"GrossAmount": NaN,', "NaN"),
        ('"GrossAmount": 10,', '"GrossAmount": -Infinity,', "Infinity"),
        ('"GrossAmount": 10,', '"GrossAmount": 1e99,', "GrossAmount"),
        ('"GrossAmount": 10,', '"GrossAmount": 1e9999999999999999999,', "GrossAmount"),
        ('"GrossAmount": 10,', '"GrossAmount": 0.1234567890123456789012345678901,', "GrossAmount"),
        ('"GrossAmount": 10,', '"GrossAmount": 10, "GrossAmount": 10,', "GrossAmount"),
        ('"GrossAmount": 10,', '"GrossAmount": 010,', "line 1 column"),
        ('"GrossAmount": 10,', '"GrossAmount": +10,', "line 1 column"),
        ('"GrossAmount": 10,', '"GrossAmount": 1_0,', "line 1 column"),
        ('"GrossAmount": 10,', '"GrossAmount": .5,', "line 1 column"),
        ('"GrossAmount": 10,', '"GrossAmount": 10,,', "line 1 column"),
        ('"StoreId": "001"', '"StoreId": "0\n01"', "control character"),
        ('"StoreId": "001"', "'StoreId': '001'", "line 1 column"),
        ('{"ReceiptRequests"', '{"ReceiptRequests": [], "ReceiptRequests"', "ReceiptRequests"),
        ('{"ReceiptRequests"', '[{"ReceiptRequests"', "line 1 column"),
        ('{"ReceiptRequests"', '{"\\u0052eceiptRequests"', "ReceiptRequests"),
        ('{"ReceiptRequests"', '\ufeff{"ReceiptRequests"', "byte order mark"),
        ('"PURCHASE"}]}]}', '"PURCHASE"}]}]', "line 1 column"),
        ('"PURCHASE"}]}]}', '"PURCHASE"}]}]}]', "line 1 column"),
        ('"PURCHASE"}]}]}', '"PURCHASE"}]}', "line 1 column"),
        ('"PURCHASE"}]}]}', '"PURCHASE"}]}]}{}', "line 1 column"),
        ('"PURCHASE"}]}]}', '"PURCHASE"}]},]}', "line 1 column"),
        ('"PURCHASE"}]}]}', '"PURCHASE"}]}], "More": 1}', "More"),
    ],
)
def test_a_wrong_text_is_refused(shared_api, make_receipt, old, new, named):
    text = json.dumps({"ReceiptRequests": [make_receipt()]})
    assert old in text
    answer = shared_api.post("transactions", text.replace(old, new))
    assert answer.status_code == 400, answer.text
    assert named in answer.text
    assert shared_api.facts()["receipts"] == 0


@pytest.mark.parametrize(
    "body",
    [
        *(b"", b" ", b"null", b"[]", b'"x"', b"1", b"{}", b"\xff\xfe", b"\xc3\x28"),
        b"[" * 100_000,
        b'{"ReceiptRequests":' + b"[" * 100_000,
        b'{"ReceiptRequests":[1' + b"0" * 10_000 + b"]}",
        '{"ReceiptRequests":[]}'.encode("utf-16"),
    ],
)
def test_what_is_no_batch_is_refused(shared_api, body):
    answer = shared_api.post("transactions", body)
    assert answer.status_code == 400
    assert len(answer.content) < 1000


@pytest.mark.parametrize(
    ("changes", "path"),
    [
        ({0: {"Quantity": -1}}, "ReceiptRequests[0].Items[0].Quantity"),
        ({1: {"TransactionType": "RETURN"}}, "ReceiptRequests[0].Items[1].Quantity"),
        ({1: {"TransactionType": "RETURN", "Quantity": 0}}, "ReceiptRequests[0].Items[1].Quantity"),
        ({1: {"LineNo": 1}}, "ReceiptRequests[0].Items"),
    ],
)
def test_contradictions_between_fields_are_refused(shared_api, make_receipt, changes, path):
    receipt = make_receipt(lines=3)
    for line, change in changes.items():
        receipt["Items"][line] |= change
    answer = shared_api.post("transactions", {"ReceiptRequests": [receipt]})
    assert answer.status_code == 400
    [fault] = answer.json()["detailedErrorMessage"]
    assert (fault["receiptId"], fault["path"]) == ("R1", path)


def test_every_fault_is_listed_up_to_fifty(shared_api, make_receipt):
    receipts = [make_receipt(f"R{n}") for n in range(70)]
    for receipt in receipts:
        receipt["Header"]["StoreId"] = 1
    answer = shared_api.post("transactions", {"ReceiptRequests": receipts})
    faults = answer.json()["detailedErrorMessage"]
    assert len(faults) == 51
    assert faults[49]["receiptId"] == "R49"
    assert faults[50] == {"path": "", "message": "20 more faults are not listed"}


def test_one_bad_receipt_refuses_the_batch(shared_api, make_receipt):
    receipts = [make_receipt(f"R{n}") for n in range(400)]
    receipts[399]["Items"][0]["Vat"] = "2"
    before = shared_api.stored()
    assert shared_api.post("transactions", {"ReceiptRequests": receipts}).status_code == 400
    assert shared_api.stored() == before
    assert shared_api.get("stores").json() == []


def test_a_long_name_is_cut_in_the_message(shared_api):
    answer = shared_api.post("transactions", {"ReceiptRequests": [{"x" * 5000: 1}]})
    assert answer.status_code == 400
    assert len(answer.content) < 1000
