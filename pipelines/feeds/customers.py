"""The words of a target that takes members one a request, and what can be mapped for it."""

from collections.abc import Mapping
from difflib import get_close_matches
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from pipelines.feeds.block import fault
from pipelines.feeds.mapping import ListOf, Mapped
from pipelines.feeds.records import Batch
from validators.fields import CUSTOMER_FIELDS, CUSTOMER_GROUPS, is_customer_field, kind_of

NEEDS = {
    "POST /customers": "mobilePhone",
    "PUT /customers": "id",
    "PUT /customers/externalId": "externalId",
}
"""The field that each needs, as far as short samples tell (reading T17)."""
ONCE = ("id", "externalId", "mobilePhone", "email")
"""What no two customers share."""


class CustomerTarget(Batch):
    """Members one a request, by the same names as in an import; how each is written, `mode` says.

    `create`: POST /customers, and a member who is there is refused. `update`: read, merge, write
    back what has changed, and a member who is not there is refused. `upsert`: whichever is right.
    """

    noun = "member"
    single = True

    endpoint: Literal["POST /customers", "PUT /customers", "PUT /customers/externalId"]
    mode: Literal["create", "update", "upsert"] | None = None
    in_flight: Annotated[int, Field(ge=1, le=64)] = 8

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        other = "update" if self.endpoint.startswith("POST ") else "create"
        if self.mode == other:
            raise fault(f"{self.endpoint} cannot {other}", "mode")
        return self

    @property
    def does(self) -> Literal["create", "update", "upsert"]:
        """The mode, as given or as the endpoint says."""
        return self.mode or ("create" if self.endpoint.startswith("POST ") else "update")

    @property
    def may_repeat(self) -> bool:
        """Whether sending a member twice is the same as sending it once."""
        return self.does != "create"

    @property
    def naming(self) -> tuple[str, ...]:
        """The fields that name a member; the first that has a value does."""
        need = NEEDS[self.endpoint]
        return ("externalId", need) if need == "mobilePhone" else (need,)


def check_customers(target: CustomerTarget, mapping: Mapping[str, Mapped]) -> None:
    """Refuse names that a customer has not, and a mapping that lacks what the endpoint needs.

    Raises:
        PydanticCustomError: it is so.
    """
    for name, mapped in mapping.items():
        if not is_customer_field(name):
            close = get_close_matches(name, CUSTOMER_FIELDS, n=1, cutoff=0.5)
            hint = f"did you mean {close[0]}? " if close else ""
            known = ", ".join([*CUSTOMER_FIELDS, *(f"{group}…" for group in CUSTOMER_GROUPS)])
            raise fault(f"no customer has {name}; {hint}known: {known}", name)
        if any(other.startswith(f"{name}.") for other in mapping):
            raise fault("cannot be a value and an object at once", name)
        if isinstance(mapped, ListOf) and kind_of(name, CUSTOMER_FIELDS) not in {"list", "text"}:
            raise fault("is one value and no list", name)
    if NEEDS[target.endpoint] not in mapping:
        raise fault(f"lacks {NEEDS[target.endpoint]}, which {target.endpoint} needs", "mapping")


__all__ = ["NEEDS", "ONCE", "CustomerTarget", "check_customers"]
