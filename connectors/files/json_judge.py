"""The json module as the judge of JSON that polars refused, one record at a time."""

import json
import math
import re
from decimal import Decimal
from typing import Any, NamedTuple

import polars as pl

from connectors.files.nested import Layout, Path, Rows, ShapeError

_SPACE = re.compile(r"[ \t\n\r]*")


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


class _Number(str):
    """A number's text, to be told from a text."""

    __slots__ = ()


class Judge:
    """Reads JSON records one by one, with the texts polars would give them."""

    def __init__(self, layout: Layout) -> None:
        self._layout = layout
        self._odd: list[str] = []
        self._decoder = json.JSONDecoder(
            # The first of two equal keys wins, as it does with polars.
            object_pairs_hook=lambda pairs: dict(reversed(pairs)),
            parse_int=lambda text: _Number("0" if text == "-0" else text),
            parse_float=self._fraction,
            parse_constant=lambda name: self._odd.append(f"{name} is not a JSON number"),
        )

    def read_lines(self, text: str, line: int) -> pl.DataFrame:
        """Read lines, the first of which is `line`; one that is no JSON object is a fault."""
        rows = Rows(self._layout)
        for number, record in enumerate(text.split("\n"), line):
            if not record.strip(" \t\r"):
                continue
            try:
                value, end = self._decode(record, _skip(record, 0))
                if _skip(record, end) < len(record):
                    rows.add_fault(number, "not a JSON object: more behind its end", record)
                else:
                    self._add(rows, number, value, record)
            except json.JSONDecodeError as error:
                why = f"not a JSON object: {error.msg.strip(' :')} (character {error.colno})"
                rows.add_fault(number, why, record)
            except RecursionError:
                rows.add_fault(number, "not a JSON object: nested too deeply", record)
        return rows.frame()

    def read_array(self, text: str, first: int, *, at_end: bool) -> Verdict:
        """Read an array's records, the first of which is the file's `first`, as far as they go.

        Args:
            text: begins where a record should.
            first: the ordinal of that record, from 1.
            at_end: the file ends with the text, so nothing can be excused as cut.
        """
        rows = Rows(self._layout)
        read = used = at = 0
        closed, error = False, None
        while not closed:
            at = _skip(text, used)
            if first + read == 1 and text[at : at + 1] == "]":
                used, closed = at + 1, True
                break
            start = at
            try:
                value, end = self._decode(text, at)
            except json.JSONDecodeError as wrong:
                at = wrong.pos
                cut = wrong.msg.startswith("Unterminated") or at > len(text) - 16
                error = None if cut and not at_end else wrong.msg.strip(" :")
                break
            except RecursionError:
                error = "nested too deeply"
                break
            at = _skip(text, end)
            if at == len(text) or text[at] not in ",]":
                error = "Expecting ',' or ']'" if at_end or at < len(text) else None
                break
            if first + read == 1 and not isinstance(value, dict):
                error = f"an array of objects is wanted, this one holds {kind_of(value)}"
                break
            self._add(rows, first + read, value, text[start:end])
            closed = text[at] == "]"
            read, used = read + 1, at + 1
        return Verdict(rows.frame(), read, used, closed, error, at)

    def _decode(self, text: str, at: int) -> tuple[Any, int]:
        self._odd.clear()
        return self._decoder.raw_decode(text, at)

    def _fraction(self, text: str) -> _Number:
        number = float(text)
        if math.isinf(number):
            self._odd.append("a number is beyond the range of a 64-bit float")
            return _Number()
        text = format(Decimal(repr(number)), "f")
        return _Number(text.rstrip("0").rstrip(".") if "." in text else text)

    def _add(self, rows: Rows, number: int, record: object, raw: str) -> None:
        if not isinstance(record, dict):
            rows.add_fault(number, f"not a JSON object: {kind_of(record)}", raw)
            return
        if self._odd:
            rows.add_fault(number, self._odd[0], raw)
            return
        try:
            header = _texts(record, self._layout.header)
            items = self._items(record)
        except ShapeError as fault:
            rows.add_fault(number, str(fault), raw)
        else:
            rows.add(number, header, items)

    def _items(self, record: dict[str, Any]) -> list[list[str | None]]:
        path = self._layout.items
        items = _dig(record, path) if path else None
        if items is None:
            return []
        if not isinstance(items, list):
            raise ShapeError(f"{'.'.join(path)}: expected an array, found {kind_of(items)}")
        for number, item in enumerate(items, 1):
            if not isinstance(item, dict | None):
                what = f"expected objects, found {kind_of(item)} (the {number}. of them)"
                raise ShapeError(f"{'.'.join(path)}: {what}")
        return [_texts(item or {}, self._layout.item) for item in items]


def _skip(text: str, at: int) -> int:
    """Return where the white space at a place ends."""
    space = _SPACE.match(text, at)
    assert space is not None
    return space.end()


def _texts(record: dict[str, Any], paths: dict[str, Path]) -> list[str | None]:
    return [_text(column, _dig(record, path)) for column, path in paths.items()]


def _dig(value: Any, path: Path) -> Any:  # noqa: ANN401 - any JSON
    for depth, name in enumerate(path):
        if value is None:
            return None
        if not isinstance(value, dict):
            group = ".".join(path[:depth])
            raise ShapeError(f"{group}: expected an object, found {kind_of(value)}")
        value = value.get(name)
    return value


def _text(column: str, value: object) -> str | None:
    if value is None:
        return None
    if isinstance(value, bool):
        return "true" if value else "false"
    if not isinstance(value, str):
        raise ShapeError(f"{column}: expected a text, found {kind_of(value)}")
    text = str(value)
    try:
        text.encode()
    except UnicodeEncodeError:
        raise ShapeError(f"{column}: a lone surrogate escape is no character") from None
    return text


def kind_of(value: object) -> str:
    """Say what kind of JSON value this is, never the value."""
    if isinstance(value, _Number):
        return "a number"
    kinds = {str: "a text", dict: "an object", list: "an array", bool: "true or false"}
    return kinds.get(type(value), "null")
