"""Receipt lines into receipts, in columns.

Amounts are summed as whole ten-thousandths in 64-bit integers, so that no cent is lost.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal

import polars as pl

from transforms.dates import ISO_TIME
from transforms.mapping import Constant, Values, map_columns
from transforms.zones import Hour, in_gap, in_repeat, move

AMOUNTS = ("GrossAmount", "Vat", "NetAmount", "Discount")
SCALE = 10_000
Sign = Literal["positive", "signed"]
PLAIN_TIME = "^[12][0-9]{3}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-5][0-9]$"


@dataclass(frozen=True)
class Shape:
    """How the rows of a feed become receipts.

    Attributes:
        mapping: wire name (`Header.StoreId`, `Items.LineNo`) → where its value comes from.
        nested: whether a record of the source is one receipt; else neighbouring rows with the
            same key are.
        key: the wire names that tell one receipt from the next in a flat source.
        vat_percent: the VAT inside the gross amount of a line that names none.
        returns_in: whether the source gives a return's amounts positive, or with a minus sign.
        returns_out: how they are sent; the documents show them positive (reading T18).
        time_zone: the stores' zone.
        source_zone: that of source times without an offset; None if it is the stores'.
        repeated_hour: which is meant of the hour that comes twice when clocks go back.
    """

    mapping: Mapping[str, Values]
    nested: bool
    key: tuple[str, ...] = ("Header.ReceiptId",)
    vat_percent: Decimal | None = None
    returns_in: Sign = "positive"
    returns_out: Sign = "positive"
    time_zone: str = "Europe/Oslo"
    source_zone: str | None = None
    repeated_hour: Hour = "first"

    def names(self, part: str) -> list[str]:
        """List the mapped wire names of `Header` or `Items`, without the part."""
        start = f"{part}."
        return [name.removeprefix(start) for name in self.mapping if name.startswith(start)]

    def repeated(self) -> list[str]:
        """List the header names whose value each line of a flat source repeats, but the key's."""
        if self.nested:
            return []
        given = (name for name, values in self.mapping.items() if not isinstance(values, Constant))
        return [name for name in given if name.startswith("Header.") and name not in self.key]


def read_lines(
    rows: pl.DataFrame, shape: Shape, mapped: pl.DataFrame | None = None
) -> pl.DataFrame:
    """Map source rows to receipt lines and number the receipts they belong to.

    Args:
        rows: source rows with `_row`; the lines of a receipt stand together.
        shape: the feed's words.
        mapped: what `map_columns` made of the rows, where that is done already.

    Returns:
        One row per source row: the mapped text columns, `receipt` (UInt32, 0, 1, …),
        `line_no_repeats`, `is_return`, `beside_unknown` (a neighbouring row lacks a part of its
        key, so this receipt may lack a line), `differs.<header name>` and `sum.<amount>` (Int64,
        ten-thousandths, a return's with a minus sign; null where the text is no number).
    """
    lines = map_columns(rows, shape.mapping) if mapped is None else mapped
    quantity = pl.col("Items.Quantity").cast(pl.Float64, strict=False)
    if "Items.TransactionType" not in shape.mapping:
        kind = pl.when(quantity >= 0).then(pl.lit("PURCHASE"))
        kinds = kind.when(quantity < 0).then(pl.lit("RETURN"))  # neither if it is no number
        lines = lines.with_columns(kinds.alias("Items.TransactionType"))
    beside = pl.lit(value=False)
    if shape.nested:
        starts = rows["_row"].ne_missing(rows["_row"].shift())
    else:
        unknown = pl.any_horizontal(pl.col(k).is_null() for k in shape.key)
        beside = ~unknown & (unknown.shift() | unknown.shift(-1)).fill_null(value=False)
        change = [pl.col(k).ne_missing(pl.col(k).shift()) | pl.col(k).is_null() for k in shape.key]
        starts = lines.select(pl.any_horizontal(change)).to_series()
    if len(starts):
        starts[0] = True
    is_return = (quantity < 0).fill_null(value=False)
    inside = ~pl.lit(starts)
    lines = lines.with_columns(
        (pl.lit(starts).cum_sum() - 1).cast(pl.UInt32).alias("receipt"),
        is_return.alias("is_return"),
        beside.alias("beside_unknown"),
        *(
            (inside & pl.col(name).ne_missing(pl.col(name).shift())).alias(f"differs.{name}")
            for name in shape.repeated()
        ),
    )
    lines = lines.with_columns(
        _repeats(lines), *(_ten_thousandths(f"Items.{a}", f"sum.{a}", shape) for a in _given(shape))
    )
    return lines.with_columns(_derived(shape))


