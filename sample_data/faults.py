"""Faults put into good rows, one kind each, and a list of what was put where."""

import csv
import io
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

Row: TypeAlias = Mapping[str, str | None]


@dataclass(frozen=True, slots=True)
class Fault:
    """One kind of fault: what it shows, and the changes that make it."""

    name: str
    shows: str
    first: Mapping[str, str] = field(default_factory=dict)
    """New values in the record's first row."""
    later: Mapping[str, str] = field(default_factory=dict)
    """New values in its other rows; such a record has two rows or more, another only one."""
    fields: int = 0
    """Fields too many in the row, or, below zero, too few."""
    torn: bool = False
    """The record's last row stands at the end of the file."""

    @property
    def needs_rows(self) -> bool:
        """Whether the fault shows only in a record of several rows."""
        return bool(self.later) or self.torn


LINE_FAULTS = (
    Fault("amount_letter", "letter o in an amount", {"gross_amount": "12.5o"}),
    Fault("amount_comma", "decimal comma in an amount", {"gross_amount": "12,50"}),
    Fault("amount_nan", "NaN as an amount", {"gross_amount": "NaN"}),
    Fault("amount_missing", "no amount", {"gross_amount": ""}),
    Fault("quantity_word", "quantity in words", {"quantity": "two"}),
    Fault("line_word", "line number in words", {"line_no": "first"}),
    Fault("no_receipt_id", "no receipt id", {"receipt_id": ""}),
    Fault("no_store_id", "no store id", {"store_id": ""}),
    Fault("no_product_id", "no product id", {"product_id": ""}),
    Fault("no_timestamp", "no time", {"timestamp": ""}),
    Fault("impossible_date", "31 February", {"timestamp": "2024-02-31T10:15:00"}),
    Fault("no_date", "a word for a time", {"timestamp": "yesterday"}),
    Fault(
        "return_amount_sign",
        "a return whose amounts carry a minus sign too",
        {
            "quantity": "-1",
            "gross_amount": "-11.50",
            "vat": "-1.50",
            "net_amount": "-10.00",
            "receipt_gross_amount": "-11.50",
        },
    ),
    Fault(
        "net_wrong", "net is not gross less VAT: only a warning, it is sent", {"net_amount": "0.01"}
    ),
    Fault(
        "sum_wrong", "header amount is not the sum of the lines", {"receipt_gross_amount": "9.99"}
    ),
    Fault("short_row", "four fields too few", fields=-4),
    Fault("long_row", "one field too many", fields=1),
    Fault("two_stores", "two stores in one receipt", later={"store_id": "999"}),
    Fault("two_times", "two times in one receipt", later={"timestamp": "2017-06-30T23:59:59"}),
    Fault("two_customers", "two customers in one receipt", later={"customer_id": "1"}),
    Fault("torn_receipt", "last line at the end of the file, away from the others", torn=True),
    Fault("line_twice", "the same line number twice", later={"line_no": "1"}),
)
TYPE_FAULTS = (
    Fault("return_positive", "RETURN with a positive quantity", {"transaction_type": "RETURN"}),
    Fault(
        "purchase_negative",
        "PURCHASE with a negative quantity",
        {"transaction_type": "PURCHASE", "quantity": "-1"},
    ),
    Fault("unknown_type", "a type the API does not know", {"transaction_type": "REFUND"}),
)
MEMBER_FAULTS = (
    Fault("phone_short", "phone of five digits", {"mobile_phone": "+4712345"}),
    Fault("phone_float", "phone through a spreadsheet", {"mobile_phone": "4.712E+09"}),
    Fault("phone_letters", "phone with letters", {"mobile_phone": "+47 12 CALL ME"}),
    Fault("email_no_at", "e-mail without @", {"email": "kari.example.no"}),
    Fault("email_two_at", "e-mail with two @", {"email": "kari@home@example.no"}),
    Fault("email_space", "e-mail with a blank", {"email": "kari nordmann@example.no"}),
    Fault(
        "no_key",
        "no number, no phone, no e-mail: nothing to know the member by",
        {"member_no": "", "mobile_phone": "", "email": ""},
    ),
    Fault("impossible_birth", "born on 30 February", {"birth_date": "1985-02-30"}),
    Fault("future_birth", "born in 2085", {"birth_date": "2085-05-17"}),
    Fault("consent_word", "a consent that is neither true nor false", {"accepts_email": "maybe"}),
    Fault("short_row", "four fields too few", fields=-4),
    Fault("long_row", "one field too many", fields=1),
)


@dataclass(frozen=True, slots=True)
class Spoilt:
    """A dirty file and where its faults are: `(line of the file, key, name, what it shows)`."""

    text: str
    faults: tuple[tuple[int, str, str, str], ...]
    good: tuple[Sequence[Row], ...]


def spoil(records: Sequence[Sequence[Row]], faults: Sequence[Fault], *, key: str) -> Spoilt:
    """Put each fault into a record of its own and a good record before each.

    Args:
        records: Good records of one or more rows, enough for all faults and as many good ones.
            Receipts that are returns stay good ones.
        faults: What to put in.
        key: The column that tells records apart.

    Raises:
        StopIteration: There are too few records.
    """
    sound = iter(records[::2])
    victims = [record for record in records[1::2] if (record[0].get("quantity") or "")[:1] != "-"]
    single = iter([record for record in victims if len(record) == 1])
    several = iter([record for record in victims if len(record) > 1])
    rows: list[list[str | None]] = [list(records[0][0])]
    end: list[list[str | None]] = []
    places: list[tuple[int, str, str, str]] = []
    good: list[Sequence[Row]] = []
    for fault in faults:
        good.append(next(sound))
        rows += (list(row.values()) for row in good[-1])
        bad = next(several if fault.needs_rows else single)
        places.append((len(rows) + 1, bad[0][key] or "", fault.name, fault.shows))
        spoilt = list(_spoil_rows(bad, fault))
        rows += spoilt[:-1] if fault.torn else spoilt
        end += spoilt[-1:] if fault.torn else []
    file = io.StringIO()
    csv.writer(file, lineterminator="\n").writerows(rows + end)
    return Spoilt(file.getvalue(), tuple(places), tuple(good))


def _spoil_rows(record: Sequence[Row], fault: Fault) -> Iterator[list[str | None]]:
    for number, row in enumerate(record):
        values = list({**row, **(fault.later if number else fault.first)}.values())
        yield values[: fault.fields] if fault.fields < 0 else values + ["?"] * fault.fields
