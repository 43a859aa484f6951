"""Numbers as people write them: decimal commas, marks between thousands, signs behind."""

import polars as pl

MARKS = {
    "": "",
    " ": "[ \u00a0\u2009\u202f]",  # no-break, thin and narrow no-break spaces too
    ".": "[.]",
    ",": ",",
    "'": "['\u2019]",
}
"""Marks between thousands, as regexes."""


def read_number(
    text: pl.Series, decimal: str = ".", thousands: str = "", *, whole: bool = False
) -> pl.Series:
    """Write numbers the way JSON does: `1 234,50-` becomes `-1234.50`, digit by digit.

    Thousands stand in groups of three or without marks; nothing is guessed, so `1.5` is no number
    where `.` parts the thousands.

    Args:
        text: a text series.
        decimal: what stands before the fraction.
        thousands: what may part the thousands; nothing if empty.
        whole: whether a number with a fraction is none.

    Returns:
        Text; null where the text is no number of this style.
    """
    mark, point = MARKS[thousands], MARKS[decimal]
    digits = f"(?:[0-9]+|[0-9]{{1,3}}(?:{mark}[0-9]{{3}})+)" if mark else "[0-9]+"
    number = f"^-?{digits}$" if whole else f"^-?{digits}(?:{point}[0-9]+)?$"
    others = (~text.str.contains(number)).arg_true()
    if len(others):  # signs in odd places, blanks around: few, and dear to look for
        odd = text.gather(others).str.strip_chars().str.replace("\u2212", "-", literal=True)
        odd = odd.str.replace(r"^([0-9].*?) ?-$", "-$1").str.replace(r"^\+([0-9])", "$1")
        read = pl.select(pl.when(odd.str.contains(number)).then(odd)).to_series()
        text = text.clone().scatter(others, read)  # which changes the series itself
    if mark:
        text = text.str.replace_all(mark, "")
    return text if decimal == "." else text.str.replace(decimal, ".", literal=True)
