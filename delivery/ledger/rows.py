"""Between the ledger's words and the rows of its tables."""

import json
from collections.abc import Mapping
from typing import Any

import polars as pl
from sqlalchemy import Connection, Row, and_, bindparam, func, insert, select, update

from delivery.ledger.errors import LedgerError
from delivery.ledger.tables import batches, hashes, loads, targets
from delivery.ledger.words import HASH, Entry, Load, State, Tally

PARTS = ("accepted", "rejected", "unchanged", "merged", "in_doubt", "unsent")
NEVER_SENT = ("unchanged", "merged")
"""Parts that are in no batch."""
_CHANGING = (
    *("state", "attempts", "status", "reason", "cause"),
    *("doubted", "sent_at", "seconds"),
)
_FINAL = (State.ACCEPTED, State.SPLIT)

LOADS = select(loads, targets.c.name.label("target_name")).join(
    targets, targets.c.id == loads.c.target
)
ADD, ADD_HASHES = insert(batches), insert(hashes)
ENTRIES = select(batches).join(loads, loads.c.number == batches.c.load).order_by(batches.c.number)
WITH_HASHES = ENTRIES.add_columns(hashes.c["keys"], hashes.c.contents).outerjoin(
    hashes, and_(hashes.c.load == batches.c.load, hashes.c.number == batches.c.number)
)
CHANGE = (
    update(batches)
    .where(batches.c.load == bindparam("its_load"), batches.c.number == bindparam("its_number"))
    .where(
        and_(
            *(batches.c.state != state for state in _FINAL),
            # Without them it could never become known: its load was closed, and it settled.
            select(hashes)
            .where(hashes.c.load == batches.c.load, hashes.c.number == batches.c.number)
            .exists(),
        )
        | (batches.c.state == bindparam("state"))
    )
    .values({name: bindparam(name) for name in _CHANGING})
)


def load_from(row: Row[Any]) -> Load:
    """Make a load of a row of `LOADS`."""
    return Load(
        id=row.id,
        feed=row.feed,
        target=row.target_name,
        folder=row.folder,
        started=row.started,
        finished=row.finished,
        state=row.state,
        counts=json.loads(row.counts),
    )


def entry_from(load: str, row: Row[Any]) -> Entry:
    """Make an entry of a row of `ENTRIES` or `WITH_HASHES`."""
    facts = row._mapping  # noqa: SLF001  (the public name of a row as a mapping)
    return Entry(
        load=load,
        number=row.number,
        parent=row.parent,
        state=State(row.state),
        places=row.places,
        keys=facts.get("keys") or b"",
        contents=facts.get("contents") or b"",
        body_hash=row.body_hash,
        **{name: facts[name] for name in _CHANGING if name != "state"},
    )


def added(load: int, entry: Entry) -> dict[str, Any]:
    """Give the parameters of `ADD`.

    Raises:
        ValueError: places, keys and contents are of different numbers of records.
    """
    if not len(entry.keys) == len(entry.contents) == entry.records * HASH:
        raise ValueError(f"batch {entry.number} has not one key and one content for each place")
    return {
        "load": load,
        "number": entry.number,
        "parent": entry.parent,
        "records": entry.records,
        "places": entry.places,
        "body_hash": entry.body_hash,
        **{name: getattr(entry, name) for name in _CHANGING},
    }


def added_hashes(load: int, entry: Entry) -> dict[str, Any]:
    """Give the parameters of `ADD_HASHES`."""
    return {
        "load": load,
        "number": entry.number,
        "keys": entry.keys,
        "contents": entry.contents,
    }


def changed(load: int, entry: Entry) -> dict[str, Any]:
    """Give the parameters of `CHANGE`."""
    facts = {name: getattr(entry, name) for name in _CHANGING}
    return {"its_load": load, "its_number": entry.number, **facts}


def tallies(connection: Connection, load: int) -> dict[State, Tally]:
    """Count a load's batches and their records by state."""
    counted = connection.execute(
        select(batches.c.state, func.count(), func.sum(batches.c.records))
        .where(batches.c.load == load)
        .group_by(batches.c.state)
    ).all()
    return {State(state): Tally(count, int(records)) for state, count, records in counted}


def check_counts(
    load: str,
    counts: Mapping[str, int],
    unbatched: Mapping[str, int],
    held: Mapping[State, Tally],
) -> None:
    """Check that every record has one outcome, and that the batches say the same.

    Raises:
        LedgerError: it is not so.
    """
    for state in (State.PLANNED, State.SENDING):
        if state in held:
            raise LedgerError(
                f"load {load} cannot be closed: {held[state].batches} of its batches are still "
                f"{state}; resume it"
            )
    told = {part: counts.get(part, 0) if part == "merged" else counts[part] for part in PARTS}
    if counts["records"] != sum(told.values()):
        parts = " + ".join(f"{count} {part}" for part, count in told.items())
        raise LedgerError(
            f"load {load} cannot be closed: {counts['records']} records are not {parts}; "
            "resume it, and report this"
        )
    for part in PARTS:
        batched = 0 if part in NEVER_SENT else _records(held, State(part))
        besides = unbatched.get(part, told[part] if part in NEVER_SENT else 0)
        if told[part] != batched + besides:
            raise LedgerError(
                f"load {load} cannot be closed: {told[part]} records are said to be {part}, "
                f"its batches hold {batched}, and {besides} were in none; resume it, and "
                "report this"
            )


def check_hashes(*columns: pl.Series) -> None:
    """Check that all are 16 bytes long, and the columns equally.

    Raises:
        ValueError: they are not.
    """
    for column in columns:
        whole = column.dtype == pl.Binary and (column.bin.size() == HASH).all(ignore_nulls=False)
        if not whole or len(column) != len(columns[0]):
            raise ValueError(f"{column.name} is not one hash of {HASH} bytes for each record")


def _records(held: Mapping[State, Tally], state: State) -> int:
    return held[state].records if state in held else 0
