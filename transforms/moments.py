"""Times as numbers, so that the later of two can be told."""

import polars as pl

from transforms.dates import OFFSET, read_date, read_time

SECOND = 1_000_000


def read_moments(texts: pl.Series, time: str, date: str, zone: str) -> pl.Series:
    """Read times, or days, as microseconds since 1970 on the clocks of one zone.

    Args:
        texts: a text series.
        time: how a time is written, as `transforms.dates.read_time` takes it.
        date: how a day is written, where the text is none; it counts from midnight.
        zone: whose clocks; a time with an offset is moved there.

    Returns:
        Int64; null where the text is neither.
    """
    iso = pl.select(iso=read_time(pl.lit(texts), time)).to_series()
    rest = (iso.is_null() & texts.is_not_null()).arg_true()
    if len(rest):
        days = pl.lit(texts.gather(rest))
        iso = iso.scatter(rest, pl.select(read_date(days, date, zone) + "T00:00:00").to_series())
    read = iso.to_frame("iso").select(
        day=pl.col("iso").str.slice(0, 10),
        minute=pl.col("iso").str.slice(11, 5),
        second=pl.col("iso").str.slice(16, 3),
        end=pl.col("iso").str.slice(19),
        after=pl.col("iso").str.slice(16),
    )
    local = (pl.col("day") + "T" + pl.col("minute")).str.to_datetime("%Y-%m-%dT%H:%M", strict=False)
    moment = local.dt.cast_time_unit("us").cast(pl.Int64)
    if read["after"].str.contains(OFFSET).any():
        moment = pl.coalesce(_moved(zone), moment)
    seconds = pl.when(pl.col("second").str.starts_with(":")).then(pl.col("second").str.slice(1))
    moment += seconds.cast(pl.Int64).fill_null(0) * SECOND
    if read["end"].str.starts_with(".").any():
        fraction = pl.col("end").str.extract("^[.]([0-9]{1,6})").str.pad_end(6, "0")
        moment += fraction.cast(pl.Int64).fill_null(0)
    return read.select(moment.alias("moment")).to_series()


def _moved(zone: str) -> pl.Expr:
    """Read minutes that carry an offset; null where there is none."""
    offset = pl.col("after").str.extract(f"({OFFSET})").str.replace("Z", "+00:00", literal=True)
    stamp = pl.col("day") + "T" + pl.col("minute") + offset
    moment = stamp.str.to_datetime("%Y-%m-%dT%H:%M%:z", strict=False, time_zone="UTC")
    local = moment.dt.convert_time_zone(zone).dt.replace_time_zone(None)
    return local.dt.cast_time_unit("us").cast(pl.Int64)
