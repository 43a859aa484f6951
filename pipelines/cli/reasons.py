"""Reasons without the values that they quote, so that rejects can be counted and told."""

from typing import TYPE_CHECKING

import polars as pl

from delivery.erasing import FORGOTTEN
from pipelines.feeds import LoadFeed
from pipelines.fields import Fields, fields_of
from pipelines.judging import (
    WAITS,
    rules_of_gathered,
    rules_of_lines,
    rules_of_receipts,
    rules_of_records,
)

if TYPE_CHECKING:
    from validators.rules import Rule

_WAY = r"[A-Za-z0-9_.]+(?: \+ [A-Za-z0-9_.]+)*"
MERGED = rf" (by (?:its key|{_WAY})(?: and {_WAY})*(?:, through others)?)$"
"""Ends what `pipelines.merging` says, behind a key."""
REPEATS = "the record stands in the file more than once"
OTHER = "told by _error in rejects.csv (most often a row that could not be read)"


def bare_reasons(outcomes: pl.LazyFrame, feed: LoadFeed | None) -> pl.LazyFrame:
    """Add `why`, a list: every reason of a record, without any value of it.

    What the platform or the ledger says holds no values. What the checks say does, so each is
    told by the field and the rule it names; the rules are those of the feed.

    Args:
        outcomes: some rows of outcomes.parquet (`delivery.outcomes.TABLE`).
        feed: the feed as it is now, None if it is there no more.
    """
    reasons = pl.col("reasons")
    by_checks = (
        ((pl.col("outcome") == "rejected") | reasons.str.ends_with(WAITS))
        & pl.col("batch").is_null()
        & ~reasons.str.starts_with("delivered before")
    )
    fields = None if feed is None else fields_of(feed)
    known = (
        []
        if feed is None or fields is None
        else [
            pl.when(reasons.str.contains(_pattern(rule, fields))).then(
                pl.lit(f"{rule.field}: {rule.message}")
            )
            for rule in _rules(feed, fields)
        ]
    )
    known += [
        pl.when(reasons.str.contains("stands in the file more than once")).then(pl.lit(REPEATS)),
        pl.when(reasons == FORGOTTEN).then(pl.lit(FORGOTTEN)),
        pl.when(reasons.str.ends_with(WAITS)).then(pl.lit(f"its member is not known{WAITS}")),
    ]
    found = pl.concat_list(known).list.drop_nulls().list.unique(maintain_order=True)
    told = pl.when(found.list.len() > 0).then(found).otherwise(pl.concat_list(pl.lit(OTHER)))
    merged = pl.concat_list(
        pl.when(reasons == FORGOTTEN)
        .then(reasons)
        .otherwise(pl.lit("merged ") + reasons.str.extract(MERGED).fill_null(""))
    )
    whole = pl.concat_list(reasons.fill_null(""))
    is_merged = pl.col("outcome") == "merged"
    why = pl.when(by_checks).then(told).when(is_merged).then(merged).otherwise(whole)
    return outcomes.with_columns(why=why)


def _rules(feed: LoadFeed, fields: Fields) -> list["Rule"]:
    if not feed.of_receipts:
        return (rules_of_gathered if feed.gathers else rules_of_records)(feed, fields)
    headers = [name for name in fields.mapping if name.startswith("Header.")]
    return [*rules_of_lines(feed, fields), *rules_of_receipts(feed, fields, headers)]


def _pattern(rule: "Rule", fields: Fields) -> str:
    """Match the text that `pipelines.refusing.explain` makes of a broken rule.

    A value that itself looks like the end of one matches nothing, and so is not told.
    """
    own = pl.escape_regex(f" ({fields.columns.get(rule.field, rule.field)})")
    field, message = pl.escape_regex(rule.field), pl.escape_regex(rule.message)
    value = "'(?:[^']|'+[^':])*'+"
    return rf"(?:^| \| ){field}(?:{own})?(?: {value})?: {message}(?:$| \| )"
