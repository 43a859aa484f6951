"""Which columns a table has, of those declared, learned and there before; and what drifted."""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import polars as pl

from pipelines.exports.manifest import Drift
from pipelines.feeds.table import Table
from transforms.cells import ColumnType, type_of
from transforms.learning import join

__all__ = ["BrokenContract", "Plan", "check_frozen", "merge_drifts", "plan_columns"]

_UNKNOWN = ColumnType("text")


class BrokenContract(Exception):  # noqa: N818  (says what happened)
    """The columns are not those that the feed's contract freezes. Nothing was published.

    Attributes:
        drift: what changed.
    """

    def __init__(self, drift: Drift) -> None:
        self.drift = drift
        said = [f"added {', '.join(drift.added)}"] if drift.added else []
        said += [f"gone {', '.join(drift.gone)}"] if drift.gone else []
        said += [f"{name} was {was} and is {now}" for name, (was, now) in drift.retyped.items()]
        super().__init__(
            f"contract freeze: {'; '.join(said)}; nothing was published: declare the columns as"
            " they are now, or let the contract evolve once"
        )


@dataclass(frozen=True, slots=True)
class Plan:
    """The columns of one table.

    Attributes:
        types: what is written, in order.
        unknown: columns of the rows that the contract keeps out.
        undeclared: those that the feed does not declare.
        open: those that never had a value: any type will do when one comes.
        drift: what changed against the version before.
    """

    types: dict[str, ColumnType]
    unknown: tuple[str, ...] = ()
    undeclared: tuple[str, ...] = ()
    open: frozenset[str] = frozenset()
    drift: Drift = field(default_factory=Drift)

    @property
    def dtypes(self) -> dict[str, pl.DataType]:
        """The polars types."""
        return {name: kind.dtype for name, kind in self.types.items()}


def plan_columns(
    learned: Mapping[str, ColumnType | None],
    declared: Mapping[str, ColumnType],
    before: Mapping[str, pl.DataType] | None,
    table: Table,
) -> Plan:
    """Decide on the columns of a table.

    Args:
        learned: the columns that the rows have, and those declared, by `Learner`; empty if no row
            was read.
        declared: the declared ones.
        before: those of the version before, Null where it was open; None if there is none.
        table: the words.
    """
    keeps = table.layout.mode != "replace" or table.contract != "evolve" or not learned
    there = before or {}
    old = {name: type_of(kind) for name, kind in there.items() if kind != pl.Null}
    types: dict[str, ColumnType] = {}
    unknown: list[str] = []
    for name in [*declared, *(n for n in there if n not in declared), *learned]:
        if name in types or name in unknown:
            continue
        found = learned.get(name)
        if name in declared:
            types[name] = _settle(found or declared[name], old.get(name))
        elif name in there:
            if name in learned or keeps:
                types[name] = _meet(old.get(name), found, table)
        elif old and table.contract.startswith("discard"):
            unknown.append(name)
        else:
            types[name] = found or _UNKNOWN
    untold = {
        name
        for name in types
        if name not in old
        and (name not in declared or not _is_settled(declared[name]))
        and not _is_told(learned.get(name))
    }
    drift = _compare(old, types, learned, declared)
    return Plan(
        types,
        tuple(unknown),
        tuple(name for name in types if name not in declared),
        frozenset(untold),
        replace(drift, added={n: k for n, k in drift.added.items() if n not in there})
        if old
        else Drift(),  # the first version sets the columns
    )


def _settle(kind: ColumnType, old: ColumnType | None) -> ColumnType:
    """Say of a declared timestamp without any value whether it is UTC: as it was, else not."""
    if kind.word != "timestamp" or kind.zoned is not None:
        return kind
    return ColumnType("timestamp", zoned=bool(old and old.zoned))


def _meet(old: ColumnType | None, found: ColumnType | None, table: Table) -> ColumnType:
    """Give the type of a column that was there before, and is learned to be another."""
    if old is None:
        return found or _UNKNOWN
    if found is None or table.contract.startswith("discard"):
        return old
    if found.dtype == old.dtype:
        return found
    numbers = {"integer", "decimal", "number"}
    stays = table.layout.mode != "replace" or {old.word, found.word} <= numbers
    if stays or table.contract == "freeze":  # a day of whole amounts makes no integers
        return join(old, found)
    return found


def _compare(
    known: Mapping[str, ColumnType],
    types: Mapping[str, ColumnType],
    learned: Mapping[str, ColumnType | None],
    declared: Mapping[str, ColumnType],
) -> Drift:
    def told(kind: ColumnType) -> str:
        return str(kind.dtype)

    there = {*learned} | {*declared} if learned else {*known}
    return Drift(
        added={
            name: told(types.get(name) or learned[name] or _UNKNOWN)
            for name in [*types, *(n for n in learned if n not in types)]
            if name not in known
        },
        gone={name: told(kind) for name, kind in known.items() if name not in there},
        retyped={
            name: (told(kind), told(types[name]))
            for name, kind in known.items()
            if name in types and types[name].dtype != kind.dtype and _is_settled(kind)
        },
    )


def _is_told(kind: ColumnType | None) -> bool:
    return kind is not None and _is_settled(kind)


def _is_settled(kind: ColumnType) -> bool:
    return kind.word != "timestamp" or kind.zoned is not None


def check_frozen(drift: Drift, declared: Mapping[str, ColumnType]) -> None:
    """Refuse drift that the rows brought; what the feed declares anew is the user's own will.

    Raises:
        BrokenContract: there is any.
    """
    own = Drift(
        added={n: k for n, k in drift.added.items() if n not in declared},
        gone=drift.gone,
        retyped={
            name: both
            for name, both in drift.retyped.items()
            if name not in declared or all(kind.startswith("Datetime") for kind in both)
        },
    )
    if own != Drift():
        raise BrokenContract(own)


def merge_drifts(drifts: Mapping[str, Drift]) -> Drift:
    """Join what drifted in all tables: columns of a child table are `items.price`."""

    def named(table: str, name: str) -> str:
        return name if table == "data" else f"{table}.{name}"

    return Drift(
        added={named(t, n): k for t, d in drifts.items() for n, k in d.added.items()},
        gone={named(t, n): k for t, d in drifts.items() for n, k in d.gone.items()},
        retyped={named(t, n): k for t, d in drifts.items() for n, k in d.retyped.items()},
    )
