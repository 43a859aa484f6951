"""Where a row stands, in words that a person finds it by."""

from collections.abc import Sequence

import polars as pl

from connectors.files.parts import ROW_BITS, list_parts
from connectors.files.paths import parse_names, parse_place
from connectors.files.source import FileSource

_LINES = {"csv", "fixed", "ndjson"}


def locate(
    source: FileSource, rows: pl.Series, labels: Sequence[str] | None = None
) -> pl.DataFrame:
    """Say of rows where they stand.

    Args:
        source: what was read.
        rows: `_row` of each, null where it is not known.
        labels: of the source's parts, where they are known.

    Returns:
        A row for each: `file`, the label of its part; `row`, the line or record in it; and
        `place`, such as "line 17", "/members/16", "(//Member)[17]", "sheet Members, row 17".

    Raises:
        SourceError: the source's parts cannot be listed.
    """
    files = list_labels(source) if labels is None else labels
    part, row = pl.col("_row").floordiv(1 << ROW_BITS), pl.col("_row").mod(1 << ROW_BITS)
    names = pl.Series(files, dtype=pl.String)
    whole = rows.rechunk().to_frame("_row")  # `pl.format` panics where a piece of them is empty
    return whole.select(
        part.map_batches(names.gather, return_dtype=pl.String).alias("file"),
        row.alias("row"),
        _place(source, row).alias("place"),
    )


def list_labels(source: FileSource) -> list[str]:
    """Name the parts of a source, in their order.

    Raises:
        SourceError: they cannot be listed.
    """
    return [part.label for part in list_parts(source)]


def _place(source: FileSource, row: pl.Expr) -> pl.Expr:
    if source.mended or source.format in _LINES:
        return pl.format("line {}", row)
    if source.format == "json":
        path = parse_names(source.record, "record") if source.record else ()
        steps = "".join(f"/{step.replace('~', '~0').replace('/', '~1')}" for step in path)
        return pl.format("{}/{}", pl.lit(steps), row - 1)
    if source.format == "xml":
        return pl.format("({})[{}]", pl.lit(str(parse_place(source.record or ""))), row)
    if source.format == "xlsx" and source.sheet:
        return pl.format("sheet {}, row {}", pl.lit(source.sheet), row)
    return pl.format("row {}", row)
