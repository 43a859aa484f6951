"""The words of a feed's YAML, typed. An unknown word is refused wherever it stands."""

import re
from collections.abc import Mapping
from decimal import Decimal
from difflib import get_close_matches
from typing import Annotated, Any, Literal, Self

from pydantic import (
    Field,
    ValidationInfo,
    field_validator,
    model_validator,
)

from pipelines.feeds.alerting import Alerts
from pipelines.feeds.block import Minutes, Name, Profile, Words, fault
from pipelines.feeds.control import Control, ControlTotals
from pipelines.feeds.customers import CustomerTarget, check_customers
from pipelines.feeds.delivery import Delivery
from pipelines.feeds.duplicates import Merging
from pipelines.feeds.ids import Ids, check_customers_of
from pipelines.feeds.imports import ImportTarget, MemberImport
from pipelines.feeds.mapping import ListOf, Mapped, Outcome, columns_of, given_type
from pipelines.feeds.records import RecordTarget, check_record, kinds_of, needed
from pipelines.feeds.source import Source
from pipelines.feeds.targets import RECEIPT_KEY, Target, TransactionsTarget
from pipelines.feeds.triggers import FileDays, Inbox, Late, Schedule, check_triggers
from pipelines.feeds.values import Values, check_zone
from pipelines.feeds.watching import Freshness, RowsDeviation
from validators.fields import (
    CUSTOMER_FIELDS,
    DERIVED,
    MEMBER_FIELDS,
    MEMBER_KEYS,
    RECEIPT_FIELDS,
    Kind,
    kind_of,
)

RESERVED = (
    *("_row", "_fault", "_source_file", "_source_row", "_source_place"),
    *("_error", "_run", "_raw"),
)
"""Columns that the reader or a file of rejects adds (`connectors.files`, slow to import)."""
WIRE_NAME = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$"
LISTED = "metaData"
"""The group that is sent as a list of objects with one key each."""


Number = Annotated[Decimal, Field(strict=False)]
"""An exact number; the YAML has it as an integer or a fraction."""


class Receipts(Words):
    """How lines become receipts, and how closely they are checked."""

    key: list[Literal["Header.StoreId", "Header.ReceiptId", "Items.TransactionType"]] = [
        "Header.ReceiptId"
    ]
    amount_tolerance: Annotated[Number, Field(ge=0, decimal_places=4)] = Decimal(0)
    vat_percent: Annotated[Number, Field(ge=0, le=40, decimal_places=2)] | None = None
    return_amounts_in: Literal["positive", "signed"] = "positive"
    return_amounts_out: Literal["positive", "signed"] = "positive"
    time_zone: str = "Europe/Oslo"

    @field_validator("key")
    @classmethod
    def _names_receipts(cls, key: list[str]) -> list[str]:
        if "Header.ReceiptId" not in key:
            raise ValueError("needs Header.ReceiptId")
        return key

    @field_validator("time_zone")
    @classmethod
    def _known(cls, zone: str) -> str:
        return check_zone(zone)


class Rejects(Words):
    """How many records may be rejected, in percent, before nothing is sent."""

    max_percent: Annotated[float, Field(ge=0, le=100)] = 5.0


