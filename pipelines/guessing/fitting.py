"""How well a column's values fit what its name says."""

import re
from collections.abc import Callable

from pipelines.guessing.profiles import Profile

Fit = Callable[[Profile], float]
"""From -1, the values contradict, over 0, they say nothing, to 1, they prove it."""
VAT = {0, 5, 6, 7, 10, 11.11, 12, 14, 15, 19, 20, 21, 24, 25, 25.5, 0.25, 0.15, 0.12, 0.06, 0.19,
       0.07}  # fmt: skip
SALE = {"salg", "sale", "s", "kjøp", "köp", "køb", "purchase", "verkauf", "p", "v", "sälj", "sal",
        "normal", "försäljning", "1", "k"}  # fmt: skip
BACK = {"retur", "return", "r", "refund", "rückgabe", "retour", "kreditt", "kredit", "credit",
        "storno", "2", "-1", "återköp", "gutschrift"}  # fmt: skip


def _share(kind: str, good: float, some: float = 0.5, otherwise: float = -1.0) -> Fit:
    def fit(p: Profile) -> float:
        share = p.shares[kind]
        return 1.0 if share >= good else 0.4 if share >= some else otherwise

    return fit


def _number(p: Profile) -> float:
    if p.number <= 0.5 or p.shares["gtin"] > 0.9:
        return -1.0
    if p.zeros and not p.fraction:
        return -0.8
    return 1.0 if p.fraction else 0.5


def _words(kind: str) -> Fit:
    def fit(p: Profile) -> float:
        if p.shares["word"] <= 0.5 or p.shares["email"] > 0.1:
            return -0.8
        return 1.0 if p.shares[kind] >= 0.25 else 0.4

    return fit


def _full(p: Profile) -> float:
    if p.shares["word"] < 0.8:
        return -0.8
    several = sum(len(v.split()) > 1 for v in p.values) / max(1, len(p.values))
    return -0.3 if several < 0.5 else 1.0 if p.shares["full"] >= 0.25 else 0.5


def _birth(p: Profile) -> float:
    if p.when is None:
        return -0.8
    first, last = p.when.years
    if "%y" in p.when.word:
        return 0.7
    return 1.0 if 1895 <= first <= 2012 and last <= 2035 else -0.5


def _when(p: Profile) -> float:
    if p.when is None:
        return -0.9
    return 1.0 if p.when.timed else 0.7


def _moment(p: Profile) -> float:
    return 0.8 if p.when is not None else -0.5


def _gender(p: Profile) -> float:
    if p.shares["sexed"] >= 0.4 and p.distinct <= 8:
        return 1.0
    return 0.0 if p.shares["digits"] == 1 and p.distinct <= 4 else -0.9


def _yes_no(p: Profile) -> float:
    if p.dates is not None and p.distinct > 3:
        return -0.7
    if p.shares["bool"] >= 0.95 and p.distinct <= 4:
        return 1.0
    return 0.2 if p.distinct <= 3 else -0.7


def _city(p: Profile) -> float:
    if p.shares["place"] <= 0.5:
        return -0.7
    return 1.0 if p.shares["city"] >= 0.2 else 0.5


def _country(p: Profile) -> float:
    return 1.0 if p.shares["country"] >= 0.8 else 0.0 if p.shares["place"] >= 0.9 else -0.6


def _address(p: Profile) -> float:
    if p.shares["text"] < 0.7 or p.shares["email"] > 0.2:
        return -0.7
    return 1.0 if p.shares["address"] >= 0.5 else 0.3


def _age(p: Profile) -> float:
    return 1.0 if p.shares["integer"] >= 0.95 and p.low >= 0 and p.high <= 120 else -1.0


def _key(p: Profile) -> float:
    if p.shares["code"] <= 0.5 or p.fraction:
        return -0.5
    short = p.dates is not None and re.fullmatch("(%[dmy])+", p.dates.word)
    if p.dates is not None and "%" in p.dates.word and not short:
        return -0.5 if len(p.dates.rivals) == 0 and p.unique < 0.99 else 0.3
    return 1.0 if p.unique >= 0.97 else 0.0 if p.unique >= 0.8 else -0.5


def _code(p: Profile) -> float:
    if p.shares["code"] < 0.9 or p.fraction:
        return -0.5
    return -0.7 if _dated(p) else 0.7


def _dated(p: Profile) -> bool:
    return p.dates is not None and "%" in p.dates.word and not p.shares["digits"] >= 0.95


def _few_codes(p: Profile) -> float:
    if p.shares["code"] < 0.9 and p.shares["integer"] < 0.9:
        return -0.3
    if p.fraction or _dated(p):
        return -0.8
    return 1.0 if p.unique <= 0.5 or p.distinct <= 5 else 0.0


def _line(p: Profile) -> float:
    if p.shares["integer"] < 0.95 or p.low < 0 or p.high > 100_000:
        return -0.8
    return 1.0 if p.low <= 10 and p.high <= 500 else 0.0


