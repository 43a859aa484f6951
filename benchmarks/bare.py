"""The floor: a year of CSV to requests in columns, with nothing checked and nothing recorded.

What the product takes more than this, it takes for validation, its records and its run.
"""

from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from threading import BoundedSemaphore

import httpx
import polars as pl
from baselines import CURRENCY, HEADERS, IN_FLIGHT, RECEIPTS, TIMEOUT, VAT_PERCENT

BLOCK_BYTES = 2 << 20
INTEGERS = {"line_no": pl.Int64, "quantity": pl.Int64}
NUMBERS = {"gross_amount": pl.Float64, "discount": pl.Float64}
OPTIONAL = ("ConsumerId", "ProductGroupLevel1Name", "ProductName")


def _cents(column: str) -> pl.Expr:
    return (pl.col(column) * 100).round().cast(pl.Int64)


def _amount(cents: pl.Expr) -> pl.Expr:
    return (cents / 100).round(2)  # rounded, so that the shortest text is the exact one


ITEM = pl.struct(
    ReceiptId="receipt_id",
    LineNo="line_no",
    Quantity="quantity",
    ProductGroupLevel1Name="department",
    ProductId="product_id",
    ProductName="product_name",
    GrossAmount="gross_amount",
    Vat=_amount(pl.col("vat")),
    NetAmount=_amount(pl.col("gross") - pl.col("vat")),
    Discount="discount",
    TransactionType=pl.when(pl.col("quantity") < 0)
    .then(pl.lit("RETURN"))
    .otherwise(pl.lit("PURCHASE")),
)
HEADER = pl.struct(
    StoreId="store_id",
    ReceiptId="receipt_id",
    TimeStamp="timestamp",
    ConsumerId="customer_id",
    GrossAmount=_amount(pl.col("gross")),
    Vat=_amount(pl.col("vat")),
    NetAmount=_amount(pl.col("gross") - pl.col("vat")),
    Discount=_amount(pl.col("off")),
    Currency=pl.lit(CURRENCY),
).alias("Header")


def load_bare(path: str, base_url: str) -> None:
    """Post every receipt of a flat CSV file without line ends inside fields."""
    slots = BoundedSemaphore(2 * IN_FLIGHT)
    sent: list[Future[None]] = []
    with httpx.Client(headers=HEADERS, timeout=TIMEOUT) as client, ThreadPoolExecutor(4) as pool:

        def post(texts: pl.Series) -> None:
            try:
                body = b'{"ReceiptRequests":[%b]}' % ",".join(texts).encode()
                client.post(f"{base_url}/transactions", content=body).raise_for_status()
            finally:
                slots.release()

        for batch in _batches(_blocks(path)):
            slots.acquire()
            sent.append(pool.submit(post, batch))
    for future in sent:
        future.result()


def _batches(blocks: Iterator[pl.DataFrame]) -> Iterator[pl.Series]:
    """Cut texts of receipts into requests; the last receipt of a block waits for the next."""
    rest: pl.DataFrame | None = None
    ready = pl.Series("Header", [], dtype=pl.String)
    for block in blocks:
        lines = block if rest is None else pl.concat([rest, block])
        is_last = pl.col("receipt_id") == pl.col("receipt_id").last()
        rest = lines.filter(is_last)
        ready = ready.append(_texts(lines.filter(~is_last)))
        while len(ready) >= RECEIPTS:
            yield ready[:RECEIPTS]
            ready = ready[RECEIPTS:]
    if rest is not None:
        yield ready.append(_texts(rest))


def _texts(lines: pl.DataFrame) -> pl.Series:
    """One JSON text a receipt, nulls left out."""
    texts = (
        lines.lazy()
        .with_columns(
            gross=_cents("gross_amount"),
            off=_cents("discount"),
            group=pl.col("receipt_id").rle_id(),
        )
        .with_columns(
            vat=(2 * pl.col("gross") * VAT_PERCENT + 100 + VAT_PERCENT) // (2 * (100 + VAT_PERCENT))
        )
        .group_by("group", maintain_order=True)
        .agg(
            pl.col("store_id", "receipt_id", "timestamp", "customer_id").first(),
            pl.col("gross", "vat", "off").sum(),
            Items=ITEM,
        )
        .select(pl.struct(HEADER, "Items").struct.json_encode())
        .collect()
        .to_series()
    )
    for name in OPTIONAL:  # inside a JSON text the quotes would be escaped: this cannot be data
        texts = texts.str.replace_all(f'"{name}":null,', "", literal=True)
    return texts


def _blocks(path: str) -> Iterator[pl.DataFrame]:
    """Read blocks that end at a line end."""
    with open(path, "rb", buffering=0) as file:
        head = file.readline()
        types = dict.fromkeys(head.decode().strip().split(","), pl.String) | INTEGERS | NUMBERS
        rest = b""
        while read := file.read(BLOCK_BYTES):
            cut = len(rest) + read.rfind(b"\n") + 1
            rest += read
            if cut > len(rest) - len(read):
                yield pl.read_csv(rest[:cut], has_header=False, schema=types)
                rest = rest[cut:]
        if rest:
            yield pl.read_csv(rest, has_header=False, schema=types)
