"""Why rows and records are not sent, in words.

Reasons are frames of `index` (the source row's place in its frame), `text` (for a person), `code`
(for counting; null on a row that is only rejected with its receipt) and `value` (what is at fault,
where one value is).
"""

from collections.abc import Mapping, Sequence

import polars as pl

from delivery.outcomes import REFUSED
from validators.rules import REASONS, Rule, reasons

NOBODY = pl.DataFrame(schema=REFUSED)
NO_REASONS = pl.DataFrame(
    schema={"index": pl.Int64, "text": pl.String, "code": pl.String, "value": pl.String}
)

# No text that is sent holds the control character between the parts of a key, so no two records
# share one.
PART = "\x1f"


def receipt_key(names: Sequence[str]) -> pl.Expr:
    """Name a receipt by its store, its id, whether it is a return, and any further columns.

    The key is empty where store or id has no value.
    """
    kind = pl.when("is_return").then(pl.lit("RETURN")).otherwise(pl.lit("PURCHASE"))
    further = [pl.col(name).fill_null("") for name in names[2:]]
    return pl.concat_str(*names[:2], kind, *further, separator=PART).fill_null("")


def member_key(names: Sequence[str]) -> pl.Expr:
    """Name a member by the first of these columns that has a value, and that value.

    The key is empty where none has.
    """
    named = [pl.lit(f"{name}{PART}") + pl.col(name) for name in names]
    return pl.coalesce(*named, pl.lit(""))


def record_key(names: Sequence[str]) -> pl.Expr:
    """Name a record by all of these columns; one of which another may stand has no value."""
    named = [pl.lit(f"{name}{PART}") + pl.col(name) for name in names]
    return pl.concat_str(named, separator=PART, ignore_nulls=True)


def explain(
    frame: pl.DataFrame,
    bad: pl.Series,
    rules: list[Rule],
    columns: Mapping[str, str],
    rows: pl.Series | None = None,
) -> pl.DataFrame:
    """Put every reason of the bad rows into words.

    Args:
        frame: the rows that were judged.
        bad: which of them break a rule.
        rules: the rules.
        columns: wire name → the source column it comes from.
        rows: the places of the source rows, where they are not those of the frame.
    """
    found = reasons(frame.filter(bad), rules)
    return _put_in_words(found, bad.arg_true().cast(pl.Int64), columns, rows)


def explain_asides(
    frame: pl.DataFrame,
    among: pl.Series,
    rules: Sequence[Rule],
    columns: Mapping[str, str],
    rows: pl.Series | None = None,
) -> pl.DataFrame:
    """Put into words what is told of rows that are no rejects; `among` marks those.

    They may be all of a source, so this is done in columns.
    """
    found = [pl.DataFrame(schema=REASONS)]
    for rule in rules:
        told = (frame.select(rule.breaks).to_series() & among).arg_true()
        broken = pl.DataFrame({"index": told, "value": frame[rule.field].gather(told)})
        found.append(
            broken.select(
                pl.col("index").cast(pl.Int64),
                field=pl.lit(rule.field),
                code=pl.lit(rule.code),
                message=pl.lit(rule.message),
                value="value",
            )
        )
    every = pl.int_range(frame.height, dtype=pl.Int64, eager=True)
    return _put_in_words(pl.concat(found), every, columns, rows)


def _put_in_words(
    found: pl.DataFrame, places: pl.Series, columns: Mapping[str, str], rows: pl.Series | None
) -> pl.DataFrame:
    if found.is_empty():
        return NO_REASONS
    source = pl.col("field").replace_strict(columns, default=None, return_dtype=pl.String)
    own = pl.when(source.is_not_null() & (source != pl.col("field"))).then(" (" + source + ")")
    value = pl.when(pl.col("value").is_not_null()).then(" '" + pl.col("value") + "'")
    text = pl.concat_str("field", own.fill_null(""), value.fill_null(""), pl.lit(": "), "message")
    place = places.gather(found["index"])
    return found.select(
        (place if rows is None else rows.gather(place)).alias("index"),
        text.alias("text"),
        code=pl.col("field") + ": " + pl.col("code"),
        value=pl.col("value"),
    )


