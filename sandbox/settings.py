"""How one sandbox behaves."""

from dataclasses import dataclass, field
from typing import Literal

NEEDS_ACTIVATION = frozenset({"import", "transactions", "reports"})


@dataclass(frozen=True, slots=True, kw_only=True)
class Settings:
    """What a sandbox answers where the contract leaves a choice.

    Attributes:
        api_key: the one key it knows, sent as `x-api-key`.
        duplicate_receipt: a receipt whose StoreId, ReceiptId and TransactionTypes it holds already
            is stored again (`accept`), passed over with 200 (`ignore`), or refused with 409
            (`conflict`). Reading T02.
        max_receipts: more receipts in one request answer 413; None only counts a warning above 400.
            Reading T01.
        max_body_bytes: a longer body answers 413.
        activated: the methods that are set up for this client; the others of `NEEDS_ACTIVATION`
            answer 403.
        import_envelope: the name that the array of POST /import must have; None takes any.
            Reading T05.
    """

    api_key: str = field(default="sandbox", repr=False)
    duplicate_receipt: Literal["accept", "ignore", "conflict"] = "accept"
    max_receipts: int | None = None
    max_body_bytes: int = 16 * 1024 * 1024
    activated: frozenset[str] = NEEDS_ACTIVATION
    import_envelope: str | None = None
