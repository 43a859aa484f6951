"""Members that the platform holds: read in every form it answers with, merged, and written again.

A canonical customer is a dictionary such as `{"externalId": "17", "zip": "0553", "favoriteStores":
["S1"], "consents": {"acceptsSms": True, "extendedConsents": {"sms": True}}, "source": {…}}`. It
holds what may be written and nothing else, so two are the same member if they are equal. These
functions go record by record, for one request each.
"""

import json
import re
from collections.abc import Mapping
from typing import Any, Literal

from transforms.members import ZIP_NUMBER
from transforms.wire import (
    CONSENTS_ORDER,
    DATES,
    FORMS,
    MEMBER_ORDER,
    MIDNIGHT,
    SOURCE_ORDER,
    STORES,
    Form,
)

Customer = dict[str, Any]
KEPT = {*MEMBER_ORDER} - {*STORES[1:], "extendedConsents"}
"""What is read of an answer; points and promotions are the platform's own, and no part of it."""


def read_customer(text: str | bytes) -> Customer:
    """Read a customer as the platform answers with one, or as a request spells it.

    Either spelling of the stores and either place of the extended consents is read, in `data` or
    without it. A zip becomes text, a birth date loses its midnight, a consent its name and date.

    Raises:
        ValueError: this is no JSON object, or holds no customer.
    """
    body = json.loads(text)
    data = _find_data(body)
    if data is None:
        raise ValueError("not a customer")
    customer = {key: value for key, value in data.items() if key in KEPT}
    for spelling in STORES:
        if spelling in data:
            customer[STORES[0]] = data[spelling]
    if isinstance(customer.get("zip"), int):
        customer["zip"] = str(customer["zip"])
    for name in DATES:
        if isinstance(customer.get(name), str):
            customer[name] = customer[name].removesuffix(MIDNIGHT)
    customer.pop("consents", None)
    if consents := _read_consents(data):
        customer["consents"] = consents
    if isinstance(body.get("source"), dict):
        customer["source"] = body["source"]
    return customer


def _find_data(body: object) -> dict[str, Any] | None:
    data = body.get("data", body) if isinstance(body, dict) else None
    if isinstance(data, list) and len(data) == 1:  # a search that found one
        data = data[0]
    return data if isinstance(data, dict) else None


def _read_consents(data: Mapping[str, Any]) -> Customer:
    given = data.get("consents") or {}
    consents = {key: given[key] for key in CONSENTS_ORDER if key in given}
    inside, beside = consents.pop("extendedConsents", None), data.get("extendedConsents")
    if listed := [*(inside or ()), *(beside or ())]:
        consents["extendedConsents"] = {str(one["id"]): one.get("value") for one in listed}
    return consents


def merge(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> Customer:
    """Give what is held with what is wanted in its place; what `wanted` leaves out stays.

    Objects are merged by key and extended consents by id; lists are replaced. A null of `wanted`
    clears the field, and a null of `held` is nothing. The source is that of `wanted`: it tells of
    this change. The id that is held stays.
    """
    merged = _merge(_without_nulls({**held, "source": None}), wanted)
    if held.get("id") is not None:
        merged["id"] = held["id"]
    return merged


def changes(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> bool:
    """Tell whether writing `wanted` would change anything of what is held."""
    before = _without_nulls({**held, "source": None})
    after = _without_nulls({**merge(held, wanted), "source": None})
    return before != after


def write_customer(
    customer: Mapping[str, Any], form: Form, zip_as: Literal["text", "number"] = "number"
) -> str:
    """Write a canonical customer as JSON text, the way an endpoint spells it.

    Args:
        customer: the canonical form.
        form: the endpoint's.
        zip_as: how a zip is written; one that a number would change is text all the same.
    """
    wire = FORMS[form]
    data = {key: customer[key] for key in (*MEMBER_ORDER, *customer) if key in customer}
    source = data.pop("source", None)
    zipped = data.get("zip")
    if zip_as == "number" and isinstance(zipped, str) and re.fullmatch(ZIP_NUMBER, zipped):
        data["zip"] = int(zipped)
    for name in DATES:
        if re.fullmatch(r"[0-9]{4}-[0-9]{2}-[0-9]{2}", str(data.get(name))):
            data[name] += MIDNIGHT
    if STORES[0] in data:
        data = {wire.stores if key == STORES[0] else key: value for key, value in data.items()}
    consents = dict(data.get("consents") or {})
    extended = consents.pop("extendedConsents", None)
    if "consents" in data:
        data["consents"] = {k: consents[k] for k in CONSENTS_ORDER if k in consents}
    if extended:
        *above, last = wire.consents.split(".")
        place = data
        for key in above:
            place = place[key]
        place[last] = [{"id": key, "value": value} for key, value in extended.items()]
    if not data.get("consents", True):
        del data["consents"]
    body: dict[str, Any] = {wire.data: data} if wire.data else data
    if source:
        known = {key: source[key] for key in (*SOURCE_ORDER, *source) if key in source}
        body["source"] = known
    return json.dumps(body, ensure_ascii=False, separators=(",", ":"))


def _merge(held: Mapping[str, Any], wanted: Mapping[str, Any]) -> Customer:
    merged = dict(held)
    for key, value in wanted.items():
        before = merged.get(key)
        if isinstance(before, dict) and isinstance(value, dict):
            merged[key] = _merge(before, value)
        else:
            merged[key] = value
    return merged


def _without_nulls(value: Mapping[str, Any]) -> Customer:
    return {
        key: _without_nulls(one) if isinstance(one, dict) else one
        for key, one in value.items()
        if one is not None
    }