def find_unread(rows: pl.DataFrame) -> pl.Series:
    """Mark the rows that the reader could not read."""
    if "_fault" in rows.columns:
        return rows["_fault"].is_not_null()
    return pl.repeat(value=False, n=rows.height, eager=True)


def explain_unread(rows: pl.DataFrame, unread: pl.Series) -> pl.DataFrame:
    """Give the reader's own reasons; nothing else can be said of such a row."""
    if "_fault" not in rows.columns:
        return NO_REASONS
    places = unread.arg_true().cast(pl.Int64)
    return pl.DataFrame({"index": places, "text": rows["_fault"].gather(places)}).with_columns(
        code=pl.lit("row: not-readable"), value=pl.lit(None, pl.String)
    )


def explain_nameless(nameless: pl.Series, names: Sequence[str], what: str) -> pl.DataFrame:
    """Name the records of which nobody could tell whether they were delivered before."""
    text = f"lacks {' and '.join(names)}: nothing names the {what}"
    return pl.DataFrame({"index": nameless.arg_true().cast(pl.Int64)}).with_columns(
        text=pl.lit(text), code=pl.lit(f"{what}: nameless"), value=pl.lit(None, pl.String)
    )


def explain_lost(
    lost: pl.Series, bad_lines: pl.Series, bad_receipts: pl.Series, receipts: pl.DataFrame
) -> pl.DataFrame:
    """Name the rows without a fault of their own whose receipt is rejected all the same."""
    told = bad_lines.clone()
    firsts = (receipts["rows"].cum_sum() - receipts["rows"]).filter(bad_receipts)
    told[firsts.cast(pl.UInt32)] = True
    places = (lost & ~told).arg_true().cast(pl.Int64)
    text = "a receipt is sent whole or not at all, and another row of it has a fault"
    return pl.DataFrame({"index": places}).with_columns(
        text=pl.lit(text), code=pl.lit(None, pl.String), value=pl.lit(None, pl.String)
    )


def explain_repeats(
    repeats: pl.DataFrame, first: pl.DataFrame, *, several: bool, what: str
) -> pl.DataFrame:
    """Say of records that stand in a source more than once where the first is.

    Args:
        repeats: what `delivery.records.find_repeats` found.
        first: where the first of each stands, as `connectors.files.locate` says it.
        several: whether the source is more than one file.
        what: a word for one of them.

    Returns:
        The same, and the columns of reasons; `index` is the place in the frame itself.
    """
    rule = "keep the row that is right"
    if what == "receipt":
        rule = "its rows must stand together, and differ from no other of its id"
    where = pl.format("row {} of {}" if several else "row {}", *("row", "file")[: 1 + several])
    text = first.select(
        pl.format(
            "the {} stands in the file more than once, first at {}; {}",
            pl.lit(what),
            where,
            pl.lit(rule),
        )
    ).to_series()
    return repeats.with_columns(
        reasons=text,
        waits=pl.lit(value=False),
        text=text,
        index=pl.int_range(pl.len(), dtype=pl.Int64),
        code=pl.lit("Header.ReceiptId: repeats" if what == "receipt" else f"{what}: repeats"),
        value=pl.col("key").str.split(PART).list.get(1, null_on_oob=True),
    )


def refuse(
    records: pl.DataFrame, why: pl.DataFrame, record: pl.Series, *, waits: bool = False
) -> pl.DataFrame:
    """Give records that are not sent, with their reasons in one text (`REFUSED`).

    Args:
        records: these, with their number in the column that `record` is called.
        why: the reasons of rows.
        record: the number of the record that each row belongs to.
        waits: whether they wait, and are not rejected.
    """
    # What has no code is rejected only because of another row of the record, which has one.
    why = why.filter(pl.col("code").is_not_null()).sort("index", maintain_order=True)
    texts = (
        why.with_columns(record.gather(why["index"]))
        .unique([record.name, "text"], keep="first", maintain_order=True)
        .group_by(record.name, maintain_order=True)
        .agg(reasons=pl.col("text").str.join(" | "))
    )
    told = records.join(texts, on=record.name, how="left", maintain_order="left")
    return told.with_columns(waits=pl.lit(waits)).select(*REFUSED)
