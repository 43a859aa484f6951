"""The words of a target that takes one record a request, and what its method asks of a feed."""

from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import cached_property
from typing import Annotated, ClassVar, Literal

from pydantic import Field
from pydantic_core import PydanticCustomError

from connectors.trigg.catalogue import JSON, Endpoint, UnknownEndpointError, find
from pipelines.feeds.block import Words, fault
from pipelines.feeds.mapping import Mapped, columns_of, given_type
from validators.fields import Kind

BATCHED = ("POST /transactions", "POST /import", "POST /import/file")
"""Methods that take many records a request."""
_NO_MIRROR = (
    "mirror is not offered: a file that is cut short looks just like one of members who left;"
    " name who shall be deleted in a feed to DELETE /customers/… (docs/endpoints.md)"
)
KINDS: Mapping[str, Kind] = {
    "integer": "integer",
    "number": "number",
    "boolean": "boolean",
    "date": "date",
    "time": "date",  # of births only, which have no hour
    "phone": "phone",
    "email": "email",
    "texts": "list",
}
"""What each kind of the catalogue is judged as; any other is text."""


class Batch(Words):
    """What one request may hold, whichever target; a record is never split.

    Attributes:
        noun: a word for one record.
        single: whether each record is a request of its own.
        renews: whether a record with other content takes the place of the one that is there,
            whatever a repeat of the same does.
        may_ask: whether the platform can be asked which records it has.
    """

    noun: ClassVar[Literal["receipt", "member", "record"]]
    single: ClassVar[bool] = False
    renews: ClassVar[bool] = False
    may_ask: ClassVar[bool] = False

    max_bytes: Annotated[int, Field(ge=1024)] = 4 * 1024 * 1024
    in_flight: Annotated[int, Field(ge=1, le=64)] = 4
    endpoint: str

    @property
    def memory(self) -> str:
        """The method under whose name the ledger remembers its records."""
        return self.endpoint

    @property
    def erases(self) -> bool:
        """Whether it deletes persons, for good: then somebody must ask for just that."""
        return False


class RecordTarget(Batch):
    """Records to a method that takes one a request; `loyalty-etl endpoints` lists them."""

    noun = "record"
    single = True

    in_flight: Annotated[int, Field(ge=1, le=64)] = 8

    @cached_property
    def method(self) -> Endpoint:
        """What the catalogue knows of it."""
        return find(self.endpoint)

    @property
    def naming(self) -> tuple[str, ...]:
        """The fields that name a record, together."""
        return self.method.key

    @property
    def may_repeat(self) -> bool:
        """Whether sending a record twice is the same as sending it once."""
        return self.method.repeat == "same"

    @property
    def erases(self) -> bool:
        """Whether it deletes persons, for good."""
        return self.method.erases

    @property
    def memory(self) -> str:
        """That of the method which it undoes: either is sent after the other then."""
        return self.method.undoes or self.endpoint


def check_endpoint(words: object) -> object:
    """Refuse a target whose endpoint is none, before its other words are looked at.

    Raises:
        PydanticCustomError: it is so.
    """
    if not isinstance(words, dict):
        return words
    if "endpoint" not in words:
        raise PydanticCustomError("missing", "missing", {"name": "endpoint"})
    name = words["endpoint"]
    if name not in (*BATCHED, "POST /import/form") and (why := _refusal(name)):
        raise fault(why, "endpoint")
    if words.get("mode") == "mirror":
        raise fault(_NO_MIRROR, "mode")
    return words


def _refusal(name: object) -> str:
    """Say why no feed can send to a method; empty if one can."""
    if not isinstance(name, str):
        return f"must be one of {', '.join(BATCHED)}, or another method of the API"
    try:
        method = find(name)
    except UnknownEndpointError as error:
        return str(error)
    types = ", ".join(method.types)
    refusals = (
        (method.bulk, f"{name} is not offered for files: {method.bulk}"),
        (method.use != "load" or method.sends != "one", f"{name} takes no records from files"),
        (types not in {"", JSON}, f"{name} takes {types}, which no feed writes yet"),
        (
            any(field.items and field.required for field in method.fields.values()),
            f"{name} needs a list of objects, which no feed writes yet",
        ),
    )
    return next((why for wrong, why in refusals if wrong), "")


def kinds_of(target: RecordTarget, mapping: Mapping[str, Mapped]) -> dict[str, Kind]:
    """Say what each mapped wire name is: as the method has it, else as the feed says, else text."""
    kinds: dict[str, Kind] = {}
    for name, mapped in mapping.items():
        known = target.method.find_field(name)
        own = given_type(mapped) or "text"
        kinds[name] = own if known is None else KINDS.get(known.kind, own)
    return kinds


def needed(target: RecordTarget) -> list[str]:
    """List the names that a record must have a value for."""
    every = {**target.method.parameters, **target.method.fields}
    return [n for n, field in every.items() if field.required and field.kind != "object"]


def check_record(target: RecordTarget, mapping: Mapping[str, Mapped], key: Iterable[str]) -> None:
    """Refuse wire names that the method does not take, and a mapping that lacks what it needs.

    Raises:
        PydanticCustomError: it is so.
    """
    _check_names(target.method, mapping)
    method = target.method
    lacks = [name for name in needed(target) if name not in mapping]
    if lacks:
        raise fault(f"lacks {', '.join(lacks)}", "mapping")
    if method.either and not {*method.either} & {*mapping}:
        raise fault(f"needs one of {', '.join(method.either)}", "mapping")
    names = [name for name in key if name not in method.either or name in mapping]
    for name in names:
        if name not in mapping:
            raise fault(f"key {name} is not mapped", "delivery")
    if not any(columns_of(mapping[name]) for name in names):
        message = f"{', '.join(names)} must come from a column, each record has its own"
        raise fault(message, "mapping")


def _check_names(method: Endpoint, mapping: Mapping[str, Mapped]) -> None:
    every = {**method.parameters, **method.fields}
    for name, mapped in mapping.items():
        field = method.find_field(name)
        if field is None:
            close = get_close_matches(name, every, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]}? " if close else ""
            known = ", ".join(every) or "none"
            raise fault(f"{method.name} has no {name}; {hint}known: {known}", name)
        if field.items:
            raise fault(
                f"stands in a list of objects ({field.items}), which no feed writes yet", name
            )
        if field.kind == "object":
            raise fault(f"is an object: map its own names, such as {name}.colour", name)
        if field.kind in KINDS and given_type(mapped):
            raise fault("the contract sets its type, leave `type` out", name)
        if any(other.startswith(f"{name}.") for other in mapping):
            raise fault("cannot be a value and an object at once", name)


__all__ = ["Batch", "RecordTarget", "check_endpoint", "check_record", "kinds_of", "needed"]
