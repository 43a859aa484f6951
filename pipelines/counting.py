"""What records add up to: money, or what a method adds to its customer, such as points."""

from decimal import Decimal

import polars as pl

from pipelines.feeds import LoadFeed, RecordTarget
from transforms.receipts import SCALE


def count_of(feed: LoadFeed) -> tuple[pl.Expr, pl.Expr]:
    """Give what a record adds to what its customer has, in ten-thousandths, and the customer."""
    none, nobody = pl.lit(0, pl.Int64), pl.lit("")
    if not isinstance(feed.target, RecordTarget):
        return none, nobody
    method = feed.target.method
    if method.adds in feed.mapping:
        none = pl.col(method.adds).cast(pl.Int64, strict=False) * SCALE
    if method.customer in feed.mapping:
        nobody = pl.col(method.customer).fill_null("")
    return none, nobody


def amount_text(ten_thousandths: int) -> str:
    """Write a sum of amounts exactly, with at least two decimals."""
    text = f"{Decimal(ten_thousandths) / SCALE:.4f}"
    return text.removesuffix("0").removesuffix("0")


def totals_of(feed: LoadFeed, total: int) -> dict[str, str]:
    """Name the sum of what is to be sent, in ten-thousandths: money, or what the method adds."""
    if feed.of_receipts:
        return {"gross": amount_text(total)}
    adds = feed.target.method.adds if isinstance(feed.target, RecordTarget) else ""
    return {adds: str(total // SCALE)} if adds in feed.mapping else {}


__all__ = ["amount_text", "count_of", "totals_of"]
