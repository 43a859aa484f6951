"""Dates and times as people, spreadsheets and machines write them, into ISO text.

A pattern must fit the whole text: chrono alone, which reads them, would take a year 80 for `%Y`.
"""

import re
from datetime import date

import polars as pl

ISO_DATE = "^[12][0-9]{3}-[0-9]{2}-[0-9]{2}"
# chrono alone would take two-digit years, one-digit months and a second 60.
ISO_TIME = (
    f"{ISO_DATE}[T ][0-9]{{2}}:[0-9]{{2}}(:[0-5][0-9]([.][0-9]{{1,9}})?)?"
    "(Z|[+-][0-9]{2}:?[0-9]{2})?$"
)
OFFSET = "(?:Z|[+-][0-9]{2}:?[0-9]{2})$"
SERIAL = "^[0-9]{1,7}(?:[.,][0-9]+)?$"
EPOCH = {"epoch": "^-?[0-9]{1,11}(?:[.][0-9]+)?$", "epoch_ms": "^-?[0-9]{1,14}(?:[.][0-9]+)?$"}
LAST_SERIAL = 2_958_465  # 9999-12-31
UNIX_SERIAL = 25_569  # 1970-01-01
LEAP_1900 = 60  # Excel's day that never was: the 29th of February 1900
PARTS = {
    "Y": "[0-9]{4}",
    "y": "[0-9]{2}",
    "M": "[0-5][0-9]",
    "S": "[0-5][0-9]",
    "f": "[0-9]{1,9}",
    "p": "(?i-u:am|pm)",
    "b": "[A-Za-z]{3}",
    "B": "[A-Za-z]{3,9}",
    "z": "[+-][0-9]{2}:?[0-9]{2}",
    "%": "%",
}


def read_date(text: pl.Expr, words: str, zone: str, latest: date | None = None) -> pl.Expr:
    """Write dates as `yyyy-mm-dd`.

    Args:
        text: a text column.
        words: a strftime pattern, `iso`, `excel` (serial days since 1900), `epoch` or `epoch_ms`.
        zone: where the day is asked for, of moments that carry their offset.
        latest: two-digit years make no date after it; None leaves them between 1970 and 2069.

    Returns:
        Text; null where the text is no such date, or a day that never was.
    """
    text = text.str.strip_chars()
    if words == "iso":
        return _iso_date(text, zone)
    if words == "excel":
        days = pl.when(text.str.contains(SERIAL)).then(text.str.extract("^([0-9]+)"))
        return _serial_day(days.cast(pl.Int64)).cast(pl.String)
    if words in EPOCH:
        return _moment(text, words).dt.convert_time_zone(zone).dt.date().cast(pl.String)
    fits, pattern = compile_pattern(words)
    fitting = pl.when(text.str.contains(fits)).then(text)
    if "%z" in words:
        moment = fitting.str.to_datetime(pattern, strict=False, time_unit="us", time_zone="UTC")
        day = moment.dt.convert_time_zone(zone).dt.date()
    else:
        day = fitting.str.to_date(pattern, strict=False)
    if "%y" in words and latest is not None:
        day = pl.when(day > latest).then(day.dt.offset_by("-100y")).otherwise(day)
    return day.cast(pl.String)


def read_time(text: pl.Expr, words: str) -> pl.Expr:
    """Write times as ISO text: local as they stand, moments with their offset in UTC and a Z.

    Args:
        text: a text column.
        words: as in `read_date`; `iso` is left as it is, for who reads it next.

    Returns:
        Text, to the second; null where the text is no such time.
    """
    text = text.str.strip_chars()
    if words == "iso":
        return pl.when(text.str.contains(ISO_TIME)).then(text)
    if words == "excel":
        return _serial_time(text)
    if words in EPOCH:
        return _moment(text, words).dt.strftime("%Y-%m-%dT%H:%M:%SZ")
    fits, pattern = compile_pattern(words)
    fitting = pl.when(text.str.contains(fits)).then(text)
    zone, written = ("UTC", "%Y-%m-%dT%H:%M:%SZ") if "%z" in words else (None, "%Y-%m-%dT%H:%M:%S")
    time = fitting.str.to_datetime(pattern, strict=False, time_unit="us", time_zone=zone)
    return time.dt.strftime(written)


def compile_pattern(words: str) -> tuple[str, str]:
    """Make of a strftime pattern the regex of what fits it, and the pattern for chrono."""
    parts = re.findall(r"%.|[^%]", words, re.DOTALL)
    fits = ""
    for place, part in enumerate(parts):
        if len(part) == 1:
            fits += re.escape(part)
            continue
        beside = parts[max(place - 1, 0) : place] + parts[place + 1 : place + 2]
        alone = not any(len(other) == 2 and other != "%%" for other in beside)
        digits = 3 if part == "%j" else 2
        # With nothing between them, 2024111 could be two days: there each part has all digits.
        fits += PARTS.get(part[1], f"[0-9]{{{1 if alone else digits},{digits}}}")
    return f"^{fits}$", words.replace(".%f", "%.f")


def _iso_date(text: pl.Expr, zone: str) -> pl.Expr:
    day = pl.when(text.str.contains(f"{ISO_DATE}$")).then(text)
    timed = pl.when(text.str.contains(ISO_TIME)).then(text)
    local = pl.when(~timed.str.contains(OFFSET)).then(timed.str.head(10))
    offset = timed.str.extract(f"({OFFSET})").str.replace("Z", "+00:00", literal=True)
    minutes = timed.str.slice(0, 16).str.replace(" ", "T", literal=True)
    moved = (
        (minutes + offset)
        .str.to_datetime("%Y-%m-%dT%H:%M%:z", strict=False, time_unit="us", time_zone="UTC")
        .dt.convert_time_zone(zone)
        .dt.date()
    )
    own = pl.coalesce(day, local).str.to_date("%Y-%m-%d", strict=False)
    return pl.coalesce(own, moved).cast(pl.String)


def _serial_day(days: pl.Expr) -> pl.Expr:
    real = days.is_between(1, LAST_SERIAL) & (days != LEAP_1900)
    unix = pl.when(days < LEAP_1900).then(days + 1).otherwise(days) - UNIX_SERIAL
    return pl.when(real).then(unix).cast(pl.Int32).cast(pl.Date)


def _serial_time(text: pl.Expr) -> pl.Expr:
    serial = text.str.replace(",", ".", literal=True)
    number = pl.when(text.str.contains(SERIAL)).then(serial).cast(pl.Float64, strict=False)
    seconds = (number * 86_400).round().cast(pl.Int64)
    day = _serial_day(seconds // 86_400)
    time = day.cast(pl.Datetime("us")) + pl.duration(seconds=seconds % 86_400)
    return time.dt.strftime("%Y-%m-%dT%H:%M:%S")


def _moment(text: pl.Expr, words: str) -> pl.Expr:
    """Read the seconds or milliseconds since 1970 as a moment in UTC."""
    number = pl.when(text.str.contains(EPOCH[words])).then(text).cast(pl.Float64, strict=False)
    seconds = (number / (1000 if words == "epoch_ms" else 1)).floor().cast(pl.Int64)
    return (seconds * 1_000_000).cast(pl.Datetime("us")).dt.replace_time_zone("UTC")
