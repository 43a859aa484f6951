"""Rows that stand together into one record with a list of objects, in columns."""

from collections.abc import Mapping, Sequence

import polars as pl

from transforms.mapping import CLEARED
from transforms.requests import encode_body


def number_records(
    rows: pl.DataFrame, key: Sequence[str], repeated: Sequence[str], *, nested: bool
) -> pl.DataFrame:
    """Tell which record each row belongs to: neighbours with the same key are one.

    Args:
        rows: mapped rows with `_row`.
        key: the columns that tell one record from the next.
        repeated: the columns whose value each row of a record repeats.
        nested: whether a record of the source is one record, whatever its key.

    Returns:
        The rows, and `record` (UInt32: 0, 1, …), `is_first` of its record, `beside_unknown` (a
        neighbouring row lacks a part of its key, so this record may lack a row), and
        `differs.<name>` (from the row before, of the same record).
    """
    beside = pl.lit(value=False)
    starts = pl.col("_row").ne_missing(pl.col("_row").shift())
    if not nested:
        unknown = pl.any_horizontal(pl.col(name).is_null() for name in key)
        beside = ~unknown & (unknown.shift() | unknown.shift(-1)).fill_null(value=False)
        changes = (pl.col(name).ne_missing(pl.col(name).shift()) for name in key)
        starts = pl.any_horizontal(unknown, *changes)
    first = starts | (pl.int_range(pl.len()) == 0)
    return rows.with_columns(
        ((first.cum_sum() - 1).cast(pl.UInt32)).alias("record"),
        first.alias("is_first"),
        beside.alias("beside_unknown"),
        *(
            (~first & pl.col(name).ne_missing(pl.col(name).shift())).alias(f"differs.{name}")
            for name in repeated
        ),
    )


def add_list(
    texts: pl.Series, rows: pl.DataFrame, name: str, kinds: Mapping[str, str]
) -> pl.Series:
    """Put a list of objects behind what else is in the body of each request.

    Args:
        texts: the requests, as `transforms.requests.encode_requests` writes them, one a record.
        rows: the rows of exactly these records, in order, with `record`.
        name: that of the list.
        kinds: the columns of its objects, `items.price`, and what each is.

    Returns:
        The requests.
    """
    start = f"{name}."
    own = {column.removeprefix(start): kind for column, kind in kinds.items()}
    flags = [f"{CLEARED}{column}" for column in kinds if f"{CLEARED}{column}" in rows.columns]
    objects = rows.select(
        *(pl.col(column).alias(column.removeprefix(start)) for column in kinds),
        *(pl.col(flag).alias(CLEARED + flag.removeprefix(CLEARED + start)) for flag in flags),
    )
    written = encode_body(objects, own)
    lists = (
        pl.DataFrame({"record": rows["record"], "text": written})
        .group_by("record", maintain_order=True)
        .agg(pl.col("text").str.join(","))
    )
    request = pl.lit(texts)
    rest = request.str.strip_suffix("}")
    comma = pl.when(request.str.ends_with("\n{}")).then(pl.lit("")).otherwise(pl.lit(","))
    whole_body = pl.concat_str(rest, comma, pl.lit(f'"{name}":['), pl.lit(lists["text"]))
    return pl.select(whole_body + "]}").to_series()
