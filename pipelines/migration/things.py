"""What members have several of: vehicles, payment cards and receipts, compared one by one."""

import polars as pl

from connectors.trigg.holdings import canonical_body
from pipelines.migration.asking import Asker
from pipelines.migration.compared import (
    MISSING,
    MORE,
    OTHER,
    Compared,
    Comparison,
    lost_for_nobody,
    money,
    rest,
    texts,
)
from pipelines.migration.sources import Kind
from pipelines.migration.words import Reconcile
from pipelines.refusing import PART
from transforms.receipts import SCALE


def compare_things(
    found: Comparison, kind: Kind, sent: pl.DataFrame, asker: Asker, there: pl.Series
) -> None:
    """Compare what a customer has several of, each told by its content."""
    own = "body" if kind == "vehicles" else "token"
    detail = pl.col("detail")
    if kind == "vehicles":
        detail = detail.map_elements(canonical_body, return_dtype=pl.String)
    wanted = sent.drop_nulls("id").select("id", detail.alias(own)).with_columns(sent=True)
    told = asker.ask(kind, wanted["id"].unique().to_list())[kind]
    both = wanted.join(
        told.select(pl.col("question").alias("id"), own, held=True),
        on=["id", own],
        how="full",
        coalesce=True,
    )
    missing = both.filter(pl.col("held").is_null())
    more = both.filter(pl.col("sent").is_null())
    extra = more.filter(~pl.col("id").is_in(there.implode()))
    # A token is a secret of payment, and a body may hold anything: neither is repeated here.
    rows = [
        frame.select(
            *texts(kind, what),
            pl.col("id").alias("customer"),
            pl.format("{} {}", pl.lit("hash"), pl.col(own).hash(0)).alias("key"),
            *rest()[1:],
        )
        for frame, what in ((missing, MISSING), (extra, MORE))
    ]
    rows.append(lost_for_nobody(kind, sent))
    off = sum(frame.height for frame in rows)
    found.add(
        Compared(kind, kind, sent.height, more.height - extra.height, told.height, off), *rows
    )


def compare_receipts(
    found: Comparison, sent: pl.DataFrame, asker: Asker, there: pl.Series, words: Reconcile
) -> None:
    """Compare receipts by store, id, kind and amount; nobody can be asked for anonymous ones."""
    anonymous = sent.filter(pl.col("customer") == "")
    lost = lost_for_nobody("receipts", sent)
    parts = pl.col("key").str.split(PART)
    wanted = sent.drop_nulls("id").select(
        "id",
        parts.list.get(0).alias("store"),
        parts.list.get(1).alias("receipt"),
        parts.list.get(2).alias("kind"),
        pl.col("amount").abs().alias("sent"),
    )
    told = asker.ask("receipts", wanted["id"].unique().to_list())["receipts"]
    held = told.rename({"question": "id", "amount": "held"})
    both = wanted.join(held, on=["id", "store", "receipt", "kind"], how="full", coalesce=True)
    tolerance = int(words.amount_tolerance * SCALE)
    missing = both.filter(pl.col("held").is_null())
    more = both.filter(pl.col("sent").is_null())
    extra = more.filter(~pl.col("id").is_in(there.implode()))
    other = both.filter((pl.col("sent") - pl.col("held")).abs() > tolerance)
    rows = [
        frame.select(
            *texts("receipts", what),
            pl.col("id").alias("customer"),
            pl.format("store {} receipt {} {}", "store", "receipt", "kind").alias("key"),
            *(money(name).alias(name) for name in ("sent", "held")),
        )
        for frame, what in ((missing, MISSING), (extra, MORE), (other, OTHER))
    ]
    off = sum(frame.height for frame in rows) + lost.height
    known = more.height - extra.height
    asked = wanted.height + lost.height
    found.add(
        Compared("receipts", "receipts", asked, known, told.height, off, anonymous.height),
        *rows,
        lost,
    )
    signed = pl.when(pl.col("kind") == "RETURN").then(-1).otherwise(1)
    sums = both.select((pl.col("sent", "held") * signed).sum())
    before = more.join(extra, on=["id", "store", "receipt", "kind"], how="anti")
    found.add(
        Compared(
            "gross amount of receipts",
            "money",
            int(sent.filter(pl.col("customer") != "")["amount"].sum()),
            int(before.select((pl.col("held") * signed).sum()).item()),
            int(sums["held"].item()),
            0,
            int(anonymous["amount"].sum()),
        )
    )


__all__ = ["compare_receipts", "compare_things"]
