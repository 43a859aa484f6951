"""What type a column is, learned of all of its values, such that none loses anything.

What JSON says decides: text stays text, even if it is digits, unless every value is a time or a
date. Numbers that only name something (ids, phones, postal codes, cards) are text by their column's
name, and whole numbers of more than 15 digits by their value.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

import polars as pl

from transforms.cells import ColumnType, cast, fits_decimals
from transforms.nesting import join_types, storable

__all__ = ["Learner", "join", "names_something"]

_NAMING = frozenset(
    [
        "id",
        "ids",
        "no",
        "nr",
        "num",
        "number",
        "phone",
        "mobile",
        "msisdn",
        "zip",
        "postcode",
        "postal",
        "card",
        "ean",
        "gtin",
        "barcode",
        "sku",
        "code",
        "iban",
        "account",
        "pan",
        "ssn",
        "cvr",
        "orgnr",
        "uuid",
        "guid",
        "key",
        "ref",
        "reference",
        "token",
        "hash",
        "version",
    ]
)
_ANYWHERE = frozenset(
    ["phone", "mobile", "msisdn", "zip", "postcode", "postal", "ean", "gtin", "barcode", "iban"]
)
_COUNTING = frozenset(["line", "row", "item", "page", "sequence", "seq", "position", "index"])
_WORD = re.compile(r"[A-Z]+(?![a-z])|[A-Z]?[a-z]+|\d+")
_TIME = re.compile(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d:\d\d|$)")
_FINER = r"\.\d{6}\d*[1-9]"
"""Parts of a microsecond, which no timestamp keeps."""
_MOST_SCALE = 9
_MOST_DIGITS = 10**15


def names_something(column: str) -> bool:
    """Tell by a column's name whether its numbers only name something: they are never reckoned."""
    words = [word.lower() for word in _WORD.findall(column.rpartition(".")[2])]
    if not words or (len(words) > 1 and words[-2] in _COUNTING):
        return False
    return words[-1] in _NAMING or bool({*words} & _ANYWHERE)


@dataclass
class _Seen:
    """What a column's values were so far."""

    kinds: set[str] = field(default_factory=set)
    scale: int = 2
    inner: pl.DataType | None = field(default_factory=pl.Null)

    def look(self, cells: pl.Series) -> None:
        kind = cells.dtype
        if cells.null_count() == len(cells):
            if kind.is_nested():  # an empty list is no value, but tells what it is
                self.inner = join_types(self.inner or pl.Null(), kind) if self.inner else None
            return
        if kind.is_nested():
            self.kinds.add("nested")
            self.inner = None if self.inner is None else join_types(self.inner, kind)
        elif kind == pl.Boolean:
            self.kinds.add("boolean")
        elif kind.is_integer():
            self.kinds.add("integer")
            if not cells.is_between(-_MOST_DIGITS, _MOST_DIGITS, closed="none").all():
                self.kinds.add("long")
        elif kind.is_float():
            self.kinds.add("fraction")
            self._look_at_fractions(cells)
        elif not {"text", "long"} & self.kinds:
            self._look_at_text(cells)

    def _look_at_fractions(self, cells: pl.Series) -> None:
        while "inexact" not in self.kinds and not fits_decimals(cells, self.scale).all():
            self.scale += 1
            if self.scale > _MOST_SCALE:
                self.kinds.add("inexact")

    def _look_at_text(self, cells: pl.Series) -> None:
        filled = cells.set(cells == "", None).drop_nulls()
        if filled.is_empty():
            return
        if not _TIME.match(filled[0]) or filled.str.contains(_FINER).any():
            self.kinds.add("text")
            return
        zoned = filled.str.contains(r"(Z|[+-]\d\d:?\d\d)$") & filled.str.contains("T| ")
        dates = filled.str.len_chars() == 10
        for word, mask, type_ in (
            ("date", dates, ColumnType("date")),
            ("zoned", zoned & ~dates, ColumnType("timestamp", zoned=True)),
            ("naive", ~zoned & ~dates, ColumnType("timestamp", zoned=False)),
        ):
            if mask.any():
                _, lost = cast(filled.filter(mask), type_)
                self.kinds.add("text" if lost is not None else word)

    def type_as(self, column: str, nested: str, zone: str) -> ColumnType | None:
        """Give the type, None if there was no value to learn it of."""
        kinds = self.kinds
        if not kinds:
            return None
        if kinds == {"nested"} and nested != "json" and self.inner is not None:
            return ColumnType("nested", inner=storable(self.inner))
        if kinds <= {"integer", "fraction", "inexact"} and not names_something(column):
            if "fraction" not in kinds:
                return ColumnType("integer")
            return ColumnType("number") if "inexact" in kinds else ColumnType("decimal", self.scale)
        if kinds in ({"boolean"}, {"nested"}):
            return ColumnType("boolean" if "boolean" in kinds else "json")
        return self._time(zone) or ColumnType("text")

    def _time(self, zone: str) -> ColumnType | None:
        if self.kinds == {"date"}:
            return ColumnType("date")
        if self.kinds == {"zoned"} or (zone and self.kinds <= {"zoned", "naive"}):
            return ColumnType("timestamp", zoned=True, zone=zone)
        return ColumnType("timestamp", zoned=False) if self.kinds == {"naive"} else None


