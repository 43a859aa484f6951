"""What a request said of a person, so that an answer which repeats it is not shown.

Ids, amounts and codes are left: they say which record is meant, and what is wrong with it.
"""

import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl

__all__ = ["hide_echo"]

_TOLD = {
    *("country", "gender", "currency", "transactiontype", "timestamp", "activity", "activitydate"),
    *("productname", "productgrouplevel1name", "productgrouplevel2name", "productgrouplevel3name"),
    *("suppliername", "sourcename"),
}
"""Names of values that are nobody's own, beside those that end in `id`."""
_WORD = 4
_SHORT = 2
"""Letters up to which a value, or a word of one, is a part of too many others."""


def hide_echo(text: str, path: str, body: bytes) -> str:
    """Take out of an answer what its request said of a person.

    Args:
        text: of the answer.
        path: of the request, with its query.
        body: of the request, JSON.
    """
    if not text:
        return text
    plain = text.casefold()
    found = {value for value in _values(path, body) if value.casefold() in plain}
    for value in sorted(found, key=len, reverse=True):
        word = rf"(?<![^\W_]){re.escape(value)}(?![^\W_])"
        text = re.sub(word, "<value>", text, flags=re.IGNORECASE)
    return text


def _values(path: str, body: bytes) -> Iterator[str]:
    try:
        said = json.loads(body) if body else None
    except (ValueError, RecursionError):  # not ours: we send JSON
        said = body.decode("utf-8", "replace")
    pairs = [*_leaves("", said), *parse_qsl(path.partition("?")[2])]
    for name, value in pairs:
        if _is_told(name):
            continue
        for each in {value, *(word for word in value.split() if len(word) >= _WORD)}:
            if len(each) > _SHORT:
                yield each
                yield json.dumps(each)[1:-1]  # as JSON within a text has it


def _is_told(name: str) -> bool:
    plain = name.casefold()
    return plain in _TOLD or plain.endswith("id")


def _leaves(name: str, value: Any) -> Iterator[tuple[str, str]]:  # noqa: ANN401  (JSON)
    """List the texts of a JSON value, each with the name it has; a number names nobody."""
    if isinstance(value, dict):
        for inner, each in value.items():
            yield from _leaves(inner, each)
    elif isinstance(value, list):
        for each in value:
            yield from _leaves(name, each)
    elif isinstance(value, str):
        yield name, value
