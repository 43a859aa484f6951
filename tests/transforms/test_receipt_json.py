"""Receipts into JSON, against a reference that goes row by row with Decimal and knows no polars."""

import json
from datetime import datetime, timedelta, timezone
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from zoneinfo import ZoneInfo

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from transforms.mapping import FromColumn
from transforms.receipt_json import encode_receipts
from transforms.receipts import Shape, read_lines, sum_receipts

EXAMPLES = Path(__file__).parents[1] / "sandbox" / "examples"
AMOUNTS = ("GrossAmount", "Vat", "NetAmount", "Discount")
NUMBERS = {*AMOUNTS, "Cost"}
INTEGERS = {"LineNo", *(f"ProductGroupLevel{n}Id" for n in (1, 2, 3))}
LIMIT = 5 * 10**14  # ten-thousandths, so that gross less VAT still has 15 digits


def contract(part):
    """The names of a header or a line, in the order of the contract's own example."""
    example = json.loads((EXAMPLES / "transactions_create.request.json").read_text("utf-8"))
    receipt = example["ReceiptRequests"][0]
    return list(receipt["Header"] if part == "Header" else receipt["Items"][0])


HEADER, ITEMS = contract("Header"), contract("Items")


def encode(rows, shape):
    lines = read_lines(rows, shape).with_columns(faulty=pl.lit(value=False))
    return encode_receipts(lines, sum_receipts(lines, rows, shape), shape).to_list()


# --- the reference -------------------------------------------------------------------------------


def refer(receipt, shape):
    """Make the pairs of one receipt from its flat rows (wire name → text or None)."""
    lines = [refer_line(row, shape) for row in receipt]
    is_return = all(line["is_return"] for line in lines)
    in_minus = is_return and shape.returns_in == "positive"
    out_minus = is_return and shape.returns_out == "positive"
    first = receipt[0]
    header = {}
    for name in HEADER:
        text = first.get(f"Header.{name}")
        if name == "TimeStamp":
            header[name] = refer_time(text, shape.time_zone)
        elif name in AMOUNTS:
            sums = [line[name] for line in lines if name in line]
            value = sum((v for v in sums if v is not None), Decimal(0)) if sums else None
            if text is not None:
                value = -Decimal(text) if in_minus else Decimal(text)
            header[name] = -value if out_minus and value is not None else value
        else:
            header[name] = text
    items = [refer_item(row, line, shape) for row, line in zip(receipt, lines, strict=True)]
    return [("Header", [(k, v) for k, v in header.items() if v is not None]), ("Items", items)]


def refer_line(row, shape):
    """Give a line's amounts, a return's with a minus sign."""
    is_return = Decimal(row["Items.Quantity"]) < 0
    minus = is_return and shape.returns_in == "positive"
    line = {"is_return": is_return}
    for name in AMOUNTS:
        if f"Items.{name}" in row:
            text = row[f"Items.{name}"]
            line[name] = None if text is None else Decimal(text) * (-1 if minus else 1)
    if "Vat" not in line:
        inside = line["GrossAmount"] * shape.vat_percent / (100 + shape.vat_percent)
        line["Vat"] = inside.quantize(Decimal("0.01"), ROUND_HALF_UP)
    if "NetAmount" not in line:
        line["NetAmount"] = line["GrossAmount"] - line["Vat"]
    return line


def refer_item(row, line, shape):
    minus = line["is_return"] and shape.returns_out == "positive"
    item = {}
    for name in ITEMS:
        text = row.get(f"Items.{name}")
        if name == "ReceiptId":
            value = row["Header.ReceiptId"]
        elif name == "Quantity":
            value = Decimal(text)
            value = int(value) if value == int(value) else value
        elif name == "TransactionType":
            value = "RETURN" if line["is_return"] else "PURCHASE"
        elif name in AMOUNTS:
            value = line.get(name)
            value = -value if minus and value is not None else value
        elif name == "Cost":
            value = None if text is None else Decimal(text)
        elif name in INTEGERS:
            value = None if text is None else int(text)
        else:
            value = text
        if value is not None:
            item[name] = value
    return list(item.items())


def refer_time(text, zone):
    moment = datetime.fromisoformat(text)
    if moment.tzinfo:
        moment = moment.astimezone(ZoneInfo(zone))
    return moment.strftime("%Y-%m-%dT%H:%M:%S")


# --- arbitrary receipts --------------------------------------------------------------------------

NASTY = st.sampled_from(
    [
        *(',"Discount":null', '{"Discount":null,', ":null", '"EcrId":null,', "null", "\\", '\\"'),
        *('{"EcrId":null,"', "\\\\", '"', "'", ",", "{", "}", "[", "]", "$1", "${0}", "Quantity "),
        *('"Quantity ":', "\u2028", "\u2029", "\N{GRINNING FACE}", "\x7f", "\t", "\r\n", " "),
        *("\ufeff", "A\N{COMBINING RING ABOVE}", "\U0010ffff", "\0", "=1+1", "0012"),
    ]
)
ANY = st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=8)
TEXTS = st.lists(NASTY | ANY, min_size=1, max_size=3).map("".join)


@st.composite
def numbers(draw, limit=LIMIT, smallest=None):
    """The text of a number with 0 to 4 decimals, zeros at either end included."""
    units = draw(
        st.integers(-limit if smallest is None else smallest, limit) | st.integers(0, 30_000)
    )
    decimals = draw(st.integers(0, 4))
    value = abs(units) // 10 ** (4 - decimals)
    whole, part = divmod(value, 10**decimals)
    text = draw(st.sampled_from(["", "", "0", "00"])) + str(whole)
    text = text[-11:] + (f".{part:0{decimals}}" if decimals else "")
    return f"-{text}" if units < 0 else text


