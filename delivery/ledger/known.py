"""The index of what a target holds: keys and contents of every accepted record.

A B-tree of ten million hashes is fast only in its own order, so keys are sorted before they are
added or looked up. And no record becomes a Python object on its way in: one parameter holds the
hashes of ten thousand records, and the table `numbers` cuts it up inside the database.
"""

from collections.abc import Collection, Iterator, Sequence
from itertools import groupby
from operator import attrgetter

import polars as pl
import pyarrow as pa
from sqlalchemy import (
    Connection,
    LargeBinary,
    Select,
    and_,
    bindparam,
    case,
    delete,
    func,
    select,
)
from sqlalchemy.dialects import postgresql, sqlite

from delivery.ledger.tables import CHUNK, batches, hashes, known, loads, numbers, targets
from delivery.ledger.words import HASH, Fate, State

FOLDED_AT_ONCE = 200  # batches whose hashes are in memory at a time
FORGOTTEN_AT_ONCE = 500  # keys that one statement forgets

_start = numbers.c.n * HASH + 1
_key = func.substr(bindparam("keys", type_=LargeBinary), _start, HASH, type_=LargeBinary)
_content = func.substr(bindparam("contents", type_=LargeBinary), _start, HASH, type_=LargeBinary)
_wanted = numbers.c.n < bindparam("count")

# Which of the wanted are not known with their content: twice their place in the parameter, and one
# more where nothing is known of them.
_FIND = (
    select(numbers.c.n * 2 + case((known.c.key.is_(None), 1), else_=0))
    .outerjoin(known, and_(known.c.target == bindparam("target"), known.c.key == _key))
    .where(_wanted, known.c.content.is_distinct_from(_content))
)
_ROWS = select(
    bindparam("target", type_=known.c.target.type),
    _key,
    _content,
    bindparam("load", type_=known.c.load.type),
).where(_wanted)


def has_unfolded(connection: Connection, target: int, besides: int) -> bool:
    """Say whether other loads have accepted batches that the index does not hold yet."""
    waiting = _live(target, State.ACCEPTED).where(hashes.c.load != besides)
    return connection.execute(waiting.limit(1)).first() is not None


def forget_keys(connection: Connection, keys: Sequence[bytes]) -> int:
    """Take keys out of the index, of every target; say how many entries there were."""
    forgotten = 0
    for begin in range(0, len(keys), FORGOTTEN_AT_ONCE):
        some = keys[begin : begin + FORGOTTEN_AT_ONCE]
        these = known.c.target.in_(select(targets.c.id)), known.c.key.in_(some)
        forgotten += connection.execute(delete(known).where(*these)).rowcount
    return forgotten


def forget_loads(connection: Connection, ids: Collection[str]) -> int:
    """Forget closed loads with their batches, none of them in doubt; say how many."""
    doubtful = select(batches.c.load).where(batches.c.state == State.IN_DOUBT)
    found = select(loads.c.number, loads.c.target).where(
        loads.c.id.in_(ids), loads.c.state == "closed", loads.c.number.not_in(doubtful)
    )
    gone = connection.execute(found).all()
    for target in {row.target for row in gone}:
        fold(connection, target)
    old = [row.number for row in gone]
    connection.execute(delete(hashes).where(hashes.c.load.in_(old)))
    connection.execute(delete(batches).where(batches.c.load.in_(old)))
    connection.execute(delete(loads).where(loads.c.number.in_(old)))
    return len(old)


def fold(connection: Connection, target: int) -> int:
    """Move accepted batches of a target into the index; say how many records they hold."""
    folded = 0
    waiting = connection.execute(_live(target, State.ACCEPTED)).all()
    for load, group in groupby(waiting, key=attrgetter("load")):
        found = [batch.number for batch in group]
        for start in range(0, len(found), FOLDED_AT_ONCE):
            these = and_(
                hashes.c.load == load, hashes.c.number.in_(found[start : start + FOLDED_AT_ONCE])
            )
            asked = select(hashes.c["keys"], hashes.c.contents).order_by(hashes.c.number)
            blobs = connection.execute(asked.where(these)).all()
            keys, contents = (b"".join(column) for column in zip(*blobs, strict=True))
            records = _sort(_split(keys), _split(contents))
            folded += records.height
            _add(connection, target, load, records)
            connection.execute(delete(hashes).where(these))
    return folded


