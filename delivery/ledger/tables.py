"""The tables of a ledger, the same on SQLite and PostgreSQL, and the steps between versions."""

from sqlalchemy import (
    BigInteger,
    Boolean,
    CheckConstraint,
    Column,
    Double,
    ForeignKey,
    ForeignKeyConstraint,
    Integer,
    LargeBinary,
    MetaData,
    Table,
    Text,
)

VERSION = 1
# SQL that leads from a version to the next one, both databases alike. There is no older one yet.
UPGRADES: dict[int, tuple[str, ...]] = {}

CHUNK = 10_000  # records that one statement finds or adds

metadata = MetaData()

meta = Table(
    "ledger_meta",
    metadata,
    Column("one", Integer, primary_key=True, autoincrement=False),
    Column("version", Integer, nullable=False),
    Column("id", Text, nullable=False),  # random, made with the ledger
    Column("loads", BigInteger, nullable=False),  # ever begun, the forgotten ones too
    CheckConstraint("one = 1"),
)

targets = Table(
    "ledger_targets",
    metadata,
    Column("id", Integer, primary_key=True),
    Column("name", Text, nullable=False, unique=True),
    Column("max_records", Integer),
    Column("records_per_second", Double),
)

loads = Table(
    "ledger_loads",
    metadata,
    Column("number", BigInteger, primary_key=True, autoincrement=False),  # in order of beginning
    Column("id", Text, nullable=False, unique=True),
    Column("feed", Text, nullable=False),
    Column("target", ForeignKey(targets.c.id), nullable=False),
    Column("folder", Text, nullable=False),
    Column("started", Text, nullable=False),
    Column("finished", Text, nullable=False, default=""),
    Column("state", Text, nullable=False),
    Column("counts", Text, nullable=False, default="{}"),  # JSON
)

batches = Table(
    "ledger_batches",
    metadata,
    Column("load", ForeignKey(loads.c.number), primary_key=True),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("parent", Integer),
    Column("state", Text, nullable=False),
    Column("records", Integer, nullable=False),
    Column("places", LargeBinary, nullable=False),
    Column("body_hash", LargeBinary, nullable=False),
    Column("attempts", Integer, nullable=False),
    Column("status", Integer),
    Column("reason", Text, nullable=False),
    Column("cause", Text, nullable=False),
    Column("doubted", Boolean, nullable=False),
    Column("sent_at", Double),
    Column("seconds", Double),
)
# Of the few batches whose records are not in `known`. Apart from `batches`, since SQLite writes
# a whole row anew when one column changes.
hashes = Table(
    "ledger_hashes",
    metadata,
    Column("load", BigInteger, primary_key=True, autoincrement=False),
    Column("number", Integer, primary_key=True, autoincrement=False),
    Column("keys", LargeBinary, nullable=False),
    Column("contents", LargeBinary, nullable=False),
    ForeignKeyConstraint(["load", "number"], [batches.c.load, batches.c.number]),
)

known = Table(
    "ledger_known",
    metadata,
    Column("target", Integer, primary_key=True, autoincrement=False),
    Column("key", LargeBinary, primary_key=True),
    Column("content", LargeBinary, nullable=False),
    Column("load", BigInteger, nullable=False),
    sqlite_with_rowid=False,
)

numbers = Table(
    "ledger_numbers",  # 0 to CHUNK - 1: cuts one parameter into rows
    metadata,
    Column("n", Integer, primary_key=True, autoincrement=False),
)
FILL_NUMBERS = f"""
INSERT INTO ledger_numbers WITH RECURSIVE r(n) AS (
SELECT 0 UNION ALL SELECT n + 1 FROM r WHERE n < {CHUNK - 1}) SELECT n FROM r
"""  # noqa: S608 (a constant of this module)

__all__ = [
    "CHUNK",
    "FILL_NUMBERS",
    "UPGRADES",
    "VERSION",
    "batches",
    "hashes",
    "known",
    "loads",
    "meta",
    "metadata",
    "numbers",
    "targets",
]
