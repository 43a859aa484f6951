"""How each endpoint spells a member: the one place for what differs between them.

A member has one canonical form: names such as `favoriteStores` and `consents.extendedConsents.sms`,
a zip that is text, a birth date without a time. Readings T11, T12, T13 and T17 are explained in
docs/contract.md.
"""

from dataclasses import dataclass
from itertools import pairwise
from typing import Literal

Form = Literal["import", "create", "update"]
"""An element of POST /import, the body of POST /customers, or that of PUT /customers."""
STORES = ("favoriteStores", "favouriteStores")
"""Both spellings of it; the first is the canonical one."""
CONSENTS = "consents.extendedConsents"
DATES = ("birthDate",)
MIDNIGHT = "T00:00:00"
"""What the contract writes after a birth date."""


@dataclass(frozen=True)
class Wire:
    """How an endpoint spells a member.

    Attributes:
        data: the object that holds the member; empty where the member is the whole.
        stores: how `favoriteStores` is spelled.
        consents: where the list of extended consents sits in the member.
        listed: what becomes a list of objects with one key each.
        known_by: the fields of which an endpoint needs one to know the member by; the first is
            the usual one.
        ordered: whether fields stand in the order of the contract's sample, not of the mapping.
    """

    data: str
    stores: str
    consents: str
    listed: str
    known_by: tuple[str, ...]
    ordered: bool

    @property
    def consents_path(self) -> tuple[str, ...]:
        """The keys under which the list of extended consents is written."""
        return (*filter(None, [self.data]), *self.consents.split("."))

    def path(self, name: str) -> tuple[str, ...]:
        """Give the keys, from the top down, under which a canonical name is written.

        The id of an extended consent is the last key, whatever dots it holds.
        """
        if not self.data:
            parts = [self.stores if name == STORES[0] else name]
        elif name.startswith("source."):
            return tuple(name.split("."))
        else:
            parts = [self.data, self.stores if name == STORES[0] else name]
        if name.startswith(f"{CONSENTS}."):
            return (*parts[:-1], *self.consents.split("."), name.removeprefix(f"{CONSENTS}."))
        return (*parts[:-1], *parts[-1].split("."))


FORMS: dict[Form, Wire] = {
    "import": Wire(
        data="",
        stores="favoriteStores",
        consents=CONSENTS,
        listed="metaData",
        known_by=("externalId", "mobilePhone", "email"),
        ordered=False,
    ),
    "create": Wire(
        data="data",
        stores="favoriteStores",
        consents=CONSENTS,
        listed="",
        known_by=("mobilePhone",),
        ordered=True,
    ),
    "update": Wire(
        data="data",
        stores="favouriteStores",
        consents="extendedConsents",
        listed="",
        known_by=("id", "externalId"),
        ordered=True,
    ),
}

MEMBER_ORDER = (
    *("id", "mobilePhone", "externalId", "email", "firstName", "lastName", "address", "zip"),
    *("city", "country", "birthDate", "gender", *STORES, "interests", "consents"),
    *("extendedProperties", "extendedConsents"),
)
CONSENTS_ORDER = ("acceptsTerms", "acceptsEmail", "acceptsSms", "extendedConsents")
SOURCE_ORDER = ("storeId", "cashRegisterId", "cashierId", "sourceName", "extendedSourceFields")
_ORDERS = {"data": MEMBER_ORDER, "consents": CONSENTS_ORDER, "source": SOURCE_ORDER}


def rank(path: tuple[str, ...]) -> tuple[int, ...]:
    """Rank a path as the contract's samples order their keys; others keep their order, behind."""
    ranks = [0 if path[0] == "data" else 1]
    for above, key in pairwise(path):
        order = _ORDERS.get(above, ())
        ranks.append(order.index(key) if key in order else len(order))
    return tuple(ranks)
