"""The small bodies, field by field as the contract spells them, and how any body is read.

Required is what the contract infers to be; fields that it does not list are refused. Numbers of
stamps and points are whole and bounded, so that their sums are exact.
"""

import re
from datetime import date
from typing import TYPE_CHECKING, Annotated, Required, TypeVar

from pydantic import AfterValidator, Field, TypeAdapter, ValidationError, with_config
from pydantic_core import PydanticCustomError
from typing_extensions import TypedDict  # see receipt_schema

from sandbox import strict_json
from sandbox.answers import Refusal, refuse_faults
from sandbox.customer_schema import Email, Phone, Source
from sandbox.receipt_schema import Amount, Currency, Key, check_local_time
from sandbox.schema_errors import list_faults, spell_path

if TYPE_CHECKING:
    from sandbox.calls import Call

Record = dict[str, object]
MOST_POINTS = 10**12
_Body = TypeVar("_Body")


def check_day(value: str) -> str:
    """Return the value if it is a real day, or a local date-time of one."""
    if not re.fullmatch(r"\d{4}-\d\d-\d\d", value, re.ASCII):
        return check_local_time(value)
    try:
        date.fromisoformat(value)
    except ValueError:
        raise PydanticCustomError("day", "must be a real day, YYYY-MM-DD") from None
    return value


Day = Annotated[str, AfterValidator(check_day)]
Points = Annotated[int, Field(ge=-MOST_POINTS, le=MOST_POINTS)]
Clips = Annotated[int, Field(ge=1, le=1_000_000)]


@with_config(extra="forbid", strict=True)
class ProspectData(TypedDict, total=False):
    """Someone of whom only an e-mail or a phone is known."""

    email: Email
    mobilePhone: Phone
    extendedProperties: Record


@with_config(extra="forbid", strict=True)
class Prospect(TypedDict, total=False):
    """POST /customers/prospects."""

    data: Required[ProspectData]
    source: Source


@with_config(extra="forbid", strict=True)
class BonusActivity(TypedDict, total=False):
    """POST /loyalty/bonus/import."""

    externalId: Required[Key]
    activity: Required[Key]
    activityDate: Day
    activityValue: Amount


@with_config(extra="forbid", strict=True)
class RewardPoints(TypedDict, total=False):
    """POST /loyalty/bonus/addRewardPoints."""

    points: Required[Points]
    description: str


@with_config(extra="forbid", strict=True)
class Transfer(TypedDict, total=False):
    """POST /loyalty/loyalty-cards/transfer-clips; loyaltycardId is spelled so."""

    fromCustomerId: Required[Key]
    toCustomerId: Required[Key]
    loyaltycardId: Required[Key]
    clipCount: Required[Clips]
    extendedProperties: Record


@with_config(extra="forbid", strict=True)
class Achievement(TypedDict, total=False):
    """PUT /loyalty/achievements; cashierId is a number here."""

    id: Required[Key]
    memberId: Required[Key]
    storeId: str
    cashierId: int
    itemCount: Required[Clips]
    extendedProperties: Record


@with_config(extra="forbid", strict=True)
class CartItem(TypedDict, total=False):
    """One line of a cart."""

    itemId: Required[Key]
    quantity: Required[Amount]
    name: str
    price: Amount
    salePrice: Amount
    currency: Currency


@with_config(extra="forbid", strict=True)
class Cart(TypedDict, total=False):
    """POST /abandonedCarts."""

    cartId: Required[Key]
    contactId: Key
    externalId: Key
    extendedProperties: Record
    items: Required[list[CartItem]]


@with_config(extra="forbid", strict=True)
class CartName(TypedDict):
    """PUT /abandonedCarts."""

    cartId: Key


@with_config(extra="forbid", strict=True)
class PaymentCard(TypedDict):
    """POST /payment-cards."""

    memberId: Key
    token: Key


@with_config(extra="forbid", strict=True)
class Redemption(TypedDict, total=False):
    """POST /promotions/redeem; cashierId is text here."""

    id: Required[Key]
    storeId: str
    cashRegisterId: str
    cashierId: str
    customerId: Required[Key]
    receiptId: str
    extendedProperties: Record


PROSPECT = TypeAdapter(Prospect)
BONUS_ACTIVITY = TypeAdapter(BonusActivity)
REWARD_POINTS = TypeAdapter(RewardPoints)
TRANSFER = TypeAdapter(Transfer)
ACHIEVEMENT = TypeAdapter(Achievement)
CART = TypeAdapter(Cart)
CART_NAME = TypeAdapter(CartName)
PAYMENT_CARD = TypeAdapter(PaymentCard)
REDEMPTION = TypeAdapter(Redemption)


def check_body(adapter: TypeAdapter[_Body], value: object) -> _Body:
    """Return the body if it is of this form.

    Raises:
        Refusal: 400 with {path, message} for each fault.
    """
    try:
        return adapter.validate_python(value)
    except ValidationError as error:
        raise refuse_faults(
            [{"path": spell_path(place), "message": why} for place, why in list_faults(error)]
        ) from None


def read_body(call: "Call", adapter: TypeAdapter[_Body]) -> _Body:
    """Return the JSON body of a request; raises as `check_body` does, and `NotJsonError`."""
    return check_body(adapter, strict_json.read(call.json_text()))


def read_free(call: "Call", *, optional: bool = False) -> Record:
    """Return a JSON object whose fields are the client's own; {} for no body where that is allowed.

    Raises:
        Refusal: 400 when it is no object.
        NotJsonError: it is not JSON.
    """
    if optional and not call.body:
        return {}
    body = strict_json.read(call.json_text())
    if not isinstance(body, dict):
        raise Refusal(400, [{"path": "", "message": "must be an object"}])
    return body


def refuse(path: str, message: str) -> Refusal:
    """Return the 400 of one field."""
    return Refusal(400, [{"path": path, "message": message}])
