"""A deleted customer: nothing that is a person's stays, and for a while nobody new may be it.

What stays are receipts, for the books, without their ConsumerId. Invented: the quarantine's length
(a setting), and that it is the phone and the e-mail that are kept from coming back, as hashes.
"""

import hashlib
import sqlite3
import time

from sandbox import strict_json
from sandbox.answers import Refusal
from sandbox.bodies import Record
from sandbox.customer_store import Customer
from sandbox.state import Change

_QUARANTINED = ("mobilePhone", "email")


def erase_customer(change: Change, customer: Customer, quarantine: float) -> set[str]:
    """Delete a customer with all that is theirs; return the ids by which receipts knew them."""
    number, record = customer.number, customer.record
    ids = {str(record[name]).casefold() for name in ("id", "externalId") if name in record}
    sql = change.sql
    change.count(
        {
            "customers": -1,
            "deleted": 1,
            "bonuses": -_take(sql, "SELECT count(*) FROM bonuses WHERE customer = ?", number),
            "points": -_take(sql, "SELECT sum(points) FROM bonuses WHERE customer = ?", number),
            "clips": -_take(sql, "SELECT sum(count) FROM clips WHERE customer = ?", number),
        }
    )
    sql.execute("DELETE FROM customers WHERE number = ?", (number,))
    sql.execute("DELETE FROM bonuses WHERE customer = ?", (number,))
    sql.execute("DELETE FROM clips WHERE customer = ?", (number,))
    # A fact counts what is there, except redemptions and triggers: those have happened.
    cards = sql.execute("DELETE FROM payment_cards WHERE customer = ?", (number,)).rowcount
    vehicles = sql.execute("DELETE FROM vehicles WHERE customer = ?", (number,)).rowcount
    disabled = sql.execute("DELETE FROM disabled_promotions WHERE customer = ?", (number,)).rowcount
    sql.execute("DELETE FROM redemptions WHERE customer = ?", (number,))
    sql.execute("DELETE FROM triggers WHERE customer = ?", (number,))
    change.count({"payment_cards": -cards, "vehicles": -vehicles, "disabled_promotions": -disabled})
    for key in ids:
        _erase_carts(change, key)
        _free_receipts(sql, key)
    _put_in_quarantine(sql, record, quarantine)
    return ids


def refuse_quarantined(sql: sqlite3.Connection, record: Record, quarantine: float) -> None:
    """Refuse with 422 who has the phone or the e-mail of a customer deleted just now."""
    if quarantine <= 0:
        return
    query = "SELECT 1 FROM quarantine WHERE fingerprint = ? AND since > ?"
    for fingerprint in _list_fingerprints(record):
        if sql.execute(query, (fingerprint, time.time() - quarantine)).fetchone():
            # The contract has no sample; this is the envelope of its other refusals.
            raise Refusal(422, {})


def _put_in_quarantine(sql: sqlite3.Connection, record: Record, quarantine: float) -> None:
    if quarantine <= 0:
        return
    now = time.time()
    sql.execute("DELETE FROM quarantine WHERE since <= ?", (now - quarantine,))
    rows = [(fingerprint, now) for fingerprint in _list_fingerprints(record)]
    sql.executemany("INSERT OR REPLACE INTO quarantine VALUES (?, ?)", rows)


def _list_fingerprints(record: Record) -> list[bytes]:
    texts = [f"{n}:{record[n]}".casefold() for n in _QUARANTINED if record.get(n) is not None]
    return [hashlib.blake2b(text.encode(), digest_size=16).digest() for text in texts]


def _erase_carts(change: Change, key: str) -> None:
    carts, items = change.sql.execute(
        "SELECT count(*), coalesce(sum(items), 0) FROM carts WHERE contact = ? OR external_id = ?",
        (key, key),
    ).fetchone()
    change.sql.execute("DELETE FROM carts WHERE contact = ? OR external_id = ?", (key, key))
    change.count({"carts": -carts, "cart_items": -items})


def _free_receipts(sql: sqlite3.Connection, key: str) -> None:
    query = "SELECT first_line, body FROM receipts WHERE customer = ?"
    for first_line, text in sql.execute(query, (key,)).fetchall():
        receipt = strict_json.read(text)
        assert isinstance(receipt, dict)
        del receipt["Header"]["ConsumerId"]
        sql.execute(
            "UPDATE receipts SET customer = NULL, body = ? WHERE first_line = ?",
            (strict_json.write(receipt), first_line),
        )


def _take(sql: sqlite3.Connection, query: str, number: int) -> int:
    return int(sql.execute(query, (number,)).fetchone()[0] or 0)
