"""Receipts: what the columns prove of each other changes how likely each candidate is."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from itertools import combinations

from pipelines.guessing.amounts import MANY, add_up, are_products, are_sums
from pipelines.guessing.matching import Candidate
from pipelines.guessing.records import Table

Numbers = Mapping[str, Sequence[Decimal | None]]
GROSS, TOTAL = "Items.GrossAmount", "Header.GrossAmount"
QUANTITY, UNIT = "Items.Quantity", ":unitPrice"
MONEY = ("Amount", "Vat", "Discount", "unitPrice")
PROOF = 0.12
PLAIN = 0.5
PAIRS = 200


def weigh(
    found: list[Candidate], numbers: Numbers, groups: Sequence[Sequence[int]]
) -> list[Candidate]:
    """Raise what arithmetic confirms, lower what it refutes, and add what it alone shows."""
    scale = _Scale(found, numbers)
    scale.weigh_units()
    scale.weigh_net_and_vat()
    scale.weigh_totals(groups)
    return sorted(scale.scores.values(), key=lambda c: -c.confidence)


class _Scale:
    """Candidates by column and concept."""

    def __init__(self, found: list[Candidate], numbers: Numbers) -> None:
        self.scores = {(c.column, c.concept): c for c in found}
        self._numbers = numbers
        self._money = [name for name in numbers if self._may_be(name, MONEY)]
        self._sizes = {name: _size(numbers[name]) for name in self._money}

    def _may_be(self, column: str, ends: tuple[str, ...]) -> bool:
        return any(c == column and concept.endswith(ends) for c, concept in self.scores)

    def _best(self, concept: str) -> str:
        named = [c for c in self.scores.values() if c.concept == concept]
        own = [c for c in named if c.column in self._numbers]
        return max(own, key=lambda c: c.confidence).column if own else ""

    def _change(self, column: str, concept: str, by: float, why: str) -> None:
        held = self.scores.get((column, concept))
        if held is None:
            if by < 0:
                return
            held = Candidate(column, concept, 0.6, "")
        confidence = round(min(0.98, max(0.05, held.confidence + by)), 2)
        told = f"{held.why}; {why}" if held.why else why
        self.scores[column, concept] = replace(held, confidence=confidence, why=told)

    def weigh_units(self) -> None:
        """Tell prices from amounts: a price times the quantity is an amount."""
        quantity = self._best(QUANTITY)
        if not quantity:
            return
        for unit in self._money:
            if not self._may_be(unit, ("unitPrice", "Items.GrossAmount")):
                continue
            for total in self._money:
                if total in {unit, quantity}:
                    continue
                parts = (self._numbers[unit], self._numbers[quantity], self._numbers[total])
                if are_products(*parts):
                    self._change(unit, UNIT, PROOF + 0.1, "times the quantity it is an amount")
                    self._change(unit, GROSS, -0.6, "times the quantity it is another amount")
                    if self._may_be(total, ("Items.GrossAmount",)):
                        self._change(total, GROSS, PROOF, "it is the quantity times a price")

    def weigh_net_and_vat(self) -> None:
        """Find amounts that are the sum of two others, of which the smaller is the VAT."""
        for whole in self._money:
            others = [name for name in self._money if name != whole]
            for pair in list(combinations(others, 2))[:PAIRS]:
                vat, net = sorted(pair, key=lambda name: self._sizes[name])
                if not self._may_be(vat, ("Vat",)) or not self._may_be(net, ("Amount",)):
                    continue
                if add_up(self._numbers[vat], self._numbers[net], self._numbers[whole]):
                    lines = (whole, GROSS) in self.scores or (whole, TOTAL) not in self.scores
                    level = "Items" if lines else "Header"
                    self._change(whole, f"{level}.GrossAmount", PROOF, "it is net and VAT together")
                    self._change(net, f"{level}.NetAmount", PROOF, "with the VAT it is the gross")
                    self._change(vat, f"{level}.Vat", PROOF, "with the net it is the gross")

    def weigh_totals(self, groups: Sequence[Sequence[int]]) -> None:
        """Find totals: the sum of another amount over each receipt."""
        for total in self._money:
            if (total, TOTAL) not in self.scores:
                continue
            for line in self._money:
                if line == total or (line, GROSS) not in self.scores:
                    continue
                if are_sums(self._numbers[line], self._numbers[total], groups):
                    self._change(total, TOTAL, PROOF, "it is the sum of the lines")
                    self._change(total, GROSS, -0.5, "it is the sum of the lines")
                    self._change(line, GROSS, PROOF, "over the receipt it adds up to the total")
                    break


def find_by_lines(table: Table, found: list[Candidate]) -> list[Candidate]:
    """Know the receipt's number by the lines: it changes where, and only where, they begin anew."""
    if any(c.concept == "Header.ReceiptId" and c.confidence >= PLAIN for c in found):
        return found
    more = []
    for line in [c.column for c in found if c.concept == "Items.LineNo"]:
        numbers = [int(v) if v.strip().isdigit() else -1 for v in table.columns[line]]
        starts = [at for at, n in enumerate(numbers) if at and n <= numbers[at - 1]]
        steady = sum(n == numbers[at] + 1 for at, n in enumerate(numbers[1:]))
        if len(starts) < MANY or steady + len(starts) < len(numbers) - 1:
            continue
        for column, values in table.columns.items():
            changes = [at for at in range(1, len(values)) if values[at] != values[at - 1]]
            if column != line and changes == starts and len(set(values)) == len(starts) + 1:
                why = "it changes where the line numbers begin anew"
                more.append(Candidate(column, "Header.ReceiptId", 0.65, why))
                more.append(Candidate(line, "Items.LineNo", 0.75, "counts the lines of receipts"))
    return sorted([*found, *more], key=lambda c: -c.confidence)


def _size(values: Sequence[Decimal | None]) -> Decimal:
    return sum((abs(v) for v in values if v is not None), Decimal(0))
