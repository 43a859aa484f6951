"""Where the value of a field comes from: the words on the right side of a feed's `mapping`."""

import re
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Discriminator,
    Field,
    Tag,
    ValidationInfo,
    field_validator,
    model_validator,
)

from pipelines.feeds.block import Name, Pattern, Words
from pipelines.feeds.ids import CustomerOf
from pipelines.feeds.tables import function_names, read_table
from pipelines.feeds.values import FilledText, Style, Text
from validators.fields import Kind

Columns = Annotated[list[Name], Field(min_length=1)]


class Outcome(Style):
    """What every form takes: what its text is, how it is written, what is done about an error."""

    type: Kind | None = None
    on_error: Literal["reject", "default", None] = "reject"  # noqa: PYI061  (errors tell null too)
    default: FilledText | None = None

    @model_validator(mode="after")
    def _default_is_there(self) -> Self:
        if (self.on_error == "default") != (self.default is not None):
            raise ValueError("`on_error: default` and `default: text` belong together")
        return self


class Instead(Words):
    """A text that stands in for whatever a lookup does not have."""

    value: Text


Other = Annotated[
    Annotated[Literal["reject", "keep", None], Tag("text")]  # noqa: PYI061  (likewise)
    | Annotated[Instead, Tag("Instead")],
    Discriminator(lambda v: "Instead" if isinstance(v, dict | Instead) else "text"),
]
Table = Annotated[
    Annotated[dict[FilledText, Text | None], Tag("table")] | Annotated[str | None, Tag("file")],
    Discriminator(lambda v: "table" if isinstance(v, dict) else "file"),
]
"""A table of raw texts and values, or the name of a CSV file that holds one."""


class Column(Outcome):
    """A source column: a part of its text, or what a table has for it."""

    column: Name
    extract: Pattern | None = None
    lookup: Table = None
    otherwise: Other = "reject"

    @field_validator("extract")
    @classmethod
    def _has_a_group(cls, pattern: str | None) -> str | None:
        if pattern is not None and not re.search(r"(?<!\\)\((?!\?)|\(\?P?<", pattern):
            raise ValueError(r"needs a group, the part that is taken: '([0-9]{4})'")
        return pattern

    @field_validator("lookup")
    @classmethod
    def _is_there(
        cls, table: dict[str, str | None] | str | None, info: ValidationInfo
    ) -> dict[str, str | None] | str | None:
        if isinstance(table, str):
            return read_table(table, (info.context or {}).get("folder"))
        if table is not None and not table:
            raise ValueError("an empty table finds nothing")
        return table

    @model_validator(mode="after")
    def _otherwise_of_a_lookup(self) -> Self:
        if "otherwise" in self.model_fields_set and self.lookup is None:
            raise ValueError("`otherwise` belongs to `lookup` (or to `when`)")
        return self


class ConstantWord(Words):
    """The same text for every record."""

    constant: Text
    type: Kind | None = None


class FirstOf(Outcome):
    """The first of several columns that has a value."""

    first_of: Columns


class Join(Outcome):
    """Several columns in one text; those without a value are left out."""

    join: Columns
    with_: Annotated[Text, Field(alias="with")] = " "


class Split(Outcome):
    """One part of a text: 1 is the first, -1 the last."""

    split: Name
    at: FilledText
    part: int

    @field_validator("part")
    @classmethod
    def _counted(cls, part: int) -> int:
        if part == 0:
            raise ValueError("1 is the first part, -1 the last")
        return part


class ListOf(Outcome):
    """A list of texts: of several columns, each perhaps cut in parts."""

    list: Columns
    at: FilledText | None = None


class Template(Outcome):
    """A text with columns in braces; without a value if any of them has none."""

    template: FilledText

    @field_validator("template")
    @classmethod
    def _braces(cls, template: str) -> str:
        if not any(is_column for is_column, _ in split_template(template)):
            raise ValueError("names no column; for the same text everywhere there is `constant`")
        return template


Texts = Annotated[
    Annotated[FilledText | None, Tag("text")] | Annotated[list[FilledText], Tag("list")],
    Discriminator(lambda v: "list" if isinstance(v, list) else "text"),
]


class Condition(Words):
    """A question about a column: exactly one of the words after `column`."""

    column: Name
    is_: Annotated[Texts, Field(alias="is")] = None
    is_not: Texts = None
    matches: Pattern | None = None
    empty: bool | None = None

    @model_validator(mode="after")
    def _one(self) -> Self:
        asked = [self.is_, self.is_not, self.matches, self.empty]
        if sum(question is not None for question in asked) != 1:
            raise ValueError("asks one question: is, is_not, matches or empty")
        return self


