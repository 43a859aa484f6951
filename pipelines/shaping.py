"""From source rows to records and reasons: mapping, judging, encoding, for each kind of record."""

from collections.abc import Iterable, Iterator, Mapping
from decimal import Decimal

import polars as pl

from pipelines.counting import count_of
from pipelines.encoding import make_encoder
from pipelines.feeds import LoadFeed
from pipelines.feeds.duplicates import columns_of_duplicates
from pipelines.feeds.mapping import columns_of, is_plain
from pipelines.fields import fields_of, header_flags, map_fields, read_plain
from pipelines.forms import values_of
from pipelines.gathering import make_gatherer
from pipelines.judging import (
    rules_of_asides,
    rules_of_lines,
    rules_of_receipts,
    rules_of_records,
    rules_of_values,
)
from pipelines.refusing import (
    NO_REASONS,
    NOBODY,
    explain,
    explain_asides,
    explain_lost,
    explain_nameless,
    explain_unread,
    find_unread,
    member_key,
    receipt_key,
    record_key,
    refuse,
)
from pipelines.shaped import Shaped, Shaper
from pipelines.tracing import make_tracer
from transforms.cutting import rows_together
from transforms.mapping import CLEARED, Values, map_columns
from transforms.members import count_zip_texts
from transforms.receipt_json import encode_receipts
from transforms.receipts import SCALE, Shape, find_unknown, read_lines, sum_receipts
from validators.rules import Rule, faulty


def source_columns(feed: LoadFeed) -> tuple[str, ...]:
    """List the source columns that the feed's mapping uses."""
    used = (column for mapped in feed.mapping.values() for column in columns_of(mapped))
    others = (*columns_of_duplicates(feed.duplicates), *feed.ids.columns)
    return tuple(dict.fromkeys([*used, *others]))


def map_rows(feed: LoadFeed, rows: pl.DataFrame) -> pl.DataFrame:
    """Map source rows and do no more, to be looked at: a text column for each wire name."""
    fields = fields_of(feed)
    rules = rules_of_values(feed, fields)
    mapped = map_fields(rows, fields, rules)
    read = read_plain(mapped, fields, rules)
    return (mapped if read is None else read).select(list(feed.mapping))


def make_shaper(feed: LoadFeed) -> Shaper:
    """Give the function that shapes rows of this feed; records stand whole in what it gets."""
    if feed.of_receipts:
        return _receipt_shaper(feed)
    return make_gatherer(feed) if feed.gathers else _flat_shaper(feed)


def whole_records(frames: Iterable[pl.DataFrame], feed: LoadFeed) -> Iterator[pl.DataFrame]:
    """Cut the stream of rows so that no record stands in two frames."""
    if not feed.gathers or feed.source.items:
        return iter(frames)
    parts = feed.receipts.key if feed.of_receipts else feed.key
    key = {str(name): feed.mapping[name] for name in parts if name in feed.mapping}
    clear = feed.values.clear
    if all(is_plain(mapped) for mapped in key.values()):
        names = [column for mapped in key.values() for column in columns_of(mapped)]
        return rows_together(frames, names, clear=clear)
    made = {name: values_of(name, mapped) for name, mapped in key.items()}
    names = [name for name, mapped in key.items() if columns_of(mapped)]
    return rows_together(frames, names, lambda rows: map_columns(rows, made, clear))


