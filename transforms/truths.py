"""Words for yes and no, woman and man, in the languages of the north and in English."""

from collections.abc import Iterable

import polars as pl

YES = ("true", "1", "yes", "y", "ja", "j", "sant", "sann", "sand")
NO = ("false", "0", "no", "n", "nei", "nej", "usant", "falsk")
# D and H (dame, herre) are left out: D is `divers` and H is `Homme` elsewhere.
WOMAN = ("female", "f", "k", "kvinne", "kvinna", "kvinde", "woman", "dame")
MAN = ("male", "m", "mann", "man", "mand", "herre")
GENDERS = dict.fromkeys(WOMAN, "Female") | dict.fromkeys(MAN, "Male")


def read_truth(text: pl.Expr, true: Iterable[str] = (), false: Iterable[str] = ()) -> pl.Expr:
    """Write `true` or `false` for a word of either, in any case; null where it is none.

    Args:
        text: a text column.
        true: words that mean true here, whatever they mean elsewhere.
        false: words that mean false.
    """
    words = dict.fromkeys(YES, "true") | dict.fromkeys(NO, "false")
    words |= dict.fromkeys((word.lower() for word in true), "true")
    words |= dict.fromkeys((word.lower() for word in false), "false")
    return _find(text, words)


def read_gender(text: pl.Expr) -> pl.Expr:
    """Write `Female` or `Male` for a word of either, in any case; null where it is none."""
    return _find(text, GENDERS)


def _find(text: pl.Expr, words: dict[str, str]) -> pl.Expr:
    word = text.str.strip_chars().str.to_lowercase()
    return word.replace_strict(words, default=None, return_dtype=pl.String)
