"""Rows through mapping, judging and encoding, as a feed's words ask."""

import json

import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from delivery.outcomes import REFUSED
from delivery.records import RECORDS
from pipelines.counting import amount_text
from pipelines.feeds import LoadFeed
from pipelines.refusing import member_key, receipt_key
from pipelines.shaping import make_shaper, source_columns, whole_records

FLAT = {
    "Header.StoreId": "store",
    "Header.ReceiptId": "receipt",
    "Header.TimeStamp": "time",
    "Header.GrossAmount": "total",
    "Items.LineNo": "line",
    "Items.Quantity": "quantity",
    "Items.ProductId": "product",
    "Items.GrossAmount": "gross",
}
GOOD = {
    "store": "001",
    "receipt": "17",
    "time": "2024-01-31T14:50:05",
    "total": "12.50",
    "line": "1",
    "quantity": "1",
    "product": "P",
    "gross": "12.50",
}


def feed(mapping=FLAT, receipts=None, endpoint="POST /transactions", delivery=None, **source):
    source = {"path": "a.csv"} | source
    words = {"source": source, "target": {"endpoint": endpoint}, "mapping": mapping}
    words |= {"delivery": delivery} if delivery else {}
    own = {"receipts": {"vat_percent": "25"} | (receipts or {})}
    return LoadFeed.model_validate(words | (own if endpoint == "POST /transactions" else {}))


def frame(*changes, faults=None, row=GOOD):
    rows = [{"_row": n} | row | change for n, change in enumerate(changes, 2)]
    made = pl.DataFrame(rows, schema={"_row": pl.Int64} | dict.fromkeys(row, pl.String))
    if faults is None:
        return made
    broken = pl.Series("_fault", faults, dtype=pl.String)
    nothing = pl.when(broken.is_null()).then(pl.col(row))
    return made.with_columns(nothing).with_columns(broken)


def shape(*changes, words=None, faults=None):
    return make_shaper(words or feed())(frame(*changes, faults=faults))


def told(shaped):
    """Give each reason as (place, code)."""
    return sorted((r["index"], r["code"] or "") for r in shaped.reasons.iter_rows(named=True))


def test_good_rows_become_records():
    shaped = shape({}, {"line": "2", "gross": "0"}, {"receipt": "18"})
    assert shaped.records.schema == RECORDS
    assert shaped.records.drop("json").rows() == [
        ("001\x1f17\x1fPURCHASE", 2, 3, 2, 125_000, ""),
        ("001\x1f18\x1fPURCHASE", 4, 4, 1, 125_000, ""),
    ]
    sent = [json.loads(text) for text in shaped.records["json"]]
    assert [len(receipt["Items"]) for receipt in sent] == [2, 1]
    assert shaped.refused.schema == REFUSED
    assert (shaped.refused.height, shaped.reasons.height, shaped.warnings) == (0, 0, {})


def test_a_receipt_is_sent_whole_or_not_at_all():
    shaped = shape(
        {"receipt": "16"},
        {"total": "37.50"},
        {"total": "37.50", "line": "x"},
        {"total": "37.50", "line": "3"},
        {"receipt": "18"},
    )
    assert shaped.records["row"].to_list() == [2, 6]
    assert told(shaped) == [(1, ""), (2, "Items.LineNo: not-an-integer"), (3, "")]
    assert shaped.refused.schema == REFUSED
    assert shaped.refused.drop("amount", "waits").rows() == [
        ("001\x1f17\x1fPURCHASE", 3, 5, 3, "Items.LineNo (line) 'x': not a whole number")
    ]


def test_a_reason_names_the_field_the_column_and_the_value():
    shaped = shape({"gross": "12,50"})
    assert shaped.reasons["text"].item() == (
        "Items.GrossAmount (gross) '12,50': not a number such as 12.50"
        " (at most 11 digits and 4 decimals)"
    )


def test_every_reason_of_a_row_and_of_its_receipt():
    shaped = shape(
        {"total": "1", "time": "soon", "product": None},
        {"total": "1", "time": "later", "line": "1", "quantity": "two", "store": None},
    )
    assert told(shaped) == [
        (0, "Header.StoreId: differs-in-receipt"),
        (0, "Header.TimeStamp: differs-in-receipt"),
        (0, "Header.TimeStamp: not-a-time"),
        (0, "Items.ProductId: missing"),
        (1, "Items.LineNo: line-number-repeats"),
        (1, "Items.Quantity: not-a-number"),
    ]


