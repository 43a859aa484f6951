"""Norwegian phone numbers as people write them."""

import polars as pl


def norwegian_phone(phone: pl.Series) -> pl.Series:
    """Write Norwegian numbers as +47 and eight digits; others stay as they are.

    Takes `900 00 000`, `4790000000`, `004790000000`, `+47 90 00 00 00`. What a spreadsheet has
    made of a long number (`4,79E+09`) has lost digits: it stays, and is rejected.
    """
    digits = phone.str.replace_all("[ \u00a0\u202f().-]", "")
    local = digits.str.extract(r"^(?:(?:\+|00)?47)?([2-9][0-9]{7})$")
    return pl.select(pl.coalesce(pl.lit("+47") + pl.lit(local), pl.lit(phone))).to_series()
