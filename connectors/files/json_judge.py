"""The json module as the judge of JSON that polars refused, one record at a time."""

import json
import math
import re
from collections import Counter
from decimal import Decimal
from typing import Any, NamedTuple

import polars as pl

from connectors.files.json_text import ABYSS, is_deeper, is_too_large, span
from connectors.files.json_values import Number, dig, kind_of, text_of
from connectors.files.nested import Layout, Rows, ShapeError
from connectors.files.paths import Path, names_of
from connectors.files.source import Limits

_SPACE = re.compile(r"[ \t\n\r]*")
_CONTROL = "Invalid control"


class Verdict(NamedTuple):
    """What the judge made of the text of an array behind its `[` or a record's comma.

    Attributes:
        frame: the rows of the records read.
        records: how many those were.
        used: the characters they took, up to and with the comma or bracket behind the last.
        closed: whether that was the closing bracket.
        error: why the next record is wrong, whatever may follow; None if it may only be cut.
        at: the character at which it is wrong.
    """

    frame: pl.DataFrame
    records: int
    used: int
    closed: bool
    error: str | None
    at: int


class LimitError(Exception):
    """A record is deeper or larger than a limit; its text says what."""


class Judge:
    """Reads JSON records one by one, with the texts polars would give them."""

    def __init__(self, layout: Layout, limits: Limits) -> None:
        self._layout = layout
        self._limits = limits
        self._odd: list[str] = []
        self._decoder, self._lenient = (
            json.JSONDecoder(
                object_pairs_hook=self._object,
                parse_int=lambda text: Number("0" if text == "-0" else text),
                parse_float=self._fraction,
                parse_constant=lambda name: self._odd.append(f"{name} is not a JSON number"),
                strict=strict,
            )
            for strict in (True, False)
        )

    def read_lines(self, text: str, line: int) -> pl.DataFrame:
        """Read lines, the first of which is `line`; one that is no JSON object is a fault."""
        rows = Rows(self._layout)
        for number, record in enumerate(text.split("\n"), line):
            if not record.strip(" \t\r"):
                continue
            try:
                doubtful = is_too_large(record, self._limits)
                value, end = self._decode(record, _skip(record, 0), doubtful=doubtful)
                if _skip(record, end) < len(record):
                    rows.add_fault(number, "not a JSON object: more behind its end", record)
                else:
                    self._add(rows, number, value, record)
            except json.JSONDecodeError as error:
                why = f"not a JSON object: {error.msg.strip(' :')} (character {error.colno})"
                rows.add_fault(number, why, record)
            except LimitError as error:
                rows.add_fault(number, str(error), record)
        return rows.frame()

    def read_array(self, text: str, first: int, *, at_end: bool) -> Verdict:
        """Read an array's records, the first of which is the file's `first`, as far as they go.

        Args:
            text: begins where a record should.
            first: the ordinal of that record, from 1.
            at_end: the file ends with the text, so nothing can be excused as cut.
        """
        rows = Rows(self._layout)
        doubtful = is_too_large(text, self._limits)
        read = used = at = 0
        closed, error = False, None
        while not closed:
            at = start = _skip(text, used)
            if first + read == 1 and text[at : at + 1] == "]":
                used, closed = at + 1, True
                break
            value: Any = None
            limit: str | None = None
            try:
                value, end = self._decode(text, at, doubtful=doubtful)
            except json.JSONDecodeError as wrong:
                at = wrong.pos
                error = None if _is_cut(wrong, text) and not at_end else wrong.msg.strip(" :")
                break
            except LimitError as wrong:
                limit = str(wrong)
                found, depth = span(text, at)
                if found is None:
                    error = limit if at_end or depth > ABYSS else None
                    break
                end = found
            at = _skip(text, end)
            if at == len(text) or text[at] not in ",]":
                error = "Expecting ',' or ']'" if at_end or at < len(text) else None
                break
            if first + read == 1 and text[start] != "{":
                error = f"an array of objects is wanted, this one holds {kind_of(value)}"
                break
            if limit:
                rows.add_fault(first + read, limit, text[start:end])
            else:
                self._add(rows, first + read, value, text[start:end])
            closed = text[at] == "]"
            read, used = read + 1, at + 1
        return Verdict(rows.frame(), read, used, closed, error, at)

    def _decode(self, text: str, at: int, *, doubtful: bool) -> tuple[Any, int]:
        """Decode the value at a place.

        Args:
            text: where it stands.
            at: where it begins.
            doubtful: the text is large enough for a record that is too large.

        Raises:
            JSONDecodeError: it is none, or cut off.
            LimitError: it lies too deep, or is too large.
        """
        self._odd.clear()
        if doubtful and text[at : at + 1] == "{":
            ends, _ = span(text, at)
            if ends is None or is_too_large(text[at:ends], self._limits):
                raise LimitError("a record that is too large")
        limit = self._limits.depth
        why = f"nested more than {limit} deep"
        try:
            value, end = self._decode_odd(text, at)
        except RecursionError:
            raise LimitError(why) from None
        if text.count("{", at, end) + text.count("[", at, end) > limit and is_deeper(
            text[at:end].encode(), limit
        ):
            raise LimitError(why)
        return value, end

    def _decode_odd(self, text: str, at: int) -> tuple[Any, int]:
        """Decode a value whose texts may hold control characters, which is told of it."""
        try:
            return self._decoder.raw_decode(text, at)
        except json.JSONDecodeError as wrong:
            if not wrong.msg.startswith(_CONTROL):
                raise
            try:
                found = self._lenient.raw_decode(text, at)
            except json.JSONDecodeError as other:
                raise other if _is_cut(other, text) else wrong from None
            self._odd.append(f"a control character in a text (character {wrong.pos - at + 1})")
            return found

    def _object(self, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        group = dict(pairs)
        if len(group) < len(pairs):
            [(twice, _)] = Counter(name for name, _ in pairs).most_common(1)
            self._odd.append(f"names {twice[:60]!a} twice")
        return group

    def _fraction(self, text: str) -> Number:
        number = float(text)
        if math.isinf(number):
            self._odd.append("a number is beyond the range of a 64-bit float")
            return Number()
        text = format(Decimal(repr(number)), "f")
        return Number(text.rstrip("0").rstrip(".") if "." in text else text)

    def _add(self, rows: Rows, number: int, record: object, raw: str) -> None:
        if not isinstance(record, dict):
            rows.add_fault(number, f"not a JSON object: {kind_of(record)}", raw)
            return
        if self._odd:
            rows.add_fault(number, self._odd[0], raw)
            return
        try:
            header = self._texts(record, self._layout.header)
            items = self._items(record)
        except ShapeError as fault:
            rows.add_fault(number, str(fault), raw)
        else:
            rows.add(number, header, items)

    def _items(self, record: dict[str, Any]) -> list[list[str | None]]:
        path = self._layout.items
        items = dig(record, path) if path else None
        if items is None:
            return []
        name = ".".join(names_of(path))
        if not isinstance(items, list):
            raise ShapeError(f"{name}: expected an array, found {kind_of(items)}")
        for number, item in enumerate(items, 1):
            if not isinstance(item, dict | None):
                what = f"expected objects, found {kind_of(item)} (the {number}. of them)"
                raise ShapeError(f"{name}: {what}")
        return [self._texts(item or {}, self._layout.item) for item in items]

    def _texts(self, record: dict[str, Any], paths: dict[str, Path]) -> list[str | None]:
        limit = self._limits.field_chars
        return [text_of(column, dig(record, path), limit) for column, path in paths.items()]


def _is_cut(wrong: json.JSONDecodeError, text: str) -> bool:
    """Tell whether more text might have mended an error."""
    return wrong.msg.startswith("Unterminated") or wrong.pos > len(text) - 16


def _skip(text: str, at: int) -> int:
    """Return where the white space at a place ends."""
    space = _SPACE.match(text, at)
    assert space is not None
    return space.end()
