"""Everything that a sandbox holds, told without what it makes up itself: ids, numbers and times.

Two sandboxes that were given the same are the same text, in whatever order it came.
"""

import json
import sqlite3
from collections.abc import Iterator
from pathlib import Path

_BODIES = {
    "bonuses": "SELECT customer, points || ' ' || body FROM bonuses",
    "clips": "SELECT customer, card || ' ' || count FROM clips",
    "payment_cards": "SELECT customer, token FROM payment_cards",
    "vehicles": "SELECT customer, body FROM vehicles",
}


def whole_state(folder: Path) -> list[str]:
    """List what a sandbox holds in this folder, a line each, sorted; nobody may be serving it."""
    path = folder / "sandbox.sqlite"
    with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as sql:
        return sorted(_lines(sql))


def _lines(sql: sqlite3.Connection) -> Iterator[str]:
    names: dict[int, str] = {}
    ids: dict[str, str] = {}
    for number, own, body in sql.execute("SELECT number, id, body FROM customers"):
        record = json.loads(body)
        record.pop("id")
        names[number] = record.get("externalId") or record.get("mobilePhone") or record["email"]
        ids[own] = names[number]
        yield f"customers {json.dumps(record, sort_keys=True)}"
    for kind, query in _BODIES.items():
        for number, text in sql.execute(query):
            yield f"{kind} {names[number]} {text}"
    for customer, body in sql.execute("SELECT customer, body FROM receipts"):
        receipt = json.loads(body)
        if customer is not None:
            receipt["Header"]["ConsumerId"] = ids[customer]
        yield f"receipts {json.dumps(receipt, sort_keys=True)}"
