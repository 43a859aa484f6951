"""Which words of strftime a column's dates and times are written in, and what proves it."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from functools import cache

_DATES = (
    *("%Y-%m-%d", "%d.%m.%Y", "%d/%m/%Y", "%m/%d/%Y", "%d-%m-%Y", "%m-%d-%Y", "%Y/%m/%d"),
    *("%Y.%m.%d", "%d %m %Y", "%d.%m.%y", "%d/%m/%y", "%m/%d/%y", "%d-%m-%y", "%y-%m-%d"),
    *("%d-%b-%Y", "%d %b %Y", "%b %d, %Y", "%m.%d.%Y"),
)
_PACKED = ("%Y%m%d", "%d%m%Y", "%m%d%Y", "%y%m%d", "%d%m%y")
_CLOCKS = (
    "%H:%M:%S",
    "%H:%M",
    "%H:%M:%S.%f",
    "%H.%M.%S",
    "%H.%M",
    "%I:%M:%S %p",
    "%I:%M %p",
    "%H:%M:%S %z",
    "%H:%M %z",
)
_PACKED_TIMES = ("%Y%m%d%H%M%S", "%Y%m%d%H%M", "%Y%m%d %H%M%S", "%Y%m%d %H%M", "%Y%m%d %H:%M:%S",
                 "%Y%m%d %H:%M", "%Y%m%dT%H%M%S")  # fmt: skip
ISO_DATE = re.compile(r"^[12]\d{3}-\d\d-\d\d$")
ISO_TIME = re.compile(r"^[12]\d{3}-\d\d-\d\d[T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d:?\d\d)?$")
ZONED = re.compile(r"(Z|[+-]\d\d:?\d\d)$")
_MONTHS = ["jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec"]
_PARTS = {"Y": r"([12]\d{3})", "m": r"(\d{1,2})", "d": r"(\d{1,2})", "y": r"(\d\d)",
          "b": r"([A-Za-z]{3})", "H": r"(\d{1,2})", "I": r"(\d{1,2})", "M": r"(\d\d)",
          "S": r"(\d\d)", "p": r"([AaPp][Mm])", "f": r"(\d{1,9})",
          "z": r"([+-]\d\d:?\d\d)"}  # fmt: skip
FITS = 0.95


@dataclass(frozen=True)
class Dates:
    """How a column writes dates or times.

    Attributes:
        word: strftime words, "iso", "excel", "epoch" or "epoch_ms".
        timed: whether a time of day belongs to it.
        share: of the values, how many fit.
        rivals: other words that fit as many.
        proof: what rules the rivals out, or "".
        zoned: whether values carry a zone.
        years: the first and last year.
    """

    word: str
    timed: bool
    share: float
    rivals: tuple[str, ...] = ()
    proof: str = ""
    zoned: bool = False
    years: tuple[int, int] = (0, 0)


@cache
def _pattern(word: str) -> tuple[re.Pattern[str], str]:
    """Make a regular expression of strftime words; and which letter each group is."""
    spaced = bool(re.search(r"%[A-Za-z][^%]", word))
    text, order, at = "", "", 0
    for found in re.finditer("%([A-Za-z])", word):
        text += re.escape(word[at : found.start()])
        part = _PARTS[found[1]]
        text += part if spaced and word not in _PACKED_TIMES else part.replace("{1,2}", "{2}")
        order += found[1]
        at = found.end()
    return re.compile(f"^{text}{re.escape(word[at:])}$"), order


def reads(text: str, word: str) -> date | None:
    """Read a date or time in these words; None where it is none, such as 31.02.1980."""
    pattern, order = _pattern(word)
    found = pattern.match(text)
    if not found:
        return None
    parts = dict(zip(order, found.groups(), strict=True))
    limits = {"H": 23, "I": 12, "M": 59, "S": 59}
    if any(int(parts[letter]) > most for letter, most in limits.items() if letter in parts):
        return None
    month = parts.get("m") or parts.get("b", "")
    if not month.isdigit():
        if month.lower() not in _MONTHS:
            return None
        month = str(_MONTHS.index(month.lower()) + 1)
    year = int(parts["Y"]) if "Y" in parts else 2000 + int(parts["y"])
    try:
        return date(year, int(month), int(parts["d"]))
    except ValueError:
        return None


@cache
def _words(shape: str) -> tuple[str, ...]:
    """List the words that may fit texts of a shape, to try few of many."""
    if len(shape) > 32 or not 4 <= shape.count("1") <= 23 or shape.count("a") > 5:
        return ()
    digits = shape.replace(" ", "").isdigit()
    dates = _PACKED if digits else _DATES
    timed = [f"{d}{gap}{c}" for d in _DATES for gap in (" ", "T", ", ") for c in _CLOCKS]
    every = [*dates, *_PACKED_TIMES, *([] if digits else timed)]
    example = re.sub(r"\d", "1", shape)
    return tuple(w for w in every if _loosely(example, w))


def _loosely(shape: str, word: str) -> bool:
    pattern, order = _pattern(word)
    if "b" in order or "p" in order:
        shape = re.sub(r"[A-Za-z]{3}", "Jan", shape, count=1) if "b" in order else shape
        shape = re.sub(r"[A-Za-z]{2}$", "PM", shape)
    return bool(pattern.match(shape))


def find_dates(values: Sequence[str], least: float = FITS) -> Dates | None:
    """Judge the distinct values of a column; None if they are no dates.

    Args:
        values: stripped, none of them empty.
        least: the share of them that must fit.
    """
    if not values:
        return None
    times = [v for v in values if ISO_TIME.match(v)]
    iso = [*times, *(v for v in values if ISO_DATE.match(v) and reads(v, "%Y-%m-%d"))]
    if times and len(iso) >= least * len(values):
        zoned = any(ZONED.search(v[10:]) for v in times)
        years = [int(v[:4]) for v in iso]
        share = len(iso) / len(values)
        return Dates("iso", True, share, zoned=zoned, years=(min(years), max(years)))
    shapes = {re.sub(r"[A-Za-z]", "a", re.sub(r"\d", "1", v)) for v in values[:200]}
    words = dict.fromkeys(w for shape in list(shapes)[:20] for w in _words(shape))
    shares = {}
    for word in words:
        right = sum(reads(v, word) is not None for v in values)
        if right / len(values) >= least:
            shares[word] = right
    if not shares:
        return None
    most = max(shares.values())
    good = [w for w, right in shares.items() if right == most and _sane(values, w)]
    good = good or [w for w, right in shares.items() if right == most]
    word = good[0]
    losers = [
        w for w in words if w not in good and re.sub(r"[dm]", "", w) == re.sub(r"[dm]", "", word)
    ]
    proof = _prove(values, word) if losers else ""
    years = [d.year for v in values if (d := reads(v, word))]
    told = "iso" if word == "%Y-%m-%d" else word
    timed = "H" in word or "I" in word
    span = (min(years), max(years))
    zoned = "%z" in word
    return Dates(told, timed, most / len(values), tuple(good[1:]), proof, zoned, span)


def is_written(text: str, dates: Dates) -> bool:
    """Tell whether a value is written as a column writes its dates or times."""
    if dates.word == "iso":
        return bool(ISO_TIME.match(text)) or reads(text, "%Y-%m-%d") is not None
    return "%" not in dates.word or reads(text, dates.word) is not None


def _sane(values: Sequence[str], word: str) -> bool:
    """Tell whether most years lie where people and receipts live."""
    if "Y" not in word:
        return True
    years = [d.year for v in values if (d := reads(v, word))]
    return sum(1900 <= y <= 2035 for y in years) >= 0.9 * len(years)


def _prove(values: Sequence[str], word: str) -> str:
    order = [letter for letter in _pattern(word)[1] if letter in "dm"]
    if order[:2] not in (["d", "m"], ["m", "d"]):
        return ""
    over = 0
    for value in values:
        found = _pattern(word)[0].match(value)
        if found:
            day = found[_pattern(word)[1].index("d") + 1]
            over += day.isdigit() and int(day) > 12
    place = "first" if order[0] == "d" else "second"
    return f"the {place} number is over 12 in {over} values" if over else ""


def looks_like_time(text: str) -> bool:
    """Tell whether a text is a date or a time in any words but bare digits."""
    return bool(re.search(r"\d", text)) and not text.isdigit() and find_dates([text]) is not None
