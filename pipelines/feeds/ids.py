"""The words about ids: what a member was called before, and who is meant by it now."""

from collections.abc import Mapping
from typing import Literal

from pipelines.feeds.block import Name, Words, fault

Unknown = Literal["wait", "reject", "anonymous"]
BY: Mapping[str, Literal["phone", "email"]] = {"mobilePhone": "phone", "email": "email"}
"""Names of members that are read as what they are before they are looked up."""


class CustomerOf(Words):
    """A source column that names a member, turned into the platform's id of that customer.

    `by` is the name that is meant, where the same text may name two: `externalId`, `mobilePhone`,
    `email`, or a column that the feed of the members has under `ids`. `unknown` says what is done
    about a member that nobody knows.
    """

    customer_of: Name
    by: Name | None = None
    unknown: Unknown | None = None


class Ids(Words):
    """What else names the members of a feed, and whether each load learns their ids.

    `columns` are source columns, such as the number of a card, that name a member beside its key.
    """

    columns: list[Name] = []
    learn: bool = False


def unknown_of(mapped: CustomerOf, *, of_receipts: bool) -> Unknown:
    """Say what is done about a member that nobody knows.

    A receipt waits: sent without its customer it could not be given to one later.
    """
    return mapped.unknown or ("wait" if of_receipts else "reject")


def check_customers_of(
    mapping: Mapping[str, object], needed: set[str], *, of_receipts: bool
) -> None:
    """Refuse a customer where none belongs, and to leave one out that is needed.

    Raises:
        PydanticCustomError: it is so.
    """
    for name, mapped in mapping.items():
        if not isinstance(mapped, CustomerOf):
            continue
        if of_receipts and name != "Header.ConsumerId":
            raise fault("only Header.ConsumerId is a customer, leave `customer_of` out", name)
        if mapped.unknown == "anonymous" and name in needed:
            message = "no record can do without it: say unknown: reject, or wait"
            raise fault(message, name)


__all__ = ["BY", "CustomerOf", "Ids", "Unknown", "check_customers_of", "unknown_of"]
