"""Reasons without the values that they quote, so that rejects can be counted and told."""

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import polars as pl

from pipelines.feeds import ImportTarget, LoadFeed
from pipelines.feeds.words import Column
from validators.members import member_rules
from validators.receipts import line_rules, receipt_rules

if TYPE_CHECKING:
    from validators.rules import Rule

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
        (pl.col("outcome") == "rejected")
        & pl.col("batch").is_null()
        & ~reasons.str.starts_with("delivered before")
    )
    known = (
        []
        if feed is None
        else [
            pl.when(reasons.str.contains(_pattern(rule, feed))).then(
                pl.lit(f"{rule.field}: {rule.message}")
            )
            for rule in _rules(feed)
        ]
    )
    known += [
        pl.when(reasons.str.contains("stands in the file more than once")).then(pl.lit(REPEATS))
    ]
    found = pl.concat_list(known).list.drop_nulls().list.unique(maintain_order=True)
    told = pl.when(found.list.len() > 0).then(found).otherwise(pl.concat_list(pl.lit(OTHER)))
    whole = pl.concat_list(reasons.fill_null(""))
    return outcomes.with_columns(why=pl.when(by_checks).then(told).otherwise(whole))


def _rules(feed: LoadFeed) -> list["Rule"]:
    if isinstance(feed.target, ImportTarget):
        return member_rules(feed.kinds, datetime.now(UTC).date())
    words, mapped = feed.receipts, feed.mapping
    headers = [name for name in mapped if name.startswith("Header.")]
    return [
        *line_rules(mapped, returns=words.return_amounts_in),
        *receipt_rules(mapped, headers, tolerance=words.amount_tolerance),
    ]


def _pattern(rule: "Rule", feed: LoadFeed) -> str:
    """Match the text that `pipelines.refusing.explain` makes of a broken rule.

    A value that itself looks like the end of one matches nothing, and so is not told.
    """
    mapped = feed.mapping.get(rule.field)
    column = mapped.column if isinstance(mapped, Column) else mapped
    own = pl.escape_regex(f" ({column})")
    field, message = pl.escape_regex(rule.field), pl.escape_regex(rule.message)
    value = "'(?:[^']|'+[^':])*'+"
    return rf"(?:^| \| ){field}(?:{own})?(?: {value})?: {message}(?:$| \| )"
