"""What the platform holds of one customer: the answer of GET /transactions/customerId/{id}."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any, Literal

from connectors.trigg.lists import find_list, read_number

__all__ = ["Held", "list_held", "read_held"]

_KINDS = {"PURCHASE", "RETURN"}
_SCALE = 10_000


@dataclass(frozen=True, slots=True)
class _Receipt:
    kind: str  # PURCHASE, RETURN; empty if it cannot be told
    amounts: frozenset[Decimal]  # without sign, in ten-thousandths: the header's, its lines' sum
    shown: Decimal | None = None  # of these the header's, else the sum


class Held:
    """The receipts of one customer.

    Args:
        receipts: store, id and what is known of each receipt.
        whole: whether these are all.
    """

    def __init__(self, receipts: list[tuple[str, str, _Receipt]], *, whole: bool) -> None:
        self.receipts, self.whole = receipts, whole
        self._exact: dict[tuple[str, str], list[_Receipt]] = {}
        self._alike: dict[tuple[str, str], set[tuple[str, str]]] = {}
        for store, number, receipt in receipts:
            self._exact.setdefault((store, number), []).append(receipt)
            self._alike.setdefault(_blur(store, number), set()).add((store, number))

    @classmethod
    def empty(cls) -> "Held":
        """Hold none."""
        return cls([], whole=True)

    def find(
        self, store: str, number: str, kind: str, amount: int
    ) -> Literal["landed", "missing", "unknown"]:
        """Look for one receipt; `amount` is its gross in ten-thousandths, its sign ignored."""
        here = self._exact.get((store, number), [])
        same = [receipt for receipt in here if receipt.kind == kind]
        # A receipt of no known kind may be the purchase or its return, which share the rest; the
        # purchase comes first.
        blank = [receipt for receipt in here if not receipt.kind]
        if any(abs(amount) in receipt.amounts for receipt in same):
            return "landed"
        if not same and kind == "PURCHASE" and any(abs(amount) in b.amounts for b in blank):
            return "landed"
        # An id in another spelling may be the platform's own: 007 kept as a number, say.
        alike = self._alike.get(_blur(store, number), set()) - {(store, number)}
        if same or blank or alike or not self.whole:
            return "unknown"
        return "missing"


def read_held(body: bytes) -> Held | None:
    """Read the answer, a bare or a wrapped list (reading T29); None if it is neither.

    Ids are text, whatever type JSON gives them (reading T30). A receipt is a return if all its
    lines are: by transactionType, or by a negative quantity where that is absent.
    """
    found = find_list(body, str)
    if found is None:
        return None
    rows, whole = found
    receipts = [receipt for row in rows if (receipt := _read_receipt(row)) is not None]
    return Held(receipts, whole=len(receipts) == len(rows) and whole)


def list_held(body: bytes) -> list[tuple[str, str, str, int]] | None:
    """List what `read_held` reads: store, id, PURCHASE or RETURN, gross amount.

    Amounts are in ten-thousandths and without sign; one that is not told is -1. What tells neither
    kind is a purchase. None if the answer is no list, or not all of it can be read.
    """
    held = read_held(body)
    if held is None or not held.whole:
        return None
    return [
        (
            store,
            number,
            receipt.kind or "PURCHASE",
            -1 if receipt.shown is None else int(receipt.shown),
        )
        for store, number, receipt in held.receipts
    ]


def _read_receipt(row: Any) -> tuple[str, str, _Receipt] | None:  # noqa: ANN401  (whatever JSON holds)
    if not isinstance(row, dict):
        return None
    store, number, lines = row.get("storeId"), row.get("receiptId"), row.get("rows")
    if not isinstance(store, str) or not isinstance(number, str):
        return None
    listed = lines if isinstance(lines, list) else []
    lines = [line for line in listed if isinstance(line, dict)]
    kinds = [_kind_of(line) for line in lines]
    kind = "PURCHASE" if "PURCHASE" in kinds else ""
    if kinds and set(kinds) == {"RETURN"}:
        kind = "RETURN"
    told = (read_number(row.get("grossAmount")), _add_up(lines, kinds))
    amounts = [abs(amount) * _SCALE for amount in told if amount is not None]
    return store, number, _Receipt(kind, frozenset(amounts), next(iter(amounts), None))


def _kind_of(line: dict[str, Any]) -> str:
    word = str(line.get("transactionType")).upper()
    if word in _KINDS:
        return word
    quantity = read_number(line.get("quantity"))
    return "" if not quantity else "RETURN" if quantity < 0 else "PURCHASE"


def _add_up(lines: list[dict[str, Any]], kinds: list[str]) -> Decimal | None:
    """Add the lines up, returns taken off. Headers may differ from that by a tolerance."""
    total = Decimal(0)
    for line, kind in zip(lines, kinds, strict=True):
        amount = read_number(line.get("grossAmount"))
        if amount is None or not kind:
            return None
        total += -abs(amount) if kind == "RETURN" else amount
    return total if lines else None


def _blur(store: str, number: str) -> tuple[str, str]:
    return (
        store.strip().casefold().lstrip("0"),
        number.strip().casefold().lstrip("0"),
    )
