"""From source rows to records and reasons: mapping, judging, encoding, for each kind of record."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal

import polars as pl

from pipelines.feeds import ImportTarget, LoadFeed
from pipelines.feeds.words import Column, ConstantWord, Mapped
from transforms.mapping import Constant, FromColumn, Values, map_columns, rows_together
from transforms.members import encode_members
from transforms.receipt_json import encode_receipts
from transforms.receipts import SCALE, Shape, read_lines, sum_receipts
from validators.members import member_rules
from validators.receipts import line_rules, receipt_rules
from validators.rules import Rule, faulty, reasons


@dataclass(frozen=True)
class Shaped:
    """What became of some source rows.

    Attributes:
        records: those to send (`delivery.records.RECORDS`).
        rejected: how many records are not sent.
        lost: `key` and `row` of those, where a key is known.
        reasons: `index` (the source row), `text` (for a person) and `code` (for counting, null
            on rows that are only rejected with their receipt).
        warnings: what is odd in how many of the rows to send, without being a fault.
    """

    records: pl.DataFrame
    rejected: int
    lost: pl.DataFrame
    reasons: pl.DataFrame
    warnings: dict[str, int]


Shaper = Callable[[pl.DataFrame], Shaped]
NO_KEYS = pl.DataFrame(schema={"key": pl.String, "row": pl.Int64})
NO_REASONS = pl.DataFrame(schema={"index": pl.Int64, "text": pl.String, "code": pl.String})


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

    def shape_rows(rows: pl.DataFrame) -> Shaped:
        lines = read_lines(rows, shape)
        unread = _unread(rows)
        bad_lines = faulty(lines, of_lines) | unread
        lines = lines.with_columns(bad_lines.alias("faulty"))
        receipts = sum_receipts(lines, rows, shape)
        bad_receipts = faulty(receipts, of_receipts)
        bad = bad_receipts | (receipts["faulty_lines"] > 0)
        good, good_lines, why = receipts, lines, NO_REASONS
        if bad.any():
            good = receipts.filter(~bad)
            lost = bad.gather(lines["receipt"])  # receipts are numbered 0, 1, … in order
            good_lines = lines.filter(~lost)
            first_lines = (receipts["rows"].cum_sum() - receipts["rows"]).cast(pl.Int64)
            named = bad_receipts & ~unread.gather(first_lines)
            why = pl.concat(
                [
                    _explain(lines, bad_lines & ~unread, of_lines, feed),
                    _explain(receipts, named, of_receipts, feed, first_lines),
                    _explain_unread(rows, unread),
                    _lost_with_their_receipt(lost, bad_lines, bad_receipts, receipts),
                ]
            )
        records = good.select(
            KEY.alias("key"),
            "row",
            "last_row",
            "rows",
            pl.col("sum.GrossAmount").alias("amount"),
        ).with_columns(encode_receipts(good_lines, good, shape).alias("json"))
        lost_keys = receipts.filter(bad).select(KEY.alias("key"), "row").drop_nulls()
        odd = _unbalanced(good_lines, words.amount_tolerance)
        return Shaped(records, int(bad.sum()), lost_keys, why, odd)

    return shape_rows


# No id holds the control character between the parts, so no two receipts share a key.
KEY = pl.concat_str(
    "Header.StoreId",
    "Header.ReceiptId",
    pl.when("is_return").then(pl.lit("RETURN")).otherwise(pl.lit("PURCHASE")),
    separator="\x1f",
)


def _member_shaper(feed: LoadFeed) -> Shaper:
    mapping = {name: _values(mapped) for name, mapped in feed.mapping.items()}
    kinds = feed.kinds
    rules = member_rules(kinds, datetime.now(UTC).date())

    def shape_rows(rows: pl.DataFrame) -> Shaped:
        members = map_columns(rows, mapping)
        unread = _unread(rows)
        bad = faulty(members, rules) | unread
        why = NO_REASONS
        if bad.any():
            own = _explain(members, bad & ~unread, rules, feed)
            why = pl.concat([own, _explain_unread(rows, unread)])
        row = rows["_row"].filter(~bad)
        records = pl.DataFrame({"row": row}).select(
            pl.lit("").alias("key"),
            "row",
            last_row="row",
            rows=pl.lit(1, pl.UInt32),
            amount=pl.lit(0, pl.Int64),
        )
        texts = encode_members(members.filter(~bad), kinds)
        records = records.with_columns(texts.alias("json"))
        return Shaped(records, int(bad.sum()), NO_KEYS, why, {})

    return shape_rows


def _explain(
    frame: pl.DataFrame,
    bad: pl.Series,
    rules: list[Rule],
    feed: LoadFeed,
    rows: pl.Series | None = None,
) -> pl.DataFrame:
    """Put every reason of the bad rows into words; `rows` are the source rows' places if others."""
    places = bad.arg_true().cast(pl.Int64)
    found = reasons(frame.filter(bad), rules)
    if found.is_empty():
        return NO_REASONS
    columns = {
        name: values.column
        for name, values in ((n, _values(m)) for n, m in feed.mapping.items())
        if isinstance(values, FromColumn)
    }
    source = pl.col("field").replace_strict(columns, default=None, return_dtype=pl.String)
    own = pl.when(source.is_not_null() & (source != pl.col("field"))).then(" (" + source + ")")
    value = pl.when(pl.col("value").is_not_null()).then(" '" + pl.col("value") + "'")
    text = pl.concat_str("field", own.fill_null(""), value.fill_null(""), pl.lit(": "), "message")
    place = places.gather(found["index"])
    return found.select(
        (place if rows is None else rows.gather(place)).alias("index"),
        text.alias("text"),
        code=pl.col("field") + ": " + pl.col("code"),
    )


