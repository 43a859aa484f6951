"""Loads and targets by their names."""

from sqlalchemy import Connection, insert, select, update

from delivery.ledger.tables import loads, meta, targets
from delivery.ledger.words import Load


def find_number(connection: Connection, load: str) -> int | None:
    """Give the number of a load: which one it was, of all that were ever begun."""
    return connection.execute(select(loads.c.number).where(loads.c.id == load)).scalar()


def find_target(connection: Connection, name: str) -> int | None:
    """Give the number of a target."""
    return connection.execute(select(targets.c.id).where(targets.c.name == name)).scalar()


def make_target(connection: Connection, name: str) -> int:
    """Give the number of a target, new or not."""
    number = find_target(connection, name)
    if number is None:
        added = insert(targets).values(name=name).returning(targets.c.id)
        number = connection.execute(added).scalar_one()
    return number


def add_load(connection: Connection, load: Load) -> None:
    """Add an open load under the next number."""
    count = update(meta).values(loads=meta.c.loads + 1).returning(meta.c.loads)
    connection.execute(
        insert(loads).values(
            number=connection.execute(count).scalar_one(),
            id=load.id,
            feed=load.feed,
            target=make_target(connection, load.target),
            folder=load.folder,
            started=load.started,
            state="open",
        )
    )
