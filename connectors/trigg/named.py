"""Which records a refusal names: it may say so as text, list or object, by id or by path."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from typing import Any

__all__ = ["NOTHING", "Named", "find_named"]

MAX_IDS = 10_000
"""Ids that are kept, and places: more than any batch holds."""
_MAX_ID = 128
_MAX_WORD = 512

_ID_NAMES = frozenset(
    f"{name}{plural}"
    for name in ("receiptid", "externalid", "mobilephone", "email", "id")
    for plural in ("", "s")
)
_PATH_NAMES = {"loc", "path", "location"}
_INNER = {"items", "rows"}
"""Lists inside a record: a position in one of them is none of a record."""

_NAME = r"[A-Za-z_][\w-]{0,63}"
_PATH = re.compile(
    rf"""(?<![\w-])(?:(?P<a>{_NAME})(?:['"]?\])?)?\[(?P<i>[0-9]{{1,7}})\]  # Requests[3], $[3]
    | /(?P<b>{_NAME})/(?P<j>[0-9]{{1,7}})(?![\w-])                         # /Requests/3/Header
    | (?<![\w-])(?P<c>{_NAME})\.(?P<k>[0-9]{{1,7}})(?=\.[A-Za-z_])         # Requests.3.Header
    """,
    re.VERBOSE,
)
_REST_OF_PATH = re.compile(r"[\w.\[\]/$-]*")
_QUOTES = "\"'`«»\u201c\u201d\u2018\u2019"
_QUOTED = re.compile(f"[{_QUOTES}]([^{_QUOTES}]{{1,{_MAX_ID}}})(?=[{_QUOTES}])")
_BETWEEN = re.compile(rf"[{_QUOTES}<>(){{}}\[\],;:=|]+")
_EDGES = f"{_QUOTES}<>(){{}}[],;:=|.!?"
_TAG = re.compile(r"<[^<>]*>")


@dataclass(frozen=True, slots=True)
class Named:
    """What an answer names. Raw: for code to compare, never to be shown.

    Attributes:
        ids: words that may be ids of records; many are none.
        places: positions from 0, as the answer gives them; some may lie outside what was sent.
    """

    ids: frozenset[str] = field(default=frozenset(), repr=False)
    places: frozenset[int] = frozenset()


NOTHING = Named()


class _Number(str):
    """A JSON number as it was written."""

    __slots__ = ()


def find_named(body: bytes, secret: str = "") -> Named:
    """Find which records the body of a refusal names.

    Ids are the values under keys such as `receiptId`, `ExternalId`, `mobilePhone`, and in texts
    the words that hold a digit or an @, and what stands in quotes. Places are read from paths:
    `ReceiptRequests[3].Header`, `$.members[3]`, `/ReceiptRequests/3`, `["body", "members", 3]`.

    Args:
        body: the body or its beginning, JSON or not.
        secret: the key, which is no id.
    """
    text = body.decode("utf-8", "replace").strip()
    try:
        found = json.loads(text, parse_int=_Number, parse_float=_Number)
    except (ValueError, RecursionError):
        found = _TAG.sub(" ", text) if text[:1] == "<" else text
    if isinstance(found, dict):  # both repeat the status
        found = {key: value for key, value in found.items() if key not in {"code", "status"}}
    ids: dict[str, None] = {}
    words: dict[str, None] = {}
    places: set[int] = set()
    for key, value in _walk(found):
        if isinstance(value, list):
            places.update(_read_steps(value) if key in _PATH_NAMES else ())
            continue
        if key in _ID_NAMES:
            ids[value.strip()] = None
        if not isinstance(value, _Number):
            _read_text(value, words, places)
        if len(ids) + len(words) > MAX_IDS or len(places) >= MAX_IDS:
            break
    kept = [name for name in (*ids, *words) if 0 < len(name) <= _MAX_ID and name != secret]
    return Named(frozenset(kept[:MAX_IDS]), frozenset(places))


def _walk(found: Any) -> Iterator[tuple[str, Any]]:  # noqa: ANN401  (whatever JSON holds)
    """Give every text, number and list with the plain name it stands under, and every name."""
    waiting = [("", found)]
    while waiting:
        name, value = waiting.pop()
        if isinstance(value, dict):
            for key, inner in reversed(value.items()):
                waiting += [(re.sub("[^a-z]", "", key.lower()), inner), ("", key)]
        elif isinstance(value, list):
            yield name, value
            waiting += [(name, inner) for inner in reversed(value)]
        elif isinstance(value, str):
            yield name, value


def _read_steps(steps: list[Any]) -> Iterator[int]:
    """Read a path given as a list: its first number after a name."""
    for before, step in pairwise(steps):
        if isinstance(step, _Number) and isinstance(before, str):
            if re.fullmatch("[0-9]{1,7}", step) and before.lower() not in _INNER:
                yield int(step)
            return


def _read_text(text: str, words: dict[str, None], places: set[int]) -> None:
    words.update(dict.fromkeys(quoted.strip() for quoted in _QUOTED.findall(text)))
    for full in text.split():
        word = full[:_MAX_WORD]
        if path := _PATH.search(word):
            name = path["a"] or path["b"] or path["c"] or ""
            if name.lower() not in _INNER:
                places.add(int(path["i"] or path["j"] or path["k"]))
            rest = _REST_OF_PATH.match(word, path.end())
            word = word[rest.end() if rest else path.end() :]
        bare = word.strip(_EDGES)
        for part in (bare, *_BETWEEN.split(bare)):
            if "@" in part or any(map(str.isdigit, part)):
                words[part] = None
        if len(words) > MAX_IDS or len(places) >= MAX_IDS:
            return
