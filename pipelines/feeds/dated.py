"""`{date}` in a path or in a pattern of names: the day that a file is of."""

import re
from datetime import date, datetime
from fnmatch import translate

__all__ = ["check_dated", "day_in", "fill", "is_dated"]

_FIELD = re.compile(r"\{date(?::([^{}]*))?\}")
_DIGITS = {"Y": 4, "y": 2, "m": 2, "d": 2, "j": 3}
_ISO = "%Y-%m-%d"


def is_dated(text: str) -> bool:
    """Tell whether a day is to be put in."""
    return _FIELD.search(text) is not None


def check_dated(text: str) -> str:
    """Give a text back whose `{date}`, or `{date:%d%m%y}`, can be written and read.

    Raises:
        ValueError: it cannot.
    """
    for found in _FIELD.finditer(text):
        words = found[1] or _ISO
        letters = re.findall("%(.?)", words)
        if "/" in words or not {*letters} <= {*_DIGITS}:
            raise ValueError(f"{found[0]}: of %Y %y %m %d %j, as in {{date:%Y%m%d}}")
        tried = date(2026, 11, 30)
        if datetime.strptime(tried.strftime(words), words).date() != tried:  # noqa: DTZ007  (a day)
            raise ValueError(f"{found[0]} names no day: year, month and day are needed")
    rest = _FIELD.sub("", text)
    if "{date" in rest:
        raise ValueError("write {date}, or {date:%Y%m%d}")
    return text


def fill(text: str, day: date) -> str:
    """Put a day in."""
    return _FIELD.sub(lambda found: day.strftime(found[1] or _ISO), text)


def day_in(pattern: str, name: str) -> date | None:
    """Read the day of a name that fits a pattern; None if it does not fit, or is of no day.

    Args:
        pattern: with `{date}`, and with signs such as `*`.
        name: of a file.
    """
    if not is_dated(pattern):
        return None
    expression, formats, at = "", [], 0
    for found in _FIELD.finditer(pattern):
        words = found[1] or _ISO
        expression += _glob(pattern[at : found.start()]) + f"({_digits(words)})"
        formats.append(words)
        at = found.end()
    fits = re.fullmatch(expression + _glob(pattern[at:]), name, re.DOTALL)
    if not fits:
        return None
    try:
        pairs = zip(fits.groups(), formats, strict=True)
        days = {datetime.strptime(told, words).date() for told, words in pairs}  # noqa: DTZ007
    except ValueError:
        return None
    return days.pop() if len(days) == 1 else None


def _glob(text: str) -> str:
    return translate(text).removeprefix("(?s:").removesuffix(r")\Z").removesuffix(r")\z")


def _digits(words: str) -> str:
    parts = re.split("%(.)", words)
    return "".join(
        rf"\d{{{_DIGITS[part]}}}" if at % 2 else re.escape(part) for at, part in enumerate(parts)
    )
