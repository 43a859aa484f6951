"""The body of POST /transactions, field by field as the contract spells it.

Required are the fields of the contract's short return sample, less ProductName (real tills sell
lines without a name) and ConsumerId (reading T21). Fields the contract does not list are refused.
What is our own: keys are not empty, a batch and a receipt are not empty.
"""

import re
from datetime import datetime
from decimal import Decimal
from typing import Annotated, Literal, Required

from pydantic import AfterValidator, Field, TypeAdapter, with_config
from pydantic_core import CoreSchema, PydanticCustomError, core_schema

# pydantic takes typing's own TypedDict from Python 3.12 on only.
from typing_extensions import TypedDict

_TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?", re.ASCII)


class _ExactNumber:
    """A JSON number, not text: pydantic's own Decimal takes text and goes through floats."""

    def __get_pydantic_core_schema__(self, *_: object) -> CoreSchema:
        return core_schema.union_schema(
            [core_schema.decimal_schema(strict=True), core_schema.int_schema(strict=True)],
            mode="left_to_right",
            custom_error_type="number",
            custom_error_message="must be a number of at most 30 digits, without quotes",
        )


def check_local_time(value: str) -> str:
    """Return the value if it is an ISO 8601 local date-time of a real day, without a zone."""
    try:
        if _TIME.fullmatch(value):
            datetime.fromisoformat(value)
            return value
    except ValueError:
        pass
    raise PydanticCustomError("time", "must be a real local date-time, YYYY-MM-DDTHH:MM:SS")


Amount = Annotated[Decimal | int, _ExactNumber()]
Key = Annotated[str, Field(min_length=1)]
LocalTime = Annotated[str, AfterValidator(check_local_time)]
Currency = Annotated[str, Field(pattern="^[A-Z]{3}$")]


@with_config(extra="forbid", strict=True)
class Header(TypedDict, total=False):
    """The head of one receipt."""

    StoreId: Required[Key]
    EcrId: str
    ReceiptId: Required[Key]
    TimeStamp: Required[LocalTime]
    ConsumerId: Key
    GrossAmount: Required[Amount]
    Vat: Required[Amount]
    NetAmount: Amount
    Discount: Amount
    Currency: Currency
    PaymentString: str
    Ext1: str
    Ext2: str
    Ext3: str
    Ext4: str
    Ext5: str


@with_config(extra="forbid", strict=True)
class Item(TypedDict, total=False):
    """One line of a receipt; ReceiptId need not repeat the header's (reading T20)."""

    ReceiptId: Required[Key]
    LineNo: Required[int]
    Quantity: Required[Amount]
    ProductGroupLevel1Id: int
    ProductGroupLevel1Name: str
    ProductGroupLevel2Id: int
    ProductGroupLevel2Name: str
    ProductGroupLevel3Id: int
    ProductGroupLevel3Name: str
    ProductId: Required[Key]
    ProductName: str
    SupplierId: str
    SupplierName: str
    GrossAmount: Required[Amount]
    Vat: Required[Amount]
    NetAmount: Required[Amount]
    Discount: Amount
    Cost: Amount
    CampaignId: str
    TransactionType: Required[Literal["PURCHASE", "RETURN"]]
    Ext1: str
    Ext2: str
    Ext3: str
    Ext4: str
    Ext5: str
    Ext6: str
    Ext7: str
    Ext8: str
    Ext9: str
    Ext10: str


@with_config(extra="forbid", strict=True)
class ReceiptRequest(TypedDict):
    """One receipt."""

    Header: Header
    Items: Annotated[list[Item], Field(min_length=1)]


@with_config(extra="forbid", strict=True)
class Batch(TypedDict):
    """The body."""

    ReceiptRequests: Annotated[list[ReceiptRequest], Field(min_length=1)]


BATCH = TypeAdapter(Batch)