class Learner:
    """Learns the types of columns, frame by frame.

    Args:
        shapes: every set of columns and types that frames will have.
        known: columns whose type is known. Of a timestamp only its zone is asked, if it is not
            known yet.
        nested: for each nested column `json` or another word; `json` for those not named.
        zone: that of times that name none.
    """

    def __init__(
        self,
        shapes: Iterable[Mapping[str, pl.DataType]],
        known: Mapping[str, ColumnType],
        nested: Mapping[str, str] | None = None,
        zone: str = "",
    ) -> None:
        self._known = dict(known)
        self._nested = nested or {}
        self._zone = zone
        kinds: dict[str, list[pl.DataType]] = {}
        for shape in shapes:
            for name, kind in shape.items():
                kinds.setdefault(name, []).append(kind)
        self._seen = {name: _Seen() for name in kinds}
        self._soon_told = {n for n, kind in known.items() if kind.word == "timestamp"}
        for name, found in kinds.items():
            if all(kind.is_nested() or kind == pl.Null for kind in found):
                # Shapes tell all but whether it has any value.
                self._soon_told.add(name)
                inner: pl.DataType | None = pl.Null()
                for kind in found:
                    inner = inner and join_types(inner, kind)
                self._seen[name].inner = inner
        for name, told in known.items():
            if told.word != "timestamp" or told.zoned is not None or zone:
                self._seen.pop(name, None)

    @property
    def is_done(self) -> bool:
        """Whether no further frame could tell anything."""
        return all(
            bool(seen.kinds) if name in self._soon_told else "text" in seen.kinds
            for name, seen in self._seen.items()
        )

    def look(self, rows: pl.DataFrame) -> None:
        """Learn of some rows."""
        for name, seen in self._seen.items():
            if name in rows.columns and not (name in self._soon_told and seen.kinds):
                seen.look(rows[name])

    def types(self) -> dict[str, ColumnType | None]:
        """Give the types; None where there was no value. Known columns come first."""
        told: dict[str, ColumnType | None] = {}
        for name, kind in self._known.items():
            found = kind
            if kind.word == "timestamp" and kind.zoned is None:
                seen = self._seen.get(name)
                kinds = seen.kinds if seen else set()
                zoned = True if self._zone or "zoned" in kinds else False if kinds else None
                found = ColumnType("timestamp", zoned=zoned, zone=self._zone)
            told[name] = found
        for name, seen in self._seen.items():
            if name not in self._known:
                told[name] = seen.type_as(name, self._nested.get(name, "json"), self._zone)
        return told


def join(one: ColumnType, other: ColumnType) -> ColumnType:
    """Give the type that holds what both hold; text if nothing else does."""
    if one == other:
        return one
    words = {one.word, other.word}
    if "nested" in words:
        inner = join_types(one.inner, other.inner) if words == {"nested"} else None
        return ColumnType("json") if inner is None else ColumnType("nested", inner=inner)
    if words <= {"integer", "decimal", "number"}:
        scale = max(one.scale, other.scale)
        return ColumnType("number") if "number" in words else ColumnType("decimal", scale)
    if words == {"timestamp"} and one.zoned == other.zoned:
        return one if one.zone else other
    return ColumnType("text")
