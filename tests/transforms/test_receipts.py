"""What is told of lines and receipts before they are judged."""

from decimal import Decimal

import polars as pl
import pytest

from transforms.mapping import FromColumn
from transforms.receipts import Shape, read_lines, sum_receipts

LINE = {
    "Header.StoreId": "001",
    "Header.ReceiptId": "17",
    "Header.TimeStamp": "2024-01-31T14:50:05",
    "Items.LineNo": "1",
    "Items.Quantity": "1",
    "Items.ProductId": "P",
    "Items.GrossAmount": "12.50",
}


def read(*changes, line=LINE, rows=None, **words):
    """Read lines that differ from LINE; give lines and receipts."""
    full = [line | change for change in changes]
    shape = Shape(
        {name: FromColumn(name) for name in full[0]},
        **({"nested": False, "vat_percent": Decimal(25)} | words),
    )
    numbers = rows or range(2, 2 + len(full))
    schema = {"_row": pl.Int64} | dict.fromkeys(full[0], pl.String)
    data = [{"_row": n} | row for n, row in zip(numbers, full, strict=True)]
    frame = pl.DataFrame(data, schema=schema)
    lines = read_lines(frame, shape).with_columns(faulty=pl.lit(value=False))
    return lines, sum_receipts(lines, frame, shape)


def ids(*receipts):
    return [{"Header.ReceiptId": r, "Items.LineNo": str(n)} for n, r in enumerate(receipts)]


def test_neighbours_with_the_same_id_are_one_receipt():
    lines, receipts = read(*ids("1", "1", "2", "1", None, None, "1"))
    assert lines["receipt"].to_list() == [0, 0, 1, 2, 3, 4, 5]
    assert lines["receipt"].dtype == pl.UInt32
    assert receipts["row"].to_list() == [2, 4, 5, 6, 7, 8]
    assert receipts["last_row"].to_list() == [3, 4, 5, 6, 7, 8]
    assert receipts["rows"].to_list() == [2, 1, 1, 1, 1, 1]


def test_the_key_may_be_store_and_receipt():
    stores = [{"Header.StoreId": s} for s in ("1", "1", "2", None)]
    key = ("Header.StoreId", "Header.ReceiptId")
    lines, _ = read(*stores, key=key)
    assert lines["receipt"].to_list() == [0, 0, 1, 2]
    assert lines["beside_unknown"].to_list() == [False, False, True, False]


def test_a_receipt_and_its_return_may_share_an_id():
    quantities = [{"Items.Quantity": q} for q in ("1", "2", "-1", "-3")]
    lines, receipts = read(*quantities, key=("Header.ReceiptId", "Items.TransactionType"))
    assert lines["receipt"].to_list() == [0, 0, 1, 1]
    assert receipts["is_return"].to_list() == [False, True]


def test_a_line_of_unknown_kind_taints_its_neighbours():
    quantities = [{"Items.Quantity": q} for q in ("-1", "two", "-3")]
    lines, _ = read(*quantities, key=("Header.ReceiptId", "Items.TransactionType"))
    assert lines["beside_unknown"].to_list() == [True, False, True]


def test_records_of_a_nested_source_are_receipts_whatever_their_ids():
    same = [{}, {"Items.LineNo": "2"}, {}, {"Header.ReceiptId": None}]
    lines, receipts = read(*same, rows=[1, 1, 2, 3], nested=True)
    assert lines["receipt"].to_list() == [0, 0, 1, 2]
    assert not lines["beside_unknown"].any()
    assert not [name for name in lines.columns if name.startswith("differs.")]
    assert receipts["row"].to_list() == receipts["last_row"].to_list() == [1, 2, 3]


@pytest.mark.parametrize(
    ("numbers", "repeats"),
    [
        (["1", "2", "3"], [False, False, False]),
        (["1", "1", "2"], [False, True, False]),
        (["1", "2", "1"], [False, False, True]),
        (["3", "1", "2"], [False, False, False]),
        (["1", "01", "1"], [False, True, True]),
        (["x", "x", None], [False, False, False]),
        (["1", None, "1"], [False, False, True]),
    ],
)
def test_line_numbers_that_repeat(numbers, repeats):
    lines, _ = read(*[{"Items.LineNo": n} for n in numbers])
    assert lines["line_no_repeats"].to_list() == repeats


def test_another_receipt_may_have_the_same_line_numbers():
    lines, _ = read({}, {"Header.ReceiptId": "18"}, {})
    assert not lines["line_no_repeats"].any()


@pytest.mark.parametrize("name", ["Header.StoreId", "Header.TimeStamp", "Header.ConsumerId"])
@pytest.mark.parametrize("other", ["other", None])
def test_values_that_differ_inside_a_receipt(name, other):
    line = LINE | {"Header.ConsumerId": "C"}
    _, receipts = read(
        {}, {name: other}, {"Header.ReceiptId": "18"}, {"Header.ReceiptId": "18"}, line=line
    )
    assert receipts[f"differs.{name}"].to_list() == [True, False]


