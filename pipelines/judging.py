"""The rules of a feed: those of its fields, and of how their values were found and read."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

import polars as pl

from pipelines.feeds import CustomerTarget, ImportTarget, LoadFeed, MemberImport, RecordTarget
from pipelines.feeds.customers import NEEDS
from pipelines.feeds.records import needed
from pipelines.feeds.values import example
from pipelines.fields import Fields
from transforms.bodies import NO_XML
from transforms.customer_ids import TWICE, UNKNOWN
from transforms.mapping import CLEARED, MISSED, Looked
from transforms.values import UNREAD
from transforms.values import Field as Read
from validators.codes import FaultCode
from validators.fields import RECEIPT_FIELDS, Field
from validators.members import member_rules
from validators.receipts import line_rules, receipt_rules
from validators.rules import Rule, field_rules

TIME = "Header.TimeStamp"
NO_CODE = r"^[ (]*(?:[1-9]|0[1-9])[0-9 ()./\x{a0}-]{4,}$"
"""What a phone number without a country code looks like."""
SHORT = "^(?:[^0-9A-Za-z]*[0-9]){1,5}[^0-9A-Za-z]*$"
"""What has too few digits for a phone number of any country."""
WAITS = ", so it waits"
"""Ends what is told of a record that waits for its member."""
NOT_OF_A_VALUE = {"missing", "no-key"}


def rules_of_records(feed: LoadFeed, fields: Fields) -> list[Rule]:
    """Give the rules of a member, or another record of one row, over what `map_fields` gives."""
    rules = _beside(_flat_rules(feed, fields), _value_rules(fields))
    if fields.clear is None:
        return rules
    if isinstance(feed.target, MemberImport) and feed.target.flat:
        flags = {name: pl.col(f"{CLEARED}{name}") for name in fields.kept}
        told = "only JSON can clear a field: set target.format: json, or values.clear: null"
        return [*rules, *(Rule(name, "cleared", told, flag) for name, flag in flags.items())]
    first_counts = feed.target.noun == "member"
    for place, name in enumerate(fields.keys):
        earlier = fields.keys[:place] if first_counts else []
        nobody = [pl.col(name).is_null() for name in earlier]
        broken = pl.all_horizontal(pl.col(f"{CLEARED}{name}"), *nobody)
        message = f"names the {feed.target.noun}, so it cannot be cleared"
        rules.append(Rule(name, "cleared-key", message, broken))
    return rules


def rules_of_gathered(feed: LoadFeed, fields: Fields) -> list[Rule]:
    """Give the rules of a row that is one of its record's, over what `number_records` gives.

    What is the record's own is judged in its first row; in the others it is the same, or differs.
    """
    own = {*fields.mapping} - {n for n in fields.mapping if feed.is_listed(n)}
    first = pl.col("is_first")
    rules = [
        replace(rule, breaks=rule.breaks & first) if rule.field in own else rule
        for rule in rules_of_records(feed, fields)
    ]
    message = f"differs between the rows of this {feed.target.noun}"
    rules += [
        Rule(name, "differs-in-record", message, pl.col(f"differs.{name}"))
        for name in feed.repeated
    ]
    message = "stands beside a row without it, which may belong to it"
    return [*rules, Rule(feed.key[0], "may-lack-a-row", message, pl.col("beside_unknown"))]


def _flat_rules(feed: LoadFeed, fields: Fields) -> list[Rule]:
    if isinstance(feed.target, RecordTarget):
        named = feed.delivery.key or feed.target.naming
        must = {*needed(feed.target), *named} - {*feed.target.method.either}
        known = (Field(name, kind, required=name in must) for name, kind in feed.kinds.items())
        rules = [rule for field in known for rule in field_rules(field)]
        return [*rules, *_either(feed.target.method.either, feed.kinds)]
    if isinstance(feed.target, CustomerTarget):
        return member_rules(feed.kinds, fields.today, (NEEDS[feed.target.endpoint],))
    return [*member_rules(feed.kinds, fields.today), *_format_rules(feed)]


def _format_rules(feed: LoadFeed) -> list[Rule]:
    """Give the rules of what the format of an import cannot say."""
    target = feed.target
    if not isinstance(target, MemberImport) or not target.flat:
        return []
    rules, separator = [], target.list_separator
    between = f"a text in it holds {separator}, which stands between two: set list_separator"
    for name in (name for name, kind in feed.kinds.items() if kind == "list"):
        holds = pl.col(name).str.contains(separator, literal=True).fill_null(value=False)
        rules.append(Rule(name, "holds-separator", between, holds))
    if isinstance(target, ImportTarget) and target.format == "xml":
        for name in feed.kinds:
            holds = pl.col(name).str.contains(NO_XML).fill_null(value=False)
            rules.append(Rule(name, "not-xml", "holds a character that XML has not", holds))
    return rules


def _either(names: Sequence[str], mapped: Mapping[str, str]) -> list[Rule]:
    there = [name for name in names if name in mapped]
    if not there:
        return []
    nobody = pl.all_horizontal(pl.col(name).is_null() for name in there)
    return [Rule(there[0], "missing", f"needs one of {', '.join(names)}", nobody)]


def rules_of_lines(feed: LoadFeed, fields: Fields) -> list[Rule]:
    """Give the rules of a receipt line, over what `transforms.receipts.read_lines` gives."""
    own = [rule for rule in _value_rules(fields) if rule.field.startswith("Items.")]
    return _beside(line_rules(fields.mapping, returns=feed.receipts.return_amounts_in), own)


def rules_of_receipts(feed: LoadFeed, fields: Fields, repeated: Sequence[str]) -> list[Rule]:
    """Give the rules of a receipt, over `sum_receipts` and the booleans of its header."""
    own = [rule for rule in _value_rules(fields) if rule.field.startswith("Header.")]
    if feed.values.time_zone:  # who names no zone may have a till that knows no summer time
        message = "does not exist: clocks went forward past it"
        own.append(Rule(TIME, "does-not-exist", message, pl.col("time_skipped")))
    if feed.values.repeated_hour == "reject":
        message = "came twice: clocks went back to it"
        own.append(Rule(TIME, "came-twice", message, pl.col("time_repeats")))
    tolerance = feed.receipts.amount_tolerance
    return _beside(receipt_rules(fields.mapping, repeated, tolerance=tolerance), own)


def rules_of_values(feed: LoadFeed, fields: Fields) -> list[Rule]:
    """Give the rules that a single value breaks, over what mapping and reading give."""
    if not feed.of_receipts:
        rules = _flat_rules(feed, fields)
    else:
        rules = [rule for name in fields.mapping for rule in field_rules(RECEIPT_FIELDS[name])]
    kept = [rule for rule in rules if rule.code not in NOT_OF_A_VALUE]
    return _beside(kept, _value_rules(fields))


def _value_rules(fields: Fields) -> list[Rule]:
    """Give the rules over the booleans that mapping and reading leave beside the fields."""
    rules = [
        Rule(name, "not-in-lookup", "is not in the lookup", pl.col(f"{MISSED}{name}"))
        for name, values in fields.mapping.items()
        if isinstance(values, Looked) and values.table is not None and values.otherwise == "reject"
    ]
    rules += [rule for name in fields.customers for rule in _no_customer(fields, name, "reject")]
    for field in fields.always:
        if field.name in fields.customers:
            continue  # what cannot be read is nobody's name
        if not field.is_plain and field.kind not in {"boolean", "gender"}:
            unread = pl.col(f"{UNREAD}{field.name}")
            rules += [
                Rule(field.name, code, message, unread & which)
                for code, message, which in _not_such(field)
            ]
    return rules


def rules_of_asides(fields: Fields, unknown: str) -> list[Rule]:
    """Give what is told of records that are no rejects: who names a member nobody knows.

    Args:
        fields: the feed's.
        unknown: of the fields for which the feed says this, `wait` or `anonymous`.
    """
    return [rule for name in fields.customers for rule in _no_customer(fields, name, unknown)]


def _no_customer(fields: Fields, name: str, unknown: str) -> list[Rule]:
    if fields.customers[name].unknown != unknown:
        return []
    nobody, two = pl.col(f"{UNKNOWN}{name}"), pl.col(f"{TWICE}{name}")
    end = {"wait": WAITS, "anonymous": ", so it is sent without one"}.get(unknown, "")
    return [
        Rule(name, "unknown-member", f"no member is known by it{end}", nobody & ~two),
        Rule(name, "two-customers", f"two customers are known by it{end}", two),
    ]


def _beside(rules: Sequence[Rule], own: Sequence[Rule]) -> list[Rule]:
    """Put rules of values beside others, which say nothing where one of these says it better."""
    told: dict[str, pl.Expr] = {}
    for rule in own:
        told[rule.field] = rule.breaks if rule.field not in told else told[rule.field] | rule.breaks
    quiet = [
        replace(rule, breaks=rule.breaks & ~told[rule.field])
        if rule.field in told and rule.code.startswith("not-a")
        else rule
        for rule in rules
    ]
    return [*quiet, *own]


def _not_such(field: Read) -> list[tuple[FaultCode, str, pl.Expr]]:
    """Say what is wrong with values that were not read, and with which of them."""
    if field.kind == "phone":
        return _no_phone(field)
    return [(*_no_value(field), pl.lit(value=True))]


def _no_phone(field: Read) -> list[tuple[FaultCode, str, pl.Expr]]:
    code: FaultCode = "not-a-phone"
    region = field.style.region
    text = pl.col(field.name)
    short = text.str.contains(SHORT).fill_null(value=False)
    told: list[tuple[FaultCode, str, pl.Expr]] = [(code, "not a complete phone number", short)]
    if region:
        what = f"not a phone number of {region}, nor one with its country code"
        return [*told, (code, what, ~short)]
    bare = text.str.contains(NO_CODE).fill_null(value=False) & ~short
    return [
        *told,
        (code, "has no country code: set values.region, such as NO", bare),
        (code, "not a phone number such as +4712345678", ~(bare | short)),
    ]


def _no_value(field: Read) -> tuple[FaultCode, str]:
    style = field.style
    match field.kind:
        case "integer":
            return "not-an-integer", "not a whole number"
        case "number":
            number = f"1{style.thousands}234{style.decimal}50"
            return "not-a-number", f"not a number such as {number}"
        case "email":
            return "not-an-email", "not an e-mail address such as kari@example.com"
        case "country":
            return "not-a-country", "not a country such as NO, NOR or Norge"
        case "time":
            return "not-a-time", f"not a date and time such as {example(style.time)}"
        case _:
            return "not-a-date", f"not a date such as {example(style.date)}"