@st.composite
def times(draw):
    moment = draw(st.datetimes(datetime(1990, 1, 1), datetime(2036, 1, 1)))  # noqa: DTZ001 (local)
    offset = draw(st.none() | st.integers(-12 * 60, 14 * 60))
    if offset is not None:
        moment = moment.replace(tzinfo=timezone(timedelta(minutes=offset)))
    precision = draw(st.sampled_from(["seconds", "milliseconds", "microseconds", "minutes"]))
    text = moment.isoformat(draw(st.sampled_from(["T", " "])), precision)
    return text.replace("+00:00", draw(st.sampled_from(["Z", "+00:00", "+0000"])))


OPTIONAL_HEADER = [n for n in HEADER if n not in {"StoreId", "ReceiptId", "TimeStamp"}]
NEEDED = {"LineNo", "Quantity", "ProductId", "GrossAmount", "Vat", "NetAmount"}
OPTIONAL_ITEMS = [n for n in ITEMS if n not in NEEDED | {"ReceiptId", "TransactionType"}]


@st.composite
def flat_feeds(draw):
    """A shape, and receipts as rows of wire name → text or None."""
    subsets = st.lists(st.sampled_from(OPTIONAL_HEADER), unique=True)
    header = ["StoreId", "ReceiptId", "TimeStamp", *draw(subsets)]
    items = [*draw(st.lists(st.sampled_from(OPTIONAL_ITEMS), unique=True))]
    items += [n for n in ("Vat", "NetAmount", "TransactionType") if draw(st.booleans())]
    items += ["LineNo", "Quantity", "ProductId", "GrossAmount"]
    names = draw(st.permutations([f"Header.{n}" for n in header] + [f"Items.{n}" for n in items]))
    percent = draw(st.decimals(0, 40, places=2)) if "Vat" not in items else None
    shape = Shape(
        {name: FromColumn(f"column of {name}") for name in names},
        nested=draw(st.booleans()),
        vat_percent=percent,
        returns_in=draw(st.sampled_from(["positive", "signed"])),
        returns_out=draw(st.sampled_from(["positive", "signed"])),
        time_zone=draw(st.sampled_from(["Europe/Oslo", "America/New_York", "UTC"])),
    )
    ids = draw(st.lists(TEXTS, min_size=1, max_size=5, unique=True))
    return shape, [draw(receipts(receipt_id, header, items)) for receipt_id in ids]


@st.composite
def receipts(draw, receipt_id, header, items):
    count = draw(st.integers(1, 4))
    own = {f"Header.{n}": draw(_values(n, LIMIT)) for n in header}
    own["Header.ReceiptId"] = receipt_id
    rows = []
    for _ in range(count):
        row = own | {f"Items.{n}": draw(_values(n, LIMIT // count)) for n in items}
        if "TransactionType" in items:
            is_return = Decimal(row["Items.Quantity"]) < 0
            row["Items.TransactionType"] = "RETURN" if is_return else "PURCHASE"
        rows.append(row)
    return rows


def _values(name, limit):
    if name in {"Cost", "Discount"}:
        return st.none() | numbers(limit)
    if name == "Quantity":
        return st.sampled_from(["1", "2", "-1", "1.0", "-0", "0", "0.35", "-0.5000"]) | numbers()
    if name in {"GrossAmount", "Vat", "NetAmount"}:
        return numbers(limit)
    if name in INTEGERS:
        integers = st.integers(-(10**15) + 1, 10**15 - 1).map(str) | st.just("007")
        return integers if name == "LineNo" else st.none() | integers
    if name == "TimeStamp":
        return times()
    return TEXTS if name in {"StoreId", "ReceiptId", "ProductId"} else st.none() | TEXTS


def to_rows(shape, receipts):
    """Write the receipts as the source's rows; no value is null or empty text."""
    columns = [values.column for values in shape.mapping.values()]
    data = [
        [number, *(row[name] if number % 2 else row[name] or "" for name in shape.mapping)]
        for number, receipt in enumerate(receipts, 1)
        for row in receipt
    ]
    schema = {"_row": pl.Int64} | dict.fromkeys(columns, pl.String)
    return pl.DataFrame(data, schema=schema, orient="row")


def parse(text):
    """Parse JSON into pairs, so that order and repeated names show."""
    return json.loads(text, parse_float=Decimal, object_pairs_hook=list)


def check_against_reference(feed):
    shape, receipts = feed
    texts = encode(to_rows(shape, receipts), shape)
    assert [parse(text) for text in texts] == [refer(receipt, shape) for receipt in receipts]
    for text in texts:
        for item in dict(parse(text))["Items"]:
            quantity = dict(item)["Quantity"]
            assert isinstance(quantity, int) == (quantity == int(quantity))


@settings(max_examples=30, deadline=None)
@given(flat_feeds())
def test_receipts_are_what_the_reference_makes_of_them(feed):
    check_against_reference(feed)


@pytest.mark.slow
@settings(max_examples=600, deadline=None)
@given(flat_feeds())
def test_many_receipts_are_what_the_reference_makes_of_them(feed):
    check_against_reference(feed)


@settings(max_examples=20, deadline=None)
@given(flat_feeds())
def test_the_text_of_a_receipt_does_not_depend_on_its_neighbours(feed):
    shape, receipts = feed
    together = encode(to_rows(shape, receipts), shape)
    assert together == [encode(to_rows(shape, [r]), shape)[0] for r in receipts]