class LoadFeed(Words):
    """A feed that ends in the API."""

    description: str = ""
    profile: Profile = ""
    after: list[str] = []
    source: Source
    target: Target
    control: ControlTotals = Control()
    values: Values = Values()
    mapping: Annotated[dict[str, Mapped], Field(min_length=1)]
    mapping_file: Name | None = None
    duplicates: Merging = None
    ids: Ids = Ids()
    receipts: Receipts = Receipts()
    rejects: Rejects = Rejects()
    delivery: Delivery = Delivery()
    freshness: Freshness | None = None
    rows_deviation: RowsDeviation | None = None
    alerts: Alerts = Alerts()
    timeout_minutes: Minutes | None = None
    schedule: Schedule | None = None
    partitions: FileDays | None = None
    inbox: Inbox | None = None
    late: Late | None = None

    @field_validator("mapping")
    @classmethod
    def _names(cls, mapping: dict[str, Mapped], info: ValidationInfo) -> dict[str, Mapped]:
        for name, mapped in mapping.items():
            if {*columns_of(mapped)} & {*RESERVED}:
                raise fault(f"a column cannot be called {' or '.join(RESERVED)}", name)
        if isinstance(info.data.get("target"), TransactionsTarget):
            _check_names(mapping, RECEIPT_FIELDS)
            for name, mapped in mapping.items():
                if given_type(mapped):
                    raise fault("the contract sets its type, leave `type` out", name)
                if isinstance(mapped, ListOf):
                    raise fault("a receipt holds no such list", name)
            return mapping
        if isinstance(info.data.get("target"), MemberImport):
            _check_members(mapping)
        return mapping

    @model_validator(mode="after")
    def _complete(self) -> Self:
        if isinstance(self.target, RecordTarget):
            check_record(self.target, self.mapping, self.key)
        else:
            _check_key(self)
        _check_errors_of_keys(self)
        check_triggers(self)
        check_customers_of(self.mapping, _needed(self), of_receipts=self.of_receipts)
        if "ids" in self.model_fields_set and self.target.noun != "member":
            raise fault("belongs to members, leave it out", "ids")
        if isinstance(self.target, TransactionsTarget):
            made = DERIVED - ({"Items.Vat"} if self.receipts.vat_percent is None else set())
            lacks = [
                field.name
                for field in RECEIPT_FIELDS.values()
                if field.required and field.name not in self.mapping and field.name not in made
            ]
            if lacks:
                hint = "; or set receipts.vat_percent" if "Items.Vat" in lacks else ""
                raise fault(f"lacks {', '.join(lacks)}{hint}", "mapping")
            if not columns_of(self.mapping["Header.ReceiptId"]):
                message = "Header.ReceiptId must come from a column, each receipt has its own"
                raise fault(message, "mapping")
            return self
        if isinstance(self.target, CustomerTarget):
            check_customers(self.target, self.mapping)
        confirms = isinstance(self.target, ImportTarget) and self.target.confirm
        if confirms and self.delivery.in_doubt not in {None, "ask"}:
            raise fault("target.confirm asks, so leave in_doubt out", "delivery")
        of_members = isinstance(self.target, MemberImport)
        if of_members and not set(self.mapping) & set(MEMBER_KEYS):
            raise fault(f"needs one of {', '.join(MEMBER_KEYS)} to name a member", "mapping")
        if "receipts" in self.model_fields_set:
            raise fault("belongs to POST /transactions, leave it out", "receipts")
        return self

    @property
    def key(self) -> list[str]:
        """What makes a record this one.

        Of receipts all of these, and whether it is a return; of members the first that is there;
        of other records all of these.
        """
        if self.delivery.key or not isinstance(self.target, RecordTarget):
            return self.delivery.key or list(self.target.naming)
        return self.target.key_of(self.mapping)

    @property
    def of_receipts(self) -> bool:
        """Whether its records are receipts, of several rows each."""
        return self.target.noun == "receipt"

    @property
    def gathers(self) -> bool:
        """Whether its records may be of several rows each: receipts, and carts with their items."""
        return self.of_receipts or any(self.is_listed(name) for name in self.mapping)

    @property
    def repeated(self) -> list[str]:
        """The names that each row of a flat source must repeat, but for the key's: of no receipt.

        What stands in the list is each row's own.
        """
        if self.source.items:
            return []
        given = [name for name, mapped in self.mapping.items() if columns_of(mapped)]
        return [name for name in given if name not in self.key and not self.is_listed(name)]

    def is_listed(self, name: str) -> bool:
        """Tell whether a name is of the objects in a list, of which each row makes one."""
        listed = self.target.listed if isinstance(self.target, RecordTarget) else ""
        return bool(listed) and name.startswith(f"{listed}.")

    @property
    def kinds(self) -> dict[str, Kind]:
        """What each mapped wire name is, but of receipts: as mapped, else as the name says."""
        if isinstance(self.target, RecordTarget):
            return kinds_of(self.target, self.mapping)
        return {name: _kind(self, name, mapped) for name, mapped in self.mapping.items()}


