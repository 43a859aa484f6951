"""A customer's record: read from a body, merged, and shown. Pure: no state, no network."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, datetime
from uuid import uuid4

from sandbox import strict_json
from sandbox.answers import refuse_faults
from sandbox.bodies import Record, check_body
from sandbox.customer_schema import CUSTOMER

# Invented: the contract has no sample of GET /consents (T32). The first id is the one it uses.
CONSENTS = (
    {"id": "acceptsDigital", "name": "Digital receipts", "description": "Receipts by e-mail"},
    {"id": "acceptsPost", "name": "Post", "description": "Offers by post"},
    {"id": "acceptsProfiling", "name": "Profiling", "description": "Offers from purchases"},
)
_TEXTS = (
    *("id", "externalId", "mobilePhone", "email", "firstName", "lastName", "address", "zip"),
    *("city", "country", "birthDate", "gender"),
)
_REPORTED = (*_TEXTS[:6], "name", *_TEXTS[6:])


@dataclass(frozen=True, slots=True)
class Loyalty:
    """What a customer has: the sum of the points, stamp cards and promotions as they are shown."""

    points: int
    cards: list[object]
    promotions: list[object]


def now() -> str:
    """Return the time as metaData spells it, in UTC (the zone is not documented, T14)."""
    return datetime.now(UTC).strftime("%Y-%m-%d %H:%M:%S")


def new_id() -> str:
    """Return an id as the samples show them."""
    return str(uuid4()).upper()


def read_customer(text: str, *, required: str, allowed_id: bool) -> Record:
    """Return the record that the body of POST or PUT /customers holds, in one spelling.

    Raises:
        Refusal: 400 with {path, message} for each fault.
        NotJsonError: the text is not JSON.
    """
    body = check_body(CUSTOMER, strict_json.read(text))
    record: Record = dict(body["data"])
    faults: list[dict[str, object]] = []
    if required not in record:
        faults.append({"path": f"data.{required}", "message": "required"})
    if "id" in record and not allowed_id:
        faults.append({"path": "data.id", "message": "unknown field"})
    consents = body["data"].get("consents", {})
    for path, here, there in (
        ("data.favouriteStores", "favouriteStores" in record, "favoriteStores" in record),
        ("data.extendedConsents", "extendedConsents" in record, "extendedConsents" in consents),
    ):
        if here and there:
            faults.append({"path": path, "message": "given twice, in both spellings"})
    if faults:
        raise refuse_faults(faults)
    if "favouriteStores" in record:
        record["favoriteStores"] = record.pop("favouriteStores")
    if "extendedConsents" in record:
        record["consents"] = {**consents, "extendedConsents": record.pop("extendedConsents")}
    if "source" in body:
        record["source"] = body["source"]
    return record


def merge_record(old: Record, new: Record) -> Record:
    """Return the old record with what the new one says; what it leaves out stays (T15).

    Objects are merged by key, extended consents by id, other lists replaced.
    """
    merged = {**old, **new}
    for name in ("consents", "extendedProperties"):
        before, after = old.get(name), new.get(name)
        if isinstance(before, dict) and isinstance(after, dict):
            both = {**before, **after}
            if name == "consents":
                own = [c for part in (before, after) for c in part.get("extendedConsents", [])]
                both["extendedConsents"] = list({c["id"]: c for c in own}.values())
            merged[name] = both
    return merged


def show_customer(record: Record, times: tuple[str, str], loyalty: Loyalty) -> str:
    """Return the customer object as the contract's samples show it, created and updated then.

    Every key is there: null, false, zero or an empty list where nothing is known. Points are never
    pending and never expire here.
    """
    consents = record.get("consents")
    assert isinstance(consents, dict | None)
    given = consents or {}
    data = {
        **{name: record.get(name) for name in _TEXTS},
        "favoriteStores": record.get("favoriteStores", []),
        "interests": record.get("interests", []),
        "loyalty": {
            "points": loyalty.points,
            "pointsActive": loyalty.points,
            "pointsPending": 0,
            "pointsExpired": 0,
            "pointsTotal": loyalty.points,
            "loyaltyCards": loyalty.cards,
        },
        "promotions": loyalty.promotions,
        "consents": {
            **{n: given.get(n, False) for n in ("acceptsTerms", "acceptsEmail", "acceptsSms")},
            "extendedConsents": _show_consents(given.get("extendedConsents", []), times[1]),
        },
        "extendedProperties": record.get("extendedProperties", {}),
    }
    shown_times = {"CreatedAt": times[0], "UpdatedAt": times[1]}
    return strict_json.write({"data": data, "metaData": shown_times})


def _show_consents(given: Iterable[Record], date: str) -> list[object]:
    known = {consent["id"]: consent for consent in CONSENTS}
    blank = {"name": None, "description": None}
    return [
        {**consent, **{n: known.get(str(consent["id"]), blank)[n] for n in blank}}
        | {"consentDate": date}
        for consent in given
    ]


def show_row(record: Record, times: tuple[str, str], points: int) -> str:
    """Return a customer as a row of the customers report."""
    properties = record.get("extendedProperties")
    named = properties.get("name") if isinstance(properties, dict) else None
    parts = [record[n] for n in ("firstName", "lastName") if isinstance(record.get(n), str)]
    name = named if isinstance(named, str) else " ".join(map(str, parts)) or None
    row: Record = {field: record.get(field) for field in _REPORTED} | {"name": name}
    row |= {"createdAt": times[0], "updatedAt": times[1], "points": points}
    return strict_json.write(row)
