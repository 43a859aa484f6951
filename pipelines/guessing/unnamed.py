"""What a column's values say of it where its name says nothing."""

import re
from collections.abc import Callable

from pipelines.guessing.fitting import fit
from pipelines.guessing.profiles import YEAR, Profile

ZIPS = {4, 5, 6}


def is_calendar(p: Profile) -> bool:
    """Tell whether values are dates for sure; six digits are too often a number."""
    if p.dates is None or re.fullmatch("(%[dmy])+", p.dates.word):
        return False
    return "%" in p.dates.word or p.dates.word == "iso"


def _is_old(p: Profile) -> bool:
    return p.dates is not None and p.dates.years[0] < 1990


def _phone(p: Profile) -> float:
    own = min(p.lengths) >= 8 and not p.fraction and p.dates is None
    return p.shares["phone"] if own else 0.0


def _key(p: Profile) -> float:
    return 1.0 if fit("externalId", p) == 1 and not is_calendar(p) else 0.0


def _zip(p: Profile) -> float:
    years = sum(bool(YEAR.match(v)) for v in p.values) >= 0.9 * p.distinct
    return p.shares["zip"] if p.distinct > 2 and p.lengths <= ZIPS and not years else 0.0


def _country(p: Profile) -> float:
    return p.shares["country"] if p.distinct <= 12 and p.shares["bool"] < 0.5 else 0.0


def _gender(p: Profile) -> float:
    return fit("gender", p) if p.shares["digits"] == 0 and p.distinct > 1 else 0.0


def _amount(p: Profile) -> float:
    return fit("Items.GrossAmount", p) if p.fraction else 0.0


def _few(p: Profile) -> float:
    return fit("Header.StoreId", p) if p.zeros else 0.0


def _line(p: Profile) -> float:
    return 1.0 if fit("Items.LineNo", p) == 1 and p.low >= 1 else 0.0


def _quantity(p: Profile) -> float:
    return 1.0 if fit("Items.Quantity", p) == 1 and p.high < 100 else 0.0


MEMBERS: dict[str, tuple[float, Callable[[Profile], float]]] = {
    "email": (0.92, lambda p: p.shares["email"]),
    "mobilePhone": (0.75, _phone),
    ":national": (0.75, lambda p: p.shares["national"] if min(p.lengths) >= 10 else 0.0),
    "gender": (0.85, _gender),
    "birthDate": (0.8, lambda p: fit("birthDate", p) if is_calendar(p) and _is_old(p) else 0.0),
    ":created": (0.75, lambda p: 1.0 if is_calendar(p) and not _is_old(p) else 0.0),
    "firstName": (0.85, lambda p: p.shares["first"] if p.shares["full"] < 0.6 else 0.0),
    "lastName": (0.85, lambda p: p.shares["last"] if p.shares["word"] > 0.9 else 0.0),
    ":full": (0.85, lambda p: p.shares["full"]),
    "city": (0.9, lambda p: p.shares["city"]),
    "address": (0.85, lambda p: p.shares["address"]),
    "zip": (0.65, _zip),
    "country": (0.8, _country),
    "externalId": (0.66, _key),
}
RECEIPTS: dict[str, tuple[float, Callable[[Profile], float]]] = {
    "Items.ProductId": (0.85, lambda p: p.shares["gtin"] if p.distinct > 1 else 0.0),
    "Header.TimeStamp": (0.85, lambda p: 1.0 if is_calendar(p) else 0.0),
    ":clock": (0.85, lambda p: p.shares["clock"] if p.shares["clock"] >= 0.8 else 0.0),
    "Header.Currency": (0.9, lambda p: p.shares["currency"]),
    "Items.ProductName": (0.75, lambda p: p.shares["text"] if p.distinct > 5 else 0.0),
    "Header.ConsumerId": (0.72, lambda p: p.shares["guid"]),
    "Items.GrossAmount": (0.45, _amount),
    "Items.NetAmount": (0.4, _amount),
    "Items.Vat": (0.4, _amount),
    "Header.StoreId": (0.5, _few),
    "Items.LineNo": (0.6, _line),
    "Items.Quantity": (0.5, _quantity),
}
SOLO = {"members": MEMBERS, "receipts": RECEIPTS}
"""Target → concept → what values can be worth at most, and how much of that they are."""
