"""What members of one source are matched by, where a feed looks for duplicates."""

import secrets
from collections.abc import Callable

import polars as pl

from delivery.traces import trace
from pipelines.feeds import LoadFeed
from pipelines.refusing import PART
from transforms.moments import read_moments
from validators.fields import Kind

Tracer = Callable[[pl.DataFrame, pl.DataFrame, pl.Series], pl.DataFrame]
"""Makes the traces of members, of their source rows, their mapped values and their keys."""


def make_tracer(feed: LoadFeed) -> Tracer | None:
    """Give what makes the traces (`delivery.traces`) of a feed's members; None if it needs none.

    Members are matched by what is sent, not by what the source writes.
    """
    words = feed.duplicates
    if words is None:
        return None
    seed = secrets.randbits(64)
    names, kinds = list(feed.mapping), feed.kinds
    rules = [
        pl.concat_str([_sent(name, kinds[name]) for name in rule], separator=PART)
        for rule in words.match
    ]

    def make(rows: pl.DataFrame, members: pl.DataFrame, keys: pl.Series) -> pl.DataFrame:
        # A value that is missing makes the whole text null, and null matches nothing.
        texts = [members.select(rule).to_series() for rule in rules]
        values = members.select(pl.sum_horizontal(pl.col(names).is_not_null())).to_series()
        return trace([keys, *texts], values, _moments(feed, rows), seed)

    return make


def _moments(feed: LoadFeed, rows: pl.DataFrame) -> pl.Series:
    words, values = feed.duplicates, feed.values
    if words is None or words.newest_by is None:
        return pl.Series([None], dtype=pl.Int64).new_from_index(0, rows.height)
    zone = values.time_zone or feed.receipts.time_zone
    return read_moments(rows[words.newest_by], values.time, values.date, zone)


def _sent(name: str, kind: Kind) -> pl.Expr:
    """Give a value as a text that is the same for all that are sent alike, such as 1 and true."""
    text = pl.col(name)
    match kind:
        case "integer":
            return text.cast(pl.Int64).cast(pl.String)
        case "number":
            return text.cast(pl.Float64).cast(pl.String)
        case "boolean":
            yes = text.str.to_lowercase().is_in(["true", "1"])
            return pl.when(text.is_not_null()).then(yes.cast(pl.String))
        case _:
            return text


__all__ = ["Tracer", "make_tracer"]
