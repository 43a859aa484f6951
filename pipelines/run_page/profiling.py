"""What the columns of a source hold, counted while they are read: no value is kept.

Only of amounts, quantities and times that are nobody's the least and the greatest are told.
"""

import json
from dataclasses import asdict, dataclass
from decimal import Decimal, InvalidOperation
from pathlib import Path
from threading import Lock
from typing import Any

import polars as pl

from pipelines.feeds import LoadFeed
from pipelines.feeds.mapping import columns_of, is_plain
from pipelines.fields import fields_of
from pipelines.runs import write_private
from transforms.dates import read_time
from transforms.numbers import read_number
from transforms.values import Field

__all__ = ["PART", "PROFILE", "WHOLE", "ColumnProfile", "Profiler", "read_profile", "write_profile"]

PROFILE = "profile.json"
WHOLE, BLOCK, PART = 1 << 17, 15, 8
"""Rows from which on one block in `PART` is looked at, and the bits of a block's rows."""
SKETCH = 512
"""So many of the smallest hashes of a column's values are kept, to estimate how many there are."""
_RANGE = float(1 << 64)


@dataclass(frozen=True, slots=True, kw_only=True)
class ColumnProfile:
    """What one column holds.

    Attributes:
        name: the column, as the source or the export calls it.
        uses: the fields that it fills, or its type.
        rows, filled: how many rows there are, and how many have a value.
        distinct: about how many different values; None where nobody has counted.
        exact: whether that is their number.
        shortest, longest: characters of its values; None where it has none, or they are no texts.
        least, most: of numbers and times that are nobody's; empty where they are not told.
    """

    name: str
    uses: str = ""
    rows: int
    filled: int | None
    distinct: int | None = None
    exact: bool = True
    shortest: int | None = None
    longest: int | None = None
    least: str = ""
    most: str = ""

    @property
    def fill(self) -> float | None:
        """The share of its rows that have a value, 0 to 1."""
        return None if self.filled is None or not self.rows else self.filled / self.rows


@dataclass
class _Column:
    rows: int = 0
    filled: int = 0
    shortest: int | None = None
    longest: int | None = None
    least: Any = None
    most: Any = None
    hashes: pl.Series | None = None

    def add(self, texts: pl.Series, tells: Field | None) -> None:
        lengths = texts.str.len_chars()
        self.rows += texts.len()
        if lengths.null_count() or lengths.min() == 0:
            texts, lengths = texts.filter(lengths > 0), lengths.filter(lengths > 0)
        self.filled += texts.len()
        if texts.is_empty():
            return
        low, high = lengths.min(), lengths.max()
        assert isinstance(low, int)
        assert isinstance(high, int)
        self.shortest = low if self.shortest is None else min(low, self.shortest)
        self.longest = high if self.longest is None else max(high, self.longest)
        self._sketch(texts)
        if tells is not None:
            for found in _ends(texts, tells):
                self.least = found if self.least is None else min(found, self.least)
                self.most = found if self.most is None else max(found, self.most)

    def _sketch(self, texts: pl.Series) -> None:
        """Keep the smallest hashes: the further apart they lie, the fewer values there are."""
        hashes, before = texts.hash(), self.hashes
        if before is not None and before.len() >= SKETCH:
            hashes = hashes.filter(hashes < before[-1])  # sorted, so the last is the greatest
        if hashes.is_empty():
            return
        known = hashes.unique() if before is None else pl.concat([before, hashes.unique()]).unique()
        self.hashes = known.sort().head(SKETCH)

    @property
    def distinct(self) -> int:
        if self.hashes is None or self.hashes.len() < SKETCH:
            return 0 if self.hashes is None else self.hashes.len()
        return round((SKETCH - 1) * _RANGE / int(self.hashes[-1]))


def _ends(texts: pl.Series, field: Field) -> list[Any]:
    """Give the least and the greatest number or time of some texts; nothing if none is one."""
    style = field.style
    if field.kind == "time":
        if style.time == "iso":  # the order of texts is that of times: two are enough to read
            texts = pl.Series([texts.min(), texts.max()], dtype=pl.String)
        read = pl.select(read_time(pl.lit(texts), style.time)).to_series().drop_nulls()
        return [read.min(), read.max()] if read.len() else []
    if (style.decimal, style.thousands) != (".", ""):
        texts = read_number(texts, style.decimal, style.thousands)
    numbers = texts.cast(pl.Float64, strict=False)
    places = [place for place in (numbers.arg_min(), numbers.arg_max()) if place is not None]
    try:
        found = [Decimal(texts[place].strip()) for place in places]
    except InvalidOperation:  # what a float may be called: inf
        return []
    return [number for number in found if number.is_finite()]


class Profiler:
    """Looks at every frame of a source; threads may show them at once."""

    def __init__(self, feed: LoadFeed) -> None:
        self._uses: dict[str, list[str]] = {}
        for name, mapped in feed.mapping.items():
            for column in columns_of(mapped):
                self._uses.setdefault(column, []).append(name)
        self._tells = _telling(feed)
        self._columns: dict[str, _Column] = {}
        self._lock = Lock()

    def take(self, frame: pl.DataFrame) -> None:
        """Count what the columns of some rows hold; of many rows, of every eighth part only."""
        first = int(frame["_row"][0]) if frame.height else 0
        if first >= WHOLE and (first >> BLOCK) % PART:
            return
        if "_fault" in frame.columns:  # a row that could not be read has no values at all
            frame = frame.filter(pl.col("_fault").is_null())
        with self._lock:
            for texts in frame:
                if texts.dtype == pl.String and not texts.name.startswith("_"):
                    column = self._columns.setdefault(texts.name, _Column())
                    column.add(texts, self._tells.get(texts.name))

    def tell(self) -> list[ColumnProfile]:
        """Say what was found, in the order of the columns."""
        return [
            ColumnProfile(
                name=name,
                uses=", ".join(self._uses.get(name, ())),
                rows=found.rows,
                filled=found.filled,
                distinct=found.distinct,
                exact=found.distinct < SKETCH,
                shortest=found.shortest,
                longest=found.longest,
                least=_text(found.least),
                most=_text(found.most),
            )
            for name, found in self._columns.items()
        ]


def _telling(feed: LoadFeed) -> dict[str, Field]:
    """Name the columns whose least and greatest value may be told, and how they are written.

    Of receipts those of goods and times; of whatever is a person's none.
    """
    if not feed.of_receipts:
        return {}
    fields = fields_of(feed)
    read = {field.name: field for field in (*fields.always, *fields.plain)}
    found: dict[str, Field] = {}
    others: set[str] = set()
    for name, mapped in feed.mapping.items():
        field, columns = read.get(name), columns_of(mapped)
        if field and field.kind in {"number", "time"} and len(columns) == 1 and is_plain(mapped):
            found[columns[0]] = field
        else:
            others |= {*columns}
    return {column: field for column, field in found.items() if column not in others}


def _text(value: Decimal | str | None) -> str:
    return f"{value.normalize():,f}" if isinstance(value, Decimal) else value or ""


def write_profile(path: Path, columns: list[ColumnProfile]) -> None:
    """Write what was found, for the page of this run and of the next one."""
    write_private(path, json.dumps([asdict(column) for column in columns], ensure_ascii=False))


def read_profile(folder: Path) -> list[ColumnProfile]:
    """Read it; nothing where there is none, or none that can be read."""
    try:
        told = json.loads((folder / PROFILE).read_text(encoding="utf-8"))
        return [ColumnProfile(**column) for column in told]
    except (OSError, ValueError, TypeError):
        return []