def test_a_refused_receipt_has_every_reason_of_its_rows_once_and_in_their_order():
    shaped = shape(
        {"total": "37.50", "gross": "x"},
        {"total": "37.50", "line": "2", "product": None},
        {"total": "37.50", "line": "3", "product": None, "gross": "x"},
        {"receipt": "18"},
        {"receipt": None},
    )
    number = "'x': not a number such as 12.50 (at most 11 digits and 4 decimals)"
    two = f"Items.GrossAmount (gross) {number} | Items.ProductId (product): has no value"
    beside = "stands beside a row whose receipt is unknown and that may belong to it"
    assert shaped.refused.drop("amount", "waits").rows() == [
        ("001\x1f17\x1fPURCHASE", 2, 4, 3, two),
        ("001\x1f18\x1fPURCHASE", 5, 5, 1, f"Header.ReceiptId (receipt) '18': {beside}"),
        ("", 6, 6, 1, "Header.ReceiptId (receipt): has no value"),
    ]


def test_a_wrong_sum_is_told_beside_another_fault_but_not_where_an_amount_is_unreadable():
    shaped = shape({"total": "1", "product": None})
    assert told(shaped) == [
        (0, "Header.GrossAmount: not-the-sum-of-lines"),
        (0, "Items.ProductId: missing"),
    ]
    assert told(shape({"total": "1", "gross": "x"})) == [(0, "Items.GrossAmount: not-a-number")]
    assert told(shape({"total": "1", "gross": None})) == [(0, "Items.GrossAmount: missing")]
    assert told(shape({"total": "1", "quantity": "x"})) == [(0, "Items.Quantity: not-a-number")]


def test_digits_of_other_scripts_are_a_reason_and_no_crash():
    for column in ("line", "quantity", "gross"):
        shaped = shape({column: "\N{ARABIC-INDIC DIGIT THREE}"})
        assert shaped.refused.height == 1
        assert shaped.records.is_empty()


@pytest.mark.parametrize(
    ("tolerance", "total", "good"),
    [("0", "12.5001", False), ("0.01", "12.51", True), ("0.01", "12.5101", False)],
)
def test_the_tolerance_of_the_feed(tolerance, total, good):
    words = feed(receipts={"amount_tolerance": tolerance})
    shaped = shape({"total": total}, words=words)
    assert shaped.refused.height == (not good)
    if good:
        header = json.loads(shaped.records["json"].item())["Header"]
        assert header["GrossAmount"] == float(total)


def test_a_row_that_names_no_receipt_takes_its_neighbours_along():
    shaped = shape({"receipt": "16"}, {}, {"receipt": None}, {"receipt": "18"}, {"receipt": "19"})
    assert shaped.records["row"].to_list() == [2, 6]
    assert told(shaped) == [
        (1, "Header.ReceiptId: may-lack-a-line"),
        (2, "Header.ReceiptId: missing"),
        (3, "Header.ReceiptId: may-lack-a-line"),
    ]


def test_with_a_key_of_store_and_receipt_half_a_key_names_no_receipt():
    words = feed(receipts={"key": ["Header.StoreId", "Header.ReceiptId"]})
    for lacking in ({"receipt": None}, {"store": None}):
        shaped = shape({}, lacking, words=words)
        assert (0, "Header.ReceiptId: may-lack-a-line") in told(shaped)
        assert shaped.records.is_empty()


def test_a_row_that_cannot_be_read_has_the_readers_reason_only():
    shaped = shape({}, {}, {"receipt": "18"}, faults=[None, "too few fields", None])
    assert shaped.records.is_empty()
    assert told(shaped) == [
        (0, "Header.ReceiptId: may-lack-a-line"),
        (1, "row: not-readable"),
        (2, "Header.ReceiptId: may-lack-a-line"),
    ]
    assert shaped.refused.drop("reasons", "amount", "waits").rows() == [
        ("001\x1f17\x1fPURCHASE", 2, 2, 1),
        ("", 3, 3, 1),
        ("001\x1f18\x1fPURCHASE", 4, 4, 1),
    ]
    assert shaped.refused["reasons"][1] == "too few fields"