def _quantity(p: Profile) -> float:
    if p.number < 0.95 or p.zeros:
        return -0.9
    usual = next(iter(p.counts)).lstrip("-").split(".")[0].split(",")[0]
    return 1.0 if len(usual) <= 3 else -0.5  # a tank of petrol may be thousands, most lines not


def _product(p: Profile) -> float:
    if p.shares["gtin"] >= 0.8:
        return 1.0
    if p.shares["code"] < 0.9 or p.fraction:
        return -0.6
    return 0.6


def _text(p: Profile) -> float:
    return 1.0 if p.shares["text"] >= 0.8 and p.number < 0.2 else -0.8


def _group(p: Profile) -> float:
    return -0.7 if p.fraction or p.shares["email"] > 0 or _dated(p) else 0.6


def _payment(p: Profile) -> float:
    return 0.8 if p.distinct <= 60 and not p.fraction else -0.5


def _type(p: Profile) -> float:
    if p.distinct > 10 or p.fraction:
        return -0.8
    known = sum(v.lower() in SALE | BACK | {"true", "false"} for v in p.values)
    return 1.0 if known >= 0.5 * p.distinct else -0.2


def _vat_rate(p: Profile) -> float:
    if p.number < 0.95 or p.distinct > 8:
        return 0.2 if p.distinct <= 6 and p.shares["code"] >= 0.95 and not p.fraction else -1.0
    if all(float(v.strip(" %").replace(",", ".")) in VAT for v in p.values):
        return 1.0
    return -0.4 if p.fraction or p.high > 100 else 0.0


def _vat(p: Profile) -> float:
    fit = _number(p)
    rates = p.number >= 0.95 and p.distinct <= 5 and _vat_rate(p) == 1.0 and p.rows > 8
    return min(fit, -0.6) if rates and p.high > 0 else fit


def _clock(p: Profile) -> float:
    return 1.0 if p.shares["clock"] >= 0.95 else -1.0


def _row(p: Profile) -> float:
    counts = p.shares["integer"] == 1 and 0 <= p.low <= 1 and p.unique == 1
    return 0.8 if counts else -0.3


FITS: dict[str, Fit] = {
    ":row": _row,
    "externalId": _key,
    "mobilePhone": _share("phone", 0.85),
    "email": _share("email", 0.85, 0.5),
    ":full": _full,
    "firstName": _words("first"),
    "lastName": _words("last"),
    "age": _age,
    "birthDate": _birth,
    "gender": _gender,
    "address": _address,
    "zip": _share("zip", 0.85, 0.5, -0.6),
    "city": _city,
    "country": _country,
    "consents.acceptsTerms": _yes_no,
    "consents.acceptsEmail": _yes_no,
    "consents.acceptsSms": _yes_no,
    "metaData.isVip": _yes_no,
    ":card": lambda p: 0.5 if p.shares["code"] >= 0.8 else -0.3,
    ":otherPhone": _share("phone", 0.7, 0.4, -0.7),
    ":otherEmail": _share("email", 0.7, 0.4, -0.7),
    ":created": _moment,
    ":updated": _moment,
    ":consented": _moment,
    ":lastPurchase": _moment,
    ":national": _share("national", 0.8, 0.5, -0.6),
    ":points": lambda p: 0.6 if p.number > 0.9 else -0.6,
    "Header.StoreId": _few_codes,
    "Header.EcrId": _few_codes,
    "Header.ReceiptId": _code,
    "Header.TimeStamp": _when,
    ":clock": _clock,
    "Header.ConsumerId": lambda p: 1.0 if p.shares["guid"] > 0.9 else _code(p),
    "Header.GrossAmount": _number,
    "Header.Vat": _vat,
    "Header.NetAmount": _number,
    "Header.Discount": _number,
    "Header.Currency": _share("currency", 0.9),
    "Header.PaymentString": _payment,
    "Items.LineNo": _line,
    "Items.Quantity": _quantity,
    ":group1": _group,
    ":group2": _group,
    ":group3": _group,
    "Items.ProductId": _product,
    "Items.ProductName": _text,
    "Items.SupplierId": lambda p: 0.6 if p.shares["code"] >= 0.9 and not _text(p) > 0 else -0.3,
    "Items.SupplierName": _text,
    "Items.GrossAmount": _number,
    "Items.Vat": _vat,
    "Items.NetAmount": _number,
    "Items.Discount": _number,
    "Items.Cost": _number,
    "Items.CampaignId": lambda p: 0.3 if not p.fraction else -0.5,
    "Items.TransactionType": _type,
    ":unitPrice": _number,
    ":vatPercent": _vat_rate,
    ":storeName": _text,
}


def fit(concept: str, profile: Profile) -> float:
    """Say how well a column's values fit a concept; 0 where it has none."""
    if not profile.counts or concept not in FITS:
        return 0.0
    return FITS[concept](profile)
