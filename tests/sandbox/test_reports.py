"""Pages of reports: none missing, none twice, whatever their size."""

import json

import pytest


@pytest.fixture(scope="module")
def loaded(shared_api):
    """Return the sandbox with 23 lines in receipts of 1 to 6 lines, in three requests."""
    number = 0
    for sizes in ([3, 1, 4], [1, 5, 2], [6, 1]):
        receipts = []
        for lines in sizes:
            items = [
                {
                    "ReceiptId": str(number),
                    "LineNo": line * 10,
                    "Quantity": 1,
                    "ProductId": f"P{line}",
                    "GrossAmount": line,
                    "Vat": 0,
                    "NetAmount": line,
                    "TransactionType": "PURCHASE",
                }
                for line in range(lines)
            ]
            header = {
                "StoreId": f"S{number % 3}",
                "ReceiptId": str(number),
                "TimeStamp": "2024-02-29T00:00:00",
                "GrossAmount": 1,
                "Vat": 0,
            }
            receipts.append({"Header": header, "Items": items})
            number += 1
        shared_api.post("transactions", {"ReceiptRequests": receipts}).raise_for_status()
    members = [{"externalId": f"E{n}"} for n in range(23)]
    shared_api.post("import", {"members": members}).raise_for_status()
    return shared_api


def read_all(api, report, size):
    rows, page = [], 1
    while True:
        body = api.get(f"reports/{report}", page=page, rowsPage=size).json()
        rows.append(body["data"])
        meta = body["metaData"]
        assert (meta["reportType"], meta["activePage"]) == (report, page)
        if page >= meta["totalPages"]:
            return rows, meta
        page += 1


@pytest.mark.parametrize("report", ["transactions", "customers"])
@pytest.mark.parametrize("size", [1, 2, 3, 5, 7, 22, 23, 24, 10_000])
def test_pages_of_any_size_hold_the_same_rows(loaded, report, size):
    everything = loaded.get(f"reports/{report}").json()["data"]
    assert len(everything) == 23
    pages, meta = read_all(loaded, report, size)
    assert [row for page in pages for row in page] == everything
    assert (meta["totalRecords"], meta["totalPages"]) == (23, -(-23 // size))
    assert all(len(page) == size for page in pages[:-1])
    assert len(pages[-1]) == (23 % size or size)


def test_lines_stand_in_order_of_arrival(loaded):
    rows = loaded.get("reports/transactions").json()["data"]
    expected = [
        (str(number), line * 10)
        for number, lines in enumerate([3, 1, 4, 1, 5, 2, 6, 1])
        for line in range(lines)
    ]
    assert [(row["receiptId"], row["lineNo"]) for row in rows] == expected


@pytest.mark.parametrize("report", ["transactions", "customers", "stores"])
def test_a_page_past_the_end_is_empty(loaded, report):
    body = loaded.get(f"reports/{report}", page=25, rowsPage=1).json()
    assert body["data"] == []
    assert body["metaData"]["activePage"] == 25
    assert loaded.get(f"reports/{report}", page=10**9, rowsPage=10_000).json()["data"] == []


def test_stores_are_reported_as_they_are_listed(loaded):
    body = loaded.get("reports/stores").json()
    assert [store["id"] for store in body["data"]] == ["S0", "S1", "S2"]
    assert body["data"] == loaded.get("stores").json()


def test_a_row_of_the_transactions_report(api, example):
    api.post("transactions", example("transactions_create.request")).raise_for_status()
    text = api.get("reports/transactions").text
    assert json.loads(text)["data"] == [
        {
            "receiptId": "9999258836",
            "storeId": "001",
            "customerId": "9ae37ad3-8a55-4bb5-81fd-b08f00b684ed",
            "timeStamp": "2023-10-13T14:50:05",
            "currency": "NOK",
            "lineNo": 1,
            "productId": "VR1722775",
            "productName": "MINI CHRISTMAS THREE WITH LED LIGHTS",
            "productGroupLevel1Name": "CHRISTMAS",
            "quantity": 1,
            "grossAmount": 1817.8,
            "vat": 363.56,
            "netAmount": 1454.24,
            "discount": 0,
            "transactionType": "PURCHASE",
        }
    ]


def test_what_a_receipt_did_not_say_is_null(loaded):
    row = loaded.get("reports/transactions", rowsPage=1).json()["data"][0]
    absent = [name for name, value in row.items() if value is None]
    assert absent == ["customerId", "currency", "productName", "productGroupLevel1Name", "discount"]