def _check_members(mapping: Mapping[str, Mapped]) -> None:
    """Refuse wire names of members that cannot be, or are a known one with another case."""
    for name, mapped in mapping.items():
        if not re.match(WIRE_NAME, name):
            raise fault("a wire name is a word, or several with dots between them", name)
        meant = _ALIKE.get(name.casefold(), name)
        if meant != name:
            raise fault(f"is no name of the API; did you mean {meant}?", name)
        if name in RECEIPT_FIELDS:
            raise fault("is of receipts, and this feed loads members", name)
        if any(other.startswith(f"{name}.") for other in mapping):
            raise fault("cannot be a value and an object at once", name)
        if name.startswith(f"{LISTED}.") and name.count(".") > 1:
            raise fault(f"{LISTED} has no objects below its own", name)
        if isinstance(mapped, ListOf) and (
            name in MEMBER_FIELDS or given_type(mapped) not in {None, "list"}
        ):
            raise fault("is one value and no list", name)


def _kind(feed: LoadFeed, name: str, mapped: Mapped) -> Kind:
    known = MEMBER_FIELDS if isinstance(feed.target, MemberImport) else CUSTOMER_FIELDS
    own = kind_of(name, known)
    given = given_type(mapped)
    if name == "zip" and given is None and feed.values.zip:
        return "zip" if feed.values.zip == "number" else "text"
    if own in {"phone", "email"}:  # what names a member is always judged as such
        return own
    return given or ("list" if isinstance(mapped, ListOf) else own)


_ALIKE = {name.casefold(): name for name in MEMBER_FIELDS}


def _check_errors_of_keys(feed: LoadFeed) -> None:
    """Refuse to send a record under another key than its own."""
    of_members = feed.target.noun == "member"
    for name in {*feed.target.naming, *feed.key} & {*feed.mapping}:
        mapped = feed.mapping[name]
        if isinstance(mapped, Outcome) and mapped.on_error != "reject":
            if (
                of_members
                and name in MEMBER_KEYS
                and name != feed.key[0]
                and mapped.on_error is None
            ):
                continue  # a member is named by another key then
            raise fault(f"{name} names the record, so its errors are rejects", "mapping")


def _needed(feed: LoadFeed) -> set[str]:
    """Name the fields that a record is nothing without."""
    own = needed(feed.target) if isinstance(feed.target, RecordTarget) else ()
    return {*feed.target.naming, *feed.key, *own}


def _check_key(feed: LoadFeed) -> None:
    """Refuse a delivery key that cannot name a record, or that nobody can ask about."""
    key = feed.delivery.key
    if not key:
        return
    allowed = [n for n in RECEIPT_FIELDS if n.startswith("Header.")]
    if isinstance(feed.target, CustomerTarget):
        allowed = ["id", *MEMBER_KEYS]
    elif isinstance(feed.target, MemberImport):
        allowed = list(MEMBER_KEYS)
    elif tuple(key[:2]) != RECEIPT_KEY:
        raise fault(f"begins with {', '.join(RECEIPT_KEY)}", "delivery")
    for name in key:
        if name not in allowed:
            raise fault(f"key {name} is none of {', '.join(allowed)}", "delivery")
        if name not in feed.mapping:
            raise fault(f"key {name} is not mapped", "delivery")


def _check_names(mapping: dict[str, Any], known: dict[str, Any]) -> None:
    for name in mapping:
        if name not in known:
            close = get_close_matches(name, known, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]}? " if close else ""
            raise fault(f"no field is called {name}; {hint}known: {', '.join(known)}", name)
