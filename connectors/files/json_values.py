"""Values of JSON as the json module reads them, and the texts that columns get of them."""

import json
from typing import Any

from connectors.files.nested import ShapeError
from connectors.files.paths import Path, Step, names_of


class Number(str):
    """A number's text, to be told from a text."""

    __slots__ = ()


def kind_of(value: object) -> str:
    """Say what kind of JSON value this is, never the value."""
    if isinstance(value, Number):
        return "a number"
    kinds = {str: "a text", dict: "an object", list: "an array", bool: "true or false"}
    return kinds.get(type(value), "null")


def dig(value: object, path: Path) -> object:
    """Return what lies at a path in a value; None where there is nothing.

    Raises:
        ShapeError: something on the way is no object, or not the array a step chooses of.
    """
    for depth, step in enumerate(path):
        if value is None:
            return None
        if not isinstance(value, dict):
            group = ".".join(names_of(path[:depth]))
            raise ShapeError(f"{group}: expected an object, found {kind_of(value)}")
        value = value.get(step.name)
        if step.chooses and value is not None:
            value = _choose(value, step)
    return value


def _choose(value: object, step: Step) -> object:
    if isinstance(value, dict):
        raise ShapeError(f"{step.name}: expected an array, found an object")
    found: list[Any] = value if isinstance(value, list) else [value]
    if not step.key:
        return found[step.at - 1] if step.at <= len(found) else None
    for one in found:
        if not isinstance(one, dict | None):
            raise ShapeError(f"{step.name}: expected objects, found {kind_of(one)}")
    keys = (text_of(step.key, (one or {}).get(step.key)) for one in found)
    return next((one for one, key in zip(found, keys, strict=True) if key == step.value), None)


def text_of(column: str, value: object, limit: int = 0) -> str | None:
    """Return the text of a value; of an array of plain values its JSON, of an empty one nothing.

    Args:
        column: the name of the column, for the message.
        value: the value.
        limit: the most characters it may have, 0 if any number.

    Raises:
        ShapeError: the value is a group, or no text that can be sent.
    """
    if value is None or value == []:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        value = "[" + ",".join(_written(column, one) for one in value) + "]"
    if not isinstance(value, str):
        raise ShapeError(f"{column}: expected a text, found {kind_of(value)}")
    text = str(value)
    try:
        size = len(text.encode())
    except UnicodeEncodeError:
        raise ShapeError(f"{column}: a lone surrogate escape is no character") from None
    if "\0" in text:
        raise ShapeError(f"{column}: holds a NUL, which no text may")
    if limit and size > limit and len(text) > limit:
        raise ShapeError(f"{column}: {len(text):,} characters, the limit is {limit:,}")
    return text


def _written(column: str, value: object) -> str:
    if isinstance(value, dict | list):
        raise ShapeError(f"{column}: expected a text, found an array of {kind_of(value)[3:]}s")
    if isinstance(value, str) and not isinstance(value, Number):
        return json.dumps(text_of(column, value), ensure_ascii=False)
    return text_of(column, value) or "null"
