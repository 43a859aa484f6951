"""How a file writes its numbers: the decimal sign and the thousands mark."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache

_SPACES = " \u00a0\u202f"
STYLES = (
    *((".", ""), (",", ""), (",", " "), (",", "."), (",", "'"), (".", " "), (".", ","), (".", "'")),
)
FITS = 0.95


@dataclass(frozen=True)
class Style:
    """The signs in a file's numbers.

    Attributes:
        decimal: "." or ",".
        thousands: "", " ", ".", "," or "'".
        why: the evidence.
        sure: whether a value can be read in no other way.
    """

    decimal: str = "."
    thousands: str = ""
    why: str = ""
    sure: bool = True


@cache
def _pattern(decimal: str, thousands: str) -> re.Pattern[str]:
    point = re.escape(decimal)
    tail = rf"(?:{point}\d+)?" if decimal != "." else rf"(?:{point}\d+)?(?:[eE][+-]?\d+)?"
    whole = r"\d+"
    if thousands:
        mark = f"[{_SPACES}]" if thousands == " " else re.escape(thousands)
        whole = rf"(?:\d{{1,3}}(?:{mark}\d{{3}})+|\d+)"
    return re.compile(rf"^[+\-\N{{MINUS SIGN}}]?(?:{whole}{tail}|{point}\d+)-?$")


def fits(text: str, style: tuple[str, str]) -> bool:
    """Tell whether a text is a number in a style."""
    return bool(_pattern(*style).match(text))


def to_number(text: str, style: Style) -> Decimal | None:
    """Read a number; None if it is none in this style."""
    if not fits(text, (style.decimal, style.thousands)):
        return None
    plain = text.replace("\N{MINUS SIGN}", "-")
    for mark in _SPACES if style.thousands == " " else style.thousands:
        plain = plain.replace(mark, "")
    plain = plain.replace(style.decimal, ".")
    if plain.endswith("-"):
        plain = f"-{plain[:-1]}"
    try:
        return Decimal(plain)
    except InvalidOperation:
        return None


def is_number(values: Sequence[str]) -> bool:
    """Tell whether distinct values are numbers in any one style."""
    if not values:
        return False
    return any(sum(fits(v, s) for v in values) >= FITS * len(values) for s in STYLES)


def find_style(columns: Mapping[str, Sequence[str]]) -> Style:
    """Find the style of a file's numbers.

    Args:
        columns: the distinct values of the columns that are numbers in some style.
    """
    marked = {
        name: [v for v in values if re.search(rf"[.,'{_SPACES}]", v)]
        for name, values in columns.items()
    }
    marked = {name: values for name, values in marked.items() if values}
    if not marked:
        return Style()
    scores = {
        style: sum(sum(fits(v, style) for v in vs) / len(vs) for vs in marked.values())
        for style in STYLES
    }
    best = max(scores, key=lambda style: scores[style] - 0.001 * STYLES.index(style))
    proofs = sum(
        bool(re.search(rf"{re.escape(best[0])}(\d{{1,2}}|\d{{4,}})-?$", v))
        for values in marked.values()
        for v in values
    )
    other = {",": ".", ".": ","}[best[0]]
    against = sum(
        bool(re.search(rf"{re.escape(other)}(\d{{1,2}}|\d{{4,}})-?$", v))
        for values in marked.values()
        for v in values
    )
    why = f"{proofs} values in {len(marked)} columns have a decimal {_name(best[0])}"
    why += f", {against} another" if against else ""
    return Style(*best, why, sure=proofs > 0 and not against)


def _name(sign: str) -> str:
    return {",": "comma", ".": "point"}[sign]
