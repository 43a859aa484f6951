"""Small receipts cut from the real year: prices in kroner, with VAT, returns and weighed goods.

What the real receipts lack is derived by fixed rules, so the same receipts come out every time:
prices are turned into kroner at 8.27 (the dollar of 2017), VAT of 15 % (food) or 25 % lies inside
the gross, every twelfth receipt is anonymous, every tenth purchase has its first line returned
the next day, bananas and strawberries are weighed, and some products bear Norwegian names.
"""

from datetime import date, timedelta

import polars as pl

from sample_data.source import read_lines, read_products
from sample_data.year import money

OERE_PER_DOLLAR = 827
FOOD = (
    *("GROCERY", "PRODUCE", "MEAT", "MEAT-PCKGD", "DELI", "PASTRY", "SEAFOOD", "SEAFOOD-PCKGD"),
    *("SALAD BAR", "FROZEN GROCERY", "CHEF SHOPPE"),
)
NAMES = {
    "FLUID MILK WHITE ONLY": "Helmelk 3,5 %, 1 liter",
    "BANANAS": "Bananer i løsvekt",
    "STRAWBERRIES": "Jordbær i løsvekt",
    "CANDY BARS (SINGLES)(INCLUDING": 'Sjokolade "Mor\'s beste", små, søte & nære',
    "SHREDDED CHEESE": "Revet ost, «lett» & god",
    "SOFT DRINKS 12/18&15PK CAN CAR": "Brus 12-pk <sukkerfri>",
    "MAINSTREAM WHITE BREAD": 'Loff "Bakerens beste"',
    "YOGURT NOT MULTI-PACKS": "Blåbæryoghurt, økologisk",
    "POTATO CHIPS": "Mother's Pride Potetgull",
    "EGGS - X-LARGE": "Egg fra frittgående høner",
    "KIDS CEREAL": "Frokostblanding til små",
    "CHICKEN": "Kylling, hel",
    "ICE CREAM - PREMIUM": "Fløteis & bær",
}
WEIGHED = ("BANANAS", "STRAWBERRIES")
OERE_PER_KILO = 2490  # øre
RETURN_ID = 500_000_000_000


def cut_receipts(month: date, *, third: int, households: int) -> pl.DataFrame:
    """Cut the small baskets of a few households out of one month.

    Args:
        month: Its first day.
        third: 0, 1 or 2: households whose number leaves this rest by three, so that three cuts
            never share a member.
        households: How many of them, of those that shop two to four times.

    Returns:
        Lines in order of time, every column text as `sample_data.writing` takes them.
    """
    end = (month + timedelta(days=31)).replace(day=1)
    baskets = (
        read_lines()
        .filter(
            pl.col("time").is_between(month, end, closed="left"),
            pl.col("household_id") % 3 == third,
        )
        .join(read_products(), on="product_id", how="left", maintain_order="left")
        .filter(
            (
                pl.col("quantity").is_between(1, 12)
                & (pl.col("gross") > 0)
                & pl.col("product_name").is_not_null()
                & (pl.len() <= 4)
            )
            .all()
            .over("receipt_id")
        )
    )
    chosen = (
        baskets.group_by("household_id")
        .agg(n=pl.col("receipt_id").n_unique())
        .filter(pl.col("n").is_between(2, 4))
        .sort(pl.col("household_id") * 7919 % 2503)  # anyone, but always the same
        .head(households)
    )
    bought = _price(baskets.join(chosen, on="household_id", how="semi", maintain_order="left"))
    receipts = pl.concat([bought, _return(bought)]).sort("time", "receipt_id", "line_no")
    return _as_text(_forget_customers(receipts))


def _price(lines: pl.DataFrame) -> pl.DataFrame:
    """Prices in øre of the krone, Norwegian names, and VAT inside the gross, half an øre up."""
    rate = pl.when(pl.col("department").is_in(FOOD)).then(15).otherwise(25)
    weighed = pl.col("product_name").is_in(WEIGHED)
    return (
        lines.with_columns(
            (pl.col("gross", "discount") * OERE_PER_DOLLAR + 50) // 100,
            rate=rate,
        )
        .with_columns(
            vat=(2 * pl.col("gross") * pl.col("rate") + 100 + pl.col("rate"))
            // (2 * (100 + pl.col("rate"))),
            quantity=pl.when(weighed)
            .then((pl.col("gross") / OERE_PER_KILO).round(3).cast(pl.String))
            .otherwise(pl.col("quantity").cast(pl.String)),
            product_name=pl.col("product_name").replace(NAMES),
        )
        .drop("rate")
    )


def _return(lines: pl.DataFrame) -> pl.DataFrame:
    """Receipts that give back the first line of every tenth purchase, a day and a bit later."""
    return lines.filter(
        pl.col("line_no") == 1, pl.col("receipt_id").rank("dense") % 10 == 4
    ).with_columns(
        pl.col("receipt_id") + RETURN_ID,
        pl.col("time").dt.offset_by("1d37m"),
        quantity="-" + pl.col("quantity"),
    )


def _forget_customers(lines: pl.DataFrame) -> pl.DataFrame:
    """Every twelfth receipt lacks its customer, but each customer keeps a receipt."""
    number = pl.col("receipt_id").rle_id()
    last = (pl.col("time") == pl.col("time").max()).over("household_id")
    return lines.with_columns(
        pl.when((number % 12 != 5) | last).then("household_id").alias("household_id")
    )


def _as_text(lines: pl.DataFrame) -> pl.DataFrame:
    total = pl.col("gross").sum().over("receipt_id")
    return lines.with_columns(net=pl.col("gross") - pl.col("vat"), total=total).select(
        pl.col("store_id", "receipt_id").cast(pl.String),
        pl.col("time").dt.strftime("%Y-%m-%dT%H:%M:%S").alias("timestamp"),
        pl.col("household_id").cast(pl.String).alias("customer_id"),
        pl.lit("NOK").alias("currency"),
        pl.col("line_no", "product_id").cast(pl.String),
        "product_name",
        "department",
        "quantity",
        money("gross").alias("gross_amount"),
        money("vat"),
        money("net").alias("net_amount"),
        money("discount"),
        money("total").alias("receipt_gross_amount"),
    )
