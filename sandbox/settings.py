"""How one sandbox behaves."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

NEEDS_ACTIVATION = frozenset(
    {
        *("import", "transactions", "reports", "bonus", "loyalty_cards", "carts"),
        *("payment_cards", "vehicles", "promotions", "triggers", "affiliates", "previews"),
    }
)
OnRepeat = Literal["accept", "ignore", "conflict"]


class FaultsError(ValueError):
    """Faults or offers that were asked for cannot be read; the message says where and why."""


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
            answer 403, and 404 if they are previews and `previews` is not among these.
        import_envelope: the name that the array of POST /import must have; None takes any.
            Reading T05.
        import_seconds: how long POST /import/file lets a file wait before it is worked through.
        quarantine: for so many seconds the phone and the e-mail of a deleted customer make no new
            one: 422. 0 keeps nothing of them.
        offers: the promotions, stamp cards, activities and triggers there are, as a YAML or JSON
            file or as what such a file holds; docs/sandbox.md has the words and those of None.
        faults: what goes wrong on purpose from the start, likewise.
    """

    api_key: str = field(default="sandbox", repr=False)
    duplicate_receipt: OnRepeat = "accept"
    max_receipts: int | None = None
    max_body_bytes: int = 16 * 1024 * 1024
    activated: frozenset[str] = NEEDS_ACTIVATION
    import_envelope: str | None = None
    import_seconds: float = 0.2
    quarantine: float = 0
    offers: Path | Mapping[str, object] | None = None
    faults: Path | Mapping[str, object] | None = None
