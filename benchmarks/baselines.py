"""The loops one would write by hand instead, written well.

    python benchmarks/baselines.py {csv,json,ndjson,xml,bare,export} FILE BASE_URL

The first four read with polars, json or lxml, make a Python dict of every line and post with
httpx, eight requests in flight. `bare` (bare.py) is the floor for them and for the product: CSV in
blocks, bodies made in columns, nothing checked, nothing recorded. All send the same: 400 receipts
a request, VAT of 8 % inside the gross, the header's amounts summed from the lines.
"""

import asyncio
import json
import sys
from collections.abc import Iterable, Iterator
from itertools import groupby, islice
from operator import itemgetter
from typing import Any

RECEIPTS, IN_FLIGHT, VAT_PERCENT, CURRENCY = 400, 8, 8, "USD"
HEADERS = {"x-api-key": "benchmark", "content-type": "application/json"}
PAGE_ROWS, GROUP_PAGES, TIMEOUT = 1000, 48, 60
AMOUNTS = ("GrossAmount", "Vat", "NetAmount", "Discount")
COLUMNS = (
    *("store_id", "receipt_id", "timestamp", "customer_id", "line_no", "product_id"),
    *("product_name", "department", "quantity", "gross_amount", "discount"),
)
Record = dict[str, Any]


def read_csv(path: str) -> Iterator[Record]:
    """Flat rows, batch by batch, gathered into receipts."""
    import polars as pl

    text, whole, real = pl.String(), pl.Int64(), pl.Float64()
    types: dict[str, pl.DataType] = dict.fromkeys(COLUMNS, text)
    types |= {"line_no": whole, "quantity": whole, "gross_amount": real, "discount": real}
    batches = pl.scan_csv(path, schema=types).collect_batches(
        chunk_size=50_000, maintain_order=True
    )
    rows = (row for batch in batches for row in batch.iter_rows(named=True))
    for _, group in groupby(rows, key=itemgetter("receipt_id")):
        items = list(group)
        yield {**items[0], "items": items}


def read_json(path: str) -> Iterator[Record]:
    """A JSON array, whole, as the standard library reads it."""
    with open(path, "rb") as file:
        yield from json.load(file)


def read_ndjson(path: str) -> Iterator[Record]:
    """One JSON text a line."""
    with open(path, "rb") as file:
        yield from map(json.loads, file)


def read_xml(path: str) -> Iterator[Record]:
    """`lxml.iterparse`, each receipt dropped once it is read."""
    from lxml import etree

    for _, receipt in etree.iterparse(path, tag="Receipt", resolve_entities=False):
        header = {element.tag: element.text for element in receipt[0]}
        items = []
        for element in receipt[1]:
            item = {part.tag: part.text for part in element}
            items.append(
                {
                    "line_no": int(item["LineNo"]),
                    "product_id": item["ProductId"],
                    "product_name": item.get("ProductName"),
                    "department": item.get("Department"),
                    "quantity": int(item["Quantity"]),
                    "gross_amount": float(item["GrossAmount"]),
                    "discount": float(item["Discount"]),
                }
            )
        yield {
            "store_id": header["StoreId"],
            "receipt_id": header["ReceiptId"],
            "timestamp": header["TimeStamp"],
            "customer_id": header.get("CustomerId"),
            "items": items,
        }
        receipt.clear()
        while receipt.getprevious() is not None:
            del receipt.getparent()[0]


def shape(record: Record) -> Record:
    """One receipt as POST /transactions takes it; what is unknown is left out."""
    items = [shape_item(record["receipt_id"], item) for item in record["items"]]
    header = {
        "StoreId": record["store_id"],
        "ReceiptId": record["receipt_id"],
        "TimeStamp": record["timestamp"],
    }
    if record["customer_id"] is not None:
        header["ConsumerId"] = record["customer_id"]
    for amount in AMOUNTS:
        header[amount] = round(sum(item[amount] for item in items), 2)
    header["Currency"] = CURRENCY
    return {"Header": header, "Items": items}


def shape_item(receipt_id: str, item: Record) -> Record:
    """One line of it."""
    cents = round(item["gross_amount"] * 100)
    vat = (2 * cents * VAT_PERCENT + 100 + VAT_PERCENT) // (2 * (100 + VAT_PERCENT))
    line = {"ReceiptId": receipt_id, "LineNo": item["line_no"], "Quantity": item["quantity"]}
    if item["department"] is not None:
        line["ProductGroupLevel1Name"] = item["department"]
    line["ProductId"] = item["product_id"]
    if item["product_name"] is not None:
        line["ProductName"] = item["product_name"]
    line["GrossAmount"] = item["gross_amount"]
    line["Vat"] = vat / 100
    line["NetAmount"] = (cents - vat) / 100
    line["Discount"] = item["discount"]
    line["TransactionType"] = "RETURN" if item["quantity"] < 0 else "PURCHASE"
    return line


async def load(receipts: Iterable[Record], base_url: str) -> None:
    """Post receipts, 400 a request, several requests in flight."""
    import httpx

    source = map(shape, receipts)
    slots = asyncio.Semaphore(IN_FLIGHT)
    async with (
        httpx.AsyncClient(headers=HEADERS, timeout=TIMEOUT) as client,
        asyncio.TaskGroup() as tasks,
    ):

        async def post(body: bytes) -> None:
            try:
                answer = await client.post(f"{base_url}/transactions", content=body)
                answer.raise_for_status()
            finally:
                slots.release()

        while batch := list(islice(source, RECEIPTS)):
            body = json.dumps({"ReceiptRequests": batch}, separators=(",", ":"), ensure_ascii=False)
            await slots.acquire()
            tasks.create_task(post(body.encode()))
            await asyncio.sleep(0)


async def export(out: str, base_url: str) -> None:
    """Read a report page by page, several in flight, into Parquet, group by group."""
    import httpx
    import polars as pl
    import pyarrow.parquet as pq

    slots = asyncio.Semaphore(IN_FLIGHT)
    async with httpx.AsyncClient(headers=HEADERS, timeout=TIMEOUT) as client:

        async def read(page: int) -> Record:
            async with slots:
                answer = await client.get(
                    f"{base_url}/reports/transactions",
                    params={"page": page, "rowsPage": PAGE_ROWS},
                )
                answer.raise_for_status()
                found: Record = json.loads(answer.content)
                return found

        pages = (await read(1))["metaData"]["totalPages"]
        writer = None
        for first in range(1, pages + 1, GROUP_PAGES):
            group = range(first, min(first + GROUP_PAGES, pages + 1))
            answers = await asyncio.gather(*map(read, group))
            rows = [row for answer in answers for row in answer["data"]]
            table = (
                pl.from_dicts(rows, infer_schema_length=None)
                .with_columns(pl.col("timeStamp").str.to_datetime("%Y-%m-%dT%H:%M:%S"))
                .to_arrow()
            )
            writer = writer or pq.ParquetWriter(out, table.schema, compression="zstd")
            writer.write_table(table)
        if writer is not None:
            writer.close()


def main() -> None:
    kind, path, base_url = sys.argv[1:]
    if kind == "export":
        asyncio.run(export(path, base_url))
    elif kind == "bare":
        from bare import load_bare

        load_bare(path, base_url)
    else:
        readers = {"csv": read_csv, "json": read_json, "ndjson": read_ndjson, "xml": read_xml}
        asyncio.run(load(readers[kind](path), base_url))


if __name__ == "__main__":
    main()