def _receipt_shaper(feed: LoadFeed) -> Shaper:
    words = feed.receipts
    fields = fields_of(feed)
    shape = Shape(
        fields.mapping,
        nested=feed.source.items is not None,
        key=tuple(words.key),
        vat_percent=words.vat_percent,
        returns_in=words.return_amounts_in,
        returns_out=words.return_amounts_out,
        time_zone=words.time_zone,
        source_zone=feed.values.time_zone,
        repeated_hour=feed.values.repeated_hour,
    )
    of_values = rules_of_values(feed, fields)
    of_lines = rules_of_lines(feed, fields)
    of_receipts = rules_of_receipts(feed, fields, shape.repeated())
    waits, anonymous = (rules_of_asides(fields, word) for word in ("wait", "anonymous"))
    key = receipt_key(feed.key)
    customer = _text_of("Header.ConsumerId", fields.mapping)
    total = pl.col("sum.GrossAmount")

    def judge(
        rows: pl.DataFrame, mapped: pl.DataFrame, unread: pl.Series
    ) -> tuple[pl.DataFrame, pl.DataFrame, pl.Series]:
        lines = read_lines(rows, shape, mapped)
        lines = lines.with_columns((faulty(lines, of_lines) | unread).alias("faulty"))
        receipts = sum_receipts(lines, rows, shape)
        if flags := header_flags(lines):
            by_receipt = lines.group_by("receipt", maintain_order=True)
            receipts = receipts.hstack(by_receipt.agg(pl.col(flags).any()).select(flags))
        return lines, receipts, faulty(receipts, of_receipts)

    def shape_rows(rows: pl.DataFrame) -> Shaped:
        mapped, unread = map_fields(rows, fields, of_values), find_unread(rows)
        lines, receipts, bad_receipts = judge(rows, mapped, unread)
        if (bad_receipts | (receipts["faulty_lines"] > 0)).any():
            read = read_plain(mapped, fields, of_values)
            if read is not None:
                lines, receipts, bad_receipts = judge(rows, read, unread)
        bad_lines = lines["faulty"]
        bad = bad_receipts | (receipts["faulty_lines"] > 0)
        late = faulty(receipts, waits) & ~bad
        good, good_lines, why, refused = receipts, lines, NO_REASONS, NOBODY
        first_lines = (receipts["rows"].cum_sum() - receipts["rows"]).cast(pl.Int64)
        if (out := bad | late).any():
            good = receipts.filter(~out)
            good_lines = lines.filter(~out.gather(lines["receipt"]))  # numbered 0, 1, … in order
        if bad.any():
            lost = bad.gather(lines["receipt"])
            named = bad_receipts & ~unread.gather(first_lines)
            told = bad_lines.clone()
            told[first_lines.filter(bad_receipts).cast(pl.UInt32)] = True
            why = pl.concat(
                [
                    explain(lines, bad_lines & ~unread, of_lines, fields.columns),
                    explain(receipts, named, of_receipts, fields.columns, first_lines),
                    explain_unread(rows, unread),
                    explain_lost(lost & ~told, feed.target.noun),
                ]
            )
            unknown = lines["receipt"].filter(find_unknown(lines, words.return_amounts_in))
            amount = pl.when(~pl.col("receipt").is_in(unknown.implode())).then("sum.GrossAmount")
            refused = receipts.filter(bad).with_columns(key.alias("key"), amount.alias("amount"))
            refused = refuse(refused, why, lines["receipt"])
        aside = explain_asides(receipts, ~bad, [*waits, *anonymous], fields.columns, first_lines)
        waiting = receipts.filter(late).with_columns(key.alias("key"), amount=total)
        waiting = refuse(waiting, aside, lines["receipt"], waits=True)
        records = good.select(
            key.alias("key"),
            "row",
            "last_row",
            "rows",
            total.alias("amount"),
            customer.alias("customer"),
        ).with_columns(encode_receipts(good_lines, good, shape).alias("json"))
        odd = _unbalanced(good_lines, words.amount_tolerance) | _odd_hours(good)
        return Shaped(
            records,
            pl.concat([refused, waiting]),
            why,
            odd | _anonymous(good, anonymous),
            asides=aside,
        )

    return shape_rows


def _text_of(name: str, mapping: Mapping[str, Values]) -> pl.Expr:
    return pl.col(name).fill_null("") if name in mapping else pl.lit("")


