"""The tables that rows become, and the columns of each, learned before any row is written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import polars as pl

from pipelines.exports.manifest import Drift
from pipelines.exports.writing.base import Base
from pipelines.exports.writing.drift import Plan, check_frozen, merge_drifts, plan_columns
from pipelines.exports.writing.layout import check_layout
from pipelines.exports.writing.opening import DATA, ROW, Opening, batches
from pipelines.exports.writing.own_schema import OwnSchema
from pipelines.exports.writing.rows import Rows
from pipelines.feeds.table import Table
from transforms.cells import ColumnType, type_of
from transforms.learning import Learner
from transforms.nesting import INDEX
from transforms.reports import read_types

__all__ = ["LOADED", "RUN", "Tables", "plan_tables"]

RUN, LOADED = "_run_id", "_loaded_at"
_ADDED = {RUN: ColumnType("text"), LOADED: ColumnType("timestamp", zoned=True)}


@dataclass(frozen=True, slots=True)
class Tables:
    """The tables of an export.

    Attributes:
        opening: makes them of the rows of a unit.
        plans: of each table its columns, but for those that every export adds.
        drift: what changed in all of them.
    """

    opening: Opening
    plans: Mapping[str, Plan]
    drift: Drift

    def types(self, name: str) -> dict[str, ColumnType]:
        """Give all columns of a table, in order."""
        return self.plans[name].types | _ADDED

    def keep_apart(self, key: Sequence[str]) -> bool:
        """Tell whether rows whose keys differ as text differ once they are typed: "07" may be 7."""
        types, shapes = self.plans[DATA].types, self.opening.shapes[DATA]
        return all(
            types[name].word == "text"
            or (
                types[name].word == "integer"
                and all(shape[name].is_integer() for shape in shapes if name in shape)
            )
            for name in key
        )

    def dtypes(self, name: str) -> dict[str, pl.DataType]:
        """Give their polars types."""
        return {column: kind.dtype for column, kind in self.types(name).items()}


def plan_tables(rows: Rows, table: Table, schema: OwnSchema | None, base: Base | None) -> Tables:
    """Decide on the columns of each table, looking at no more rows than is needed.

    Raises:
        BrokenContract, BadLayout: as in `pipelines.exports.writing.table.write_table`.
    """
    opening = Opening(rows.shapes, table, base.types if base else ())
    declared = {name: _declared(name, table, schema, opening) for name in opening.tables}
    before = {name: _before(name, base) for name in opening.tables}
    learners = {
        name: _learner(name, table, opening, declared[name], before[name])
        for name in opening.tables
    }
    if not all(learner.is_done for learner in learners.values()):
        for batch in batches(rows):
            opened = opening.open(batch.rows, batch.first)
            for name, learner in learners.items():
                learner.look(opened[name])
            if all(learner.is_done for learner in learners.values()):
                break
    plans = {}
    for name, learner in learners.items():
        found = learner.types() if rows.shapes else {}
        if table.undeclared == "text":
            found |= {n: ColumnType("text") for n in found if n not in declared[name]}
        plans[name] = plan_columns(found, declared[name], before[name], table)
    if base is not None and table.layout.mode != "replace":
        for name in [name for name in base.types if name not in plans]:
            declared_ = _declared(name, table, schema, opening)
            plans[name] = plan_columns({}, declared_, _before(name, base), table)
    drift = merge_drifts({name: plan.drift for name, plan in plans.items()})
    if table.contract == "freeze":
        check_frozen(drift, declared[DATA])
    made = Tables(opening, plans, drift)
    check_layout(table, made.dtypes(DATA))
    return made


def _learner(
    name: str,
    table: Table,
    opening: Opening,
    declared: Mapping[str, ColumnType],
    before: Mapping[str, pl.DataType] | None,
) -> Learner:
    shapes: list[Mapping[str, pl.DataType]] = [*opening.shapes[name]]
    known = dict(declared)
    if table.contract.startswith("discard"):  # its types are not for the rows to change
        known = {n: type_of(kind) for n, kind in (before or {}).items() if kind != pl.Null} | known
    if table.undeclared == "text":
        shapes = [{n: k for n, k in shape.items() if n in known} for shape in shapes]
        known |= {
            n: ColumnType("text") for shape in opening.shapes[name] for n in shape if n not in known
        }
    words = {
        column: table.nested if isinstance(kind, pl.Struct) else table.lists
        for shape in shapes
        for column, kind in shape.items()
        if kind.is_nested()
    }
    kept = {column: word for column, word in words.items() if word in {"struct", "list"}}
    return Learner(shapes, known, kept, table.zone)


def _declared(
    name: str, table: Table, schema: OwnSchema | None, opening: Opening
) -> dict[str, ColumnType]:
    declared = read_types(table.types) | (schema.types if schema else {})
    if table.zone:
        declared = {
            column: replace(kind, zoned=True, zone=table.zone) if kind.word == "timestamp" else kind
            for column, kind in declared.items()
        }
    counted = {ROW: ColumnType("integer")}
    if name == DATA:
        return declared | (counted if opening.lists else {})
    own = {column: declared[column] for column in opening.link if column in declared}
    return own | counted | {INDEX: ColumnType("integer")}


def _before(name: str, base: Base | None) -> dict[str, pl.DataType] | None:
    if base is None or name not in base.types:
        return None
    return {column: kind for column, kind in base.types[name].items() if column not in _ADDED}