def test_in_a_nested_source_a_record_stands_for_itself():
    words = feed(format="json", path="a.json", items="items")
    rows = frame({}, {}, {"receipt": None}, {}).with_columns(_row=pl.Series([1, 1, 2, 3]))
    shaped = make_shaper(words)(rows)
    assert shaped.refused.drop("reasons", "amount", "waits").rows() == [
        ("001\x1f17\x1fPURCHASE", 1, 1, 2), ("", 2, 2, 1)
    ]  # fmt: skip
    assert shaped.records["row"].to_list() == [3]
    assert told(shaped) == [
        (0, "Header.GrossAmount: not-the-sum-of-lines"),
        (1, "Items.LineNo: line-number-repeats"),
        (2, "Header.ReceiptId: missing"),
    ]


def test_a_purchase_and_its_return_may_share_store_and_receipt():
    words = feed(receipts={"key": ["Header.ReceiptId", "Items.TransactionType"]})
    shaped = shape({}, {"quantity": "-1"}, words=words)
    assert shaped.records["key"].to_list() == ["001\x1f17\x1fPURCHASE", "001\x1f17\x1fRETURN"]
    assert shaped.records["amount"].to_list() == [125_000, -125_000]


def test_further_columns_may_be_a_part_of_the_key_and_may_lack_a_value():
    words = feed(FLAT | {"Header.EcrId": "till"}, delivery={
        "key": ["Header.StoreId", "Header.ReceiptId", "Header.EcrId"]})  # fmt: skip
    rows = frame({"till": "4"}, {"receipt": "18"}, {"store": None}, row=GOOD | {"till": None})
    shaped = make_shaper(words)(rows)
    assert shaped.records["key"].to_list() == [
        "001\x1f17\x1fPURCHASE\x1f4", "001\x1f18\x1fPURCHASE\x1f"
    ]  # fmt: skip
    assert shaped.refused["key"].to_list() == [""]
    kind = pl.DataFrame({"a": ["1"], "b": ["2"], "is_return": [True]})
    assert kind.select(receipt_key(["a", "b"])).item() == "1\x1f2\x1fRETURN"


def test_whose_receipt_it_is():
    words = feed(FLAT | {"Header.ConsumerId": "member"})
    rows = frame({"member": "M1"}, {"receipt": "18"}, row=GOOD | {"member": None})
    assert make_shaper(words)(rows).records["customer"].to_list() == ["M1", ""]


def test_ids_that_look_alike_have_keys_of_their_own():
    ids = [("a|", "b"), ("a", "|b"), ("a||b", "c"), ("a", "b|c"), ("a|b", "c")]
    shaped = shape(*({"store": store, "receipt": receipt} for store, receipt in ids))
    assert shaped.records["key"].n_unique() == len(ids)


def test_a_header_amount_need_not_stand_on_the_lines():
    words = feed(FLAT | {"Header.Discount": "off"})
    row = GOOD | {"off": "2.50"}
    shaped = make_shaper(words)(frame({}, {"receipt": "18", "off": None}, row=row))
    sent = [json.loads(text)["Header"].get("Discount") for text in shaped.records["json"]]
    assert sent == [2.5, None]
    assert told(make_shaper(words)(frame({"off": "x"}, row=row))) == [
        (0, "Header.Discount: not-a-number")
    ]


def test_lines_that_are_odd_are_counted_but_sent():
    words = feed(FLAT | {"Items.Vat": "vat", "Items.NetAmount": "net"})
    row = GOOD | {"vat": "2.50", "net": "10.01"}
    shaped = make_shaper(words)(frame({}, {"receipt": "18", "net": "10"}, row=row))
    assert shaped.records.height == 2
    assert list(shaped.warnings.values()) == [1]


MEMBERS = {
    "externalId": "no",
    "email": "mail",
    "age": {"column": "years", "type": "integer"},
    "country": {"constant": "NO"},
}
MEMBER = {"no": "17", "mail": "kari@example.com", "years": "30"}


