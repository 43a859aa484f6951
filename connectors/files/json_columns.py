"""The quick way through JSON: polars reads a block of records at once, and strictly.

polars takes the first of two equal keys without a word, and reads whatever lies beside the columns
wanted of it however deep. So each block's keys are counted, which takes a thirtieth of the time of
reading them, and compared to the values polars found: if it was told of all names there are, the
numbers are the same, and no key can stand twice. Where they differ, the json module looks, and
polars is told of the names it had not heard of.
"""

import json
import re
from typing import Any

import polars as pl
import pyarrow as pa

from connectors.files.json_shapes import MixedError, Shape, count_filled
from connectors.files.json_text import is_deeper, is_too_large
from connectors.files.nested import Layout
from connectors.files.source import Limits

# polars turns a lone surrogate into a NUL without a word; and no text has a NUL.
_ODD = re.compile(rb"\\u(?:0000|[dD][89abAB][0-9a-fA-F]{2}(?!\\u[dD][c-fC-F]))")
_LEARNED = 300  # records


class Columns:
    """Reads arrays of records, laid out as `layout` says."""

    def __init__(self, layout: Layout, limits: Limits) -> None:
        self._layout = layout
        self._limits = limits
        self._learns = True
        try:
            self._take(Shape.of(layout))
        except MixedError:
            self._schema: dict[str, Any] = {}

    def read(self, array: bytes) -> pl.DataFrame | None:
        """Return the records of an array; None if anything in it is not as it should be."""
        if not self._schema or is_too_large(array, self._limits):
            return None
        if b"\\" in array and _ODD.search(array):
            return None
        records = self._parse(array)
        if records is None and self._learns and self._has_learned:
            self._learns = False  # what was learned does not hold
            self._take(Shape.of(self._layout))
            records = self._parse(array)
        if records is None:
            return None
        if has_long_text(array, self._limits.field_chars):
            return None
        found = sum(map(count_filled, records))
        return records if has_values(array, found) or self._judge(array) else None

    def _take(self, shape: Shape) -> None:
        self._shape = shape
        schema = shape.schema()
        self._has_learned = getattr(self, "_schema", schema) != schema
        self._schema = schema

    def _parse(self, array: bytes) -> pl.DataFrame | None:
        try:
            return pl.read_json(array, schema=self._schema)
        except pl.exceptions.PolarsError:
            return None

    def _judge(self, array: bytes) -> bool:
        """Tell whether no key stands twice and nothing lies too deep, and learn the names."""
        if is_deeper(array, self._limits.depth + 1):
            return False
        try:
            records = json.loads(array, object_pairs_hook=_check_keys)
        except (ValueError, RecursionError):
            return False
        if self._learns:
            try:
                self._shape.learn(records[:_LEARNED])
                self._take(self._shape)
            except MixedError:
                self._learns = False
                self._take(Shape.of(self._layout))
        return True


def has_values(array: bytes, count: int) -> bool:
    """Tell whether so many keys stand in JSON, those of null left aside.

    A key ends with a quote, and a colon follows it, perhaps after white space. What looks so in a
    text makes them more, never fewer; so if the number fits the keys are known to be no more.
    """
    buffer = pa.Array.from_buffers(pa.uint8(), len(array), [None, pa.py_buffer(array)])
    data = pl.Series(pl.from_arrow(buffer))
    before, at, behind, next_ = data[:-3], data[1:-2], data[2:-1], data[3:]
    keys = (at == ord(":")) & ((before == ord('"')) | (before <= ord(" ")))
    found = int(keys.sum())
    if found != count:
        null = (behind == ord("n")) | ((behind == ord(" ")) & (next_ == ord("n")))
        found -= int((keys & null).sum())
    return found == count


def has_long_text(array: bytes, limit: int) -> bool:
    """Tell whether there may be a text of more bytes than a limit: no quote for a long while."""
    step = max(limit // 2, 1)
    if b"\\" in array:  # it may be that of a quote in a text
        array = array.replace(b'\\"', b"__")
    if len(array) <= limit:
        return False
    places = range(0, len(array), step)
    return any(array.find(b'"', at, at + step) < 0 for at in places if at + step <= len(array))


def _check_keys(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    group = dict(pairs)
    if len(group) < len(pairs):
        raise ValueError
    return group
