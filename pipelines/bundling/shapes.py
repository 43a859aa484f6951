"""Values as shapes: letters become x, digits 9; equal values are told to be equal by a hash."""

import re
from collections.abc import Mapping
from typing import Any

from pipelines.hashing import tell_apart

_LONGEST = 60


def shape(value: object) -> str:
    """Give the shape of a value: `Kari 17` is `xxxx 99`."""
    text = re.sub(r"[^\W\d_]", "x", re.sub(r"\d", "9", str(value)))
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def shapes(value: Any, key: bytes) -> Any:  # noqa: ANN401  (JSON in, JSON out)
    """Put in the place of every value of a JSON document its shape, and a hash behind it."""
    if isinstance(value, Mapping):
        return {name: shapes(inner, key) for name, inner in value.items()}
    if isinstance(value, list):
        return [shapes(inner, key) for inner in value]
    if value is None or value == "" or isinstance(value, bool):
        return value
    return f"{shape(value)} #{tell_apart(key, str(value))}"


__all__ = ["shape", "shapes"]
