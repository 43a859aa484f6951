"""Numbers of an Excel file as the text that a person reads: 12, 12.5, 1980-12-31, 14:50:05."""

from datetime import datetime, timedelta
from decimal import Decimal

_LAST_DAY = 2_958_465  # 9999-12-31
_DAY_MS = 86_400_000
_FIRST, _FIRST_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - no zone in cells
_DIGITS = 15
"""Digits that Excel computes with; the others that a file may have are noise."""


def number_to_text(text: str) -> str:
    """Write a number as an integer where it is one, and never with an exponent if it is usual."""
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and (digits[0] != "0" or digits == "0"):
        return "0" if text == "-0" else text
    try:
        number = float(text)
    except ValueError:
        return text
    if number.is_integer() and abs(number) < 1 << 63:
        return str(int(number))
    rounded = f"{number:.{_DIGITS}g}"
    usual = 1e-9 < abs(number) < 1e15
    return format(Decimal(rounded), "f") if usual and "e" in rounded else rounded


def serial_to_text(text: str, kind: str, *, from_1904: bool) -> str:
    """Write a number of days as the date or time that its format makes of it.

    Args:
        text: the number, such as `45322.618`.
        kind: "date", "time", "date and time" or "elapsed".
        from_1904: whether day 0 is 1904-01-01.

    Returns:
        `2024-01-31`, or `2024-01-31T14:50:05` if it has a time or its format shows one; a time
        without a day is `14:50:05`. The number itself, if it is no day that Excel knows.
    """
    try:
        serial = float(text)
    except ValueError:
        return text
    if not 0 <= serial < _LAST_DAY + 1:
        return number_to_text(text)
    days, milliseconds = divmod(round(serial * _DAY_MS), _DAY_MS)
    if kind == "elapsed":
        return _clock(milliseconds, days * 24)
    if kind == "time" and days == 0:
        return _clock(milliseconds)
    date = _date(days, from_1904=from_1904)
    if milliseconds == 0 and kind == "date":
        return date
    return f"{date}T{_clock(milliseconds)}"


def _date(days: int, *, from_1904: bool) -> str:
    if from_1904:
        return f"{_FIRST_1904 + timedelta(days):%Y-%m-%d}"
    if days == 60:  # which was none: Excel takes 1900 for a leap year
        return "1900-02-29"
    return f"{_FIRST + timedelta(days + (days < 60)):%Y-%m-%d}"


def _clock(milliseconds: int, hours: int = 0) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    fraction = f".{rest:03d}" if rest else ""
    return f"{hour + hours:02d}:{minute:02d}:{second:02d}{fraction}"
