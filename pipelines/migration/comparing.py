"""What was delivered against what the platform holds: counts, sums, and every difference."""

from collections.abc import Sequence

import polars as pl

from pipelines.migration.asking import Asker
from pipelines.migration.before import Before, ask_by_key
from pipelines.migration.compared import (
    MISSING,
    OTHER,
    Compared,
    Comparison,
    lost_for_nobody,
    rest,
    texts,
)
from pipelines.migration.sources import Kind, Source
from pipelines.migration.things import compare_receipts, compare_things
from pipelines.migration.words import Reconcile
from pipelines.refusing import PART
from transforms.receipts import SCALE

_IDS = pl.Schema({"name": pl.String, "id": pl.String})


def compare(
    sources: Sequence[Source], before: Before, asker: Asker, words: Reconcile
) -> Comparison:
    """Ask for all that was delivered, and hold it against the sources.

    Raises:
        ApiError: the platform does not answer.
        MigrationStopped: it was told to stop.
    """
    found = Comparison()
    keys = _keys(sources, words)
    members = ask_by_key(asker, keys)
    _compare_members(found, keys, members)
    named = _named(sources, members, words)
    customers, stamps = _ask_others(asker, members, named)
    ids = _ids(customers)
    there = before.members.filter(pl.col("id").is_not_null())["id"].unique()
    if any(source.kind == "points" for source in sources):
        _compare_points(found, _of(sources, "points", ids, named), customers, before, words)
    if any(source.kind == "stamps" for source in sources):
        _compare_stamps(found, _of(sources, "stamps", ids, named), stamps, before)
    for kind in ("vehicles", "payment cards"):
        if any(source.kind == kind for source in sources):
            compare_things(found, kind, _of(sources, kind, ids, named), asker, there)
    if any(source.kind == "receipts" for source in sources):
        compare_receipts(found, _of(sources, "receipts", ids, named), asker, there, words)
    return found


def _keys(sources: Sequence[Source], words: Reconcile) -> pl.Series:
    """Give the keys of the members that were delivered, each once; so many of them if asked."""
    keys = [source.delivered["key"] for source in sources if source.kind == "members"]
    every = pl.concat([pl.Series("key", dtype=pl.String), *keys]).unique().sort()
    if words.sample == "all" or len(every) <= words.sample:
        return every
    return every.gather(every.hash(0).arg_sort().head(words.sample)).sort()


def _compare_members(found: Comparison, keys: pl.Series, asked: Before) -> None:
    told = pl.DataFrame({"key": keys}).join(asked.members, on="key", how="left")
    unasked = keys.filter(~keys.is_in(asked.members["key"].implode()))
    missing = told.filter(pl.col("id").is_null(), ~pl.col("key").is_in(unasked.implode()))
    rows = missing.select(
        *texts("members", MISSING),
        pl.col("key").str.replace(PART, " ", literal=True).alias("customer"),
        *rest(),
    )
    held = told["id"].count()
    row = Compared(
        "members", "members", len(keys) - len(unasked), 0, held, rows.height, len(unasked)
    )
    found.add(row, rows)


def _named(sources: Sequence[Source], members: Before, words: Reconcile) -> pl.Series:
    """Give the customers that records name, without case (reading T30); of a sample its own."""
    names = [s.delivered["customer"] for s in sources if s.kind != "members"]
    every = pl.concat([pl.Series("customer", dtype=pl.String), *names]).unique()
    every = every.filter(every != "").str.to_lowercase().unique()
    if words.sample == "all":
        return every
    return every.filter(every.is_in(_ids(members.members)["name"].implode()))