def test_members_become_records_or_reasons():
    words = feed(MEMBERS, endpoint="POST /import")
    rows = frame(
        {},
        {"mail": "kari@", "years": "old"},
        {"no": None, "mail": None},
        {},
        row=MEMBER,
        faults=[None, None, None, "too few fields"],
    )
    shaped = make_shaper(words)(rows)
    assert shaped.records.schema == RECORDS
    assert shaped.records.rows() == [
        ("externalId\x1f17", 2, 2, 1, 0, "",
         '{"externalId":"17","email":"kari@example.com","age":30,"country":"NO"}')
    ]  # fmt: skip
    assert shaped.refused.schema == REFUSED
    mail = "email (mail) 'kari@': not an e-mail address such as kari@example.com"
    nameless = "the member has none of externalId, mobilePhone, email, so nothing can name it"
    assert shaped.refused.drop("amount", "waits").rows() == [
        ("externalId\x1f17", 3, 3, 1, f"age (years) 'old': not a whole number | {mail}"),
        ("", 4, 4, 1, f"externalId (no): {nameless}"),
        ("", 5, 5, 1, "too few fields"),
    ]
    assert told(shaped) == [
        (1, "age: not-an-integer"),
        (1, "email: not-an-email"),
        (2, "externalId: no-key"),
        (3, "row: not-readable"),
    ]


def test_a_member_is_named_by_the_first_of_its_keys_that_has_a_value():
    words = feed({"email": "mail", "mobilePhone": "phone"}, endpoint="POST /import")
    row = {"mail": "kari@example.com", "phone": None}
    shaped = make_shaper(words)(frame({}, {"phone": "+4790000000"}, {"phone": ""}, row=row))
    mail, phone = "email\x1fkari@example.com", "mobilePhone\x1f+4790000000"
    assert shaped.records["key"].to_list() == [mail, phone, mail]
    words = feed(
        {"email": "mail", "mobilePhone": "phone"},
        endpoint="POST /import",
        delivery={"key": ["email", "mobilePhone"]},
    )
    shaped = make_shaper(words)(frame({}, {"phone": "+4790000000"}, row=row))
    assert shaped.records["key"].to_list() == [mail, mail]
    assert pl.DataFrame({"a": [None]}, {"a": pl.String}).select(member_key(["a"])).item() == ""


def test_only_the_columns_that_are_used_are_read():
    words = feed(MEMBERS | {"name": "mail"}, endpoint="POST /import")
    assert source_columns(words) == ("no", "mail", "years")


@settings(max_examples=12, deadline=None)
@given(
    st.lists(
        st.fixed_dictionaries(
            {
                "store": st.sampled_from(["1", "2", None]),
                "receipt": st.sampled_from(["a", "b", None]),
                "quantity": st.sampled_from(["1", "1", "-1", "x"]),
                "line": st.sampled_from(["1", "2", "3"]),
                "total": st.sampled_from(["12.50", "25.00"]),
            }
        ),
        min_size=1,
        max_size=10,
    ),
    st.lists(st.integers(1, 4), max_size=5),
    st.sampled_from([["Header.ReceiptId"], ["Header.StoreId", "Header.ReceiptId"]]),
)
def test_where_the_source_is_cut_does_not_matter(changes, sizes, key):
    words = feed(receipts={"key": key})
    shaper = make_shaper(words)
    rows = frame(*changes)
    frames, start = [], 0
    for size in sizes:
        frames.append(rows.slice(start, size))
        start += size
    parts, reasons, before = [], [], 0
    for part in whole_records([*frames, rows.slice(start)], words):
        shaped = shaper(part)
        parts.append(shaped)
        reasons += [(index + before, code) for index, code in told(shaped)]
        before += part.height
    whole = shaper(rows)
    assert pl.concat(part.records for part in parts).equals(whole.records)
    assert pl.concat(part.refused for part in parts).equals(whole.refused)
    assert all(whole.refused["reasons"])
    assert sorted(reasons) == told(whole)

    # Each row is sent with its receipt or is told of, never both, never neither.
    def rows_of(records):
        places = records.select("row", "last_row").rows()
        return {row for first, last in places for row in range(first, last + 1)}

    sent, rejected = rows_of(whole.records), {index + 2 for index, _ in reasons}
    assert rows_of(whole.refused) == rejected
    assert whole.refused["rows"].sum() == len(rejected)
    assert (sent | rejected, sent & rejected) == (set(rows["_row"]), set())


def test_sums_are_written_exactly():
    units = [0, 1, -125_000, 125_010, 10**16 + 1]
    texts = ["0.00", "0.0001", "-12.50", "12.501", "1000000000000.0001"]
    assert [amount_text(unit) for unit in units] == texts
