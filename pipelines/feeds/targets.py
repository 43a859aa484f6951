"""The words of a target: where a feed's records go, and what one request may hold."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from pipelines.feeds.customers import NEEDS, CustomerTarget
from pipelines.feeds.records import Batch, RecordTarget, check_endpoint
from validators.fields import MEMBER_KEYS

RECEIPT_KEY = ("Header.StoreId", "Header.ReceiptId")


class TransactionsTarget(Batch):
    """Receipts to POST /transactions, by default 400 a request (reading T01)."""

    noun = "receipt"
    naming: ClassVar = RECEIPT_KEY
    may_repeat: ClassVar = False

    endpoint: Literal["POST /transactions"]
    max_receipts: Annotated[int, Field(ge=1)] = 400
    max_lines: Annotated[int | None, Field(ge=1)] = None


class ImportTarget(Batch):
    """Members to POST /import, an object with one list named `envelope` (reading T05)."""

    noun = "member"
    naming: ClassVar = MEMBER_KEYS
    may_repeat: ClassVar = True

    endpoint: Literal["POST /import"]
    envelope: Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")] = "members"
    max_members: Annotated[int, Field(ge=1)] = 400


def _tag(words: object) -> str:
    """Tell by the endpoint which target's words these are."""
    endpoint = words.get("endpoint") if isinstance(words, dict) else None
    batched = {"POST /transactions": TransactionsTarget, "POST /import": ImportTarget}
    batched |= dict.fromkeys(NEEDS, CustomerTarget)
    return (batched.get(str(endpoint)) or RecordTarget).__name__


Target = Annotated[
    Annotated[TransactionsTarget, Tag("TransactionsTarget")]
    | Annotated[ImportTarget, Tag("ImportTarget")]
    | Annotated[CustomerTarget, Tag("CustomerTarget")]
    | Annotated[RecordTarget, Tag("RecordTarget")],
    Discriminator(_tag),
    BeforeValidator(check_endpoint),
]


__all__ = ["RECEIPT_KEY", "ImportTarget", "Target", "TransactionsTarget"]
