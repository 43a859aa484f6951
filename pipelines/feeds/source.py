"""Where a load feed reads, and how: the words under `source`."""

import re
from typing import Annotated, Literal, Self

from pydantic import Field, field_validator, model_validator

from pipelines.feeds.block import Name, Words, fault

Format = Literal["csv", "fixed", "json", "ndjson", "xml", "xlsx", "parquet"]
SUFFIXES: dict[str, Format] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".xml": "xml",
    ".xlsx": "xlsx",
    ".parquet": "parquet",
}
PACKED = (".gz", ".zst", ".bz2")
Encoding = Literal[
    "utf-8",
    "utf-16",
    "utf-16-le",
    "utf-16-be",
    "utf-32",
    "utf-32-le",
    "utf-32-be",
    "cp1252",
    "iso-8859-1",
    "iso-8859-15",
    "cp865",
    "cp850",
]
Count = Annotated[int, Field(ge=0)]
Positive = Annotated[int, Field(ge=1)]
Place = Annotated[tuple[Positive, Positive], Field(strict=False)]
"""The first character of a column, from 1, and how many; the YAML has it as a list."""
BELONG = {
    "delimiter": {"csv"},
    "quote": {"csv"},
    "header": {"csv"},
    "skip_lines": {"csv", "fixed", "xlsx"},
    "fields": {"fixed"},
    "sheet": {"xlsx"},
    "record": {"xml", "json"},
    "items": {"xml", "json", "ndjson", "parquet"},
    "encoding": {"csv", "fixed", "json", "ndjson", "xml"},
}
"""The formats that a word belongs to."""


class SourceLimits(Words):
    """What a source may take; see `connectors.files.Limits`."""

    file_mb: Positive = 100 << 10
    unpacked_mb: Positive = 400 << 10
    ratio: Positive = 200
    members: Positive = 10_000
    record_mb: Positive = 64
    field_chars: Positive = 131_072
    depth: Positive = 64
    attributes: Positive = 100


class Source(Words):
    """Where a load feed reads.

    `path` is relative to the project: a file, a folder, a glob pattern, or a URL such as
    `sftp://host/members.csv`. `format` follows from its suffix unless given. `record` is the name
    or XPath of the XML element that holds one record, or the path of a JSON array; `items` the
    path, inside a record, of what repeats (JSON `items`, XML `Items.Item`), and without it a
    record is one row. A source without any record fails the load unless `allow_empty`.
    """

    path: Name
    format: Format | None = None
    member: Name = "*"
    encoding: Encoding | None = None
    delimiter: str = ","
    quote: Literal['"', "'"] | None = '"'
    header: list[Name] | None = None
    skip_lines: Count = 0
    fields: dict[str, Place] = {}
    sheet: Name | None = None
    record: Name | None = None
    items: Name | None = None
    allow_empty: bool = False
    limits: SourceLimits = SourceLimits()

    @field_validator("delimiter")
    @classmethod
    def _one_character(cls, delimiter: str) -> str:
        if len(delimiter) != 1 or delimiter in '"\r\n' or not delimiter.isascii():
            raise ValueError("one ASCII character, no quote and no line end")
        return delimiter

    @model_validator(mode="after")
    def _complete(self) -> Self:
        kind = self.kind
        if kind == "xml" and not self.record:
            raise ValueError("an XML source needs `record`, the element that holds one record")
        if self.record and not re.fullmatch(r"\w+(\.\w+)*", self.record):
            _check_path(kind, self.record)
        if kind == "fixed" and not self.fields:
            raise ValueError("a source of fixed width needs `fields`, the place of each column")
        for word, formats in BELONG.items():
            if word in self.model_fields_set and kind not in formats:
                there = " and ".join(sorted(formats))
                raise ValueError(f"`{word}` belongs to {there}, not to {kind}")
        return self

    @property
    def kind(self) -> Format:
        """The format, given or read from the suffix."""
        return self.format or format_of(self.path)


def _check_path(kind: Format, record: str) -> None:
    from connectors.files.paths import parse_names, parse_place  # noqa: PLC0415  (slow, and rare)

    try:
        if kind == "xml":
            parse_place(record)
        else:
            parse_names(record, "record")
    except ValueError as error:
        raise fault(str(error).removeprefix("record: "), "record") from None


def format_of(path: str) -> Format:
    """Tell the format from a file name's suffix, or say which suffixes are known."""
    name = path.lower()
    for packed in PACKED:
        name = name.removesuffix(packed)
    for suffix, form in SUFFIXES.items():
        if name.endswith(suffix):
            return form
    raise ValueError(f"`format` is needed: the path ends in none of {', '.join(SUFFIXES)}")