def _add(connection: Connection, target: int, load: int, records: pl.DataFrame) -> None:
    """Add sorted records; a later load's replace those before, an earlier one's do not."""
    dialect = postgresql if connection.dialect.name == "postgresql" else sqlite
    add = dialect.insert(known)
    add = add.from_select(["target", "key", "content", "load"], _ROWS).on_conflict_do_update(
        index_elements=["target", "key"],
        set_={"content": add.excluded.content, "load": add.excluded.load},
        where=add.excluded.load >= known.c.load,
    )
    # One statement must not meet a key twice; of one load's batches the last has the last word.
    following = pl.col("order").shift(-1)
    records = records.filter((pl.col("order") != following) | following.is_null())
    for keys, contents, count in _chunks(records):
        connection.execute(
            add,
            {"target": target, "load": load, "keys": keys, "contents": contents, "count": count},
        )


def drop_hashes(connection: Connection, load: int) -> None:
    """Drop what nobody will compare with: all of a load but what is in doubt."""
    doubtful = select(batches.c.number).where(
        batches.c.load == load, batches.c.state == State.IN_DOUBT
    )
    connection.execute(
        delete(hashes).where(hashes.c.load == load, hashes.c.number.not_in(doubtful))
    )


def compare(
    connection: Connection, target: int, besides: int, keys: pl.Series, contents: pl.Series
) -> pl.Series:
    """Give the `Fate` of each record, in the order given; one load's own doubts do not count."""
    records = _sort(keys, contents)
    fates = pl.repeat(Fate.NEW, records.height, dtype=pl.UInt8, eager=True)
    if connection.execute(select(known.c.key).where(known.c.target == target).limit(1)).first():
        fates = pl.repeat(Fate.UNCHANGED, records.height, dtype=pl.UInt8, eager=True)
        for start, (some, its, count) in enumerate(_chunks(records)):
            wanted = {"target": target, "keys": some, "contents": its, "count": count}
            found = pl.Series(connection.execute(_FIND, wanted).scalars().all(), dtype=pl.UInt32)
            places = records["place"].gather(start * CHUNK + found // 2)
            kinds = (found % 2).replace_strict([0, 1], [Fate.CHANGED, Fate.NEW])
            fates.scatter(places, kinds.cast(pl.UInt8))
    others = _live(target, State.SENDING, State.IN_DOUBT).where(hashes.c.load != besides)
    doubts = connection.execute(others.with_only_columns(hashes.c["keys"])).scalars().all()
    doubtful = records.filter(pl.col("key").is_in(_split(b"".join(doubts)).implode()))
    fates.scatter(doubtful["place"], Fate.IN_DOUBT)
    return fates


def _live(target: int, *states: State) -> Select[tuple[int, int]]:
    """Batches of a target whose records are not in the index, in order."""
    return (
        select(hashes.c.load, hashes.c.number)
        .join(batches, and_(batches.c.load == hashes.c.load, batches.c.number == hashes.c.number))
        .join(loads, loads.c.number == hashes.c.load)
        .where(loads.c.target == target, batches.c.state.in_(states))
        .order_by(hashes.c.load, hashes.c.number)
    )


def _sort(keys: pl.Series, contents: pl.Series) -> pl.DataFrame:
    """Sort by key. As a number of 128 bits a hash sorts five times as fast, in the same order."""
    records = pl.DataFrame({"key": keys, "content": contents}).with_row_index("place")
    order = pl.col("key").bin.reinterpret(dtype=pl.UInt128, endianness="big")
    return records.with_columns(order=order).sort("order", maintain_order=True)


def _chunks(records: pl.DataFrame) -> Iterator[tuple[bytes, bytes, int]]:
    for some in records.iter_slices(CHUNK):
        yield _join(some["key"]), _join(some["content"]), some.height


def _join(column: pl.Series) -> bytes:
    whole = column.to_arrow().cast(pa.binary(HASH))
    start, size = whole.offset * HASH, len(whole) * HASH
    return bytes(memoryview(whole.buffers()[1])[start : start + size])


def _split(joined: bytes) -> pl.Series:
    whole = pa.FixedSizeBinaryArray.from_buffers(
        pa.binary(HASH), len(joined) // HASH, [None, pa.py_buffer(joined)]
    )
    return pl.Series(whole.cast(pa.large_binary()), dtype=pl.Binary)


__all__ = ["compare", "drop_hashes", "fold", "has_unfolded"]
