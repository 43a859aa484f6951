"""Phone numbers as people write them, into E.164: `+4790000000`.

The `phonenumbers` library is the judge. It goes value by value, so patterns made of its own tables
take what it surely would, in columns; only the rest is asked about, each distinct text once.
"""

from dataclasses import dataclass
from functools import lru_cache
from typing import Literal

import polars as pl

Check = Literal["valid", "possible"]
MARKS = "[ \t\u00a0\u2007\u2009\u202f()./\u2010-\u2015\u2212-]"
"""What may stand between digits: blanks, brackets, dots, slashes and dashes of all kinds."""
PHONE = f"^{MARKS}*\\+?(?:{MARKS}|[0-9])+$"
DOUBTFUL = "O"
"""Stands for `(0)`, the zero that is only dialled at home; no number of digits holds it."""
CACHED = 100_000
CODES = 8
"""So many country codes, the most frequent ones, are judged by patterns; the rest are few."""


def read_phone(texts: pl.Series, region: str = "", check: Check = "possible") -> pl.Series:
    """Write phone numbers in E.164.

    Blanks, dashes and brackets go, `00` is a plus, `(0)` is left out where the number is right
    without it. What has neither plus nor `00` is of `region`, with or without that country's own
    code before it.

    Args:
        texts: text, as people write it.
        region: the ISO country of numbers without a country code; empty where that is not known.
        check: `valid` takes numbers of ranges in use; `possible` all that have the right length.

    Returns:
        Text; null where it is no such number.
    """
    allowed = texts.str.contains(PHONE).fill_null(value=False)
    plain = pl.select(pl.when(allowed).then(texts)).to_series()
    plain = plain.str.replace_all("(0)", DOUBTFUL, literal=True)
    plain = plain.str.replace_all(MARKS, "").str.replace("^00", "+")
    read = _read_known(plain, region, check)
    places = (read.is_null() & plain.is_not_null()).arg_true()
    if not len(places):
        return read
    odd = plain.gather(places)
    distinct = odd.unique()
    answers = pl.Series([_ask(text, region, check) for text in distinct], dtype=pl.String)
    return read.scatter(places, odd.replace_strict(distinct, answers, return_dtype=pl.String))


@dataclass(frozen=True)
class _Ranges:
    """The numbers of a country that the library surely takes as they stand, without their code.

    Attributes:
        code: the country's, such as 47.
        general: a regex of all its numbers.
        takes: each a regex, and the lengths that its numbers have; one must fit too.
        not_these: a regex of what the library would read otherwise.
        leads: a regex of the first digits; those of a neighbour with the same code differ.
        lengths: those that make a number possible.
        prefix: what is dialled before a number at home: 0, or nothing.
    """

    code: str
    general: str
    takes: tuple[tuple[str, tuple[int, ...]], ...]
    not_these: str
    leads: str
    lengths: tuple[int, ...]
    prefix: str

    def read(self, numbers: pl.Series, check: Check) -> pl.Series:
        """Write those of what stood behind the plus and the code that are surely right."""
        zero = numbers.str.starts_with(DOUBTFUL)
        numbers = numbers.str.strip_prefix(DOUBTFUL)
        # With the zero it is another number, or none.
        known = self.known(numbers, check) & ~(zero & ("0" + numbers).str.contains(self.general))
        return self._write(numbers, known)

    def read_at_home(self, numbers: pl.Series, check: Check) -> pl.Series:
        """Write those of numbers without a plus that are surely right."""
        own = numbers.str.starts_with(self.code)
        behind = numbers.str.strip_prefix(self.code)
        with_code = own & ~numbers.str.contains(self.general) & self.known(behind, "valid")
        with_code &= ~numbers.str.contains(self.not_these)
        if self.prefix:
            numbers = numbers.str.replace(f"^{self.prefix}([1-9])", "$1")
        known = self.known(numbers, check)
        if check == "possible":
            known &= ~own
        written = self._write(behind, with_code & ~known)
        return pl.select(pl.coalesce(self._write(numbers, known), written)).to_series()

    def _write(self, numbers: pl.Series, known: pl.Series) -> pl.Series:
        return pl.select(pl.when(known).then(f"+{self.code}" + pl.lit(numbers))).to_series()

    def known(self, numbers: pl.Series, check: Check) -> pl.Series:
        """Mark the numbers that are surely right."""
        length = numbers.str.len_bytes()
        if check == "possible":
            fits = length.is_in(self.lengths) & numbers.str.contains("^[0-9]+$")
        else:
            fits = pl.repeat(value=False, n=len(numbers), eager=True)
            for pattern, lengths in self.takes:
                fits |= numbers.str.contains(pattern) & length.is_in(lengths)
            fits &= numbers.str.contains(self.leads) & numbers.str.contains(self.general)
        return (fits & ~numbers.str.contains(self.not_these)).fill_null(value=False)