class TakenColumn(Words):
    """A source column, where a text could stand too."""

    column: Name


Choice = Annotated[
    Annotated[Text, Tag("text")] | Annotated[TakenColumn, Tag("TakenColumn")],
    Discriminator(lambda v: "TakenColumn" if isinstance(v, dict | TakenColumn) else "text"),
]


class When(Outcome):
    """One text or another, as a column says."""

    when: Condition
    then: Choice
    otherwise: Choice | None = None


class FunctionWord(Outcome):
    """What a Python function in `pipelines/functions/` makes of columns."""

    function: Name
    columns: Columns

    @field_validator("function")
    @classmethod
    def _is_there(cls, name: str) -> str:
        known = function_names()
        if name not in known:
            close = get_close_matches(name, known, n=1)
            hint = f"did you mean {close[0]}? " if close else ""
            raise ValueError(f"no function is called {name}; {hint}functions: {', '.join(known)}")
        return name


FORMS: dict[str, type[Words]] = {
    "column": Column,
    "constant": ConstantWord,
    "first_of": FirstOf,
    "join": Join,
    "split": Split,
    "list": ListOf,
    "template": Template,
    "when": When,
    "function": FunctionWord,
    "customer_of": CustomerOf,
}
"""The word that each form is known by."""


def _form(mapped: object) -> str:
    """Tell which form of `Mapped` is meant, so that a mistake is told in its words only."""
    if isinstance(mapped, Words):
        return type(mapped).__name__
    if not isinstance(mapped, dict):
        return "str"
    words = [word for word in FORMS if word in mapped]
    if not words:
        close = (get_close_matches(str(word), FORMS, n=1) for word in mapped)
        words = [word for found in close for word in found]
    return FORMS[words[0]].__name__ if words else "Column"


Mapped = Annotated[
    Annotated[Name, Tag("str")]
    | Annotated[Column, Tag("Column")]
    | Annotated[ConstantWord, Tag("ConstantWord")]
    | Annotated[FirstOf, Tag("FirstOf")]
    | Annotated[Join, Tag("Join")]
    | Annotated[Split, Tag("Split")]
    | Annotated[ListOf, Tag("ListOf")]
    | Annotated[Template, Tag("Template")]
    | Annotated[When, Tag("When")]
    | Annotated[FunctionWord, Tag("FunctionWord")]
    | Annotated[CustomerOf, Tag("CustomerOf")],
    Discriminator(_form),
]


def columns_of(mapped: Mapped) -> tuple[str, ...]:
    """List the source columns that a field is made of, each once, as they are named."""
    match mapped:
        case str():
            found = [mapped]
        case Column(column=column) | Split(split=column) | CustomerOf(customer_of=column):
            found = [column]
        case (
            FirstOf(first_of=columns)
            | Join(join=columns)
            | ListOf(list=columns)
            | FunctionWord(columns=columns)
        ):
            found = columns
        case Template():
            found = [text for is_column, text in split_template(mapped.template) if is_column]
        case When():
            choices = (mapped.then, mapped.otherwise)
            found = [mapped.when.column, *(c.column for c in choices if isinstance(c, TakenColumn))]
        case _:
            found = []
    return tuple(dict.fromkeys(found))


def is_plain(mapped: Mapped) -> bool:
    """Tell whether a field is a column as it stands, or the same text everywhere."""
    if isinstance(mapped, Column):
        return mapped.extract is None and mapped.lookup is None
    return isinstance(mapped, str | ConstantWord)


def split_template(template: str) -> list[tuple[bool, str]]:
    """Cut a template into texts and names of columns (`True`); `{{` and `}}` are braces.

    Raises:
        ValueError: a brace stands alone.
    """
    parts: list[tuple[bool, str]] = []
    for text, column, other in re.findall(r"((?:[^{}]|\{\{|\}\})+)|\{([^{}]+)\}|([{}])", template):
        if other:
            raise ValueError("a brace stands alone: {column}, and {{ for a brace itself")
        is_column = bool(column)
        parts.append((is_column, column or text.replace("{{", "{").replace("}}", "}")))
    return parts


def given_type(mapped: Any) -> Kind | None:  # noqa: ANN401  (any form of `Mapped`)
    """Give the `type` that a field was given, if any."""
    return getattr(mapped, "type", None)
