"""The bodies of POST and PUT /customers, as the contract spells them.

One schema for all of them: it takes either spelling of favoriteStores and either place of
extendedConsents (readings T11 and T12), a zip as number or text (T13), and no null. Which fields
are required depends on the method (T17) and is asked by the caller.
"""

from typing import Annotated, Literal, Required

from pydantic import Field, TypeAdapter, with_config
from typing_extensions import TypedDict  # see receipt_schema

from sandbox.receipt_schema import Key, LocalTime

Phone = Annotated[str, Field(pattern=r"^\+[1-9][0-9]{4,14}$")]
Email = Annotated[str, Field(pattern=r"^[^@\s]+@[^@\s]+$")]
Country = Annotated[str, Field(pattern="^[A-Z]{2}$")]


@with_config(extra="forbid", strict=True)
class ExtendedConsent(TypedDict):
    """A consent of this client's own."""

    id: Key
    value: bool


@with_config(extra="forbid", strict=True)
class Consents(TypedDict, total=False):
    """What the customer agreed to."""

    acceptsTerms: bool
    acceptsEmail: bool
    acceptsSms: bool
    extendedConsents: list[ExtendedConsent]


@with_config(extra="forbid", strict=True)
class CustomerData(TypedDict, total=False):
    """The customer."""

    id: Key
    mobilePhone: Phone
    externalId: Key
    email: Email
    firstName: str
    lastName: str
    address: str
    zip: int | str
    city: str
    country: Country
    birthDate: LocalTime
    gender: Literal["Female", "Male"]
    favoriteStores: list[str]
    favouriteStores: list[str]
    interests: list[str]
    consents: Consents
    extendedConsents: list[ExtendedConsent]
    extendedProperties: dict[str, object]


@with_config(extra="forbid", strict=True)
class Source(TypedDict, total=False):
    """Where the change came from."""

    storeId: str
    cashRegisterId: str
    cashierId: str
    sourceName: str
    extendedSourceFields: dict[str, object]


@with_config(extra="forbid", strict=True)
class CustomerBody(TypedDict, total=False):
    """The body."""

    data: Required[CustomerData]
    source: Source


CUSTOMER = TypeAdapter(CustomerBody)
