"""The fields of what the platform takes: names, kinds, what is required. Plain data, no polars.

Names and order are the contract's (docs/contract.md). ProductName stands in the contract's short
sample of a return, but tills have lines without one, so it is not asked for. Readings T01, T02 …
are explained in docs/contract.md.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

Kind = Literal[
    "text", "integer", "number", "boolean", "date", "phone", "email", "country", "zip", "list"
]
LISTED = "\x1f"
"""Stands between the texts of a list; no text that is sent holds this control character."""


@dataclass(frozen=True)
class Field:
    """One field of a record as it stands in the mapped frame, where every value is text.

    Attributes:
        name: the wire name, the frame's column.
        kind: what the text must be able to become.
        required: whether the platform needs a value.
        allowed: the only values taken, when there are any.
    """

    name: str
    kind: Kind = "text"
    required: bool = False
    allowed: tuple[str, ...] = ()


PURCHASE, RETURN = "PURCHASE", "RETURN"
AMOUNTS = ("GrossAmount", "Vat", "NetAmount", "Discount")

HEADER = (
    Field("Header.StoreId", required=True),
    Field("Header.EcrId"),
    Field("Header.ReceiptId", required=True),
    Field("Header.TimeStamp", required=True),
    Field("Header.ConsumerId"),
    Field("Header.GrossAmount", "number"),
    Field("Header.Vat", "number"),
    Field("Header.NetAmount", "number"),
    Field("Header.Discount", "number"),
    Field("Header.Currency"),
    Field("Header.PaymentString"),
    *(Field(f"Header.Ext{n}") for n in range(1, 6)),
)
ITEMS = (
    Field("Items.LineNo", "integer", required=True),
    Field("Items.Quantity", "number", required=True),
    Field("Items.ProductGroupLevel1Id", "integer"),
    Field("Items.ProductGroupLevel1Name"),
    Field("Items.ProductGroupLevel2Id", "integer"),
    Field("Items.ProductGroupLevel2Name"),
    Field("Items.ProductGroupLevel3Id", "integer"),
    Field("Items.ProductGroupLevel3Name"),
    Field("Items.ProductId", required=True),
    Field("Items.ProductName"),
    Field("Items.SupplierId"),
    Field("Items.SupplierName"),
    Field("Items.GrossAmount", "number", required=True),
    Field("Items.Vat", "number", required=True),
    Field("Items.NetAmount", "number", required=True),
    Field("Items.Discount", "number"),
    Field("Items.Cost", "number"),
    Field("Items.CampaignId"),
    Field("Items.TransactionType", required=True, allowed=(PURCHASE, RETURN)),
    *(Field(f"Items.Ext{n}") for n in range(1, 11)),
)
RECEIPT_FIELDS = {field.name: field for field in (*HEADER, *ITEMS)}

# What is made from other fields, so that a mapping may leave it out.
DERIVED = {"Items.Vat", "Items.NetAmount", "Items.TransactionType"}

# POST /import is free-form (reading T05): these names have a meaning of their own, any other is
# text unless the feed says otherwise.
MEMBER_KEYS = ("externalId", "mobilePhone", "email")
MEMBER_FIELDS = {
    field.name: field
    for field in (
        Field("externalId"),
        Field("mobilePhone", "phone"),
        Field("email", "email"),
        Field("name"),
        Field("firstName"),
        Field("lastName"),
        Field("age", "integer"),
        Field("birthDate", "date"),
        Field("gender", allowed=("Female", "Male")),
        Field("address"),
        Field("zip", "integer"),  # a number in the contract's sample (reading T13)
        Field("city"),
        Field("country"),
        Field("consents.acceptsTerms", "boolean"),
        Field("consents.acceptsEmail", "boolean"),
        Field("consents.acceptsSms", "boolean"),
        Field("metaData.isVip", "boolean"),
    )
}

# The customer object of POST and PUT /customers, by canonical names: how each endpoint spells them
# is the business of `transforms.wire`.
CUSTOMER_FIELDS = {
    field.name: field
    for field in (
        Field("id"),
        Field("mobilePhone", "phone"),
        Field("externalId"),
        Field("email", "email"),
        Field("firstName"),
        Field("lastName"),
        Field("address"),
        Field("zip", "zip"),
        Field("city"),
        Field("country", "country"),
        Field("birthDate", "date"),
        Field("gender", allowed=("Female", "Male")),
        Field("favoriteStores", "list"),
        Field("interests", "list"),
        Field("consents.acceptsTerms", "boolean"),
        Field("consents.acceptsEmail", "boolean"),
        Field("consents.acceptsSms", "boolean"),
        Field("source.storeId"),
        Field("source.cashRegisterId"),
        Field("source.cashierId"),
        Field("source.sourceName"),
    )
}
CUSTOMER_GROUPS = (
    "consents.extendedConsents.",
    "extendedProperties.",
    "source.extendedSourceFields.",
)
"""What begins the names that a client chooses for itself."""


def is_customer_field(name: str) -> bool:
    """Tell whether POST and PUT /customers have a place for a name."""
    return name in CUSTOMER_FIELDS or any(
        name.startswith(group) and name != group for group in CUSTOMER_GROUPS
    )


def kind_of(name: str, known: Mapping[str, Field] = MEMBER_FIELDS) -> Kind:
    """Say what a member's field of this name is, where the feed does not.

    Args:
        name: the wire name.
        known: the fields with a kind of their own: `MEMBER_FIELDS` or `CUSTOMER_FIELDS`.
    """
    if name in known:
        return known[name].kind
    return "boolean" if name.startswith("consents.") else "text"