def _ask_others(
    asker: Asker, members: Before, named: pl.Series
) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Ask for the customers that records name and no member of the sources is: by id, or else."""
    customers, stamps = [members.members.drop("key")], [members.stamps]
    for question in ("customer by id", "customer by externalId"):
        known = _ids(pl.concat(customers))["name"]
        left = named.filter(~named.is_in(known.implode()))
        if left.is_empty():
            break
        told = asker.ask(question, left.to_list())
        customers.append(told["customers"])
        stamps.append(told["stamps"])
    every = pl.concat(customers).filter(pl.col("id").is_not_null()).unique("id", keep="first")
    cards = pl.concat(stamps).join(every.select("question", "id"), on="question")
    return every, cards.unique(["id", "card"]).select("id", "card", "count")


def _ids(customers: pl.DataFrame) -> pl.DataFrame:
    """Say by which names a customer is known: its id and its external id, in small letters."""
    there = customers.filter(pl.col("id").is_not_null())
    names = [
        there.select(pl.col(column).str.to_lowercase().alias("name"), "id")
        for column in ("id", "external_id")
    ]
    return pl.concat([pl.DataFrame(schema=_IDS), *names]).drop_nulls().unique("name", keep="first")


def _of(sources: Sequence[Source], kind: Kind, ids: pl.DataFrame, named: pl.Series) -> pl.DataFrame:
    """Give what was delivered of a kind to the customers asked about, with the `id` of each.

    What nobody is named in has an empty `customer`, and no `id`.
    """
    rows = pl.concat([source.delivered for source in sources if source.kind == kind])
    name = pl.col("customer").str.to_lowercase()
    asked = name.is_in(named.implode()) | (name == "")
    return rows.filter(asked).join(ids, left_on=name, right_on="name", how="left")


def _compare_points(
    found: Comparison, sent: pl.DataFrame, customers: pl.DataFrame, before: Before, words: Reconcile
) -> None:
    had = before.members.drop_nulls("id").unique("id").select("id", pl.col("points").alias("had"))
    sums = sent.drop_nulls("id").group_by("id").agg(pl.col("amount").sum())
    told = (
        customers.select("id", "points")
        .join(sums, on="id", how="left")
        .join(had, on="id", how="left")
        .fill_null(0)
        .with_columns(off=pl.col("points") - pl.col("had") - pl.col("amount"))
    )
    off = told.filter(pl.col("off").abs() > words.points_tolerance * SCALE)
    rows = off.select(
        *texts("points", OTHER),
        pl.col("id").alias("customer"),
        pl.lit("").alias("key"),
        (pl.col("amount") // SCALE).cast(pl.String).alias("sent"),
        ((pl.col("points") - pl.col("had")) // SCALE).cast(pl.String).alias("held"),
    )
    lost = lost_for_nobody("points", sent)
    total, held = int(sent["amount"].sum()), int(told["points"].sum())
    row = Compared(
        *("points", "points", total // SCALE, int(told["had"].sum()) // SCALE, held // SCALE),
        rows.height + lost.height,
    )
    found.add(row, rows, lost)


def _compare_stamps(
    found: Comparison,
    sent: pl.DataFrame,
    stamps: pl.DataFrame,
    before: Before,
) -> None:
    lower = pl.col("card").str.to_lowercase()
    had = before.stamps.join(
        before.members.drop_nulls("id").select("question", "id"), on="question"
    ).unique(["id", "card"])
    sums = sent.drop_nulls("id").group_by("id", card=pl.col("detail").str.to_lowercase())
    told = (
        sums.agg(amount=pl.col("amount").sum() // SCALE)
        .join(stamps.with_columns(lower), on=["id", "card"], how="full", coalesce=True)
        .join(had.select("id", lower, pl.col("count").alias("had")), on=["id", "card"], how="left")
        .with_columns(pl.col("amount", "count", "had").fill_null(0))
        .with_columns(off=pl.col("count") - pl.col("had") - pl.col("amount"))
    )
    off = told.filter(pl.col("off") != 0)
    rows = off.select(
        *texts("stamps", OTHER),
        pl.col("id").alias("customer"),
        pl.format("card {}", "card").alias("key"),
        pl.col("amount").cast(pl.String).alias("sent"),
        (pl.col("count") - pl.col("had")).cast(pl.String).alias("held"),
    )
    lost = lost_for_nobody("stamps", sent)
    total = int(sent["amount"].sum()) // SCALE
    had_all, held_all = (int(told[name].sum()) for name in ("had", "count"))
    off_all = rows.height + lost.height
    found.add(Compared("stamps", "stamps", total, had_all, held_all, off_all), rows, lost)


__all__ = ["compare"]
