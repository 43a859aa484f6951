"""The words of a feed that ends in Parquet."""

import re
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from pipelines.feeds.block import Profile, Words, fault

COLUMN_TYPE = r"^(text|integer|decimal(\((\d|1[0-8])\))?|number|boolean|timestamp|date|json)$"


class Report(Words):
    """Which report to read, and how."""

    type: Annotated[str, Field(pattern=r"^[A-Za-z0-9_.-]+$")]
    parameters: dict[str, str] = {}
    rows_page: Annotated[int, Field(ge=1, le=10_000)] = 1000
    rows_property: str = "auto"
    in_flight: Annotated[int, Field(ge=1, le=64)] = 4


class ExportFeed(Words):
    """A feed that ends in Parquet.

    `columns` gives types: text, integer, decimal(N) with N decimals, number, boolean, timestamp,
    date or json; a column that is not named is kept as text. `required` columns are never empty;
    `key` columns together name one row.
    """

    description: str = ""
    profile: Profile = ""
    after: list[str] = []
    report: Report
    columns: dict[str, str] = {}
    required: list[str] = []
    key: list[str] = []
    keep_versions: Annotated[int, Field(ge=1)] = 5

    @field_validator("columns")
    @classmethod
    def _types(cls, columns: dict[str, str]) -> dict[str, str]:
        for name, word in columns.items():
            if not re.match(COLUMN_TYPE, word):
                allowed = "text, integer, decimal(N), number, boolean, timestamp, date, json"
                raise fault(f"type {word!r} is none of {allowed}", name)
        return columns

    @model_validator(mode="after")
    def _declared(self) -> Self:
        for word, names in (("required", self.required), ("key", self.key)):
            unknown = [name for name in names if name not in self.columns]
            if unknown:
                raise fault(f"`columns` does not name {', '.join(unknown)}", word)
        return self
