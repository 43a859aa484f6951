"""What a person chooses from: fields, and ways to write values; each word with its meaning."""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from zoneinfo import available_timezones

from pipelines.feeds.values import example
from pipelines.guessing import Match
from pipelines.guessing.records import CLOCK, FULL, LEFT, OWN, Target
from validators.fields import MEMBER_FIELDS, RECEIPT_FIELDS

__all__ = ["Choice", "Group", "choice_of", "field_groups", "name_field", "value_choices"]


@dataclass(frozen=True)
class Choice:
    """One of a list: the word, and what it means to a person."""

    word: str
    told: str


@dataclass(frozen=True)
class Group:
    """Choices under one heading; those under "" come first."""

    heading: str
    choices: Sequence[Choice]


_HEADINGS = {"": "Member", "consents": "Consents", "metaData": "Marks",
             "Header": "The receipt", "Items": "Each line of it"}  # fmt: skip
_TOLD = {
    "externalId": "member number of your own",
    "name": "name, in one field",
    "zip": "postal code",
    "email": "e-mail",
    "Header.ConsumerId": "customer",
    "Header.EcrId": "till",
    "Header.TimeStamp": "date and time",
    "Items.LineNo": "line number",
    "Items.TransactionType": "sale or return",
}
DATES = ("iso", "%d.%m.%Y", "%d/%m/%Y", "%d-%m-%Y", "%m/%d/%Y", "%Y/%m/%d", "%Y%m%d", "%d%m%Y",
         "%d.%m.%y", "%d/%m/%y", "%d%m%y", "excel", "epoch")  # fmt: skip
CLOCKS = ("%H:%M", "%H:%M:%S", "%H.%M")
NEAR = ("NO", "SE", "DK", "FI", "IS", "DE", "GB", "NL", "PL", "US")


def name_field(name: str) -> str:
    """Say what a field is, in words: `Items.GrossAmount` is `gross amount`."""
    own = name.rpartition(".")[2]
    return (
        _TOLD.get(name) or re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[a-z])(?=[0-9])", " ", own).lower()
    )


def field_groups(target: Target) -> list[Group]:
    """List what a column may be."""
    fields = MEMBER_FIELDS if target == "members" else RECEIPT_FIELDS
    first = [Choice(LEFT, "not sent")]
    if target == "members":
        first += [Choice(OWN, "a property of its own"), Choice(FULL, "first and last name in one")]
    else:
        first += [Choice(CLOCK, "time of day, beside the date")]
    groups: dict[str, list[Choice]] = {}
    for name in fields:
        heading = _HEADINGS[name.rpartition(".")[0]]
        groups.setdefault(heading, []).append(Choice(name, f"{name_field(name)} ({name})"))
    return [Group("", first), *(Group(heading, found) for heading, found in groups.items())]


def choice_of(match: Match) -> str:
    """Say which choice a column stands at."""
    match match.fields:
        case ():
            return LEFT
        case ("firstName", "lastName"):
            return FULL
        case ("Header.TimeStamp",) if not match.mapped:
            return CLOCK
        case (name, *_) if name.startswith("extendedProperties."):
            return OWN
        case _:
            return match.fields[0]


def value_choices(target: Target, now: Mapping[str, str]) -> dict[str, list[Choice]]:
    """List the ways in which values may be written: word of the feed → choices.

    Args:
        target: what the records are.
        now: word → what stands there, which is always among them.
    """
    none = [Choice("", "none")]
    found = {"values.decimal": [Choice(".", "point: 1.50"), Choice(",", "comma: 1,50")]}
    thousands = {" ": "blank: 1 000", ".": "point: 1.000", ",": "comma: 1,000", "'": "1'000"}
    found["values.thousands"] = none + [Choice(word, told) for word, told in thousands.items()]
    if target == "members":
        found["values.date"] = _patterns(DATES, now["values.date"])
        found["values.region"] = [Choice("", "all have a country code"), *_countries()]
        found["values.phones"] = [
            Choice("", "as the country says"),
            Choice("valid", "only numbers in use"),
            Choice("possible", "any of the right length"),
        ]
        return found
    times = ["iso", *(f"{d} {c}" for d in DATES if "%" in d for c in CLOCKS), "excel", "epoch"]
    found["values.time"] = _patterns(times, now["values.time"])
    found["receipts.return_amounts_in"] = [
        Choice("", "without a minus"),
        Choice("signed", "with a minus"),
    ]
    found["receipts.key"] = [
        Choice("", "its number"),
        Choice("Header.StoreId, Header.ReceiptId", "store and number"),
    ]
    zones = sorted(z for z in available_timezones() if z.startswith("Europe/"))
    found["receipts.time_zone"] = [Choice(zone, zone) for zone in ("UTC", *zones)]
    return found


def _patterns(words: Iterable[str], now: str) -> list[Choice]:
    every = dict.fromkeys([*words, now])
    return [Choice(word, f"{example(word)} ({word})") for word in every]


@cache
def _countries() -> tuple[Choice, ...]:
    import phonenumbers  # noqa: PLC0415  (slow to import)
    from babel import Locale  # noqa: PLC0415  (likewise)

    names = Locale("en").territories
    others = sorted(phonenumbers.SUPPORTED_REGIONS - {*NEAR}, key=lambda c: names.get(c, c))
    return tuple(
        Choice(c, f"{names.get(c, c)} (+{phonenumbers.country_code_for_region(c)})")
        for c in (*NEAR, *others)
    )
