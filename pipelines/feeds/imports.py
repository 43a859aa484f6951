"""The words of the targets that import members: a body, a file, or the fields of a form."""

import re
from typing import Annotated, ClassVar, Literal, Self

from pydantic import AfterValidator, Field, model_validator

from connectors.trigg.catalogue import JSON
from pipelines.feeds.block import fault
from pipelines.feeds.records import Batch
from validators.fields import MEMBER_KEYS

FILE, FORM = "POST /import/file", "POST /import/form"
_TYPES = {"json": JSON, "xml": "application/xml", "csv": "text/csv"}
_BELONG = {"envelope": {"json", "xml"}, "element": {"xml"}, "delimiter": {"csv"}}
_MOST = {"POST /import": 400, FILE: 10_000}
"""Members a request, where the feed does not say."""


def _check_delimiter(delimiter: str) -> str:
    if len(delimiter) != 1 or delimiter in '"\r\n' or not delimiter.isascii():
        raise ValueError("one ASCII character, no quote and no line end")
    return delimiter


def _check_separator(separator: str) -> str:
    if not separator or not separator.isprintable():
        raise ValueError("one character or more, none of them a control character")
    return separator


def _check_media(media: str) -> str:
    found = re.search(r"charset=\"?([^\s\";]*)", media, re.IGNORECASE)
    if found and found[1].lower() != "utf-8":
        raise ValueError("what is sent is in UTF-8, so it can say no other charset")
    return media


WireName = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]


class MemberImport(Batch):
    """Members in a form that is agreed per client (reading T05).

    `list_separator` stands between the texts of a list, which XML, CSV and forms write as one.
    """

    noun = "member"
    naming: ClassVar = MEMBER_KEYS
    renews: ClassVar = True
    may_ask: ClassVar = True

    list_separator: Annotated[str, AfterValidator(_check_separator)] = ";"

    @property
    def flat(self) -> bool:
        """Whether its format holds texts only, no lists."""
        return True

    @property
    def may_repeat(self) -> bool:
        """Whether a repeat does no harm: of a form and a file the documents do not say."""
        return self.endpoint == "POST /import"


class ImportTarget(MemberImport):
    """Members to POST /import, or to POST /import/file, which takes them in and answers 202.

    `envelope` is the name of the list in JSON, or of the root in XML, `element` that of each
    member in XML, `content_type` what is said in place of the format's own. With `confirm` those
    that were taken in are in doubt until they have been seen.
    """

    endpoint: Literal["POST /import", "POST /import/file"]
    format: Literal["json", "xml", "csv"] = "json"
    envelope: WireName = "members"
    element: WireName = "member"
    delimiter: Annotated[str, AfterValidator(_check_delimiter)] = ","
    content_type: (
        Annotated[str, Field(pattern=r"^[!-~]+/[!-~]+( [!-~]+)*$"), AfterValidator(_check_media)]
        | None
    ) = None
    confirm: bool = False
    max_members: Annotated[int | None, Field(ge=1)] = None

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        for word, formats in _BELONG.items():
            if word in self.model_fields_set and self.format not in formats:
                raise fault(f"belongs to format: {' or '.join(sorted(formats))}", word)
        if self.format == "json" and "list_separator" in self.model_fields_set:
            raise fault("belongs to format: csv or xml, JSON has lists", "list_separator")
        if self.confirm and self.endpoint != FILE:
            raise fault(f"belongs to {FILE}, whose 202 is no yes yet", "confirm")
        return self

    @property
    def flat(self) -> bool:
        """Whether its format holds texts only, no lists."""
        return self.format != "json"

    @property
    def most(self) -> int:
        """How many members a request may hold."""
        return self.max_members or _MOST[self.endpoint]

    @property
    def media(self) -> str:
        """The content type of the body, or of the file in it."""
        return self.content_type or _TYPES[self.format]


class FormTarget(MemberImport):
    """Members to POST /import/form, one a request."""

    single = True

    endpoint: Literal["POST /import/form"]
    in_flight: Annotated[int, Field(ge=1, le=64)] = 8


__all__ = ["FILE", "FORM", "FormTarget", "ImportTarget", "MemberImport"]
