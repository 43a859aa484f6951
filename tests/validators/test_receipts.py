"""Every rule of lines and receipts, by an example, with the value and the words that go with it."""

from decimal import Decimal

import polars as pl
import pytest

from validators.fields import HEADER, ITEMS, RECEIPT_FIELDS
from validators.receipts import line_rules, receipt_rules
from validators.rules import faulty, reasons

REPEATED = ["Header.StoreId", "Header.TimeStamp", "Header.ConsumerId"]
GOOD_LINE = {
    "Header.ReceiptId": "17",
    "Items.LineNo": "1",
    "Items.Quantity": "1",
    "Items.ProductId": "P",
    "Items.GrossAmount": "12.50",
    "Items.Vat": "2.50",
    "Items.NetAmount": "10.00",
    "Items.TransactionType": "PURCHASE",
    "line_no_repeats": False,
    "beside_unknown": False,
}
GOOD_RECEIPT = {
    "Header.StoreId": "001",
    "Header.ReceiptId": "17",
    "Header.TimeStamp": "2024-01-31T14:50:05",
    "Header.GrossAmount": "12.50",
    "time": 0,
    "differs.Header.StoreId": False,
    "differs.Header.TimeStamp": False,
    "differs.Header.ConsumerId": False,
    "off.GrossAmount": 0,
}


def judge(row, fields, rules):
    others = {"time": pl.Datetime, "Header.ReceiptId": pl.String}
    facts = {k: pl.Boolean for k in row if k.startswith(("differs", "line_no", "beside"))}
    offs = {f"off.{a}": pl.Int64 for a in ("GrossAmount", "Vat", "NetAmount", "Discount")}
    schema = {field.name: pl.String for field in fields} | others | facts | offs
    frame = pl.DataFrame([row], schema=schema)
    found = reasons(frame, rules)
    assert faulty(frame, rules).to_list() == [not found.is_empty()]
    return [(r["field"], r["code"], r["value"]) for r in found.iter_rows(named=True)]


def judge_line(change, **words):
    return judge(GOOD_LINE | change, ITEMS, line_rules(list(RECEIPT_FIELDS), **words))


def judge_receipt(change, tolerance="0"):
    rules = receipt_rules(list(RECEIPT_FIELDS), REPEATED, tolerance=Decimal(tolerance))
    return judge(GOOD_RECEIPT | change, HEADER, rules)


def test_good_ones_have_no_reasons():
    assert judge_line({}) == []
    assert judge_receipt({}) == []


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Items.LineNo": None}, ("Items.LineNo", "missing", None)),
        ({"Items.LineNo": "first"}, ("Items.LineNo", "not-an-integer", "first")),
        ({"Items.Quantity": None}, ("Items.Quantity", "missing", None)),
        ({"Items.Quantity": "two"}, ("Items.Quantity", "not-a-number", "two")),
        ({"Items.ProductId": None}, ("Items.ProductId", "missing", None)),
        ({"Items.GrossAmount": None}, ("Items.GrossAmount", "missing", None)),
        ({"Items.GrossAmount": "12.5o"}, ("Items.GrossAmount", "not-a-number", "12.5o")),
        ({"Items.Vat": None}, ("Items.Vat", "missing", None)),
        ({"Items.NetAmount": "NaN"}, ("Items.NetAmount", "not-a-number", "NaN")),
        ({"Items.Discount": "-"}, ("Items.Discount", "not-a-number", "-")),
        ({"Items.Cost": "x"}, ("Items.Cost", "not-a-number", "x")),
        (
            {"Items.ProductGroupLevel1Id": "A"},
            ("Items.ProductGroupLevel1Id", "not-an-integer", "A"),
        ),
        ({"Items.Ext10": "\0"}, ("Items.Ext10", "control-character", "\0")),
        ({"line_no_repeats": True}, ("Items.LineNo", "line-number-repeats", "1")),
        ({"beside_unknown": True}, ("Header.ReceiptId", "may-lack-a-line", "17")),
        ({"Items.TransactionType": "REFUND"}, ("Items.TransactionType", "not-allowed", "REFUND")),
        (
            {"Items.TransactionType": "RETURN"},
            ("Items.TransactionType", "sign-of-return", "RETURN"),
        ),
        ({"Items.Quantity": "-1"}, ("Items.TransactionType", "sign-of-return", "PURCHASE")),
        (
            {
                "Items.Quantity": "-1",
                "Items.TransactionType": "RETURN",
                "Items.GrossAmount": "-12.50",
            },
            ("Items.GrossAmount", "sign-of-amount", "-12.50"),
        ),
    ],
)
def test_what_is_wrong_with_a_line(change, reason):
    assert judge_line(change) == [reason]


