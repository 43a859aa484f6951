"""Receipts into the JSON of POST /transactions, in columns.

An amount is written as the double nearest to it, whose shortest text is the exact decimal again
up to 15 digits.
"""

from collections.abc import Mapping

import polars as pl

from transforms.json_text import encode
from transforms.receipts import AMOUNTS, SCALE, Shape, minus_where

HEADER_ORDER = (
    "StoreId", "EcrId", "ReceiptId", "TimeStamp", "ConsumerId", *AMOUNTS, "Currency",
    "PaymentString", *(f"Ext{n}" for n in range(1, 6)),
)  # fmt: skip
ITEMS_ORDER = (
    "ReceiptId", "LineNo", "Quantity", "Quantity ", "ProductGroupLevel1Id",
    "ProductGroupLevel1Name", "ProductGroupLevel2Id", "ProductGroupLevel2Name",
    "ProductGroupLevel3Id", "ProductGroupLevel3Name", "ProductId", "ProductName", "SupplierId",
    "SupplierName", *AMOUNTS, "Cost", "CampaignId", "TransactionType",
    *(f"Ext{n}" for n in range(1, 11)),
)  # fmt: skip


def encode_receipts(lines: pl.DataFrame, receipts: pl.DataFrame, shape: Shape) -> pl.Series:
    """Write one element of `ReceiptRequests` per receipt, as JSON text.

    Args:
        lines: the lines of exactly these receipts; nothing in them is faulty.
        receipts: the receipts in the same order.
        shape: the feed's words.

    Returns:
        A text series as long as `receipts`. Null fields are left out, wire names and order are
        the contract's; Items[].ReceiptId repeats the header's (reading T20).
    """
    header_fields, items_fields = _header(receipts, shape), _items(lines, shape)
    items = (
        lines.lazy()
        .with_columns(pl.col("Header.ReceiptId").alias("Items.ReceiptId"))
        .select(
            pl.col("receipt").set_sorted(),
            pl.struct(e.alias(k) for k, e in items_fields.items()).alias("Items"),
        )
        .group_by("receipt", maintain_order=True)
        .agg("Items")
        .select("Items")
        .collect(engine="in-memory")
    )
    whole = pl.concat([receipts, items], how="horizontal")
    header = pl.struct(e.alias(k) for k, e in header_fields.items()).alias("Header")
    optional = _with_nulls(receipts, "Header", header_fields) + _with_nulls(
        lines, "Items", items_fields
    )
    texts = encode(whole, pl.struct(header, "Items"), dict.fromkeys(optional), may_open=False)
    if "Quantity " in items_fields:
        texts = texts.str.replace_all('"Quantity ":', '"Quantity":', literal=True)
    return texts


def _header(receipts: pl.DataFrame, shape: Shape) -> dict[str, pl.Expr]:
    fields = {k: pl.col(f"Header.{k}") for k in HEADER_ORDER if f"Header.{k}" in shape.mapping}
    fields["TimeStamp"] = pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%S")
    positive_out = shape.returns_out == "positive"
    flip = minus_where(pl.col("is_return") & pl.lit(positive_out))
    for amount in AMOUNTS:
        if f"sum.{amount}" in receipts.columns:
            fields[amount] = ((pl.col(f"sum.{amount}") * flip) / SCALE).round(4)
        if f"off.{amount}" in receipts.columns:  # the header's own amount, within the tolerance
            own = pl.col(f"sum.{amount}") + pl.col(f"off.{amount}").fill_null(0)
            fields[amount] = ((own * flip) / SCALE).round(4)
    return {k: fields[k] for k in HEADER_ORDER if k in fields}


def _items(lines: pl.DataFrame, shape: Shape) -> dict[str, pl.Expr]:
    fields = {k: pl.col(f"Items.{k}") for k in ITEMS_ORDER if f"Items.{k}" in lines.columns}
    fields["ReceiptId"] = pl.col("Items.ReceiptId")
    for name in fields:
        if name == "LineNo" or (name.startswith("ProductGroup") and name.endswith("Id")):
            fields[name] = pl.col(f"Items.{name}").cast(pl.Int64)
    flip = minus_where(pl.col("is_return") & pl.lit(shape.returns_out == "positive"))
    for amount in AMOUNTS:
        if f"sum.{amount}" in lines.columns:
            fields[amount] = ((pl.col(f"sum.{amount}") * flip) / SCALE).round(4)
    if "Cost" in fields:
        fields["Cost"] = pl.col("Items.Cost").cast(pl.Float64)
    whole = pl.col("Items.Quantity").cast(pl.Float64)
    is_whole = whole == whole.round()
    fields["Quantity"] = whole.cast(pl.Int64)
    if not lines.select(is_whole.all()).item():
        # 1 is written as 1 and 0.35 as 0.35: two members of which one is null, then one name.
        fields["Quantity"] = pl.when(is_whole).then(whole).cast(pl.Int64)
        fields["Quantity "] = pl.when(~is_whole).then(whole)
    return {k: fields[k] for k in ITEMS_ORDER if k in fields}


def _with_nulls(frame: pl.DataFrame, part: str, fields: Mapping[str, pl.Expr]) -> list[str]:
    """Name the fields of `Header` or `Items` that hold a null: as their columns do."""
    split = [name for name in fields if name.startswith("Quantity") and "Quantity " in fields]
    columns = {name: f"sum.{name}" if name in AMOUNTS else f"{part}.{name}" for name in fields}
    nulls = [k for k, c in columns.items() if c in frame.columns and frame[c].null_count()]
    return nulls + split
