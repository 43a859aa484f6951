"""The fields of a feed: where their values come from, and how the source writes them."""

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime

import polars as pl

from connectors.trigg.account import Account, AccountError
from pipelines.feeds import LoadFeed, MemberImport
from pipelines.feeds.ids import BY, CustomerOf, unknown_of
from pipelines.feeds.mapping import (
    Column,
    ConstantWord,
    FunctionWord,
    Mapped,
    Outcome,
    TakenColumn,
    When,
    columns_of,
)
from pipelines.forms import values_of
from pipelines.id_store import customer_ids
from pipelines.settings import trigg_account
from transforms.customer_ids import TWICE, UNKNOWN, Lookup, put_customers
from transforms.mapping import CLEARED, MISSED, Values, clear_fields, map_columns
from transforms.values import PLAIN, UNREAD, Field, Kind, Style, read_some, read_values
from validators.fields import RECEIPT_FIELDS
from validators.rules import Rule, faulty


@dataclass(frozen=True)
class Fields:
    """What is known of a feed's fields.

    Attributes:
        mapping: wire name → where its value comes from.
        columns: wire name → the source columns of its value, for a person.
        always: the fields whose values are read before they are judged.
        plain: those that need it only where the rules find a fault: reading them changes nothing
            that the rules let pass.
        customers: wire name → how its values, which name members, become the platform's ids.
        instead: wire name → what stands in for a value that breaks a rule; empty for no value.
        clear: the text that clears a field.
        keys: the fields that may name a record.
        kept: those that cannot be cleared, or not always: beside them `cleared.<name>` is always
            there.
        today: no birth date lies after it.
        zone: the stores' time zone.
    """

    mapping: Mapping[str, Values]
    columns: Mapping[str, str]
    always: Sequence[Field]
    plain: Sequence[Field]
    customers: Mapping[str, Lookup]
    instead: Mapping[str, str]
    clear: str | None
    keys: Sequence[str]
    kept: Sequence[str]
    today: date
    zone: str


def fields_of(feed: LoadFeed) -> Fields:
    """Make of a feed's words what fills its fields; functions that it names are imported.

    Without an account nobody's id is known.

    Raises:
        CannotWrite: the ids of members that were learned are damaged.
        FeedError: a function cannot be imported, or takes another number of columns.
    """
    mapping = {name: values_of(name, mapped) for name, mapped in feed.mapping.items()}
    read = [_field(feed, name, mapped) for name, mapped in feed.mapping.items()]
    instead = {
        name: mapped.default or ""
        for name, mapped in feed.mapping.items()
        if isinstance(mapped, Outcome) and mapped.on_error != "reject"
    }
    customers = _lookups(feed)
    early = {*instead, *customers}
    always = [field for field in read if not field.is_plain or field.name in early]
    keys = [name for name in feed.key if name in mapping]
    flat = isinstance(feed.target, MemberImport) and feed.target.flat
    return Fields(
        mapping,
        {name: ", ".join(cs) for name, m in feed.mapping.items() if (cs := columns_of(m))},
        always,
        [field for field in read if field not in always],
        customers,
        instead,
        feed.values.clear,
        keys,
        list(mapping) if flat else keys,
        datetime.now(UTC).date(),
        feed.receipts.time_zone,
    )


def map_fields(rows: pl.DataFrame, fields: Fields, rules: Sequence[Rule]) -> pl.DataFrame:
    """Map source rows, read their values, and put in what stands in for those that are wrong.

    Args:
        rows: source rows, text.
        fields: the feed's.
        rules: those that say what is wrong with a value (`pipelines.judging.rules_of_values`).

    Returns:
        As `transforms.mapping.map_columns` and `transforms.values.read_values` give it.
    """
    mapped = map_columns(rows, fields.mapping, fields.clear)
    if fields.clear is not None:
        lacks = [n for n in fields.kept if f"{CLEARED}{n}" not in mapped.columns]
        mapped = mapped.with_columns(pl.lit(value=False).alias(f"{CLEARED}{n}") for n in lacks)
        mapped = _clear_with_blanks(mapped, fields)
    if fields.always:
        mapped = read_values(mapped, fields.always, fields.today, fields.zone)
    for name, lookup in fields.customers.items():
        mapped = put_customers(mapped, name, lookup)
    if not fields.instead:
        return mapped
    broken = {
        name: pl.any_horizontal(
            pl.lit(value=False),
            *(r.breaks for r in rules if r.field == name),
        )
        for name in fields.instead
    }
    flags = [f"{kind}{name}" for name in broken for kind in (MISSED, UNREAD)]
    return mapped.with_columns(
        *(
            pl.when(~broken[name]).then(pl.col(name)).otherwise(pl.lit(text or None)).alias(name)
            for name, text in fields.instead.items()
        ),
        *(pl.lit(value=False).alias(flag) for flag in flags if flag in mapped.columns),
    )