@lru_cache(maxsize=256)
def _ranges(region: str) -> _Ranges:
    """Make a country's patterns of the library's tables.

    A number that begins with what is dialled at home, or with what leads abroad, is left to the
    library, and so is one with a zero in front.
    """
    import phonenumbers  # noqa: PLC0415  (most feeds have no phone)

    of = phonenumbers.PhoneMetadata.metadata_for_region(region)
    assert of is not None
    assert of.general_desc is not None
    assert of.country_code is not None
    general, lengths = of.general_desc.national_number_pattern, of.general_desc.possible_length
    takes = []
    for kind in (of.mobile, of.fixed_line):
        if kind is not None and kind.national_number_pattern:
            own = tuple(n for n in lengths if n in (kind.possible_length or lengths))
            takes.append((f"^(?:{kind.national_number_pattern})$", own))
    first = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[of.country_code][0] == region
    away = [p for p in (of.national_prefix_for_parsing, of.international_prefix) if p]
    return _Ranges(
        str(of.country_code),
        f"^(?:{general})$",
        # Of several countries with one code the first one's are enough; others ask the library.
        tuple(takes) if first and general else (),
        f"^(?:{'|'.join(['0', *away])})",
        f"^(?:{of.leading_digits or ''})",
        lengths if first else (),
        "0" if of.national_prefix == of.national_prefix_for_parsing == "0" else "",
    )


def _read_known(plain: pl.Series, region: str, check: Check) -> pl.Series:
    """Read the numbers that patterns decide; null for the others."""
    abroad = plain.str.starts_with("+").fill_null(value=False)
    read = pl.repeat(None, len(plain), dtype=pl.String, eager=True)
    for code, home in _countries(plain.filter(abroad)):
        places = plain.str.starts_with(f"+{code}").fill_null(value=False).arg_true()
        found = _ranges(home).read(plain.gather(places).str.slice(1 + len(code)), check)
        read = read.scatter(places, found)
    places = (~abroad & plain.is_not_null()).arg_true()
    if not region or not len(places):
        return read
    return read.scatter(places, _ranges(region).read_at_home(plain.gather(places), check))


def _countries(numbers: pl.Series) -> list[tuple[str, str]]:
    """List the most frequent country codes of numbers with a plus, and the country of each."""
    import phonenumbers  # noqa: PLC0415  (as above)

    heads = numbers.str.slice(1, 3).value_counts(sort=True, name="rows")
    found: dict[str, str] = {}
    for head in heads.to_series():
        for size in (1, 2, 3):
            regions = head[:size].isdigit() and phonenumbers.COUNTRY_CODE_TO_REGION_CODE.get(
                int(head[:size])
            )
            if regions and regions[0] != "001" and not head.startswith("0"):
                found.setdefault(head[:size], regions[0])
        if len(found) >= CODES:
            break
    return list(found.items())


@lru_cache(maxsize=CACHED)
def _ask(plain: str, region: str, check: Check) -> str | None:
    """Ask the library for a number with its `(0)` and without, whichever is of a range in use."""
    readings = dict.fromkeys((plain.replace(DOUBTFUL, "0"), plain.replace(DOUBTFUL, "")))
    found = [_parse(reading, region) for reading in readings]
    for text, how in found:
        if how == "valid":
            return text
    if check == "possible":
        for text, how in reversed(found):
            if how == "possible":
                return text
    return None


def _parse(plain: str, region: str) -> tuple[str | None, str]:
    import phonenumbers  # noqa: PLC0415  (as above)

    try:
        number = phonenumbers.parse(plain, region or None)
    except phonenumbers.NumberParseException:
        return None, ""
    text = phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164)
    if phonenumbers.is_valid_number(number):
        return text, "valid"
    reason = phonenumbers.is_possible_number_with_reason(number)
    return text, "possible" if reason == phonenumbers.ValidationResult.IS_POSSIBLE else ""
