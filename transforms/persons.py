"""Finding the rows that are about a person, by a phone, an e-mail address or an id.

A phone is the same however it is spelled, an e-mail address in any case of its letters, an id only
as it stands. Everything is a polars expression, so that files of any size are looked through as
they stream by.
"""

import re
from collections.abc import Collection, Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from functools import reduce
from operator import or_

import polars as pl

from transforms.phones import MARKS, PHONE

NAMES = (
    *("externalId", "mobilePhone", "email"),
    *("customerId", "memberId", "contactId", "ConsumerId", "fromCustomerId", "toCustomerId"),
)
"""Fields that name a person, whatever they are a part of (`Header.ConsumerId`)."""
MEMBER_NAMES = (*NAMES, "id")
"""Those of members and customers, whose own id is the person's."""
KINDS = ("PURCHASE", "RETURN")
"""The third part of a receipt's key, whose first two are its store and its id."""
_PART = "\x1f"
_PAIRS = 4
"""So many fields, at most, make up a record's key."""
_AT_ONCE = 50
"""Keys that one pattern looks for; more would make it too large."""
_NOT_WORD, _NOT_DIGIT = r"[^\p{L}\p{N}]", "[^0-9]"
_SEPARATORS = [sign for sign in map(chr, range(0x2213)) if re.fullmatch(MARKS, sign)]
_NONE = pl.lit(value=False)


