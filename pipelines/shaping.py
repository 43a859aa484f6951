"""From source rows to records and reasons: mapping, judging, encoding, for each kind of record."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl

from pipelines.feeds import ImportTarget, LoadFeed
from pipelines.feeds.words import Column, ConstantWord, Mapped
from pipelines.refusing import (
    NO_REASONS,
    NOBODY,
    explain,
    explain_lost,
    explain_nameless,
    explain_unread,
    find_unread,
    member_key,
    receipt_key,
    refuse,
)
from transforms.mapping import Constant, FromColumn, Values, map_columns, rows_together
from transforms.members import encode_members
from transforms.receipt_json import encode_receipts
from transforms.receipts import SCALE, Shape, read_lines, sum_receipts
from validators.members import member_rules
from validators.receipts import line_rules, receipt_rules
from validators.rules import faulty


@dataclass(frozen=True)
class Shaped:
    """What became of some source rows.

    Attributes:
        records: those to send (`delivery.records.RECORDS`).
        refused: those that are not (`delivery.outcomes.REFUSED`), in their order; the key is
            empty where it is not known, `reasons` are all that its rows have, each once.
        reasons: `index` (the source row), `text` (for a person) and `code` (for counting, null
            on rows that are only rejected with their receipt).
        warnings: what is odd in how many of the rows to send, without being a fault.
    """

    records: pl.DataFrame
    refused: pl.DataFrame
    reasons: pl.DataFrame
    warnings: dict[str, int]


Shaper = Callable[[pl.DataFrame], Shaped]


def source_columns(feed: LoadFeed) -> tuple[str, ...]:
    """List the source columns that the feed's mapping uses."""
    used = (_values(mapped) for mapped in feed.mapping.values())
    return tuple(dict.fromkeys(v.column for v in used if isinstance(v, FromColumn)))


def make_shaper(feed: LoadFeed) -> Shaper:
    """Give the function that shapes rows of this feed; records stand whole in what it gets."""
    return _member_shaper(feed) if isinstance(feed.target, ImportTarget) else _receipt_shaper(feed)


def whole_records(frames: Iterable[pl.DataFrame], feed: LoadFeed) -> Iterator[pl.DataFrame]:
    """Cut the stream of rows so that no receipt stands in two frames."""
    if isinstance(feed.target, ImportTarget) or feed.source.items:
        return iter(frames)
    mapped = (_values(feed.mapping[name]) for name in feed.receipts.key if name in feed.mapping)
    return rows_together(frames, [v.column for v in mapped if isinstance(v, FromColumn)])


def _values(mapped: Mapped) -> Values:
    if isinstance(mapped, ConstantWord):
        return Constant(mapped.constant)
    return FromColumn(mapped.column if isinstance(mapped, Column) else mapped)


def _source_names(mapping: dict[str, Values]) -> dict[str, str]:
    """Give the source column of each wire name that has one."""
    return {name: v.column for name, v in mapping.items() if isinstance(v, FromColumn)}


