"""What a request said of a person, so that an answer which repeats it is not shown.

Ids, amounts and codes are left: they say which record is meant, and what is wrong with it.
"""

import csv
import io
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qsl, quote, quote_plus
from xml.sax.saxutils import unescape

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
    for name, value in (*_pairs(body), *parse_qsl(path.partition("?")[2])):
        if _is_told(name):
            continue
        for each in {value, *(word for word in value.split() if len(word) >= _WORD)}:
            if len(each) > _SHORT:
                yield each
                yield json.dumps(each)[1:-1]  # as JSON within a text has it
                yield quote(each, safe="")  # as a form or a path has it
                yield quote_plus(each)


def _pairs(body: bytes) -> Iterator[tuple[str, str]]:
    """List the names and values of a body: JSON, XML, CSV, a form, or a file of one of those."""
    text = body.decode("utf-8", "replace")
    if text.startswith("--"):  # the file of a form is its one part
        text = text.partition("\r\n\r\n")[2].rpartition("\r\n--")[0]
    try:
        yield from _leaves("", json.loads(text or "null"))
    except (ValueError, RecursionError):
        if text.startswith("<"):
            found = re.findall(r"<([\w.-]+)[^<>]*>([^<>]+)</", text)
            yield from ((name, unescape(value)) for name, value in found)
        elif "\n" in text:
            names, *rows = csv.reader(io.StringIO(text, newline=""))
            yield from ((n, value) for row in rows for n, value in zip(names, row, strict=False))
        else:
            yield from parse_qsl(text)


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
