"""Values as a source writes them, into the one way that the rules know.

A value that does not parse stays as it is, for the rules to name it.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Literal

import polars as pl

from transforms.countries import read_country
from transforms.dates import read_date, read_time
from transforms.emails import read_email
from transforms.numbers import read_number
from transforms.phones import Check, read_phone
from transforms.truths import read_gender, read_truth

UNREAD = "unread."
"""Begins the names of the booleans that mark values which do not parse."""
Kind = Literal[
    "text", "zip", "list", "number", "integer", "date", "time", "boolean", "gender",
    "phone", "email", "country",
]  # fmt: skip


@dataclass(frozen=True)
class Style:
    """How a source writes the values of one field.

    Attributes:
        decimal: what stands before a fraction.
        thousands: what may stand between thousands; nothing if empty.
        date: a strftime pattern, `iso`, `excel`, `epoch` or `epoch_ms`.
        time: the same, for times.
        true: words for true, beside the known ones.
        false: words for false.
        region: the ISO country of phones without a country code; empty where that is not known.
        phones: which phones are taken, as `transforms.phones` says.
    """

    decimal: str = "."
    thousands: str = ""
    date: str = "iso"
    time: str = "iso"
    true: tuple[str, ...] = ()
    false: tuple[str, ...] = ()
    region: str = ""
    phones: Check = "possible"


PLAIN = Style()


@dataclass(frozen=True)
class Field:
    """One field whose values are to be read.

    Attributes:
        name: the wire name, the frame's column.
        kind: what its text is.
        style: how the source writes it.
        born: whether it is a birth date, which never lies in the future.
    """

    name: str
    kind: Kind
    style: Style = PLAIN
    born: bool = False

    @property
    def is_plain(self) -> bool:
        """Whether reading a value that the rules let pass would not change what is sent."""
        style = self.style
        match self.kind:
            case "number" | "integer":
                own = replace(PLAIN, decimal=style.decimal, thousands=style.thousands)
            case "date":
                own = replace(PLAIN, date=style.date)
            case "time":
                own = replace(PLAIN, time=style.time)
            case "boolean":
                own = replace(PLAIN, true=style.true, false=style.false)
            case "text" | "zip" | "list" | "gender":
                own = PLAIN
            case "phone" | "email" | "country":  # no rule knows all that is wrong with one
                return False
        return own == PLAIN


def read_values(
    frame: pl.DataFrame, fields: Iterable[Field], today: date, zone: str
) -> pl.DataFrame:
    """Write numbers, dates, times, truths and texts the way the rules know them.

    Args:
        frame: text columns by wire name; others are left alone.
        fields: those to read; each is a column of the frame.
        today: no birth date lies after it.
        zone: the zone in which a moment becomes a date.

    Returns:
        The frame, with `unread.<name>` beside each field of a style of its own: true where a
        value does not parse, which then is as it was. A value of blanks only is none.
    """
    made = []
    for field in fields:
        text = frame[field.name]
        value = _read(text, field, today, zone)
        raw = (value.is_null() & text.is_not_null()).arg_true()
        unread = pl.repeat(value=False, n=len(text), eager=True)
        if len(raw):
            left = text.gather(raw)
            blank = left.str.strip_chars() == ""
            value = value.scatter(raw, pl.select(pl.when(~blank).then(left)).to_series())
            unread = unread.scatter(raw, ~blank)
        made.append(value.alias(field.name))
        if not field.is_plain:
            made.append(unread.alias(f"{UNREAD}{field.name}"))
    return frame.with_columns(made)


def read_some(
    frame: pl.DataFrame, rows: pl.Series, fields: Sequence[Field], today: date, zone: str
) -> pl.DataFrame | None:
    """Read the values of some rows.

    Args:
        frame: as in `read_values`.
        rows: a boolean series; true for the rows that are read.
        fields: those to read, all of the plain style.
        today: as in `read_values`.
        zone: as in `read_values`.

    Returns:
        The frame with what was read, or None if that changed nothing.
    """
    places = rows.arg_true()
    names = [field.name for field in fields]
    before = frame.select(names)[places]
    read = read_values(before, fields, today, zone)
    if read.equals(before):
        return None
    return frame.with_columns(frame[name].clone().scatter(places, read[name]) for name in names)


def _read(texts: pl.Series, field: Field, today: date, zone: str) -> pl.Series:
    style, text = field.style, pl.lit(texts)
    match field.kind:
        case "number" | "integer":
            whole = field.kind == "integer"
            return read_number(texts, style.decimal, style.thousands, whole=whole)
        case "phone":
            return read_phone(texts, style.region, style.phones)
        case "email":
            return read_email(texts)
        case "country":
            return read_country(texts)
        case "date":
            value = read_date(text, style.date, zone, today if field.born else None)
        case "time":
            value = read_time(text, style.time)
        case "boolean":
            value = read_truth(text, style.true, style.false)
        case "gender":
            value = read_gender(text)
        case "text" | "zip" | "list":
            value = text.str.strip_chars()
            value = pl.when(value != "").then(value)
    return pl.select(value).to_series()
