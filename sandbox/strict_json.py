"""JSON read without mercy and written without loss.

Numbers become exact (`int`, `Decimal`), never floats; NaN, Infinity and a key that stands twice in
one object are refused, although `json` would let them pass.
"""

import json
import re
from dataclasses import dataclass
from decimal import Decimal
from json.encoder import encode_basestring_ascii as quote

__all__ = ["LongNumber", "NotJsonError", "cut_array", "quote", "read", "show", "write"]

_DIGITS = 30
_SPACE = r"[ \t\n\r]*"
_COMMA = re.compile(f"{_SPACE},{_SPACE}")
_TAIL = re.compile(f"{_SPACE}\\]{_SPACE}\\}}{_SPACE}")


class NotJsonError(ValueError):
    """The text is not JSON of the strict kind; the message holds no value of it."""


@dataclass(frozen=True, slots=True)
class LongNumber:
    """A number of more than 30 characters, or an exponent beyond 30: no typed field takes it."""

    text: str


def _read_decimal(text: str) -> Decimal | LongNumber:
    if len(text) <= _DIGITS:
        if "e" not in text and "E" not in text:
            return Decimal(text)
        if -_DIGITS <= int(re.split("[eE]", text)[1]) <= _DIGITS:
            return Decimal(text)
    return LongNumber(text)


def _read_integer(text: str) -> int | LongNumber:
    return int(text) if len(text) < 20 else LongNumber(text)


def _refuse_constant(name: str) -> None:
    raise NotJsonError(f"{name} is not a JSON number")


def _read_object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) != len(pairs):
        names = [name for name, _ in pairs]
        twice = next(name for name in names if names.count(name) > 1)
        raise NotJsonError(f"the key {show(twice)} stands twice in one object")
    return found


_DECODER = json.JSONDecoder(
    parse_float=_read_decimal,
    parse_int=_read_integer,
    parse_constant=_refuse_constant,
    object_pairs_hook=_read_object,
)


def read(text: str) -> object:
    """Return the value of a JSON text.

    Raises:
        NotJsonError: it is not JSON, or not of the strict kind.
    """
    if text.startswith("\ufeff"):
        raise NotJsonError("the body begins with a byte order mark")
    try:
        return _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise NotJsonError(str(error)) from None
    except RecursionError:
        raise NotJsonError("the body is nested too deeply") from None


def cut_array(text: str, key: str) -> list[tuple[object, str]] | None:
    """Return each element of the array in `{"key": [...]}` as its value and its own text.

    One pass instead of two: the text of a receipt is what gets stored. None when the text has any
    other form, an empty array included; `read` then tells what it is.

    Raises:
        NotJsonError: a key stands twice, or a constant such as NaN.
    """
    found = re.compile(f"{_SPACE}\\{{{_SPACE}{re.escape(quote(key))}{_SPACE}:{_SPACE}\\[{_SPACE}")
    head = found.match(text)
    if head is None:
        return None
    parts: list[tuple[object, str]] = []
    at = head.end()
    try:
        while True:
            value, end = _DECODER.raw_decode(text, at)
            parts.append((value, text[at:end]))
            comma = _COMMA.match(text, end)
            if comma is None:
                return parts if _TAIL.fullmatch(text, end) else None
            at = comma.end()
    except (json.JSONDecodeError, RecursionError):
        return None


def write(value: object) -> str:
    """Return the JSON text of what `read` returned, numbers to the last digit.

    Raises:
        TypeError: for a value that JSON does not have.
    """
    if isinstance(value, dict):
        return "{" + ",".join([f"{quote(name)}:{write(v)}" for name, v in value.items()]) + "}"
    if isinstance(value, list):
        return "[" + ",".join([write(v) for v in value]) + "]"
    if isinstance(value, Decimal):
        return str(value)
    if isinstance(value, LongNumber):
        return value.text
    if isinstance(value, float):
        raise TypeError("a float is not exact")
    return json.dumps(value)


def show(name: str) -> str:
    """Return a name found in a body, cut so that it fits in a message."""
    return quote(name if len(name) <= 60 else f"{name[:57]}...")