def _flat_shaper(feed: LoadFeed) -> Shaper:
    fields = fields_of(feed)
    rules, of_values = rules_of_records(feed, fields), rules_of_values(feed, fields)
    names, encode = fields.keys, make_encoder(feed)
    waits, anonymous = (rules_of_asides(fields, word) for word in ("wait", "anonymous"))
    key = member_key(names) if feed.target.noun == "member" else record_key(names)
    trace = make_tracer(feed)
    amount, customer = count_of(feed)

    def shape_rows(rows: pl.DataFrame) -> Shaped:
        members, unread = map_fields(rows, fields, of_values), find_unread(rows)
        faults = faulty(members, rules) | unread
        read = read_plain(members, fields, of_values) if faults.any() else None
        if read is not None:
            members, faults = read, faulty(read, rules) | unread
        nameless = members.select(key == "").to_series() & ~faults
        bad = faults | nameless
        late = faulty(members, waits) & ~bad
        aside = explain_asides(members, ~bad, [*waits, *anonymous], fields.columns)
        named = members.select(
            key.alias("key"),
            rows["_row"].alias("row"),
            rows["_row"].alias("last_row"),
            pl.lit(1, pl.UInt32).alias("rows"),
            amount.alias("amount"),
            customer.alias("customer"),
        )
        good, why, refused = named, NO_REASONS, NOBODY
        place = pl.int_range(rows.height, dtype=pl.Int64, eager=True).alias("member")
        waiting = refuse(named.with_columns(place).filter(late), aside, place, waits=True)
        if bad.any():
            own = explain(members, faults & ~unread, rules, fields.columns)
            why = pl.concat(
                [
                    own,
                    explain_nameless(nameless, names, feed.target.noun),
                    explain_unread(rows, unread),
                ]
            )
            refused = refuse(named.with_columns(place).filter(bad), why, place)
        if (out := bad | late).any():
            good, members, rows = named.filter(~out), members.filter(~out), rows.filter(~out)
        records = good.with_columns(encode(members).alias("json"))
        traces = trace and trace(rows, members, good["key"])
        odd = _cleared(members) | _zip_texts(members, feed.kinds) | _anonymous(members, anonymous)
        return Shaped(records, pl.concat([refused, waiting]), why, odd, traces, aside)

    return shape_rows


def _cleared(members: pl.DataFrame) -> dict[str, int]:
    """Count the values that clear a field of the platform: a formula that failed may be one."""
    flags = [name for name in members.columns if name.startswith(CLEARED)]
    count = sum(int(members[name].sum()) for name in flags)
    return {"times a value clears its field (values.clear)": count} if count else {}


def _zip_texts(members: pl.DataFrame, kinds: Mapping[str, str]) -> dict[str, int]:
    """Count the zips that are no numbers, where numbers are asked for."""
    count = count_zip_texts(members, kinds)
    return {"zips sent as text, for a number would lose a zero or letters": count} if count else {}


def _anonymous(records: pl.DataFrame, rules: list[Rule]) -> dict[str, int]:
    """Count the records that name a member nobody knows, and are sent without a customer."""
    count = int(faulty(records, rules).sum())
    return {"records are sent without their member, whom nobody knows": count} if count else {}


def _unbalanced(lines: pl.DataFrame, tolerance: Decimal) -> dict[str, int]:
    """Count the lines whose net and VAT are not their gross: only worth a warning (T19)."""
    off = pl.col("sum.GrossAmount") - pl.col("sum.Vat") - pl.col("sum.NetAmount")
    count = lines.select((off.abs() > int(tolerance * SCALE)).sum()).item()
    return {"lines whose net and VAT are not their gross": count} if count else {}


def _odd_hours(receipts: pl.DataFrame) -> dict[str, int]:
    """Count the receipts whose hour clocks never showed, or twice: sent as they are written."""
    told = {
        "time_skipped": "receipts are of an hour that never was, when clocks went forward",
        "time_repeats": "receipts are of an hour that came twice, when clocks went back",
    }
    counts = {text: int(receipts[name].sum()) for name, text in told.items()}
    return {text: count for text, count in counts.items() if count}