@pytest.mark.parametrize(
    ("own", "texts", "off"),
    [
        ("12.50", ["12.50"], 0),
        ("12.5001", ["12.50"], 1),
        ("0.3", ["0.1", "0.2"], 0),
        (None, ["12.50"], None),
        ("wrong", ["12.50"], None),
        ("12.50", ["12.50", "12,50"], None),  # what can't be read has no sum
        ("12.50", ["12.50", None], None),
    ],
)
def test_how_far_a_header_amount_is_off(own, texts, off):
    changes = [{"Header.GrossAmount": own, "Items.GrossAmount": text} for text in texts]
    _, receipts = read(*changes)
    assert receipts["off.GrossAmount"].to_list() == [off]


def test_a_line_without_a_discount_adds_none():
    line = LINE | {"Header.Discount": "5", "Items.Discount": None}
    _, receipts = read({"Items.Discount": "5"}, {}, line=line)
    assert receipts["off.Discount"].to_list() == [0]
    _, receipts = read({"Items.Discount": "4"}, {}, line=line)
    assert receipts["off.Discount"].to_list() == [10_000]


@pytest.mark.parametrize(("returns_in", "text"), [("positive", "12.50"), ("signed", "-12.50")])
def test_a_return_is_summed_with_a_minus_sign(returns_in, text):
    row = {"Items.Quantity": "-1", "Items.GrossAmount": text, "Header.GrossAmount": text}
    lines, receipts = read(row, returns_in=returns_in)
    assert lines["sum.GrossAmount"].to_list() == receipts["sum.GrossAmount"].to_list() == [-125_000]
    assert lines["sum.Vat"].to_list() == [-25_000]
    assert receipts["off.GrossAmount"].to_list() == [0]


def test_unreadable_numbers_are_null_and_stop_nothing():
    broken = ["", "x", "NaN", "inf", "1e400", "٣", "9" * 40, None]
    for name in ("Items.LineNo", "Items.Quantity", "Items.GrossAmount"):
        lines, receipts = read(*[{name: text} for text in broken])
        assert lines.height == len(broken)
        assert receipts.height == 1


def test_no_row_gives_no_receipt():
    lines, _ = read({})
    shape = Shape({name: FromColumn(name) for name in LINE}, nested=False, vat_percent=Decimal(25))
    rows = pl.DataFrame(schema={"_row": pl.Int64} | dict.fromkeys(LINE, pl.String))
    nothing = read_lines(rows, shape)
    assert nothing.is_empty()
    assert set(nothing.columns) == set(lines.columns) - {"faulty"}


TIMES = [
    ("2024-03-31T01:59:59", False, False),
    ("2024-03-31T02:00:00", True, False),
    ("2024-03-31 02:59", True, False),
    ("2024-03-31T03:00:00", False, False),
    ("2024-03-31T02:30:00Z", False, False),
    ("2024-10-27T02:30:00", False, True),
    ("2024-10-27T02:30:00+01:00", False, False),
    ("2024-10-27T03:00:00", False, False),
    ("soon", False, False),
    (None, False, False),
]


@pytest.mark.parametrize("alone", [True, False])
def test_times_that_clocks_skipped_or_showed_twice(alone):
    """Those with an offset are moments, and as good as any; `alone` takes the quick way."""
    cases = [c for c in TIMES if not alone or ("T" in (c[0] or "") and len(c[0]) == 19)]
    rows = [{"Header.TimeStamp": t, "Header.ReceiptId": str(n)} for n, (t, *_) in enumerate(cases)]
    _, receipts = read(*rows)
    assert receipts["time_skipped"].to_list() == [skipped for _, skipped, _ in cases]
    assert receipts["time_repeats"].to_list() == [repeats for *_, repeats in cases]
    naive = read(*rows, time_zone="UTC")[1]
    assert not naive["time_skipped"].any()


@pytest.mark.parametrize(
    ("hour", "back"), [("first", "00:30"), ("last", "01:30"), ("reject", None)]
)
def test_local_times_of_another_zone_become_the_stores(hour, back):
    texts = [
        "2024-01-31T14:50:05",
        "2024-10-27T02:30:00",
        "2024-03-31T02:30:00",
        "2024-01-31T14:50Z",
    ]
    rows = [{"Header.TimeStamp": t, "Header.ReceiptId": t} for t in texts]
    words = {"time_zone": "UTC", "source_zone": "Europe/Oslo", "repeated_hour": hour}
    _, receipts = read(*rows, **words)
    told = receipts["time"].dt.strftime("%Y-%m-%d %H:%M").to_list()
    assert told == ["2024-01-31 13:50", back and f"2024-10-27 {back}", None, "2024-01-31 14:50"]
    assert receipts["time_skipped"].to_list() == [False, False, True, False]
    assert receipts["time_repeats"].to_list() == [False, True, False, False]
