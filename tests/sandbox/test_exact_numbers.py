"""Amounts are exact from the request's text to the sums and back, whatever their spelling."""

import json
from decimal import Context, Decimal, localcontext

import pytest

SPELLINGS = [
    *("0", "-0", "0.1", "1817.80", "12345678901.2345", "1e3", "1E+2", "2.5e-3", "-0.00"),
    *("0.30000000000000004", "123456789012345678.123456", "9999999999999999999", "1e-30"),
]


@pytest.mark.parametrize("spelling", SPELLINGS)
def test_a_number_comes_back_as_it_was_written(shared_api, make_receipt, spelling):
    before = shared_api.facts()
    text = json.dumps({"ReceiptRequests": [make_receipt("R1", ConsumerId=spelling)]})
    text = text.replace('"GrossAmount": 10', f'"GrossAmount": {spelling}')
    shared_api.post("transactions", text).raise_for_status()
    with localcontext(Context(prec=100)):
        added = Decimal(shared_api.facts()["gross"]) - Decimal(before["gross"])
    assert added == Decimal(spelling)
    found = shared_api.get(f"transactions/customerId/{spelling}").text
    assert found.count(f'"grossAmount":{spelling},') == 2
    row = shared_api.get("reports/transactions", page=before["lines"] + 1, rowsPage=1).text
    assert f'"grossAmount":{spelling},' in row


def test_sums_are_exact_where_floats_are_not(api, make_receipt):
    receipt = make_receipt("R1", lines=10)
    text = json.dumps({"ReceiptRequests": [receipt]}).replace('"Vat": 2,', '"Vat": 0.1,')
    for _ in range(3):
        api.post("transactions", text).raise_for_status()
    assert api.facts()["vat"] == "3.0"
    huge = text.replace('"Vat": 0.1,', '"Vat": 999999999999999999.9999999999,')
    api.post("transactions", huge).raise_for_status()
    assert api.facts()["vat"] == "10000000000000000002.9999999990"


def test_a_year_of_spellings_adds_up(api, make_receipt):
    receipts, expected = [], dict.fromkeys(("quantity", "gross", "vat", "net", "discount"), 0)
    for n in range(300):
        receipt = make_receipt(f"R{n}", lines=2)
        for k, item in enumerate(receipt["Items"]):
            cents = n * 7919 + k
            item |= {"GrossAmount": cents, "Vat": n, "NetAmount": cents - n, "Discount": k}
            item["Quantity"] = k + 1
            expected["gross"] += cents
            expected["vat"] += n
            expected["net"] += cents - n
            expected["discount"] += k
            expected["quantity"] += k + 1
        receipts.append(receipt)
    api.post("transactions", {"ReceiptRequests": receipts}).raise_for_status()
    facts = api.facts()
    assert {name: facts[name] for name in expected} == {n: str(v) for n, v in expected.items()}
    assert facts["warnings"]["net_and_vat_differ_from_gross"] == 0
    assert facts["warnings"]["header_gross_differs"] == 300


def test_numbers_of_members_keep_every_digit(api):
    body = '{"members":[{"externalId":"E1","balance":12345678901234567890.123456789,"rate":1.10}]}'
    api.post("import", body).raise_for_status()
    found = json.loads(api.get("customers/externalId/E1").text, parse_float=Decimal)["data"][
        "extendedProperties"
    ]
    assert found == {"balance": Decimal("12345678901234567890.123456789"), "rate": Decimal("1.10")}
    long = body.replace("1.10", "9" * 40)
    api.post("import", long).raise_for_status()
    assert '"rate":' + "9" * 40 in api.get("customers/externalId/E1").text


def test_header_of_a_mixed_receipt_may_count_returns_either_way(api, make_receipt):
    for n, gross in enumerate((30, 10, -10, 11)):
        receipt = make_receipt(f"R{n}", lines=3, GrossAmount=gross)
        receipt["Items"][2] |= {"TransactionType": "RETURN", "Quantity": -1}
        api.post("transactions", {"ReceiptRequests": [receipt]}).raise_for_status()
    assert api.facts()["warnings"]["header_gross_differs"] == 1
    assert api.facts()["returns"]["lines"] == 4
