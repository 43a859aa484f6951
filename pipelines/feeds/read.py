"""The words of an export that reads a method which has no pages."""

from datetime import UTC, date, datetime, timedelta
from functools import cached_property
from typing import Annotated, Any, Literal, Self

from pydantic import BeforeValidator, Field, field_validator, model_validator

from connectors.trigg.catalogue import Endpoint, UnknownEndpointError, find
from pipelines.feeds.block import Name, Words, fault
from pipelines.feeds.delivery import Breaker, Retries
from pipelines.feeds.source import Source
from pipelines.feeds.values import check_zone

__all__ = ["Over", "Read", "Since"]

SECONDS = ("epoch", "epoch_ms")
"""Formats of a time that are no pattern."""


def _block(file: object) -> object:
    """Let the path alone stand for a source."""
    return {"path": file} if isinstance(file, str) else file


class Over(Words):
    """Whom to ask about, one request each: a column of another export, or of a file.

    `export` is a feed whose latest version is read; `file` a path, or a source as that of a load.
    """

    export: Name | None = None
    file: Annotated[Source | None, BeforeValidator(_block)] = None
    column: Name

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.export is None) == (self.file is None):
            raise ValueError("needs one of `export`, a feed, and `file`")
        return self


def _moment(told: object) -> object:
    """Take a time, or a day, as YAML reads it or as a text."""
    if isinstance(told, str):
        try:
            told = datetime.fromisoformat(told)
        except ValueError:
            raise ValueError("must be a time such as 2024-01-01T00:00:00, or a day") from None
    if isinstance(told, date) and not isinstance(told, datetime):
        return datetime(told.year, told.month, told.day)  # noqa: DTZ001  (local in `zone`)
    return told


class Since(Words):
    """From when on: the first run from `first`, each later one from where the last one ended.

    `zone` is that of the times which are sent, and of those in the answer that have no offset; it
    is not documented, nor is how they are written (reading T07).
    """

    first: Annotated[datetime, BeforeValidator(_moment)]
    overlap_minutes: Annotated[int, Field(ge=0, le=525_600)] = 10
    format: str = "%Y-%m-%dT%H:%M:%S"
    zone: str = "UTC"

    @field_validator("format")
    @classmethod
    def _tells_times(cls, words: str) -> str:
        if words in SECONDS:
            return words
        moment = datetime(2024, 5, 17, 13, 45, 50, tzinfo=UTC)
        later = [moment, moment + timedelta(days=1), moment + timedelta(minutes=1)]
        if len({each.strftime(words) for each in later}) < len(later):
            raise ValueError(
                f"{', '.join(SECONDS)}, or a pattern with day and minute, as %Y-%m-%dT%H:%M:%S"
            )
        return words

    @field_validator("zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        return check_zone(zone)


class Read(Words):
    """Which method to read, and how; `loyalty-etl endpoints --use export` lists them.

    `parameter` is another name of a query parameter that the documents do not print; `answer_mb`
    bounds an answer that is held in memory: all but a bare list that is asked for once.
    """

    endpoint: Name
    over: Over | None = None
    since: Since | None = None
    parameter: Name | None = None
    in_flight: Annotated[int, Field(ge=1, le=64)] = 8
    answer_mb: Annotated[int, Field(ge=1, le=4096)] = 64
    retries: Retries = Retries()
    breaker: Breaker = Breaker()
    on_incomplete: Literal["fail", "publish"] = "fail"

    @model_validator(mode="before")
    @classmethod
    def _readable(cls, words: Any) -> Any:  # noqa: ANN401  (whatever the YAML holds)
        """Refuse a method that no feed can read, before its other words are looked at."""
        name = words.get("endpoint") if isinstance(words, dict) else None
        if isinstance(name, str) and (why := _refusal(name)):
            raise fault(why, "endpoint")
        return words

    @model_validator(mode="after")
    def _fits(self) -> Self:
        name, by = self.endpoint, self.method.asks_by
        is_time = bool(by) and self.method.parameters[by].kind == "time"
        if self.over and (not by or is_time):
            raise fault(f"{name} is not asked one by one, leave it out", "over")
        if self.since and not is_time:
            raise fault(f"{name} takes no time, leave it out", "since")
        if is_time and not self.since:
            raise fault(f"{name} needs it, such as {{first: 2024-01-01T00:00:00}}", "since")
        if by and not is_time and self.method.parameters[by].required and not self.over:
            said = f"{name} needs it: whose {by} to ask for, such as {{file: …, column: …}}"
            raise fault(said, "over")
        if self.parameter and not (by and self.method.parameters[by].guessed):
            raise fault(
                f"{name} takes no parameter whose name is a guess, leave it out", "parameter"
            )
        return self

    @cached_property
    def method(self) -> Endpoint:
        """What the catalogue knows of it."""
        return find(self.endpoint)


def _refusal(name: str) -> str:
    """Say why no feed can read a method so; empty if one can."""
    try:
        method = find(name)
    except UnknownEndpointError as error:
        return str(error)
    refusals = (
        (method.bulk, f"{name} is not offered for files: {method.bulk}"),
        (method.use == "load", f"{name} is sent to, by a load feed; it answers with no records"),
        (method.use != "export", f"{name} answers with no records"),
        ("page" in method.parameters, f"{name} has pages: read it by `report`, not `read`"),
    )
    return next((why for wrong, why in refusals if wrong), "")
