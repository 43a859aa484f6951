"""From a source's columns to wire names; every value stays text."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import polars as pl

MISSED, CLEARED = "missed.", "cleared."
"""Begin the names of the booleans: a lookup had no such text; the source clears the field."""
NOWHERE = "\0"
"""What a table gives for a text that it lacks; no value of a table is this."""

LISTED = "\x1f"
"""Stands between the texts of a list."""

Question = Literal["is", "is_not", "matches", "empty", "filled"]


@dataclass(frozen=True)
class FromColumn:
    """Take the value of a source column, named as the source names it."""

    column: str


@dataclass(frozen=True)
class Constant:
    """Give every row the same text."""

    text: str


@dataclass(frozen=True)
class FirstOf:
    """Take the first of several columns that has a value."""

    columns: tuple[str, ...]


@dataclass(frozen=True)
class Joined:
    """Write several columns one after the other, without those that have no value."""

    columns: tuple[str, ...]
    between: str


@dataclass(frozen=True)
class Part:
    """Cut a text and take one part of it: 1 is the first, -1 the last."""

    column: str
    at: str
    number: int


@dataclass(frozen=True)
class Listed:
    """Make a list of several columns, each cut at a text if there is one; each text once."""

    columns: tuple[str, ...]
    at: str | None = None


@dataclass(frozen=True)
class Looked:
    """Take a part of a column, or what a table has for it, or both.

    Attributes:
        column: the source column.
        pattern: a Rust regex whose first group is taken; where it matches nothing, no value.
        table: raw text → value, where there is a table; none is `NOWHERE`.
        otherwise: what a text that is not in the table becomes: itself and the boolean
            `missed.<name>` with it, itself, or another text.
    """

    column: str
    pattern: str | None = None
    table: Mapping[str, str | None] | None = None
    otherwise: Literal["reject", "keep"] | Constant = "reject"


@dataclass(frozen=True)
class Filled:
    """Fill columns into a text; where one of them has no value, there is none."""

    parts: tuple[FromColumn | Constant, ...]


@dataclass(frozen=True)
class Chosen:
    """Take one value or another.

    Attributes:
        column: the column that is asked.
        asks: whether it is one of `words`, is none of them, matches the first of them (a Rust
            regex), is empty, or is not.
        words: texts; nothing where the question needs none.
        then: the value where the answer is yes.
        otherwise: the value where it is no.
    """

    column: str
    asks: Question
    words: tuple[str, ...]
    then: FromColumn | Constant
    otherwise: FromColumn | Constant


@dataclass(frozen=True)
class Made:
    """Let a function make a text series of columns; where one has no value, it gets null."""

    function: Callable[[Sequence[pl.Series]], pl.Series]
    columns: tuple[str, ...]


Values = FromColumn | Constant | FirstOf | Joined | Part | Listed | Looked | Filled | Chosen | Made


def map_columns(
    rows: pl.DataFrame, mapping: Mapping[str, Values], clear: str | None = None
) -> pl.DataFrame:
    """Give a frame of one text column for each wire name, in the order of the mapping.

    Args:
        rows: source rows; every mapped column is text. Empty text means no value.
        mapping: wire name → where its value comes from. What is made of columns is made of their
            values without the blanks around them; a value taken as it is keeps them.
        clear: the text by which the source clears a field; the field has no value then.

    Returns:
        After those columns, a boolean `missed.<name>` for each lookup that rejects, and
        `cleared.<name>` for each field that a row of these clears.
    """
    mapped = rows.select(
        pl.when(pl.col(values.column) != "").then(pl.col(values.column)).alias(name)
        if isinstance(values, FromColumn)
        else _made(rows, values, clear).alias(name)
        if isinstance(values, Made)
        else _unless_clear(values, clear).alias(name)
        for name, values in mapping.items()
    )
    lookups = [name for name, values in mapping.items() if _rejects(values)]
    if lookups:
        mapped = _tell_missed(mapped, rows, {name: mapping[name] for name in lookups})
    return mapped if clear is None else clear_fields(mapped, list(mapping), clear)


def _made(rows: pl.DataFrame, made: Made, clear: str | None) -> pl.Expr:
    columns = rows.select(_value(FromColumn(c), clear).alias(c) for c in made.columns)
    return _filled(pl.lit(made.function(columns.get_columns())))


def _unless_clear(values: Values, clear: str | None) -> pl.Expr:
    """Give the value, or the text that clears where the one column it comes from has it."""
    if clear is not None and isinstance(values, Looked | Part):
        text = _text(values.column)
        return pl.when(text == clear).then(text).otherwise(_value(values))
    if clear is not None and isinstance(values, Listed) and len(values.columns) == 1:
        text = _text(values.columns[0])
        return pl.when(text == clear).then(text).otherwise(_value(values))
    return _value(values, clear if isinstance(values, Joined | Filled | Listed) else None)


def _value(values: Values, without: str | None = None) -> pl.Expr:  # noqa: C901, PLR0911  (one for each form)
    """Write where a value comes from as an expression; the text `without` is no value."""
    match values:
        case FromColumn(column):
            text = _text(column)
            return pl.when((text != "") & (text != without) if without else text != "").then(text)
        case Constant(text):
            return pl.lit(text or None, dtype=pl.String)
        case FirstOf(columns):
            return pl.coalesce(_value(FromColumn(c), without) for c in columns)
        case Joined(columns, between):
            texts = [_value(FromColumn(c), without) for c in columns]
            return _filled(pl.concat_str(texts, separator=between, ignore_nulls=True))
        case Part(column, at, number):
            return _part(_text(column), at, number)
        case Listed(columns, at):
            return _list([_value(FromColumn(c), without) for c in columns], at)
        case Looked():
            return _look_up(values)
        case Filled(parts):
            return pl.concat_str([_value(part, without) for part in parts])
        case Chosen():
            yes = _answer(values)
            return pl.when(yes).then(_value(values.then)).otherwise(_value(values.otherwise))
        case Made():
            raise AssertionError("a function is called, it is no expression")


def _text(column: str) -> pl.Expr:
    return pl.col(column).str.strip_chars()


def _filled(text: pl.Expr) -> pl.Expr:
    return pl.when(text != "").then(text)


def _part(text: pl.Expr, at: str, number: int) -> pl.Expr:
    if at == " ":  # several blanks are one
        text = text.str.replace_all(r"\s+", " ")
    parts = text.str.split(at)
    place = number - 1 if number > 0 else number
    return _filled(parts.list.get(place, null_on_oob=True).str.strip_chars())


def _list(texts: Sequence[pl.Expr], at: str | None) -> pl.Expr:
    # A text that holds the separator itself would become two, and a null would be the whole list.
    texts = [text.str.replace_all(LISTED, " ", literal=True).fill_null("") for text in texts]
    lists = [text.str.split(at) if at else text for text in texts]
    parts = pl.concat_list(lists).list.eval(
        pl.element().str.strip_chars().filter(pl.element().str.strip_chars() != "")
    )
    return _filled(parts.list.unique(maintain_order=True).list.join(LISTED))


def _answer(chosen: Chosen) -> pl.Expr:
    text, words = _text(chosen.column), list(chosen.words)
    match chosen.asks:
        case "is":
            yes = text.is_in(words)
        case "is_not":
            return ~text.is_in(words).fill_null(value=False)
        case "matches":
            yes = text.str.contains(words[0])
        case "empty":
            return text.is_null() | (text == "")
        case "filled":
            yes = text != ""
    return yes.fill_null(value=False)


def _taken(looked: Looked) -> pl.Expr:
    text = _value(FromColumn(looked.column))
    return text if looked.pattern is None else _filled(text.str.extract(looked.pattern, 1))


def _look_up(looked: Looked) -> pl.Expr:
    text = _taken(looked)
    if looked.table is None:
        return text
    found = _find(text, looked.table)
    other = _value(looked.otherwise) if isinstance(looked.otherwise, Constant) else text
    return pl.when(text.is_not_null()).then(pl.when(found == NOWHERE).then(other).otherwise(found))


def _find(text: pl.Expr, table: Mapping[str, str | None]) -> pl.Expr:
    keys = pl.Series(list(table), dtype=pl.String).str.strip_chars()
    known = dict(zip(keys, (value or None for value in table.values()), strict=True))
    values = pl.Series(list(known.values()), dtype=pl.String)
    return text.replace_strict(list(known), values, default=NOWHERE, return_dtype=pl.String)


def _rejects(values: Values) -> bool:
    return isinstance(values, Looked) and values.table is not None and values.otherwise == "reject"


def _tell_missed(
    mapped: pl.DataFrame, rows: pl.DataFrame, lookups: Mapping[str, Values]
) -> pl.DataFrame:
    missed = []
    for name, looked in lookups.items():
        assert isinstance(looked, Looked)
        assert looked.table is not None
        text = _taken(looked)
        misses = text.is_not_null() & (_find(text, looked.table) == NOWHERE)
        missed.append(misses.fill_null(value=False).alias(f"{MISSED}{name}"))
    return mapped.with_columns(rows.select(missed))


def clear_fields(mapped: pl.DataFrame, names: Sequence[str], clear: str) -> pl.DataFrame:
    """Take away the text that clears a field; `cleared.<name>` says where, if it is anywhere."""
    found = mapped.select((pl.col(n) == clear).fill_null(value=False) for n in names)
    some = [name for name in names if found[name].any()]
    lookups = [name for name in some if f"{MISSED}{name}" in mapped.columns]
    before = [name for name in some if f"{CLEARED}{name}" in mapped.columns]
    return mapped.with_columns(
        *(pl.when(~found[name]).then(pl.col(name)).alias(name) for name in some),
        *(found[name].alias(f"{CLEARED}{name}") for name in some if name not in before),
        *(pl.col(f"{CLEARED}{name}") | found[name] for name in before),
        *(pl.col(f"{MISSED}{name}") & ~found[name] for name in lookups),
    )
