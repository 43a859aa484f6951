"""What the platform holds of one member, and whether that is what was sent."""

from decimal import Decimal
from typing import Any

from connectors.trigg.lists import Number, read_json

__all__ = ["covers", "has_landed", "read_member"]

Json = Any
"""Whatever JSON holds, numbers as `Number`."""

_OTHER_NAMES = {"favoriteStores": ("favouriteStores",), "favouriteStores": ("favoriteStores",)}
_INNER = ("extendedProperties", "consents")


def read_member(body: bytes) -> dict[str, Json] | None:
    """Read the answer to a look-up of one customer: an object, bare or under `data`.

    Returns:
        The customer; empty if the answer is an empty list; None if it is no customer, or several.
    """
    try:
        found = read_json(body)
    except (ValueError, RecursionError):
        return None
    if isinstance(found, dict) and isinstance(found.get("data"), dict | list):
        found = found["data"]
    if isinstance(found, list) and len(found) < 2:
        found = found[0] if found else {}
        return found if isinstance(found, dict) else None
    known = {"id", "externalId", "mobilePhone", "email"}
    return found if isinstance(found, dict) and known & found.keys() else None


def has_landed(sent: str, held: dict[str, Json]) -> bool:
    """Tell whether all that was sent, as JSON text, is what the platform holds.

    Texts are compared as they are; numbers by value, also with text that is one (zip is a number
    here and text there, reading T13); objects by key, lists without regard to order.
    """
    record = read_json(sent.encode())
    return isinstance(record, dict) and all(
        any(covers(value, found) for found in _look_up(held, name))
        for name, value in record.items()
    )


def _look_up(held: dict[str, Json], name: str) -> list[Json]:
    """Give what may be this field: it has two names (reading T11) and more than one place (T12).

    What an import may hold is not documented (reading T05); what is no field of a customer may
    be shown among the extended properties.
    """
    names = (name, *_OTHER_NAMES.get(name, ()))
    inner = [held[part] for part in _INNER if isinstance(held.get(part), dict)]
    found = [place[own] for place in (held, *inner) for own in names if own in place]
    return found or [None]


def covers(sent: Json, held: Json) -> bool:
    """Tell whether a value that was sent is in the one that is held: `has_landed` of any JSON."""
    if isinstance(sent, dict):
        return isinstance(held, dict) and all(covers(v, held.get(k)) for k, v in sent.items())
    if isinstance(sent, list):
        # Objects are merged into those that are there; other lists are replaced.
        return (
            isinstance(held, list)
            and all(any(covers(one, other) for other in held) for one in sent)
            and (len(held) == len(sent) or any(isinstance(one, dict) for one in sent))
        )
    return not isinstance(held, dict | list) and _is_same(sent, held)


def _is_same(sent: Json, held: Json) -> bool:
    if sent is None or held is None:
        return sent is held
    if isinstance(sent, bool) or isinstance(held, bool):
        return str(sent).lower() == str(held).lower()
    if isinstance(sent, Number) or isinstance(held, Number):
        return _as_number(sent) is not None and _as_number(sent) == _as_number(held)
    return bool(sent == held)


def _as_number(text: str) -> Decimal | None:
    try:
        number = Decimal(text)
    except ArithmeticError:
        return None
    return number if number.is_finite() else None