@dataclass(frozen=True)
class Sought:
    """Whom to look for.

    Attributes:
        ids: as they stand.
        emails: in small letters.
        phones: country code and number, digits only.
        homes: the same numbers as they are dialled at home, each with its country codes.
    """

    ids: frozenset[str]
    emails: frozenset[str]
    phones: frozenset[str]
    homes: Mapping[str, frozenset[str]]

    def maybe(self, text: pl.Expr) -> pl.Expr:
        """Mark the texts that any of the others may mark: quick, so that few are left for them."""
        found = [_NONE]
        if self.ids or self.emails:
            plain = text.str.to_lowercase()
            found.append(plain.str.contains_any([*{*self.emails, *(x.lower() for x in self.ids)}]))
        if self.homes:
            bare = text.str.replace_many(_SEPARATORS, [""] * len(_SEPARATORS))
            found.append(bare.str.contains_any([*self.homes]))
        return _any(found)

    def cell(self, cell: pl.Expr, *, named: bool) -> pl.Expr:
        """Mark the cells that are one of the keys.

        Args:
            cell: text.
            named: whether such cells name a person. Elsewhere a short number may be anything, so
                that only e-mail addresses and phones with their country code are found.
        """
        text = cell.str.strip_chars()
        found = [_NONE]
        if self.ids and named:
            found.append(text.is_in(sorted(self.ids)))
        if self.emails:
            found.append(text.str.to_lowercase().is_in(sorted(self.emails)))
        if self.phones:
            known = self.phones | {*self.homes} if named else self.phones
            digits = text.str.replace("(0)", "", literal=True).str.replace_all("[^0-9]", "")
            digits = digits.str.strip_chars_start("0")
            found.append(text.str.contains(PHONE) & digits.is_in(sorted(known)))
        return _any(found)

    def key(self, key: pl.Expr, names: Collection[str] = MEMBER_NAMES) -> pl.Expr:
        """Mark the keys of records (`delivery.records.RECORDS`) that name one of them.

        A key is pairs of name and value, or of a receipt its store, id, kind and what else the
        feed says.
        """
        parts = key.str.split(_PART)
        part = [parts.list.get(n, null_on_oob=True) for n in range(2 * _PAIRS)]
        of_receipt = part[2].is_in(KINDS).fill_null(value=False)
        pairs = [
            part[n].str.extract(r"([^.]*)$").is_in([*names]) & self.cell(part[n + 1], named=True)
            for n in range(0, 2 * _PAIRS, 2)
        ]
        more = [self.cell(each, named=True) for each in part[3:]]
        return _any([~of_receipt & _any(pairs), of_receipt & _any(more)])

    def quoted(self, text: pl.Expr, names: Collection[str] = MEMBER_NAMES) -> pl.Expr:
        """Mark the reasons that quote one of them: `mobilePhone (phone) '…': …`.

        An id counts only where a field that names a person has it.
        """
        field = rf"(?:{'|'.join(names)})(?: \([^()]*\))?"
        ids = (rf"(?:{field} '|merged into \S+ ){re.escape(key)}(?:'|\s)" for key in self.ids)
        return self._in(text, [*ids, *self._words(with_ids=False)])

    def json(self, text: pl.Expr, names: Collection[str] = MEMBER_NAMES) -> pl.Expr:
        """Mark JSON and XML texts that hold one of them; an id counts as in `quoted`."""
        field = "|".join(names)
        field = rf'(?:"(?:{field})":\s*"?|<(?:{field})>)'
        ids = (rf'{field}{re.escape(key)}(?:"|[,}}]|</)' for key in self.ids)
        return self._in(text, [*ids, *self._words(with_ids=False)])

    def mentioned(self, text: pl.Expr) -> pl.Expr:
        """Mark texts of any kind in which one of them stands as a word."""
        return self._in(text, self._words(with_ids=True))

    def _words(self, *, with_ids: bool) -> Iterable[str]:
        for key in self.ids if with_ids else ():
            yield rf"(?:^|{_NOT_WORD}){re.escape(key)}(?:$|{_NOT_WORD})"
        for key in self.emails:
            yield rf"(?:^|{_NOT_WORD})(?i:{re.escape(key)})(?:$|{_NOT_WORD})"
        for number, codes in self.homes.items():
            abroad = "|".join(rf"(?:00|\+)?{MARKS}?{'[ -]?'.join(code)}" for code in sorted(codes))
            lead = rf"(?:{abroad})?{MARKS}{{0,3}}(?:\(?0\)?)?{MARKS}{{0,3}}"
            digits = f"{MARKS}{{0,3}}".join(number)
            yield rf"(?:^|{_NOT_DIGIT}){lead}{digits}(?:$|{_NOT_DIGIT})"

    @staticmethod
    def _in(text: pl.Expr, patterns: Iterable[str]) -> pl.Expr:
        every = list(patterns)
        chunks = (every[n : n + _AT_ONCE] for n in range(0, len(every), _AT_ONCE))
        found = [text.str.contains("|".join(chunk)) for chunk in chunks]
        return _any([_NONE, *found]).fill_null(value=False)


def read_keys(keys: Iterable[str]) -> Sought:
    """Tell phones, e-mail addresses and ids apart.

    A phone begins with `+` or `00`, its country code; any other number is an id.
    """
    import phonenumbers  # noqa: PLC0415  (slow to import)

    ids, emails, phones = set[str](), set[str](), set[str]()
    homes: dict[str, frozenset[str]] = {}
    for key in (key.strip() for key in keys):
        plain = re.sub(MARKS, "", key.replace("(0)", ""))
        plain = re.sub("^00", "+", plain)
        if re.fullmatch(r"\+[0-9]{5,15}", plain):
            number = home = plain[1:]
            with suppress(phonenumbers.NumberParseException):
                read = phonenumbers.parse(plain)
                home = phonenumbers.national_significant_number(read).lstrip("0")
            phones.add(number)
            homes[home] = homes.get(home, frozenset()) | {number.removesuffix(home)}
        elif "@" in key:
            emails.add(key.lower())
        else:
            ids.add(key)
    return Sought(frozenset(ids), frozenset(emails), frozenset(phones), homes)


def _any(found: Iterable[pl.Expr]) -> pl.Expr:
    return reduce(or_, (each.fill_null(value=False) for each in found))


__all__ = ["MEMBER_NAMES", "NAMES", "Sought", "read_keys"]
