"""The words of what an export becomes: its columns, its contract and how it is laid out."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from pipelines.feeds.block import Name, Words, fault
from pipelines.feeds.values import check_zone

COLUMN_TYPE = r"^(text|integer|decimal(\((\d|1[0-8])\))?|number|boolean|timestamp|date|json)$"
ADDED = ("_run_id", "_loaded_at", "_row", "_index")
"""Columns that an export adds, so that none of its own may be called so."""

Contract = Literal["evolve", "freeze", "discard_row", "discard_value"]


class Column(Words):
    """A declared column: its type, and what it means in words."""

    type: Name
    description: str = ""


class Layout(Words):
    """How the table lies on the disk.

    `partition_by` names a column of times or dates, `partition` how much goes into one folder, and
    `zone` whose days they are. `also` writes the newest version as `data.csv` or `data.xlsx` too.
    """

    mode: Literal["replace", "append", "merge"] = "replace"
    partition_by: str = ""
    partition: Literal["day", "month", "year"] = "day"
    zone: str = "Europe/Oslo"
    sort_by: list[Name] = []
    file_mb: Annotated[int, Field(ge=1, le=4096)] = 128
    also: list[Literal["csv", "xlsx"]] = []
    delta: bool = False

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        return check_zone(zone)


class Table(Words):
    """What the rows of an export become.

    `columns` gives types: text, integer, decimal(N) with N decimals, number, boolean, timestamp,
    date or json, or a type with a description. The type of a column that is not named is learned
    of all its values, or is text (`undeclared`). `required` columns are never empty; `key` columns
    together name one row. `zone` is that of times which say none. `schema` names a function of
    the user's that gives a pandera schema.
    """

    columns: dict[str, str | Column] = {}
    required: list[str] = []
    key: list[str] = []
    undeclared: Literal["learn", "text"] = "learn"
    zone: str = ""
    nested: Literal["json", "struct", "flatten"] = "json"
    lists: Literal["json", "list", "table"] = "json"
    schema_: str = Field("", alias="schema")
    contract: Contract = "evolve"
    layout: Layout = Layout()

    @property
    def types(self) -> dict[str, str]:
        """The declared columns and the words for their types."""
        return {n: c if isinstance(c, str) else c.type for n, c in self.columns.items()}

    @property
    def descriptions(self) -> dict[str, str]:
        """What columns mean, of those that say so."""
        told = {n: c.description for n, c in self.columns.items() if isinstance(c, Column)}
        return {name: text for name, text in told.items() if text}

    @field_validator("columns")
    @classmethod
    def _types(cls, columns: dict[str, str | Column]) -> dict[str, str | Column]:
        for name, column in columns.items():
            word = column if isinstance(column, str) else column.type
            if not re.match(COLUMN_TYPE, word):
                allowed = "text, integer, decimal(N), number, boolean, timestamp, date, json"
                raise fault(f"type {word!r} is none of {allowed}", name)
            if name in ADDED:
                raise fault("is a column that every export adds; leave it out", name)
        return columns

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        return check_zone(zone) if zone else ""

    @model_validator(mode="after")
    def _declared(self) -> Self:
        for word, names in (("required", self.required), ("key", self.key)):
            unknown = [name for name in names if name not in self.columns]
            if unknown and not self.schema_:
                raise fault(f"`columns` does not name {', '.join(unknown)}", word)
        if self.layout.mode == "merge" and not self.key:
            raise fault("mode merge needs `key`, which names a row", "layout")
        parted = self.types.get(self.layout.partition_by, "timestamp")
        if parted not in {"timestamp", "date"}:
            raise fault(f"partition_by needs a timestamp or a date, no {parted}", "layout")
        return self
