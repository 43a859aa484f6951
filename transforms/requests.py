"""Records into the requests of methods that take one each: where it goes, and what is in it."""

import re
from collections.abc import Mapping, Sequence
from urllib.parse import quote

import polars as pl

from transforms.members import encode_members

_SAFE = r"^[A-Za-z0-9._~-]*$"
_PARAMETER = re.compile(r"\{(\w+)\}")


def encode_requests(
    records: pl.DataFrame, path: str, query: Sequence[str], kinds: Mapping[str, str], *, body: bool
) -> pl.Series:
    """Write each record as a line with its path, and below it the JSON of its body.

    Args:
        records: text columns, one for each name; nothing in them is faulty.
        path: with its parameters in braces, each a column that has a value in every row.
        query: the columns that go behind the path, those without a value left out.
        kinds: the columns of the body (`transforms.members.encode_members`).
        body: whether there is one; `{}` if no column goes into it.

    Returns:
        A text series as long as `records`.
    """
    pieces: list[pl.Expr] = []
    for number, piece in enumerate(_PARAMETER.split(path)):
        pieces.append(percent_encoded(piece) if number % 2 else pl.lit(piece))
    if query:
        given = [
            pl.when(pl.col(name).is_not_null()).then(pl.lit(f"{name}=") + percent_encoded(name))
            for name in query
        ]
        asked = pl.concat_str(given, separator="&", ignore_nulls=True)
        pieces.append(pl.when(asked != "").then(pl.lit("?") + asked).otherwise(pl.lit("")))
    texts = pl.lit("")
    if body:
        texts = pl.lit("{}") if not kinds else pl.lit(encode_body(records, kinds))
    return records.select(pl.concat_str(*pieces, pl.lit("\n"), texts)).to_series()


def encode_body(records: pl.DataFrame, kinds: Mapping[str, str]) -> pl.Series:
    """Write each record as `encode_members` does, but whole numbers as such, as the contract has.

    That of an import is 2.0 as it ever was: another text would be other content.
    """
    texts = encode_members(records, kinds)
    keys = [name.rpartition(".")[2] for name, kind in kinds.items() if kind == "number"]
    if not keys:
        return texts
    # The quotes of a value are escaped, so no value holds such a key.
    whole = rf'("(?:{"|".join(map(pl.escape_regex, keys))})":-?[0-9]+)\.0([,}}])'
    return texts.str.replace_all(whole, "${1}${2}")


def split_request(text: str) -> tuple[str, str]:
    """Take such a text apart into path and body; that of a batch's record is all body."""
    if not text.startswith("/"):
        return "", text
    path, _, body = text.partition("\n")
    return path, body


def bodies_of(texts: pl.Series) -> pl.Series:
    """Take the bodies out of such texts, in columns."""
    return texts.str.splitn("\n", 2).struct.field("field_1")


def percent_encoded(name: str) -> pl.Expr:
    """Percent-encode a column: a plus sign of a phone, a slash in an id."""
    column = pl.col(name)
    return (
        pl.when(column.str.contains(_SAFE))
        .then(column)
        .otherwise(column.map_batches(_quote, return_dtype=pl.String))
    )


def _quote(texts: pl.Series) -> pl.Series:
    odd = texts.filter(~texts.str.contains(_SAFE)).drop_nulls().unique()
    return texts.replace(odd, pl.Series([quote(text, safe="") for text in odd], dtype=pl.String))
