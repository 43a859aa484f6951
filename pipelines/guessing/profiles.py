"""What the values of each column are, counted."""

import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from pipelines.guessing.dates import Dates, find_dates
from pipelines.guessing.kinds import KINDS
from pipelines.guessing.numbers import Style, find_style, fits, is_number, to_number
from pipelines.guessing.records import Table

DISTINCT = 600
"""So many different values are judged."""
CLEAR = "#N/A"
"""The text that clears a field where the feed says nothing else; no value of a column."""
EXCEL = (1_000, 73_000)
YEAR = re.compile(r"^(19\d\d|20[0-2]\d|2030)$")
EPOCH = (100_000_000, 4_102_444_800)
MAJORITY = 0.501


@dataclass(frozen=True)
class Profile:
    """A column's values.

    Attributes:
        rows: how many there are.
        filled: the share that is not empty.
        counts: value → how often, for the values judged.
        distinct: the number of different values.
        shares: kind → the share of the different values that are of it.
        number: the share that are numbers as the file writes them.
        dates: how it writes dates, if they are.
        low, high: of its numbers.
        fraction: the share of its numbers with decimals.
        zeros: whether a digit text begins with a zero.
        lengths: the lengths of its values.
        style: its own style of numbers, where it differs from the file's.
        nearly: how it writes dates, if most values are but too many for `dates` are not.
    """

    rows: int
    filled: float
    counts: Mapping[str, int]
    distinct: int
    shares: Mapping[str, float]
    number: float = 0.0
    dates: Dates | None = None
    low: float = 0.0
    high: float = 0.0
    fraction: float = 0.0
    zeros: bool = False
    lengths: frozenset[int] = field(default_factory=frozenset)
    style: Style | None = None
    nearly: Dates | None = None

    @property
    def when(self) -> Dates | None:
        """How it writes dates, if most of its values are."""
        return self.dates or self.nearly

    @property
    def values(self) -> list[str]:
        """The different values that were judged."""
        return list(self.counts)

    @property
    def unique(self) -> float:
        """The share of filled rows with a value of their own."""
        return self.distinct / max(1, round(self.rows * self.filled))


def profile_columns(table: Table) -> tuple[dict[str, Profile], Style]:
    """Judge all columns; give the style of the file's numbers beside them."""
    counted = {name: _count(values) for name, values in table.columns.items()}
    numeric = {n: list(c)[:DISTINCT] for n, c in counted.items() if is_number(list(c)[:DISTINCT])}
    plain = {n: v for n, v in numeric.items() if not _ambiguous(v)}
    style = find_style(plain or numeric)
    return {n: _judge(c, table.height, style) for n, c in counted.items()}, style


def _ambiguous(values: Sequence[str]) -> bool:
    """Tell whether numbers with marks may be dates, such as 01.02, or versions."""
    return find_dates(values[:50]) is not None


def _count(values: Sequence[str]) -> Counter[str]:
    counts = Counter(v.strip() for v in values)
    del counts[""], counts[CLEAR]
    return counts


def _judge(counts: Counter[str], rows: int, style: Style) -> Profile:
    values = [value for value, _ in counts.most_common(DISTINCT)]
    filled = counts.total() / max(1, rows)
    if not values:
        return Profile(rows, 0.0, {}, 0, dict.fromkeys(KINDS, 0.0))
    shares = {kind: sum(map(test, values)) / len(values) for kind, test in KINDS.items()}
    own = style
    number = sum(fits(v, (style.decimal, style.thousands)) for v in values) / len(values)
    if number < 0.9 and is_number(values):
        own = find_style({"": values})
        number = sum(fits(v, (own.decimal, own.thousands)) for v in values) / len(values)
    numbers = [n for v in values if (n := to_number(v, own)) is not None]
    dates = find_dates(values) or _counted_dates(values)
    return Profile(
        rows,
        filled,
        dict(counts.most_common(DISTINCT)),
        len(counts),
        shares,
        number,
        dates,
        float(min(numbers, default=0)),
        float(max(numbers, default=0)),
        sum(n != n.to_integral_value() for n in numbers) / max(1, len(numbers)),
        any(v.isdigit() and len(v) > 1 and v[0] == "0" for v in values),
        frozenset(map(len, values)),
        own if own is not style else None,
        None if dates else find_dates(values, MAJORITY),
    )


def _counted_dates(values: Sequence[str]) -> Dates | None:
    """Know days since 1900 and seconds since 1970, which only a name can prove."""
    if not all(v[:1].isdigit() for v in values):
        return None
    if sum(bool(YEAR.match(v)) for v in values) >= len(values) / 2:  # 1980 is no day of 1905
        return None
    try:
        numbers = [float(v.replace(",", ".")) for v in values]
    except ValueError:
        return None
    low, high = min(numbers), max(numbers)
    if EXCEL[0] <= low and high <= EXCEL[1]:
        timed = any(n != int(n) for n in numbers)
        years = (1900 + int(low / 365.25), 1900 + int(high / 365.25))
        return Dates("excel", timed, 1.0, years=years)
    for word, scale in (("epoch", 1), ("epoch_ms", 1000)):
        if EPOCH[0] * scale <= low and high <= EPOCH[1] * scale:
            years = (int(1970 + low / scale / 31_556_952), int(1970 + high / scale / 31_556_952))
            return Dates(word, True, 1.0, years=years)
    return None
