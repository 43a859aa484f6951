"""Receipts: from what each column is to the words of the mapping."""

import re
from collections.abc import Mapping

from pipelines.guessing.fitting import BACK, SALE
from pipelines.guessing.matching import Candidate
from pipelines.guessing.profiles import Profile
from pipelines.guessing.records import CLOCK, LEFT, UNKNOWN, Match, Table
from pipelines.guessing.writing import write
from validators.fields import DERIVED, RECEIPT_FIELDS

BRACKETS = re.compile(r"^\(\s*\d[\d .,']*\)$")
FORGE = {
    "Header.StoreId": "which store is it? a file of one store names none",
    "Header.ReceiptId": "no column names the receipt",
    "Header.TimeStamp": "no column says when the receipt was made",
    "Items.LineNo": "no column numbers the lines of a receipt",
    "Items.Quantity": "no column says how many were sold",
    "Items.ProductId": "no column names the product",
    "Items.GrossAmount": "no column is a line's amount with VAT",
}


class ReceiptWords:
    """Makes the words of the mapping, and gathers questions on the way.

    Attributes:
        matches: one for each column, in the order of the profiles.
        questions: what a person must decide.
        values: words of `values`, and why.
        added: wire names that no column feeds.
        receipts: words of `receipts`.
    """

    def __init__(
        self,
        profiles: Mapping[str, Profile],
        given: Mapping[str, Candidate],
        table: Table,
        *,
        nested: bool,
    ) -> None:
        self._profiles, self._given, self._table, self._nested = profiles, given, table, nested
        self.questions: list[str] = []
        self.values: dict[str, object] = {}
        self.why: dict[str, str] = {}
        self.added: dict[str, str] = {}
        self.receipts: dict[str, object] = {}
        self.by_concept = {c.concept: column for column, c in given.items()}
        self.matches = [self._match(column) for column in profiles]
        self._add_missing()
        self._judge_key()
        self._judge_signs()
        self._judge_brackets()
        self._judge_customer()

    def _match(self, column: str) -> Match:
        found = self._given.get(column)
        if found is None:
            return Match(column, (), UNKNOWN, "no known name", left_out="nobody knows what it is")
        concept = found.concept
        if concept == LEFT:
            return Match(column, (), 1.0, found.why, left_out="left out by a person")
        if concept == CLOCK and self._dated_only():
            return Match(column, ("Header.TimeStamp",), found.confidence, found.why)
        if concept.startswith(":"):
            reason = f"no field takes it ({concept.removeprefix(':')})"
            return Match(column, (), found.confidence, found.why, left_out=reason)
        mapped = ""
        if concept == "Header.TimeStamp":
            mapped = self._time(column)
        elif concept == "Items.TransactionType":
            mapped = self._type(column)
        return Match(column, (concept,), found.confidence, found.why, {concept: mapped})

    def _dated_only(self) -> bool:
        column = self.by_concept.get("Header.TimeStamp")
        dates = self._profiles[column].when if column else None
        return dates is not None and not dates.timed

    def _time(self, column: str) -> str:
        dates, clock = self._profiles[column].when, self.by_concept.get(":clock")
        if dates is None:
            return ""
        swapped = [w for w in dates.rivals if w.replace("m", "d") == dates.word.replace("m", "d")]
        if swapped and not dates.proof:
            self.questions.append(
                f"`{column}` may be {dates.word} or {swapped[0]}: no value in the sample decides"
            )
        word, mapped = dates.word, ""
        if not dates.timed and dates.word != "excel":
            if clock:
                pattern = self._clock_word(clock)
                day = "%Y-%m-%d" if word == "iso" else word
                word = f"{day} {pattern}"
                mapped = write({"join": [column, clock], "with": " "})
            else:
                word = "%Y-%m-%d" if word == "iso" else word
                self.questions.append(
                    f"`{column}` has no time of day; receipts need one: which column has it?"
                )
        if word != "iso":
            self.values["time"] = word
            self.why["time"] = dates.proof or f"{dates.share:.0%} of the values fit"
        if dates.word in {"epoch", "epoch_ms"}:
            self.why["time"] = "seconds since 1970, in UTC"
        if dates.zoned:
            self.questions.append(
                f"`{column}` carries a zone; is receipts.time_zone that of the stores?"
            )
        return mapped

    def _clock_word(self, clock: str) -> str:
        values = self._profiles[clock].values
        mark = "." if all("." in v for v in values) else ":"
        seconds = all(v.count(mark) == 2 for v in values)
        return mark.join(["%H", "%M", "%S"] if seconds else ["%H", "%M"])

    def _type(self, column: str) -> str:
        table: dict[str, str] = {}
        unknown = 0
        for word in sorted(self._profiles[column].values):
            low = word.lower()
            if low in {"purchase", "return"} and word.isupper():
                table[word] = word
            elif low in BACK or low == "true":
                table[word] = "RETURN"
            elif low in SALE or low == "false":
                table[word] = "PURCHASE"
            else:
                unknown += 1
        if unknown:
            self.questions.append(f"{unknown} words in `{column}` are neither a sale nor a return")
        if not table or all(k == v for k, v in table.items()):
            return ""
        return write({"column": column, "lookup": table})

    def _add_missing(self) -> None:
        fields = {field for match in self.matches for field in match.fields}
        for name, field in RECEIPT_FIELDS.items():
            if not field.required or name in fields or name in DERIVED:
                continue
            self.questions.append(f"{FORGE[name]} ({name}); until it is answered all is rejected")
            self.added[name] = write({"constant": ""})
            if name == "Header.ReceiptId":  # a constant would make one receipt of all
                nothing = {"column": next(iter(self._profiles)), "extract": "(x^)"}
                self.added[name] = write(nothing)
        if "Items.Vat" not in fields:
            self._ask_for_vat(fields)
        if "Header.Currency" not in fields:
            self.questions.append("no column names the currency; add Header.Currency if it is one")

    def _ask_for_vat(self, fields: set[str]) -> None:
        rates = self.by_concept.get(":vatPercent")
        values = self._profiles[rates].values if rates else []
        numbers = [v.replace(",", ".").strip(" %") for v in values]
        if len(numbers) == 1 and numbers[0].replace(".", "").isdigit():
            self.receipts["vat_percent"] = float(numbers[0])
            self.questions.append(f"all VAT is {numbers[0]} percent of `{rates}`: is it always?")
            return
        self.receipts["vat_percent"] = 25
        if "Items.NetAmount" in fields:
            self.questions.append(
                "no column is the VAT, though one is the net: is it the difference?"
            )
        what = f"`{rates}` has {len(numbers)} rates" if rates else "no column is the VAT"
        self.questions.append(f"{what}; vat_percent 25 is a guess: which is right for these goods?")

    def _judge_key(self) -> None:
        store, receipt = (
            self.by_concept.get("Header.StoreId"),
            self.by_concept.get("Header.ReceiptId"),
        )
        if self._nested or not receipt:
            return
        columns = self._table.columns
        seen: dict[tuple[str, ...], int] = {}
        names = [n for n in (store, receipt) if n]
        stores: dict[str, set[str]] = {}
        before, repeats = None, 0
        for row in range(self._table.height):
            key = tuple(columns[n][row] for n in names)
            stores.setdefault(columns[receipt][row], set()).add(
                columns[store][row] if store else ""
            )
            repeats += key != before and key in seen and row not in self._table.breaks
            seen[key] = row
            before = key
        shared = sum(len(s) > 1 for s in stores.values())
        if shared and store:
            self.receipts["key"] = ["Header.StoreId", "Header.ReceiptId"]
            self.questions.append(
                f"{shared} receipt numbers stand at several stores, so store and number make the "
                "key: do tills or days count alike too?"
            )
        if repeats:
            self.questions.append(
                f"the rows of {repeats} receipts do not stand together, or their numbers are used "
                "again; sort the file by receipt, or name what else tells them apart"
            )

    def _judge_signs(self) -> None:
        gross, quantity = (self.by_concept.get(f"Items.{n}") for n in ("GrossAmount", "Quantity"))
        if not gross or not quantity:
            return
        columns = self._table.columns
        signs = [(_is_below(a), _is_below(c)) for a, c in zip(columns[gross], columns[quantity],
                                                             strict=True)]  # fmt: skip
        both, lone = signs.count((True, True)), signs.count((True, False))
        if both:
            self.receipts["return_amounts_in"] = "signed"
        if lone:
            self.questions.append(
                f"{lone} sampled lines have an amount below zero and a quantity above: returns or "
                "discounts? a return needs a quantity below zero"
            )

    def _judge_brackets(self) -> None:
        for name in ("GrossAmount", "NetAmount", "Vat", "Discount", "Quantity"):
            column = self.by_concept.get(f"Items.{name}") or self.by_concept.get(f"Header.{name}")
            values = self._profiles[column].values if column else []
            if many := sum(bool(BRACKETS.match(v)) for v in values):
                self.questions.append(
                    f"{many} values in `{column}` stand in parentheses: are they below zero? as "
                    "they are, they are rejected"
                )

    def _judge_customer(self) -> None:
        column = self.by_concept.get("Header.ConsumerId")
        if column and self._profiles[column].shares["guid"] < 0.9 and self._profiles[column].counts:
            self.questions.append(
                f"is `{column}` the platform's customer id, as Header.ConsumerId must be?"
            )


def _is_below(number: str) -> bool:
    """Tell whether a number is below zero, wherever its minus stands and whichever it is."""
    text = number.strip()
    return text.startswith(("-", "\N{MINUS SIGN}")) or text.endswith("-")
