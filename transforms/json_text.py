"""JSON written in columns: one text per row, no Python object for any of them."""

from collections.abc import Iterable

import polars as pl


def encode(
    frame: pl.DataFrame, record: pl.Expr, optional: Iterable[str], *, may_open: bool = True
) -> pl.Series:
    """Write one JSON object per row and leave null members out.

    polars writes a null as `"Key":null`. That text can't be part of a string value, whose
    quotes are escaped, so removing it is exact.

    Args:
        frame: the rows.
        record: a struct expression, the object to write.
        optional: keys that may be null, in the order in which they are written.
        may_open: whether one of them can be the first of its object.
    """
    # Here and where receipts are summed: polars' streaming costs a fifth more on 30,000 rows.
    made = frame.lazy().select(record.struct.json_encode().alias("json"))
    texts = made.collect(engine="in-memory").to_series()
    keys = list(optional)
    if not keys:
        return texts
    places = texts.str.contains(":null", literal=True).arg_true()
    with_null = texts.gather(places)
    names = "|".join(map(pl.escape_regex, keys))
    if may_open:
        alone = rf'\{{(?:"(?:{names})":null,)*"(?:{names})":null\}}'
        with_null = with_null.str.replace_all(alone, "{}")
        with_null = with_null.str.replace_all(rf'\{{(?:"(?:{names})":null,)+', "{")
    with_null = with_null.str.replace_all(f',"(?:{names})":null', "")
    return texts.scatter(places, with_null)
