"""Files of rejects that a person has mended, back to rows as their source had them."""

import re
from collections.abc import Iterator
from dataclasses import dataclass

import polars as pl

from connectors.files.faults import TOLD
from connectors.files.source import ADDED, READERS, FileSource, SourceError

_MARK = re.compile(rb'_source_file"?([\t -!#-~])"?_source_row')
_SAME_RECORD = ("_source_file", "_source_row", "_run")
NOT_MENDED = "not mended, fill in its columns from _raw or delete the row"


@dataclass(frozen=True)
class Origin:
    """Where the rows of a file of rejects come from, as its first row says.

    Attributes:
        file: the source's path.
        run: the run that wrote the file; empty where none did, but a look at the source.
    """

    file: str
    run: str


def find_delimiter(header: bytes) -> str | None:
    """Tell the delimiter from the added columns of a header: a spreadsheet may have set its own."""
    found = _MARK.search(header)
    return found[1].decode() if found else None


def unescape_name(name: str) -> str:
    """Take off the apostrophe that protects a column's name."""
    return name.removeprefix("'")


def mend_rows(source: FileSource, frames: Iterator[pl.DataFrame]) -> Iterator[pl.DataFrame]:
    """Take away what was added to the rows of a source when they were rejected.

    Exactly one leading apostrophe is taken off each value. A row with a `_raw` text and nothing
    in the source's own columns is still what could not be read, so it is a fault again. With
    `source.items` the neighbouring rows with one `_source_row` are a record, and `_row` is the
    line of its first row.

    Raises:
        SourceError: a row that does not tell the record it belongs to, where it must.
    """
    before: pl.DataFrame | None = None
    for frame in frames:
        rows = frame.with_columns(pl.exclude(*READERS).str.strip_prefix("'"))
        rows = _fault_again(rows)
        if source.items:
            rows = _number_records(source, rows, before)
            before = rows.select("_row", *_marks(rows)).tail(1)
        added = {*ADDED[:-1]}.difference(source.columns)
        yield rows.drop(added.intersection(rows.columns))


def _fault_again(rows: pl.DataFrame) -> pl.DataFrame:
    if "_raw" not in rows.columns:
        return rows
    fault = pl.col("_fault") if "_fault" in rows.columns else pl.lit(None, pl.String)
    raw = pl.when(fault.is_null()).then(pl.col("_raw").str.strip_prefix("'")).otherwise("_raw")
    own = pl.exclude(*READERS, *ADDED)
    nothing = pl.all_horizontal(pl.lit(value=True), own.is_null())
    again = pl.when(nothing).then(pl.lit(f"{NOT_MENDED}: ") + raw.str.slice(0, TOLD))
    told = rows.select(pl.coalesce(fault, again).alias("_fault"), raw.alias("_raw"))
    told = told.with_columns(pl.when(pl.col("_fault").is_not_null()).then("_raw").alias("_raw"))
    return rows.drop("_fault", "_raw", strict=False).hstack(told)


def _marks(rows: pl.DataFrame) -> list[str]:
    return [name for name in _SAME_RECORD if name in rows.columns]


def _number_records(
    source: FileSource, rows: pl.DataFrame, before: pl.DataFrame | None
) -> pl.DataFrame:
    """Give the rows of a record the line of its first; `before` is the row that went before."""
    marks = _marks(rows)
    if "_source_row" not in marks:
        what = "the header (line 1) lacks '_source_row'"
        raise SourceError(source.path, what, "keep it: rows with the same are one record", row=1)
    unknown = rows.filter(pl.col("_source_row").is_null())
    if not unknown.is_empty():
        line = unknown["_row"][0]
        what = f"the row on line {line:,} cannot be read, or has no _source_row"
        raise SourceError(source.path, what, "rows with the same one are a record", row=line)
    told = rows.select("_row", *marks)
    told = told if before is None else pl.concat([before, told])
    goes_on = pl.all_horizontal(pl.col(mark).eq_missing(pl.col(mark).shift()) for mark in marks)
    first = pl.when((~goes_on) | (pl.int_range(pl.len()) == 0)).then("_row").forward_fill()
    return rows.with_columns(told.select(first).to_series().tail(rows.height).alias("_row"))
