"""Times as numbers, so that the later of two can be told."""

import polars as pl

from transforms.dates import OFFSET, read_date, read_time


def read_moments(text: pl.Expr, time: str, date: str, zone: str) -> pl.Expr:
    """Read times, or days, as microseconds since 1970 on the clocks of one zone.

    Args:
        text: a text column.
        time: how a time is written, as `transforms.dates.read_time` takes it.
        date: how a day is written, where the text is none; it counts from midnight.
        zone: whose clocks; a time with an offset is moved there.

    Returns:
        Int64; null where the text is neither.
    """
    iso = pl.coalesce(read_time(text, time), read_date(text, date, zone) + "T00:00:00")
    minutes = iso.str.slice(0, 16).str.replace(" ", "T", literal=True)
    offset = iso.str.slice(16).str.extract(f"({OFFSET})").str.replace("Z", "+00:00", literal=True)
    moved = (
        (minutes + offset)
        .str.to_datetime("%Y-%m-%dT%H:%M%:z", strict=False, time_unit="us", time_zone="UTC")
        .dt.convert_time_zone(zone)
        .dt.replace_time_zone(None)
    )
    local = minutes.str.to_datetime("%Y-%m-%dT%H:%M", strict=False, time_unit="us")
    whole = pl.when(offset.is_not_null()).then(moved).otherwise(local).cast(pl.Int64)
    seconds = iso.str.extract(r"^.{16}:([0-9]{2})").cast(pl.Int64).fill_null(0)
    fraction = iso.str.extract(r"^.{19}[.]([0-9]{1,6})").str.pad_end(6, "0")
    return whole + seconds * 1_000_000 + fraction.cast(pl.Int64).fill_null(0)