def _clear_with_blanks(mapped: pl.DataFrame, fields: Fields) -> pl.DataFrame:
    """Clear what has blanks around the text that clears; of other fields `read_plain` does it."""
    assert fields.clear is not None
    bare = {f.name: mapped[f.name].str.strip_chars() for f in fields.always}
    some = {name: text for name, text in bare.items() if (text == fields.clear).any()}
    if not some:
        return mapped
    clears = [
        pl.when(pl.lit(text) == fields.clear).then(pl.lit(text)).otherwise(name).alias(name)
        for name, text in some.items()
    ]
    return clear_fields(mapped.with_columns(clears), list(some), fields.clear)


def read_plain(mapped: pl.DataFrame, fields: Fields, rules: Sequence[Rule]) -> pl.DataFrame | None:
    """Read the values that stand the usual way, or nearly so: `ja` for true, blanks around.

    Args:
        mapped: what `map_fields` gave.
        fields: the feed's.
        rules: as in `map_fields`; only rows that break one have such values.

    Returns:
        The frame with what was read; None where that changes nothing.
    """
    if not fields.plain:
        return None
    read = read_some(mapped, faulty(mapped, rules), fields.plain, fields.today, fields.zone)
    if read is None or fields.clear is None:
        return read
    return clear_fields(read, [field.name for field in fields.plain], fields.clear)


def header_flags(lines: pl.DataFrame) -> list[str]:
    """List the booleans that mapping and reading left beside the fields of the header."""
    begin = tuple(f"{flag}Header." for flag in (MISSED, UNREAD, UNKNOWN, TWICE))
    return [c for c in lines.columns if c.startswith(begin)]


def _lookups(feed: LoadFeed) -> dict[str, Lookup]:
    words = {name: m for name, m in feed.mapping.items() if isinstance(m, CustomerOf)}
    account: Account | None = None
    with suppress(AccountError):  # to look at a file needs none, and a load says so itself
        account = trigg_account(feed.profile) if words else None
    return {
        name: Lookup(customer_ids(account, m.by), unknown_of(m, of_receipts=feed.of_receipts))
        for name, m in words.items()
    }


def _field(feed: LoadFeed, name: str, mapped: Mapped) -> Field:
    kind = _kind(feed, name)
    if isinstance(mapped, CustomerOf):
        kind = BY.get(mapped.by or "", "text")
    return Field(name, kind, _style(feed, mapped), born=name == "birthDate")


def _kind(feed: LoadFeed, name: str) -> Kind:
    if not feed.of_receipts:
        kind = feed.kinds[name]
        return "gender" if name == "gender" else kind
    if name == "Header.TimeStamp":
        return "time"
    return RECEIPT_FIELDS[name].kind


def _style(feed: LoadFeed, mapped: Mapped) -> Style:
    """Tell how a field is written: what the feed itself says stands the usual way."""
    words = feed.values
    style = Style(
        words.decimal,
        words.thousands or "",
        words.date,
        words.time,
        tuple(words.true),
        tuple(words.false),
        words.region or "",
        words.phones or ("valid" if words.region else "possible"),
    )
    if _says_itself(mapped):
        style = replace(PLAIN, region=style.region, phones=style.phones)
    if not isinstance(mapped, Outcome):
        return style
    given = {w: getattr(mapped, w) for w in ("decimal", "thousands", "date", "time")}
    return replace(style, **{word: text for word, text in given.items() if text is not None})


def _says_itself(mapped: Mapped) -> bool:
    match mapped:
        case ConstantWord() | FunctionWord():
            return True
        case Column():
            return mapped.lookup is not None
        case When():
            return len(columns_of(mapped)) == 1 and not isinstance(mapped.then, TakenColumn)
        case _:
            return False
