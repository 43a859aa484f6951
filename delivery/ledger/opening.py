"""Opening a ledger: its address, its tables, its version."""

import importlib.util
from pathlib import Path
from uuid import uuid4

from sqlalchemy import insert, inspect, make_url, select, text, update
from sqlalchemy.exc import ArgumentError

from delivery.ledger.book import Ledger
from delivery.ledger.errors import LedgerBroken, LedgerError
from delivery.ledger.postgres_server import PostgresServer
from delivery.ledger.sqlite_file import SqliteFile
from delivery.ledger.store import Store
from delivery.ledger.tables import FILL_NUMBERS, UPGRADES, VERSION, loads, meta, metadata

_FORMS = "write sqlite:////absolute/path/ledger.sqlite or postgresql://user@host/database"


def connect(url: str) -> Ledger:
    """Open the ledger at a URL; see `delivery.ledger.open_ledger`."""
    store = _find_store(url)
    try:
        with store.asking():
            _prepare(store)
    except BaseException:
        store.close()
        raise
    return Ledger(store)


def _find_store(address: str) -> Store:
    try:
        url = make_url(address)
    except (ArgumentError, ValueError):  # it may hold a password, so nothing of it is told
        raise LedgerError(f"the ledger's URL cannot be read: {_FORMS}") from None
    if url.drivername == "sqlite" and Path(url.database or "").is_absolute():
        return SqliteFile(Path(url.database or ""))
    if url.drivername == "postgresql":
        if importlib.util.find_spec("psycopg") is None:
            raise LedgerError(
                "a ledger in PostgreSQL needs its driver: pip install -e '.[postgres]'"
            )
        return PostgresServer(url)
    raise LedgerError(f"the ledger's URL is of no use: {_FORMS}")


def _prepare(store: Store) -> None:
    """Make the tables or bring them up to date, then see that the ledger is whole."""
    connection = store.connection
    version = _read_version(store)
    if version is None or version < VERSION:
        if version is not None:
            store.save_copy(version)
        with store.transaction(store.begin_write):
            if store.begin_change is not None:
                connection.execute(text(store.begin_change))
            version = _read_version(store)  # another process may have been faster
            if version is None:
                _create(store)
            else:
                _upgrade(store, version)
    elif version > VERSION:
        raise LedgerBroken(
            f"ledger {store.where} was made by a newer version of loyalty-etl (tables of version "
            f"{version}, this one knows {VERSION}): install that version"
        )
    store.ledger_id = connection.execute(select(meta.c.id)).scalar_one()
    is_open = select(select(loads).where(loads.c.state == "open").exists())
    store.check_opened(in_use=connection.execute(is_open).scalar_one())


def _read_version(store: Store) -> int | None:
    if not inspect(store.connection).has_table(meta.name):
        return None
    version: int = store.connection.execute(select(meta.c.version)).scalar_one()
    return version


def _create(store: Store) -> None:
    store.check_new()
    metadata.create_all(store.connection)
    store.connection.execute(text(FILL_NUMBERS))
    store.connection.execute(insert(meta).values(one=1, version=VERSION, id=uuid4().hex, loads=0))


def _upgrade(store: Store, version: int) -> None:
    for step in range(version, VERSION):
        for statement in UPGRADES[step]:
            store.connection.execute(text(statement))
    store.connection.execute(update(meta).values(version=VERSION))
