"""From a source's columns to wire names; every value stays text."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

import polars as pl


@dataclass(frozen=True)
class FromColumn:
    """Take the value of a source column, named as the source names it."""

    column: str


@dataclass(frozen=True)
class Constant:
    """Give every row the same text."""

    text: str


Values = FromColumn | Constant


def map_columns(rows: pl.DataFrame, mapping: Mapping[str, Values]) -> pl.DataFrame:
    """Give a frame of one text column for each wire name, in the order of the mapping.

    Args:
        rows: source rows; every mapped column is text. Empty text means no value.
        mapping: wire name → where its value comes from.
    """
    return rows.select(_value(values).alias(name) for name, values in mapping.items())


def _value(values: Values) -> pl.Expr:
    if isinstance(values, Constant):
        return pl.lit(values.text or None, dtype=pl.String)
    text = pl.col(values.column)
    return pl.when(text != "").then(text)


def rows_together(frames: Iterable[pl.DataFrame], key: Sequence[str]) -> Iterator[pl.DataFrame]:
    """Cut a stream of frames only where the key changes.

    The rows of one receipt often stand in two frames; the last rows with one key wait for the
    next frame. A row that lacks a part of its key may belong to either neighbour, so it shares a
    frame with both.

    Args:
        frames: source rows in order.
        key: the source columns whose values name what belongs together.

    Yields:
        The same rows in the same order; neighbours that belong or may belong together share a
        frame.
    """
    unknown = pl.any_horizontal(pl.col(c).is_null() | (pl.col(c) == "") for c in key)
    differs = pl.any_horizontal(pl.col(c).ne_missing(pl.col(c).shift()) for c in key)
    # Between two rows without a key there may be a cut: what they taint stays beside them.
    may_cut = differs & ~unknown & ~unknown.shift() | unknown & unknown.shift()
    waiting: pl.DataFrame | None = None
    for frame in frames:
        rows = frame if waiting is None else pl.concat([waiting, frame], how="diagonal")
        if rows.is_empty():
            continue
        cuts = rows.select(may_cut.fill_null(value=False).arg_true()).to_series()
        cut = cuts[-1] if len(cuts) else 0
        if cut:
            yield rows.head(cut)
        waiting = rows.tail(rows.height - cut)
    if waiting is not None and not waiting.is_empty():
        yield waiting
