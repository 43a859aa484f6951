"""Whatever valid batch is posted comes back equal, to the last character and digit."""

import json
from decimal import Decimal

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

# The @ marks amounts, see `write`.
texts = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="@"), max_size=20)
keys = texts.filter(bool)
amounts = st.one_of(
    st.integers(-(10**12), 10**12).map(str),
    st.decimals(-(10**9), 10**9, places=4).map(lambda number: format(number, "f")),
)
times = st.datetimes().map(lambda time: time.replace(microsecond=0).isoformat())


@st.composite
def receipts(draw):
    """Return a receipt whose amounts are still text, marked so that they can be unquoted."""
    items = []
    numbers = st.lists(st.integers(-(10**9), 10**18), min_size=1, max_size=4, unique=True)
    for number in draw(numbers):
        back = draw(st.booleans())
        item = {
            "ReceiptId": draw(keys),
            "LineNo": number,
            "Quantity": f"@{'-' if back else ''}{draw(st.integers(1, 99))}@",
            "ProductId": draw(keys),
            "GrossAmount": f"@{draw(amounts)}@",
            "Vat": f"@{draw(amounts)}@",
            "NetAmount": f"@{draw(amounts)}@",
            "TransactionType": "RETURN" if back else "PURCHASE",
        }
        for name in ("ProductName", "ProductGroupLevel1Name", "ProductGroupLevel2Name", "Ext10"):
            if draw(st.booleans()):
                item[name] = draw(texts)
        if draw(st.booleans()):
            item["Discount"] = f"@{draw(amounts)}@"
        items.append(item)
    header = {
        "StoreId": draw(keys),
        "ReceiptId": draw(keys),
        "TimeStamp": draw(times),
        "ConsumerId": "someone",
        "GrossAmount": f"@{draw(amounts)}@",
        "Vat": f"@{draw(amounts)}@",
    }
    return {"Header": header, "Items": items}


def write(batch, indent, ascii_only):
    """Return the body: a marked text becomes the number it holds."""
    text = json.dumps({"ReceiptRequests": batch}, indent=indent, ensure_ascii=ascii_only)
    return text.replace('"@', "").replace('@"', "")


def read(text):
    return json.loads(text, parse_float=Decimal, parse_int=Decimal)


def unmark(value):
    return Decimal(value[1:-1])


@given(
    batch=st.lists(receipts(), min_size=1, max_size=4),
    indent=st.sampled_from([None, 1]),
    ascii_only=st.booleans(),
)
@settings(
    max_examples=30, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
def test_a_batch_comes_back_equal(shared_api, batch, indent, ascii_only):
    before = shared_api.facts()
    body = write(batch, indent, ascii_only).encode()
    shared_api.post("transactions", body).raise_for_status()

    found = read(shared_api.get("transactions/customerId/someone").text)[-len(batch) :]
    for sent, got in zip(batch, found, strict=True):
        header = sent["Header"]
        assert got["receiptId"] == header["ReceiptId"]
        assert got["receiptDate"] == header["TimeStamp"]
        assert got["storeId"] == header["StoreId"]
        assert got["grossAmount"] == unmark(header["GrossAmount"])
        for item, row in zip(sent["Items"], got["rows"], strict=True):
            check_row(item, row)
            assert row["lineNo"] == str(item["LineNo"])
            assert row["productGroupLevel2Name"] == item.get("ProductGroupLevel2Name")

    lines = [(sent["Header"], item) for sent in batch for item in sent["Items"]]
    pages = (before["lines"] + len(lines) - 1) // 10 + 1
    rows = []
    for page in range(before["lines"] // 10 + 1, pages + 1):
        rows += read(shared_api.get("reports/transactions", page=page, rowsPage=10).text)["data"]
    for (header, item), row in zip(lines, rows[before["lines"] % 10 :], strict=True):
        check_row(item, row)
        assert row["lineNo"] == item["LineNo"]
        assert (row["receiptId"], row["storeId"]) == (header["ReceiptId"], header["StoreId"])
        assert (row["timeStamp"], row["customerId"]) == (header["TimeStamp"], "someone")

    gross = sum(unmark(item["GrossAmount"]) for _, item in lines)
    assert Decimal(shared_api.facts()["gross"]) - Decimal(before["gross"]) == gross


def check_row(item, row):
    assert row["productId"] == item["ProductId"]
    assert row["productName"] == item.get("ProductName")
    assert row["productGroupLevel1Name"] == item.get("ProductGroupLevel1Name")
    assert row["transactionType"] == item["TransactionType"]
    for name, source in (("quantity", "Quantity"), ("grossAmount", "GrossAmount"), ("vat", "Vat")):
        assert row[name] == unmark(item[source])
    assert row["discount"] == (unmark(item["Discount"]) if "Discount" in item else None)
