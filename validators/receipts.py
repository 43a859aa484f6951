"""What receipts and their lines must be before they are sent, beyond the field tables."""

from collections.abc import Collection
from decimal import Decimal
from typing import Literal

import polars as pl

from validators.fields import AMOUNTS, HEADER, ITEMS, RETURN
from validators.rules import Rule, field_rules

AMOUNT_SCALE = 10_000  # amounts are summed as whole ten-thousandths


def line_rules(
    mapped: Collection[str], *, returns: Literal["positive", "signed"] = "positive"
) -> list[Rule]:
    """Give the rules of one receipt line.

    Args:
        mapped: the wire names that the feed maps.
        returns: whether a return's amounts are positive or carry a minus sign.

    Returns:
        Rules over a frame of the mapped text columns and two booleans: `line_no_repeats` (an
        earlier line of the receipt has the same number) and `beside_unknown` (a neighbouring
        row names no receipt).
    """
    rules = [rule for field in ITEMS if field.name in mapped for rule in field_rules(field)]
    message = "is used by another line of this receipt"
    repeats = pl.col("line_no_repeats")
    rules.append(Rule("Items.LineNo", "line-number-repeats", message, repeats))
    message = "stands beside a row whose receipt is unknown and that may belong to it"
    beside = pl.col("beside_unknown")
    rules.append(Rule("Header.ReceiptId", "may-lack-a-line", message, beside))
    quantity = pl.col("Items.Quantity").cast(pl.Float64, strict=False)
    gross = pl.col("Items.GrossAmount").cast(pl.Float64, strict=False)
    against = gross < 0 if returns == "positive" else gross > 0
    message = f"the amounts of a return are {returns} in this feed (receipts.return_amounts_in)"
    told_wrong = ((quantity < 0) & against).fill_null(value=False)
    rules.append(Rule("Items.GrossAmount", "sign-of-amount", message, told_wrong))
    if "Items.TransactionType" in mapped:
        is_return = pl.col("Items.TransactionType") == RETURN
        # Documented for returns: TransactionType RETURN goes with a negative Quantity.
        differs = (is_return != (quantity < 0)).fill_null(value=False)
        message = "a RETURN has a negative quantity, and only a RETURN has"
        rules.append(Rule("Items.TransactionType", "sign-of-return", message, differs))
    return rules


def receipt_rules(
    mapped: Collection[str], repeated: Collection[str], *, tolerance: Decimal
) -> list[Rule]:
    """Give the rules of one receipt.

    Args:
        mapped: the wire names that the feed maps.
        repeated: those whose value each line repeats, and so may contradict.
        tolerance: how far a header amount may lie from the sum of its lines.

    Returns:
        Rules over a frame of text columns `Header.*` and the facts of the lines: `time`
        (Datetime, null where TimeStamp is none), `differs.<name>` (whether the lines name
        several values) and `off.<amount>` (header minus lines, in ten-thousandths, or null).
    """
    rules = [rule for field in HEADER if field.name in mapped for rule in field_rules(field)]
    no_time = pl.col("Header.TimeStamp").is_not_null() & pl.col("time").is_null()
    message = "not a date and time such as 2024-01-31T14:50:05"
    rules.append(Rule("Header.TimeStamp", "not-a-time", message, no_time))
    for name in repeated:
        message = "differs between the lines of this receipt"
        rules.append(Rule(name, "differs-in-receipt", message, pl.col(f"differs.{name}")))
    for amount in AMOUNTS:
        if f"Header.{amount}" in mapped:
            off = pl.col(f"off.{amount}").abs() > int(tolerance * AMOUNT_SCALE)
            message = f"is not the sum of its lines' {amount}"
            rules.append(
                Rule(
                    f"Header.{amount}", "not-the-sum-of-lines", message, off.fill_null(value=False)
                )
            )
    return rules