def _receipt_shaper(feed: LoadFeed) -> Shaper:
    words = feed.receipts
    mapping = {name: _values(mapped) for name, mapped in feed.mapping.items()}
    shape = Shape(
        mapping,
        nested=feed.source.items is not None,
        key=tuple(words.key),
        vat_percent=words.vat_percent,
        returns_in=words.return_amounts_in,
        returns_out=words.return_amounts_out,
        time_zone=words.time_zone,
    )
    of_lines = line_rules(mapping, returns=words.return_amounts_in)
    of_receipts = receipt_rules(mapping, shape.repeated(), tolerance=words.amount_tolerance)
    columns = _source_names(mapping)
    key = receipt_key(feed.key)
    customer = _text_of("Header.ConsumerId", mapping)

    def shape_rows(rows: pl.DataFrame) -> Shaped:
        lines = read_lines(rows, shape)
        unread = find_unread(rows)
        bad_lines = faulty(lines, of_lines) | unread
        lines = lines.with_columns(bad_lines.alias("faulty"))
        receipts = sum_receipts(lines, rows, shape)
        bad_receipts = faulty(receipts, of_receipts)
        bad = bad_receipts | (receipts["faulty_lines"] > 0)
        good, good_lines, why, refused = receipts, lines, NO_REASONS, NOBODY
        if bad.any():
            good = receipts.filter(~bad)
            lost = bad.gather(lines["receipt"])  # receipts are numbered 0, 1, … in order
            good_lines = lines.filter(~lost)
            first_lines = (receipts["rows"].cum_sum() - receipts["rows"]).cast(pl.Int64)
            named = bad_receipts & ~unread.gather(first_lines)
            why = pl.concat(
                [
                    explain(lines, bad_lines & ~unread, of_lines, columns),
                    explain(receipts, named, of_receipts, columns, first_lines),
                    explain_unread(rows, unread),
                    explain_lost(lost, bad_lines, bad_receipts, receipts),
                ]
            )
            refused = receipts.filter(bad).with_columns(key.alias("key"))
            refused = refuse(refused, why, lines["receipt"])
        records = good.select(
            key.alias("key"),
            "row",
            "last_row",
            "rows",
            pl.col("sum.GrossAmount").alias("amount"),
            customer.alias("customer"),
        ).with_columns(encode_receipts(good_lines, good, shape).alias("json"))
        odd = _unbalanced(good_lines, words.amount_tolerance)
        return Shaped(records, refused, why, odd)

    return shape_rows


def _text_of(name: str, mapping: dict[str, Values]) -> pl.Expr:
    return pl.col(name).fill_null("") if name in mapping else pl.lit("")


def _member_shaper(feed: LoadFeed) -> Shaper:
    mapping = {name: _values(mapped) for name, mapped in feed.mapping.items()}
    kinds = feed.kinds
    rules = member_rules(kinds, datetime.now(UTC).date())
    columns = _source_names(mapping)
    names = [name for name in feed.key if name in mapping]
    key = member_key(names)

    def shape_rows(rows: pl.DataFrame) -> Shaped:
        members = map_columns(rows, mapping)
        unread = find_unread(rows)
        faults = faulty(members, rules) | unread
        nameless = members.select(key == "").to_series() & ~faults
        bad = faults | nameless
        named = members.select(
            key.alias("key"),
            rows["_row"].alias("row"),
            rows["_row"].alias("last_row"),
            pl.lit(1, pl.UInt32).alias("rows"),
            pl.lit(0, pl.Int64).alias("amount"),
            pl.lit("").alias("customer"),
        )
        good, why, refused = named, NO_REASONS, NOBODY
        if bad.any():
            own = explain(members, faults & ~unread, rules, columns)
            why = pl.concat([own, explain_nameless(nameless, names), explain_unread(rows, unread)])
            place = pl.int_range(rows.height, dtype=pl.Int64, eager=True).alias("member")
            refused = refuse(named.with_columns(place).filter(bad), why, place)
            good, members = named.filter(~bad), members.filter(~bad)
        records = good.with_columns(encode_members(members, kinds).alias("json"))
        return Shaped(records, refused, why, {})

    return shape_rows


def _unbalanced(lines: pl.DataFrame, tolerance: Decimal) -> dict[str, int]:
    """Count the lines whose net and VAT are not their gross: only worth a warning (T19)."""
    off = pl.col("sum.GrossAmount") - pl.col("sum.Vat") - pl.col("sum.NetAmount")
    count = lines.select((off.abs() > int(tolerance * SCALE)).sum()).item()
    return {"lines whose net and VAT are not their gross": count} if count else {}


def amount_text(ten_thousandths: int) -> str:
    """Write a sum of amounts exactly, with at least two decimals."""
    text = f"{Decimal(ten_thousandths) / SCALE:.4f}"
    return text.removesuffix("0").removesuffix("0")