def sum_receipts(lines: pl.DataFrame, rows: pl.DataFrame, shape: Shape) -> pl.DataFrame:
    """Gather lines into receipts.

    Args:
        lines: what `read_lines` gave, with the boolean `faulty`.
        rows: the source rows they came from.
        shape: the feed's words.

    Returns:
        One row per receipt: `Header.*` text of its first line, `time` (Datetime of TimeStamp or
        null), `time_skipped` and `time_repeats` (clocks never showed it, or twice), `row` and
        `last_row` (`_row` of its first and last line), `rows`, `faulty_lines`, `is_return` (all
        its lines are returns), `sum.<amount>` (the header's own where lines have none),
        `off.<amount>` for mapped header amounts (header minus lines; null where a line's is not
        readable), `differs.<header name>`.
    """
    headers = [name for name in lines.columns if name.startswith("Header.")]
    sums = [name for name in lines.columns if name.startswith("sum.")]
    differs = [name for name in lines.columns if name.startswith("differs.")]
    given = [a for a in AMOUNTS if f"Header.{a}" in headers]
    checked = [a for a in given if f"sum.{a}" in sums]
    grouped = (
        lines.lazy()
        .with_columns(row=pl.lit(rows["_row"]))
        .group_by("receipt", maintain_order=True)
        .agg(
            pl.col(*headers, "row").first(),
            pl.col("row").last().alias("last_row"),
            pl.col(*sums).sum(),
            *(_unknown(a).any().alias(f"unknown.{a}") for a in checked),
            pl.col("is_return").all(),
            pl.len().alias("rows"),
            pl.col("faulty").sum().alias("faulty_lines"),
            *(pl.col(name).any() for name in differs),
        )
    )
    flip = pl.col("is_return") if shape.returns_in == "positive" else pl.lit(value=False)
    own = {a: _integer(f"Header.{a}") * minus_where(flip) for a in given}
    off = [
        pl.when(~pl.col(f"unknown.{a}")).then(own[a] - pl.col(f"sum.{a}")).alias(f"off.{a}")
        for a in checked
    ]
    for a in given:
        if a not in checked:
            off += [own[a].alias(f"sum.{a}"), (own[a] * 0).alias(f"off.{a}")]
    receipts = grouped.with_columns(off).collect(engine="in-memory")
    return receipts.with_columns(_local_times(receipts["Header.TimeStamp"], shape))


def _given(shape: Shape) -> list[str]:
    return [amount for amount in AMOUNTS if f"Items.{amount}" in shape.mapping]


def _integer(column: str) -> pl.Expr:
    number = pl.col(column).cast(pl.Float64, strict=False)
    return (number * SCALE).round().cast(pl.Int64, strict=False)


def minus_where(condition: pl.Expr) -> pl.Expr:
    """Give the factor that turns an amount's sign where the condition holds."""
    return pl.when(condition).then(-1).otherwise(1)


def _ten_thousandths(column: str, name: str, shape: Shape) -> pl.Expr:
    flip = pl.col("is_return") if shape.returns_in == "positive" else pl.lit(value=False)
    return (_integer(column) * minus_where(flip)).alias(name)


def _unknown(amount: str) -> pl.Expr:
    """Be true where a line's amount, or its sign, cannot be told, so that no sum holds it."""
    lacks = pl.col(f"sum.{amount}").is_null()
    if amount == "Discount":  # a line may have none
        lacks &= pl.col("Items.Discount").is_not_null()
    return lacks | pl.col("Items.Quantity").cast(pl.Float64, strict=False).is_null()