@pytest.mark.parametrize(
    ("quantity", "kind", "codes"),
    [
        ("1", "PURCHASE", []),
        ("0", "PURCHASE", []),
        ("-0", "PURCHASE", []),
        ("-1", "RETURN", []),
        ("-0.5", "RETURN", []),
        ("1", "RETURN", ["sign-of-return"]),
        ("0", "RETURN", ["sign-of-return"]),
        ("-1", "PURCHASE", ["sign-of-return"]),
        ("-1", None, ["missing"]),
        (None, "RETURN", ["missing"]),
    ],
)
def test_a_return_has_a_negative_quantity_and_only_a_return(quantity, kind, codes):
    change = {"Items.Quantity": quantity, "Items.TransactionType": kind}
    assert [code for _, code, _ in judge_line(change)] == codes


@pytest.mark.parametrize(
    ("quantity", "gross", "returns", "wrong"),
    [
        ("-1", "12.50", "positive", False),
        ("-1", "-12.50", "positive", True),
        ("-1", "-12.50", "signed", False),
        ("-1", "12.50", "signed", True),
        ("-1", "0", "signed", False),
        ("1", "-12.50", "positive", False),  # a discount or a deposit paid back
        ("1", "-12.50", "signed", False),
    ],
)
def test_a_returns_amounts_carry_the_feeds_sign(quantity, gross, returns, wrong):
    kind = "RETURN" if quantity == "-1" else "PURCHASE"
    change = {
        "Items.Quantity": quantity,
        "Items.GrossAmount": gross,
        "Items.TransactionType": kind,
    }
    found = judge_line(change, returns=returns)
    assert [code for _, code, _ in found] == (["sign-of-amount"] if wrong else [])


def test_a_type_that_is_not_mapped_is_not_judged():
    mapped = [name for name in RECEIPT_FIELDS if name != "Items.TransactionType"]
    rules = line_rules(mapped)
    assert "Items.TransactionType" not in {rule.field for rule in rules}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"Header.StoreId": None}, ("Header.StoreId", "missing", None)),
        ({"Header.ReceiptId": None}, ("Header.ReceiptId", "missing", None)),
        ({"Header.TimeStamp": None, "time": None}, ("Header.TimeStamp", "missing", None)),
        (
            {"Header.TimeStamp": "yesterday", "time": None},
            ("Header.TimeStamp", "not-a-time", "yesterday"),
        ),
        ({"Header.Vat": "x"}, ("Header.Vat", "not-a-number", "x")),
        ({"Header.PaymentString": "\0"}, ("Header.PaymentString", "control-character", "\0")),
        ({"differs.Header.StoreId": True}, ("Header.StoreId", "differs-in-receipt", "001")),
        ({"differs.Header.ConsumerId": True}, ("Header.ConsumerId", "differs-in-receipt", None)),
        ({"off.GrossAmount": 1}, ("Header.GrossAmount", "not-the-sum-of-lines", "12.50")),
    ],
)
def test_what_is_wrong_with_a_receipt(change, reason):
    assert judge_receipt(change) == [reason]


@pytest.mark.parametrize("amount", ["GrossAmount", "Vat", "NetAmount", "Discount"])
@pytest.mark.parametrize(
    ("tolerance", "off", "wrong"),
    [
        ("0", 0, False),
        ("0", 1, True),
        ("0", None, False),
        ("0.01", 100, False),
        ("0.01", -100, False),
        ("0.01", 101, True),
        ("0.01", -101, True),
        ("0.0001", 1, False),
        ("0.0001", 2, True),
    ],
)
def test_a_header_amount_is_the_sum_of_its_lines(amount, tolerance, off, wrong):
    found = judge_receipt({f"off.{amount}": off}, tolerance)
    assert [(field, code) for field, code, _ in found] == (
        [(f"Header.{amount}", "not-the-sum-of-lines")] if wrong else []
    )


def test_every_code_has_one_message_per_field():
    rules = [
        *line_rules(list(RECEIPT_FIELDS)),
        *receipt_rules(list(RECEIPT_FIELDS), REPEATED, tolerance=Decimal(0)),
    ]
    assert len({(rule.field, rule.code) for rule in rules}) == len(rules)
    assert all(rule.message and "{" not in rule.message for rule in rules)