def _unread(rows: pl.DataFrame) -> pl.Series:
    """Mark the rows that the reader could not read."""
    if "_fault" in rows.columns:
        return rows["_fault"].is_not_null()
    return pl.repeat(value=False, n=rows.height, eager=True)


def _explain_unread(rows: pl.DataFrame, unread: pl.Series) -> pl.DataFrame:
    """Give the reader's own reasons; nothing else can be said of such a row."""
    if "_fault" not in rows.columns:
        return NO_REASONS
    places = unread.arg_true().cast(pl.Int64)
    return pl.DataFrame({"index": places, "text": rows["_fault"].gather(places)}).with_columns(
        code=pl.lit("row: not-readable")
    )


def _lost_with_their_receipt(
    lost: pl.Series, bad_lines: pl.Series, bad_receipts: pl.Series, receipts: pl.DataFrame
) -> pl.DataFrame:
    """Name the rows without a fault of their own whose receipt is rejected all the same."""
    told = bad_lines.clone()
    firsts = (receipts["rows"].cum_sum() - receipts["rows"]).filter(bad_receipts)
    told[firsts.cast(pl.UInt32)] = True
    places = (lost & ~told).arg_true().cast(pl.Int64)
    text = "a receipt is sent whole or not at all, and another row of it has a fault"
    return pl.DataFrame({"index": places}).with_columns(
        text=pl.lit(text), code=pl.lit(None, pl.String)
    )


def _unbalanced(lines: pl.DataFrame, tolerance: Decimal) -> dict[str, int]:
    """Count the lines whose net and VAT are not their gross: only worth a warning (T19)."""
    off = pl.col("sum.GrossAmount") - pl.col("sum.Vat") - pl.col("sum.NetAmount")
    count = lines.select((off.abs() > int(tolerance * SCALE)).sum()).item()
    return {"lines whose net and VAT are not their gross": count} if count else {}


def amount_text(ten_thousandths: int) -> str:
    """Write a sum of amounts exactly, with at least two decimals."""
    text = f"{Decimal(ten_thousandths) / SCALE:.4f}"
    return text.removesuffix("0").removesuffix("0")
