"""A posted batch of receipts, checked whole: all of it is good or none of it is taken (T03)."""

from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Context, Decimal, Inexact, InvalidOperation, localcontext

from pydantic import ValidationError

from sandbox import strict_json
from sandbox.answers import Refusal, refuse_faults
from sandbox.receipt_schema import BATCH, Item, ReceiptRequest
from sandbox.schema_errors import list_faults, spell_path

ADVISED_RECEIPTS = 400
# Wide enough to add millions of 30-digit numbers; it fails rather than round.
_EXACT = Context(prec=120, traps=[Inexact, InvalidOperation])


@dataclass(frozen=True, slots=True)
class Receipt:
    """What is stored of one receipt.

    Attributes:
        kind: the TransactionTypes of its lines, as in `PURCHASE+RETURN`; part of its key (T02).
        customer: the ConsumerId as it is compared, without case (T30), or None.
        gross: the header's GrossAmount, in plain decimals.
        text: the receipt as it was sent.
    """

    store_id: str
    receipt_id: str
    kind: str
    customer: str | None
    gross: str
    lines: int
    text: str


@dataclass(frozen=True, slots=True)
class ReceiptBatch:
    """A good batch, and for each of its receipts what it adds to the facts."""

    receipts: list[Receipt]
    facts: list[dict[str, Decimal]]

    def first_half(self) -> "ReceiptBatch":
        """Return the first half of it, rounded down."""
        end = len(self.receipts) // 2
        return ReceiptBatch(self.receipts[:end], self.facts[:end])


def check_batch(text: str, max_receipts: int | None = None) -> ReceiptBatch:
    """Return the batch that the body of POST /transactions holds.

    Raises:
        Refusal: 400 with {receiptId, path, message} for each fault; 413 above `max_receipts`.
        NotJsonError: the text is not JSON.
    """
    parts = strict_json.cut_array(text, "ReceiptRequests")
    document = (
        {"ReceiptRequests": [value for value, _ in parts]} if parts else strict_json.read(text)
    )
    try:
        requests = BATCH.validate_python(document)["ReceiptRequests"]
    except ValidationError as error:
        raise refuse_faults(
            [_name_receipt(document, place, message) for place, message in list_faults(error)]
        ) from None
    if parts is None:
        raise Refusal(400, "ReceiptRequests: write this name without escapes")
    if max_receipts is not None and len(requests) > max_receipts:
        raise Refusal(413, f"{len(requests)} receipts in one request, {max_receipts} are taken")
    faults = [_name_receipt(document, *fault) for fault in _find_contradictions(requests)]
    if faults:
        raise refuse_faults(faults)
    with localcontext(_EXACT):
        return ReceiptBatch(
            [
                _make_receipt(request, part[1])
                for request, part in zip(requests, parts, strict=True)
            ],
            [_count_receipt(request) for request in requests],
        )


def _find_contradictions(
    requests: list[ReceiptRequest],
) -> Iterator[tuple[tuple[int | str, ...], str]]:
    for i, request in enumerate(requests):
        items = request["Items"]
        if len({item["LineNo"] for item in items}) != len(items):
            yield ("ReceiptRequests", i, "Items"), "LineNo must be unique in a receipt"
        for k, item in enumerate(items):
            if (item["Quantity"] < 0) != (item["TransactionType"] == "RETURN"):
                place = ("ReceiptRequests", i, "Items", k, "Quantity")
                yield place, "must be negative on a RETURN and on nothing else"


def _name_receipt(
    document: object, place: tuple[int | str, ...], message: str
) -> dict[str, object]:
    """Return one fault with the id of its receipt, as far as the body gives one."""
    found: object = document
    for step in (*place[:2], "Header", "ReceiptId"):
        if isinstance(found, dict):
            found = found.get(step)
        elif isinstance(found, list) and isinstance(step, int):
            found = found[step]
        else:
            found = None
    receipt_id = found[:100] if isinstance(found, str) else None
    return {"receiptId": receipt_id, "path": spell_path(place), "message": message}


def _make_receipt(request: ReceiptRequest, text: str) -> Receipt:
    header, items = request["Header"], request["Items"]
    customer = header.get("ConsumerId")
    return Receipt(
        header["StoreId"],
        header["ReceiptId"],
        "+".join(sorted({item["TransactionType"] for item in items})),
        None if customer is None else customer.casefold(),
        format(Decimal(header["GrossAmount"]), "f"),
        len(items),
        text,
    )


def _count_receipt(request: ReceiptRequest) -> dict[str, Decimal]:
    items = request["Items"]
    back = [item for item in items if item["TransactionType"] == "RETURN"]
    all_lines = _add_lines(items)
    facts = {"receipts": Decimal(1)} | all_lines
    if back:
        returned = _add_lines(back)
        facts |= {f"returns.{name}": amount for name, amount in returned.items()}
        net_of_returns = all_lines["gross"] - 2 * returned["gross"]
    else:
        net_of_returns = all_lines["gross"]
    # Neither rule is documented, so both are only counted (T19). A header may count returns either
    # way: the sample of a return has positive amounts (T18).
    header_gross = request["Header"]["GrossAmount"]
    if header_gross not in (all_lines["gross"], net_of_returns, -net_of_returns):
        facts["warnings.header_gross_differs"] = Decimal(1)
    differ = [i for i in items if i["NetAmount"] + i["Vat"] != i["GrossAmount"]]
    if differ:
        facts["warnings.net_and_vat_differ_from_gross"] = Decimal(len(differ))
    return facts


def _add_lines(items: list[Item]) -> dict[str, Decimal]:
    """Return the number of lines and their sums as sent: a return's amounts count as positive."""
    return {
        "lines": Decimal(len(items)),
        "quantity": _sum([item["Quantity"] for item in items]),
        "gross": _sum([item["GrossAmount"] for item in items]),
        "vat": _sum([item["Vat"] for item in items]),
        "net": _sum([item["NetAmount"] for item in items]),
        "discount": _sum([item.get("Discount", 0) for item in items]),
    }


def _sum(amounts: list[Decimal | int]) -> Decimal:
    return Decimal(sum(amounts, Decimal(0)))
