"""Customers put into the state and found again, by keys compared without case (T16, T30)."""

import sqlite3
from collections.abc import Iterator
from dataclasses import dataclass

from sandbox import strict_json
from sandbox.answers import Refusal, refuse_faults
from sandbox.bodies import Record
from sandbox.customers import merge_record, new_id, now
from sandbox.members import KEYS
from sandbox.state import Change

_COLUMNS = {
    "id": "id",
    "externalId": "external_id",
    "mobilePhone": "mobile_phone",
    "email": "email",
}


@dataclass(frozen=True, slots=True)
class Customer:
    """A stored customer; `number` counts them in order of arrival, from 1.

    Attributes:
        times: when it was created and updated.
    """

    number: int
    record: Record
    times: tuple[str, str]

    @property
    def id(self) -> str:
        """Its id, as the platform shows it."""
        return str(self.record["id"])


class TakenError(Exception):
    """Fields of a record are another customer's.

    Attributes:
        fields: their names.
    """

    def __init__(self, fields: list[str]) -> None:
        super().__init__(f"taken by another customer: {', '.join(fields)}")
        self.fields = fields


def find_customer(sql: sqlite3.Connection, field: str, value: object) -> Customer | None:
    """Return the customer whose `id`, `externalId`, `mobilePhone` or `email` is this."""
    query = f"{_SELECT} WHERE {_COLUMNS[field]} = ?"
    return _make_customer(sql.execute(query, (str(value).casefold(),)).fetchone())


def find_by_number(sql: sqlite3.Connection, number: int) -> Customer:
    """Return the customer of this number, who is there."""
    customer = _make_customer(sql.execute(f"{_SELECT} WHERE number = ?", (number,)).fetchone())
    assert customer is not None
    return customer


def find_member(sql: sqlite3.Connection, wanted: str, *fields: str) -> Customer | None:
    """Return the customer who has this as one of some fields; the first field that finds one wins.

    Without fields: the id, else the externalId (readings T21 and T30).
    """
    found = (find_customer(sql, field, wanted) for field in fields or ("id", "externalId"))
    return next((customer for customer in found if customer is not None), None)


def list_customers(sql: sqlite3.Connection, first: int, last: int) -> list[Customer]:
    """Return the customers at the places `first` to `last`, from 1, the deleted left out."""
    if sql.execute("SELECT 1 FROM facts WHERE name = 'deleted' AND value <> '0'").fetchone():
        query = f"{_SELECT} ORDER BY number LIMIT ? OFFSET ?"
        rows = sql.execute(query, (last - first + 1, first - 1))
    else:  # Numbers are places: one range of keys.
        rows = sql.execute(f"{_SELECT} WHERE number BETWEEN ? AND ? ORDER BY number", (first, last))
    return [customer for row in rows if (customer := _make_customer(row)) is not None]


def list_changed(sql: sqlite3.Connection, since: str) -> Iterator[Customer]:
    """Yield the customers created or updated at this time or later, the latest last."""
    for row in sql.execute(f"{_SELECT} WHERE updated_at >= ? ORDER BY updated_at", (since,)):
        customer = _make_customer(row)
        assert customer is not None
        yield customer


_SELECT = "SELECT number, body, created_at, updated_at FROM customers"


def _make_customer(row: tuple[int, str, str, str] | None) -> Customer | None:
    if row is None:
        return None
    record = strict_json.read(row[1])
    assert isinstance(record, dict)
    return Customer(row[0], record, (row[2], row[3]))


def add_customer(change: Change, record: Record) -> Customer:
    """Store a new customer under a new id.

    Raises:
        TakenError: a key is another customer's.
    """
    number = int(change.facts["customers"] + change.facts["deleted"]) + 1
    time = now()
    customer = Customer(number, {"id": new_id(), **record}, (time, time))
    _check_keys(change.sql, customer)
    keys = _compare_keys(customer.record)
    change.sql.execute(
        "INSERT INTO customers VALUES (?, ?, ?, ?, ?, ?, ?, ?)",
        (number, *keys, _write(customer), *customer.times),
    )
    change.count({"customers": 1})
    return customer


def change_customer(change: Change, customer: Customer, new: Record) -> Customer:
    """Merge a record into a stored customer, whose id stays.

    Raises:
        TakenError: a key, or the id that the record gives, is another customer's.
    """
    kept_id = str(customer.record["id"])
    if str(new.get("id", kept_id)).casefold() != kept_id.casefold():
        raise TakenError(["id"])
    record = merge_record(customer.record, new) | {"id": kept_id}
    changed = Customer(customer.number, record, (customer.times[0], now()))
    _check_keys(change.sql, changed)
    change.sql.execute(
        "UPDATE customers SET id = ?, external_id = ?, mobile_phone = ?, email = ?, body = ?,"
        " updated_at = ? WHERE number = ?",
        (*_compare_keys(record), _write(changed), changed.times[1], changed.number),
    )
    return changed


def upsert_members(change: Change, name: str, members: list[Record]) -> None:
    """Store members: each changes the customer it is, or becomes a new one.

    Raises:
        Refusal: 400 when another key of a member is another customer's.
    """
    faults: list[dict[str, object]] = []
    for i, member in enumerate(members):
        known = _find_member(change.sql, member)
        try:
            if known is None:
                add_customer(change, member)
            else:
                change_customer(change, known, member)
        except TakenError as taken:
            path = f"{strict_json.show(name)[1:-1]}[{i}]"
            faults += [
                {"path": f"{path}.{field}", "message": "belongs to another customer"}
                for field in taken.fields
            ]
    if faults:
        raise refuse_faults(faults)
    change.count({"imports": 1})


def _find_member(sql: sqlite3.Connection, member: Record) -> Customer | None:
    """Return the customer with the member's externalId, else mobilePhone, else email.

    A later key only finds a customer that lacks the earlier ones: two members of one household
    share a phone and stay two.
    """
    earlier: list[str] = []
    for key in KEYS:
        if key in member:
            known = find_customer(sql, key, member[key])
            if known is not None and not any(name in known.record for name in earlier):
                return known
            earlier.append(key)
    return None


def refuse_taken(taken: TakenError) -> Refusal:
    """Return the 409 of POST and PUT /customers; it names the fields, not what they hold."""
    faults = [
        {"path": f"data.{field}", "message": "belongs to another customer"}
        for field in taken.fields
    ]
    return Refusal(409, faults)


def _check_keys(sql: sqlite3.Connection, customer: Customer) -> None:
    taken = []
    for field in KEYS:
        if field in customer.record:
            other = find_customer(sql, field, customer.record[field])
            if other is not None and other.number != customer.number:
                taken.append(field)
    if taken:
        raise TakenError(taken)


def _compare_keys(record: Record) -> list[str | None]:
    return [str(record[field]).casefold() if field in record else None for field in _COLUMNS]


def _write(customer: Customer) -> str:
    return strict_json.write(customer.record)
