"""What a member lacks, taken from others who are the same one: text by text, for few members."""

import json
from collections.abc import Collection, Iterable, Mapping
from typing import Any

from transforms.members import Order, Path, order_keys
from transforms.requests import split_request
from transforms.wire import FORMS, Form

SOURCE = ("source",)
"""Where somebody registered: of one place, so it is taken whole or not at all."""


def fill_member(
    text: str,
    others: Iterable[tuple[str, Collection[str]]],
    kinds: Mapping[str, str],
    form: Form,
) -> str | None:
    """Fill a member with what others have, the best of these first.

    A field that has a value, or is cleared, stays. Lists are not put together, but the ones that
    hold named entries are: extended consents, and `metaData` of an import.

    Args:
        text: as `transforms.members.encode_customers` writes it; a path may stand in a line above.
        others: the same of each other one, and the names that are not taken from it.
        kinds: what each name is, as it was written by.
        form: the endpoint's.

    Returns:
        The text with all of it, its keys in the order in which they are written; None if there
        was nothing to take.
    """
    wire = FORMS[form]
    named = {(wire.listed,), wire.consents_path}
    path, body = split_request(text)
    member, took = json.loads(body), False
    for other, names in others:
        kept = {wire.path(name) for name in names}
        kept |= {SOURCE} if wire.data and SOURCE[0] in member else set()
        took |= _take(member, json.loads(split_request(other)[1]), (), kept, named)
    if not took:
        return None
    whole = _in_order(member, order_keys(kinds, form))
    written = json.dumps(whole, ensure_ascii=False, separators=(",", ":"))
    return f"{path}\n{written}" if path else written


def _take(
    member: dict[str, Any],
    other: Mapping[str, Any],
    above: Path,
    kept: Collection[Path],
    named: Collection[Path],
) -> bool:
    """Put into one object what it lacks and the other has; say whether there was anything."""
    took = False
    for key, value in other.items():
        path = (*above, key)
        if value is None or path in kept:
            continue
        if isinstance(value, dict):
            below = member.get(key, {})
            if isinstance(below, dict) and _take(below, value, path, kept, named):
                member[key], took = below, True
        elif path in named:
            there = {_name(each) for each in member.get(key, ())}
            more = [each for each in value if _has_value(each) and _name(each) not in there]
            if more:
                member[key], took = [*member.get(key, ()), *more], True
        elif key not in member:
            member[key], took = value, True
    return took


def _name(entry: Mapping[str, Any]) -> str:
    """Tell the name of a consent, which is its id, or of an object with one key."""
    return str(entry["id"]) if {*entry} == {"id", "value"} else next(iter(entry))


def _has_value(entry: Mapping[str, Any]) -> bool:
    return None not in entry.values()


def _in_order(value: Any, order: Order) -> Any:  # noqa: ANN401  (whatever JSON holds)
    """Put keys, and the entries of lists that have names, in this order."""
    if isinstance(value, dict):
        return {key: _in_order(value[key], order[key]) for key in order if key in value}
    if isinstance(value, list) and order:
        names = list(order)
        return sorted(value, key=lambda entry: names.index(_name(entry)))
    return value


__all__ = ["fill_member"]
