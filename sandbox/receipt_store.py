"""Receipts put into the state and found again."""

import sqlite3
from collections.abc import Iterator
from typing import Literal

from sandbox.answers import Refusal, refuse_faults
from sandbox.receipts import ADVISED_RECEIPTS, ReceiptBatch
from sandbox.state import State


def add_batch(
    state: State, batch: ReceiptBatch, on_repeat: Literal["accept", "ignore", "conflict"]
) -> None:
    """Store a batch in one transaction.

    A receipt repeats another when StoreId, ReceiptId and TransactionTypes are the same (T02).

    Raises:
        Refusal: 409 for a repeated receipt, when told to; then nothing is stored.
    """
    with state.write() as change:
        first_line = int(change.facts["lines"]) + 1
        repeats: list[dict[str, object]] = []
        for i, (receipt, facts) in enumerate(zip(batch.receipts, batch.facts, strict=True)):
            key = (receipt.receipt_id, receipt.store_id, receipt.kind)
            if _is_known(change.sql, key):
                path = f"ReceiptRequests[{i}].Header.ReceiptId"
                message = "this receipt is stored already"
                repeats.append({"receiptId": key[0][:100], "path": path, "message": message})
                if on_repeat != "accept":
                    continue
            change.sql.execute(
                "INSERT INTO receipts VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
                (
                    first_line,
                    receipt.lines,
                    receipt.store_id,
                    receipt.receipt_id,
                    receipt.kind,
                    receipt.customer,
                    receipt.gross,
                    receipt.text,
                ),
            )
            first_line += receipt.lines
            change.count(facts)
        if repeats and on_repeat == "conflict":
            raise Refusal(409, refuse_faults(repeats).detail)
        stores = [(receipt.store_id,) for receipt in batch.receipts]
        added = change.sql.executemany("INSERT OR IGNORE INTO stores (store_id) VALUES (?)", stores)
        change.count(
            {
                "stores": max(added.rowcount, 0),
                "requests": 1,
                "warnings.repeated_receipts": len(repeats),
                "warnings.over_400_receipts": int(len(batch.receipts) > ADVISED_RECEIPTS),
            }
        )


def _is_known(sql: sqlite3.Connection, key: tuple[str, str, str]) -> bool:
    query = "SELECT 1 FROM receipts WHERE receipt_id = ? AND store_id = ? AND kind = ?"
    return sql.execute(query, key).fetchone() is not None


def find_receipts(
    sql: sqlite3.Connection, customers: tuple[str, ...], after: int
) -> list[tuple[int, str]]:
    """Return the first line and the text of the receipts of these customers, in order of arrival.

    Only those whose first line comes after line `after`.
    """
    marks = ",".join("?" * len(customers))
    query = (
        f"SELECT first_line, body FROM receipts WHERE customer IN ({marks})"  # noqa: S608 - only question marks
        " AND first_line > ? ORDER BY first_line"
    )
    return sql.execute(query, (*customers, after)).fetchall()


def count_stored(sql: sqlite3.Connection, least: int) -> Iterator[tuple[str, str, str, str, int]]:
    """Yield StoreId, ReceiptId, TransactionTypes, GrossAmount and how often that receipt is stored.

    Only those stored at least `least` times; the amount is the one stored last. An index holds all
    of it, so that a year takes a second.
    """
    query = """
        SELECT store_id, receipt_id, kind, gross, count(*), max(first_line) FROM receipts
        GROUP BY receipt_id, store_id, kind HAVING count(*) >= ?
    """
    for row in sql.execute(query, (least,)):
        yield row[:5]


def read_lines(sql: sqlite3.Connection, first: int, last: int) -> Iterator[tuple[str, int, int]]:
    """Yield the receipts that hold the lines number `first` to `last`, counted from 1.

    Each comes as its text and the first and the end position of its lines that are asked for.
    """
    query = """
        SELECT first_line, lines, body FROM receipts
        WHERE first_line BETWEEN
            (SELECT max(first_line) FROM receipts WHERE first_line <= ?) AND ?
        ORDER BY first_line
    """
    for start, lines, body in sql.execute(query, (first, last)):
        yield body, max(first - start, 0), min(last + 1 - start, lines)


def list_stores(sql: sqlite3.Connection, first: int, last: int) -> list[str]:
    """Return the ids of the stores that receipts named, number `first` to `last`."""
    query = "SELECT store_id FROM stores WHERE number BETWEEN ? AND ? ORDER BY number"
    return [store_id for (store_id,) in sql.execute(query, (first, last))]
