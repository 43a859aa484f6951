"""JSON text walked without recursion, however deep it is."""

import re

from connectors.files.source import Limits

_TOKEN = re.compile(r'"(?:[^"\\]++|\\.)*(?P<open>"|$)|[\[\]{}]', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))
ABYSS = 1_000_000
"""Brackets in one another that nobody looks for the end of."""
_LARGE, _VALUES = 4 << 20, 1_000_000


def is_too_large(text: str | bytes, limits: Limits) -> bool:
    """Tell whether a record, or what may be one, would take too much memory once it is read."""
    if len(text) > limits.record_bytes:
        return True
    return (
        len(text) > _LARGE
        and (text.count(",") if isinstance(text, str) else text.count(b",")) > _VALUES
    )


def span(text: str, at: int = 0) -> tuple[int | None, int]:
    """Find where the object or array that begins at a place ends, and how deep it is.

    Returns:
        The place behind its end, None if the text ends first, or lies so deep that it is not
        worth the time; and the brackets in one another.
    """
    depth = deepest = 0
    for token in _TOKEN.finditer(text, at):
        if token[0] in "[{":
            depth += 1
            deepest = max(deepest, depth)
            if depth > ABYSS:
                break
        elif token[0] in "]}":
            depth -= 1
            if depth <= 0:
                return token.end(), deepest
    return None, deepest


def is_deeper(text: bytes, limit: int) -> bool:
    """Tell whether brackets lie more than `limit` deep in a JSON value."""
    brackets = text.translate(None, _NO_BRACKETS)
    for _ in range(limit):
        if not brackets:
            return False
        brackets = brackets.replace(b"{}", b"").replace(b"[]", b"")
    # There may be brackets in texts.
    return bool(brackets) and span(text.decode())[1] > limit