def find_unknown(lines: pl.DataFrame, returns_in: Sign) -> pl.Series:
    """Mark the lines that `read_lines` gave whose gross amount, or its sign, cannot be told."""
    unknown = pl.col("sum.GrossAmount").is_null()
    if returns_in == "positive":
        unknown |= pl.col("Items.Quantity").cast(pl.Float64, strict=False).is_null()
    return lines.select(unknown).to_series()


def _derived(shape: Shape) -> list[pl.Expr]:
    """Make the amounts of a line that the source lacks: VAT inside the gross, and the net."""
    gross, made = pl.col("sum.GrossAmount"), []
    vat = pl.col("sum.Vat")
    if "Items.Vat" not in shape.mapping and shape.vat_percent is not None:
        part = int(shape.vat_percent * 100)
        whole = (10_000 + part) * (SCALE // 100)  # of a cent
        cents = (gross.abs() * (2 * part) + whole) // (2 * whole)  # half away from zero
        vat = gross.sign() * cents * (SCALE // 100)
        made.append(vat.alias("sum.Vat"))
    if "Items.NetAmount" not in shape.mapping:
        made.append((gross - vat).alias("sum.NetAmount"))
    return made


def _repeats(lines: pl.DataFrame) -> pl.Series:
    """Mark lines whose number an earlier line of the same receipt has."""
    number = lines["Items.LineNo"].cast(pl.Int64, strict=False)
    receipt = lines["receipt"]
    rising = (number > number.shift()) | (receipt != receipt.shift())
    if rising.fill_null(value=False).tail(-1).all():
        return pl.repeat(value=False, n=lines.height, eager=True).alias("line_no_repeats")
    keys = pl.DataFrame({"receipt": receipt, "number": number})
    repeats = ~pl.struct("receipt", "number").is_first_distinct() & pl.col("number").is_not_null()
    return keys.select(repeats.alias("line_no_repeats")).to_series()


def _local_times(texts: pl.Series, shape: Shape) -> list[pl.Series]:
    """Read ISO times as the stores' local time (reading T14), and tell where clocks change."""
    if texts.str.contains(PLAIN_TIME).all():  # the usual ones, which cost a third of the others
        own = texts.str.to_datetime("%Y-%m-%dT%H:%M:%S", strict=False, time_unit="us")
        moved = None
    else:
        own, moved = _read_times(texts, shape.time_zone)
    zone = shape.source_zone or shape.time_zone
    skipped, repeats = in_gap(own, zone), in_repeat(own, zone)
    if zone != shape.time_zone:
        own = pl.select(move(pl.lit(own), zone, shape.time_zone, shape.repeated_hour)).to_series()
    time = own if moved is None else pl.select(pl.coalesce(own, moved)).to_series()
    return [time.alias("time"), skipped.alias("time_skipped"), repeats.alias("time_repeats")]


def _read_times(texts: pl.Series, zone: str) -> tuple[pl.Series, pl.Series]:
    """Read the times without an offset, and those with one as local time of a zone."""
    text = pl.lit(texts)
    given = pl.when(text.str.contains(ISO_TIME)).then(text.str.replace(" ", "T", literal=True))
    plain = given.str.replace(r"^(.{16})([Z+-].*)?$", "${1}:00$2")  # seconds may be missing
    own = plain.str.to_datetime("%Y-%m-%dT%H:%M:%S%.f", strict=False, time_unit="us")
    moved = (
        plain.str.replace("Z$", "+00:00")
        .str.to_datetime("%Y-%m-%dT%H:%M:%S%.f%:z", strict=False, time_unit="us", time_zone="UTC")
        .dt.convert_time_zone(zone)
        .dt.replace_time_zone(None)
    )
    made = pl.select(own.alias("own"), moved.alias("moved"))
    return made["own"], made["moved"]
