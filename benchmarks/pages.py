"""Pages of a made-up transactions report, mostly rendered before anyone asks for them."""

import json
from functools import lru_cache

PAGE_TOKEN = b"@page@@@"  # eight bytes, in the place of the page's number
VARIANTS = 32  # pages rendered once; more would only cost the sink memory
PRODUCTS = (
    ("81997", "CHEESE: PROCESSED BULK", "DELI"),
    ("82455", "Blåbæryoghurt, økologisk", "GROCERY"),
    ("82624", 'Loff "Bakerens beste"', "GROCERY"),
    ("10821", "Bananer i løsvekt", "PRODUCE"),
    ("65338", "GASOLINE-REG UNLEADED", "FUEL"),
    ("93383", "MEAT: SAUS DRY BULK", "DELI"),
    ("89962", None, None),
)


def render_page(report: str, page: int, size: int, *, of: int) -> bytes:
    """Give a page as JSON, `data` and `metaData`; past the end there are no rows.

    Args:
        report: Its type, repeated in `metaData`.
        page: From 1.
        size: Rows a page.
        of: Rows of the whole report.
    """
    meta = {
        "reportType": report,
        "totalRecords": of,
        "totalPages": -(-of // size),
        "activePage": page,
    }
    count = max(0, min(size, of - (page - 1) * size))
    rows = _render_rows(count, page % VARIANTS).replace(PAGE_TOKEN, b"%08d" % page)
    return b'{"data":[%b],"metaData":%b}' % (rows, json.dumps(meta).encode())


def render_ahead(size: int) -> None:
    """Render what full pages of this size are filled from."""
    for variant in range(VARIANTS):
        _render_rows(size, variant)


@lru_cache(maxsize=4 * VARIANTS)
def _render_rows(count: int, variant: int) -> bytes:
    rows = (_make_row(number, variant * count + number) for number in range(count))
    return b",".join(
        json.dumps(row, separators=(",", ":"), ensure_ascii=False).encode() for row in rows
    )


def _make_row(number: int, seed: int) -> dict[str, object]:
    """Make up one line, with the names of the sandbox's report; ten of them make a receipt."""
    dice = seed * 2_654_435_761 % (1 << 32)
    product, name, department = PRODUCTS[dice % len(PRODUCTS)]
    gross = dice // 7 % 20_000
    vat = (2 * gross * 15 + 115) // 230
    receipt = number // 10
    time = f"{receipt % 24:02d}:{seed // 10 % 60:02d}:00"
    return {
        "receiptId": f"{PAGE_TOKEN.decode()}{receipt:06d}",
        "storeId": str(300 + (seed // 10) % 40),
        "customerId": None if receipt % 10 == 3 else str(seed // 10 * 7919 % 2500),
        "timeStamp": f"2024-03-{1 + receipt % 28:02d}T{time}",
        "currency": "NOK",
        "lineNo": number % 10 + 1,
        "productId": f"{product}{dice % 500}",
        "productName": name,
        "productGroupLevel1Name": department,
        "quantity": 1 + dice % 3,
        "grossAmount": gross / 100,
        "vat": vat / 100,
        "netAmount": (gross - vat) / 100,
        "discount": dice % 50 / 10,
        "transactionType": "PURCHASE",
    }
