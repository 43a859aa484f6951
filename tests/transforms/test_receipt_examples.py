"""Receipts into JSON by examples: to the letter, the contract's own, signs, VAT and times."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest

from transforms.mapping import Constant, FromColumn
from transforms.receipt_json import encode_receipts
from transforms.receipts import Shape, read_lines, sum_receipts

EXAMPLES = Path(__file__).parents[1] / "sandbox" / "examples"
LINE = {
    "Header.StoreId": "001",
    "Header.ReceiptId": "17",
    "Header.TimeStamp": "2024-01-31T14:50:05",
    "Items.LineNo": "1",
    "Items.Quantity": "1",
    "Items.ProductId": "P",
    "Items.GrossAmount": "12.50",
}


def encode(rows, shape):
    lines = read_lines(rows, shape).with_columns(faulty=pl.lit(value=False))
    return encode_receipts(lines, sum_receipts(lines, rows, shape), shape).to_list()


def shape_of(row, **words):
    words = {"nested": False, "vat_percent": Decimal(25)} | words
    return Shape({name: FromColumn(name) for name in row}, **words)


def frame(*rows):
    return pl.DataFrame(
        [{"_row": n} | row for n, row in enumerate(rows, 2)],
        schema={"_row": pl.Int64} | dict.fromkeys(rows[0], pl.String),
    )


def encode_one(*rows, **words):
    (text,) = encode(frame(*rows), shape_of(rows[0], **words))
    return text


def test_one_receipt_to_the_letter():
    assert encode_one(LINE) == (
        '{"Header":{"StoreId":"001","ReceiptId":"17","TimeStamp":"2024-01-31T14:50:05",'
        '"GrossAmount":12.5,"Vat":2.5,"NetAmount":10.0},"Items":[{"ReceiptId":"17","LineNo":1,'
        '"Quantity":1,"ProductId":"P","GrossAmount":12.5,"Vat":2.5,"NetAmount":10.0,'
        '"TransactionType":"PURCHASE"}]}'
    )


@pytest.mark.parametrize(
    ("gross", "percent", "vat"),
    [
        ("0.05", "25", "0.01"),
        ("0.02", "25", "0"),
        ("0.025", "25", "0.01"),  # 0.005 exactly: half goes away from zero
        ("-0.025", "25", "-0.01"),
        ("0.0249", "25", "0"),
        ("100", "0", "0"),
        ("100", "12.35", "10.99"),
        ("99999999999.9999", "40", "28571428571.43"),
        ("0", "25", "0"),
    ],
)
def test_vat_inside_the_gross_is_rounded_to_the_cent(gross, percent, vat):
    row = LINE | {"Items.GrossAmount": gross}
    item = json.loads(encode_one(row, vat_percent=Decimal(percent)), parse_float=Decimal)["Items"][
        0
    ]
    assert item["Vat"] == Decimal(vat)
    assert item["NetAmount"] == Decimal(gross) - Decimal(vat)


@pytest.mark.parametrize(
    ("returns_in", "returns_out", "text", "sent"),
    [
        ("positive", "positive", "12.50", "12.5"),
        ("positive", "signed", "12.50", "-12.5"),
        ("signed", "positive", "-12.50", "12.5"),
        ("signed", "signed", "-12.50", "-12.5"),
    ],
)
def test_the_sign_of_a_return(returns_in, returns_out, text, sent):
    row = LINE | {"Items.Quantity": "-1", "Items.GrossAmount": text, "Header.GrossAmount": text}
    words = {"returns_in": returns_in, "returns_out": returns_out}
    receipt = json.loads(encode_one(row, **words), parse_float=Decimal)
    (item,) = receipt["Items"]
    assert item["TransactionType"] == "RETURN"
    assert item["Quantity"] == -1
    assert item["GrossAmount"] == receipt["Header"]["GrossAmount"] == Decimal(sent)
    assert item["Vat"] == receipt["Header"]["Vat"] == Decimal(sent) / 5


def test_a_purchase_with_a_returned_line_sums_to_what_was_paid():
    back = {"Items.LineNo": "2", "Items.Quantity": "-1", "Items.GrossAmount": "2.50"}
    receipt = json.loads(encode_one(LINE, LINE | back), parse_float=Decimal)
    assert receipt["Header"]["GrossAmount"] == Decimal(10)
    assert [i["GrossAmount"] for i in receipt["Items"]] == [Decimal("12.5"), Decimal("2.5")]
    assert [i["TransactionType"] for i in receipt["Items"]] == ["PURCHASE", "RETURN"]


def test_a_header_amount_that_no_line_has_is_sent_as_a_number():
    row = LINE | {"Header.Discount": "7.50"}
    receipt = json.loads(encode_one(row), parse_float=Decimal)
    assert receipt["Header"]["Discount"] == Decimal("7.5")
    assert "Discount" not in receipt["Items"][0]
    assert "Discount" not in json.loads(encode_one(row | {"Header.Discount": None}))["Header"]


def test_the_headers_own_amount_is_sent_though_a_line_has_none():
    rows = [
        LINE | {"Header.Discount": "6", "Items.Discount": "5"},
        LINE | {"Header.Discount": "6", "Items.Discount": None, "Items.LineNo": "2"},
    ]
    assert json.loads(encode_one(*rows))["Header"]["Discount"] == 6


def test_constants_stand_in_every_receipt():
    shape = shape_of(LINE)
    constants = {"Header.Currency": Constant("NOK"), "Header.EcrId": Constant("")}
    shape = Shape(shape.mapping | constants, nested=False, vat_percent=Decimal(25))
    texts = encode(frame(LINE, LINE | {"Header.ReceiptId": "18"}), shape)
    assert [json.loads(text)["Header"]["Currency"] for text in texts] == ["NOK", "NOK"]
    assert not any("EcrId" in text for text in texts)


def test_no_receipt_gives_no_text():
    assert encode(frame(LINE).clear(), shape_of(LINE)) == []


# --- the contract's own examples -----------------------------------------------------------------


def flatten(receipt):
    """Write a receipt of the contract as flat rows of text.

    Empty text (Ext1 to Ext10 of the example) has no form in a source, where an empty field means
    that there is no value, so those keys are left out. So is the lines' ReceiptId: it is made by
    repeating the header's, and the example only has the words "Id of receipt" there.
    """
    header = {f"Header.{k}": str(v) for k, v in receipt["Header"].items() if v != ""}
    return [
        header | {f"Items.{k}": str(v) for k, v in item.items() if v != "" and k != "ReceiptId"}
        for item in receipt["Items"]
    ]


@pytest.mark.parametrize(
    "name",
    [
        "transactions_create.request.json",
        "transactions_create.request.return.json",
        "transactions_create.request.return_4_2_0.json",
    ],
)
def test_the_contracts_receipts_can_be_made_from_flat_rows(name):
    text = (EXAMPLES / name).read_text("utf-8")
    (receipt,) = json.loads(text, parse_float=Decimal)["ReceiptRequests"]
    made = json.loads(encode_one(*flatten(receipt)), parse_float=Decimal)
    header = {k: v for k, v in receipt["Header"].items() if v != ""}
    # The short example of a return has no net amount in its header; sums are always sent.
    header.setdefault("NetAmount", receipt["Items"][0]["NetAmount"])
    items = [
        {k: v for k, v in item.items() if v != ""} | {"ReceiptId": header["ReceiptId"]}
        for item in receipt["Items"]
    ]
    assert made == {"Header": header, "Items": items}


# --- times ---------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "sent"),
    [
        ("2024-01-31T14:50:05", "2024-01-31T14:50:05"),
        ("2024-01-31 14:50:05", "2024-01-31T14:50:05"),
        ("2024-01-31T14:50", "2024-01-31T14:50:00"),
        ("2024-01-31T14:50:05.999", "2024-01-31T14:50:05"),
        ("2024-01-31T14:50:05Z", "2024-01-31T15:50:05"),
        ("2024-07-31T14:50:05Z", "2024-07-31T16:50:05"),
        ("2024-07-31T14:50Z", "2024-07-31T16:50:00"),
        ("2024-07-31 23:50:05.5+0100", "2024-08-01T00:50:05"),
        ("2024-07-31T14:50:05-04:00", "2024-07-31T20:50:05"),
        ("2024-02-29T00:00:00", "2024-02-29T00:00:00"),
        ("2023-02-29T00:00:00", None),
        ("2024-02-31T10:15:00", None),
        ("2024-01-31T24:00:00", None),
        ("2024-01-31T23:59:60", None),  # polars would make it the next day
        ("24-01-31T14:50:05", None),  # polars would make it the year 24
        ("2024-1-31T14:50:05", None),
        ("-2024-01-31T14:50:05", None),
        ("9999-12-31T23:59:59-12:00", None),
        ("2024-01-31T14:50:05+99:00", None),
        ("2024-01-31T14:50:05 ", None),
        ("2024-01-31", None),
        ("31.01.2024 14:50", None),
        ("yesterday", None),
    ],
)
def test_times(text, sent):
    rows = frame(LINE | {"Header.TimeStamp": text})
    shape = shape_of(LINE)
    lines = read_lines(rows, shape).with_columns(faulty=pl.lit(value=False))
    time = sum_receipts(lines, rows, shape)["time"].item()
    assert (time and time.strftime("%Y-%m-%dT%H:%M:%S")) == sent


def test_an_hour_that_comes_twice_is_told_by_its_offset():
    for hour, offset in (("00", "+00:00"), ("01", "+00:00"), ("02", "+02:00"), ("02", "+01:00")):
        text = f"2024-10-27T{hour}:30:00{offset}"
        expected = datetime.fromisoformat(text).astimezone(UTC).astimezone(ZoneInfo("Europe/Oslo"))
        sent = json.loads(encode_one(LINE | {"Header.TimeStamp": text}))["Header"]["TimeStamp"]
        assert sent == expected.strftime("%Y-%m-%dT%H:%M:%S") == "2024-10-27T02:30:00"
