"""The words of a target: where a feed's records go, and what one request may hold."""

from typing import Annotated, ClassVar, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag

from pipelines.feeds.customers import NEEDS, CustomerTarget
from pipelines.feeds.imports import FILE, FORM, FormTarget, ImportTarget
from pipelines.feeds.records import Batch, RecordTarget, check_endpoint

RECEIPT_KEY = ("Header.StoreId", "Header.ReceiptId")


class TransactionsTarget(Batch):
    """Receipts to POST /transactions, by default 400 a request (reading T01)."""

    noun = "receipt"
    naming: ClassVar = RECEIPT_KEY
    may_repeat: ClassVar = False

    endpoint: Literal["POST /transactions"]
    max_receipts: Annotated[int, Field(ge=1)] = 400
    max_lines: Annotated[int | None, Field(ge=1)] = None


_OWN = {
    "POST /transactions": TransactionsTarget,
    "POST /import": ImportTarget,
    FILE: ImportTarget,
    FORM: FormTarget,
    **dict.fromkeys(NEEDS, CustomerTarget),
}
"""The methods with words of their own."""


def _tag(words: object) -> str:
    """Tell by the endpoint which target's words these are."""
    endpoint = words.get("endpoint") if isinstance(words, dict) else None
    return (_OWN.get(str(endpoint)) or RecordTarget).__name__


Target = Annotated[
    Annotated[TransactionsTarget, Tag("TransactionsTarget")]
    | Annotated[ImportTarget, Tag("ImportTarget")]
    | Annotated[FormTarget, Tag("FormTarget")]
    | Annotated[CustomerTarget, Tag("CustomerTarget")]
    | Annotated[RecordTarget, Tag("RecordTarget")],
    Discriminator(_tag),
    BeforeValidator(check_endpoint),
]


__all__ = ["RECEIPT_KEY", "Target", "TransactionsTarget"]
