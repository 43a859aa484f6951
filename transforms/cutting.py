"""Cutting a stream of source rows where no receipt is torn."""

from collections.abc import Callable, Iterable, Iterator, Sequence

import polars as pl


def rows_together(
    frames: Iterable[pl.DataFrame],
    key: Sequence[str],
    view: Callable[[pl.DataFrame], pl.DataFrame] | None = None,
    clear: str | None = None,
) -> Iterator[pl.DataFrame]:
    """Cut a stream of frames only where the key changes.

    The rows of one receipt often stand in two frames; the last rows with one key wait for the
    next frame. A row that lacks a part of its key may belong to either neighbour, so it shares a
    frame with both.

    Args:
        frames: source rows in order.
        key: the columns whose values name what belongs together.
        view: what shows these columns, where they are not the source's own.
        clear: a text that stands for no value.

    Yields:
        The same rows in the same order; neighbours that belong or may belong together share a
        frame.
    """
    nothing = [""] if clear is None else ["", clear]
    unknown = pl.any_horizontal(pl.col(c).is_null() | pl.col(c).is_in(nothing) for c in key)
    differs = pl.any_horizontal(pl.col(c).ne_missing(pl.col(c).shift()) for c in key)
    # Between two rows without a key there may be a cut: what they taint stays beside them.
    may_cut = differs & ~unknown & ~unknown.shift() | unknown & unknown.shift()
    waiting: pl.DataFrame | None = None
    for frame in frames:
        rows = frame if waiting is None else pl.concat([waiting, frame], how="diagonal")
        if rows.is_empty():
            continue
        shown = rows if view is None else view(rows)
        cuts = shown.select(may_cut.fill_null(value=False).arg_true()).to_series()
        cut = cuts[-1] if len(cuts) else 0
        if cut:
            yield rows.head(cut)
        waiting = rows.tail(rows.height - cut)
    if waiting is not None and not waiting.is_empty():
        yield waiting
