"""From rows that stand together to one record with a list of objects: a cart and its items."""

from collections.abc import Collection, Sequence

import polars as pl

from pipelines.encoding import make_encoder
from pipelines.feeds import LoadFeed, RecordTarget
from pipelines.fields import fields_of, map_fields, read_plain
from pipelines.judging import rules_of_asides, rules_of_gathered, rules_of_values
from pipelines.refusing import (
    NO_REASONS,
    NOBODY,
    explain,
    explain_asides,
    explain_lost,
    explain_unread,
    find_unread,
    record_key,
    refuse,
)
from pipelines.shaped import Shaped, Shaper
from transforms.gathering import add_list, number_records
from transforms.mapping import CLEARED
from validators.rules import faulty


def make_gatherer(feed: LoadFeed) -> Shaper:
    """Give the function that shapes rows of a feed whose records are made of several rows.

    Each row is one object of the list, and repeats what is the record's own. As of receipts, a
    record is sent whole or not at all.
    """
    assert isinstance(feed.target, RecordTarget)
    fields, name = fields_of(feed), feed.target.listed
    rules, of_values = rules_of_gathered(feed, fields), rules_of_values(feed, fields)
    waits = rules_of_asides(fields, "wait")
    repeated = feed.repeated
    key, encode = record_key(fields.keys), make_encoder(feed)
    kinds = {n: kind for n, kind in feed.kinds.items() if feed.is_listed(n)}
    nested = feed.source.items is not None

    def shape_rows(rows: pl.DataFrame) -> Shaped:
        mapped, unread = map_fields(rows, fields, of_values), find_unread(rows)

        def number(values: pl.DataFrame) -> tuple[pl.DataFrame, pl.Series]:
            numbered = number_records(
                values.with_columns(rows["_row"]), fields.keys, repeated, nested=nested
            )
            return numbered, faulty(numbered, rules) | unread

        lines, faults = number(mapped)
        if faults.any() and (read := read_plain(mapped, fields, of_values)) is not None:
            lines, faults = number(read)
        named = _gather(lines, key)
        good, why, refused = named, NO_REASONS, NOBODY
        lost = lines["record"].is_in(lines["record"].filter(faults).implode())
        aside = explain_asides(lines, ~lost, waits, fields.columns)
        late = _of(named, lines.filter(faulty(lines, waits) & ~lost))
        waiting = refuse(named.filter(late), aside, lines["record"], waits=True)
        if faults.any():
            why = pl.concat(
                [
                    explain(lines, faults & ~unread, rules, fields.columns),
                    explain_unread(rows, unread),
                    explain_lost(lost & ~faults, feed.target.noun),
                ]
            )
            refused = refuse(named.filter(_of(named, lines.filter(lost))), why, lines["record"])
        if lost.any() or late.any():
            good = named.filter(~late & ~_of(named, lines.filter(lost)))
            lines = lines.filter(_of(lines, good))
        texts = encode(lines.filter("is_first"))
        records = good.drop("record").with_columns(
            add_list(texts, lines, name, kinds).alias("json")
        )
        odd = _cleared(lines, list(feed.mapping), kinds)
        return Shaped(records, pl.concat([refused, waiting]), why, odd, asides=aside)

    return shape_rows


def _of(records: pl.DataFrame, some: pl.DataFrame) -> pl.Series:
    """Mark the rows whose record is one of some."""
    return records["record"].is_in(some["record"].implode())


def _gather(lines: pl.DataFrame, key: pl.Expr) -> pl.DataFrame:
    """Make one row of each record: its key, where it stands and how many rows it has."""
    return (
        lines.with_columns(key.alias("key"))
        .group_by("record", maintain_order=True)
        .agg(
            pl.col("key", "_row").first(),
            pl.col("_row").last().alias("last_row"),
            pl.len().cast(pl.UInt32).alias("rows"),
        )
        .select(
            "record",
            "key",
            pl.col("_row").alias("row"),
            "last_row",
            "rows",
            pl.lit(0, pl.Int64).alias("amount"),
            pl.lit("").alias("customer"),
        )
    )


def _cleared(lines: pl.DataFrame, names: Sequence[str], listed: Collection[str]) -> dict[str, int]:
    """Count the values that clear a field; what is the record's own once."""
    flags = [name for name in names if f"{CLEARED}{name}" in lines.columns]
    firsts = lines.filter("is_first")
    count = sum(
        int((lines if name in listed else firsts)[f"{CLEARED}{name}"].sum()) for name in flags
    )
    return {"times a value clears its field (values.clear)": count} if count else {}


__all__ = ["make_gatherer"]
