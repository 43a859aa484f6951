"""From the rows of an export to a laid-out version: typed, held to the contract, written.

Everything is learned first, in one pass over what must be looked at; then rows stream through: they
are typed while those before are written.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import polars as pl

from pipelines.ahead import read_ahead
from pipelines.exports.manifest import Drift, File
from pipelines.exports.writing.base import read_base
from pipelines.exports.writing.days import OtherDays, without_days
from pipelines.exports.writing.discards import DISCARDED, Discards
from pipelines.exports.writing.files import FileWriter, arrow_schema, carry, read_groups
from pipelines.exports.writing.formats import write_formats
from pipelines.exports.writing.keeping import Kept, choose_kept
from pipelines.exports.writing.layout import TableWriter
from pipelines.exports.writing.merging import find_newest
from pipelines.exports.writing.opening import DATA, ROW, batches
from pipelines.exports.writing.own_schema import OwnSchema
from pipelines.exports.writing.plans import LOADED, RUN, Tables, plan_tables
from pipelines.exports.writing.rows import Rows
from pipelines.exports.writing.typing_rows import Typer
from pipelines.feeds.table import Layout, Table
from pipelines.feeds.watching import Days
from validators.report_rows import Faults, RowRules, count_repeated

__all__ = ["Written", "write_table"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Written:
    """What was written.

    Attributes:
        rows: rows of the table `data`, all told; new_rows: those of this run.
        columns: of each table its columns and their polars types.
        undeclared: columns that the feed does not declare.
        files: every file of data, hashed.
        drift: what changed since the version before.
        discarded_rows, discarded_values: what the contract kept out.
        faults: rows that break the feed's rules, by column and rule; publish nothing if any.
        warnings: what the user should know, a line each.
    """

    rows: int
    new_rows: int
    columns: Mapping[str, Mapping[str, str]]
    undeclared: tuple[str, ...]
    files: tuple[File, ...]
    drift: Drift
    discarded_rows: int = 0
    discarded_values: int = 0
    faults: Faults = field(default_factory=Counter)
    warnings: tuple[str, ...] = ()


def write_table(
    rows: Rows,
    table: Table,
    part: Path,
    *,
    facts: Mapping[str, str],
    before: Path | None,
    days: Days | None = None,
) -> Written:
    """Write the rows below `part` as `table` says.

    Args:
        rows: what was read.
        table: the words; an `ExportFeed` is one.
        part: the folder of the version that is being made; its files are synced at the end.
        facts: texts for the metadata of each file; `run_id` and `loaded_at` (UTC, ISO 8601) become
            columns of every row.
        before: the folder of the version before; None if there is none.
        days: the days that were asked for, whose rows take the place of those of the same days in
            the version before; its other days stay. None if all of it is replaced.

    Raises:
        BadCell: cells that don't fit the type that is declared for them.
        BrokenContract: `freeze`, and the columns are not those they were.
        BadLayout: the layout names what the rows do not have.
        BadBase: the version before has values that do not fit the types of today.
        FeedError: the pandera schema of the user's cannot be used, or refuses rows.
    """
    schema = OwnSchema(table.schema_) if table.schema_ else None
    base = without_days(read_base(before), days)
    others = OtherDays(days, table.layout)
    table = _keeping_the_rest(table) if days else table
    tables = plan_tables(rows, table, schema, base)
    with ExitStack() as held:
        discards = held.enter_context(Discards(part / DISCARDED, tables.opening.columns))
        added = _added(tables, facts)
        typers = {
            name: Typer(
                table=name,
                plan=plan,
                contract=table.contract,
                rules=RowRules((*table.required, *table.key)) if name == DATA else RowRules(),
                discards=discards,
                added=added,
                schema=schema if name == DATA else None,
            )
            for name, plan in tables.plans.items()
        }
        typed = others.leave_out(_type_all(rows, tables, typers))
        keys = None
        if table.layout.mode == "merge":
            typed, keys = held.enter_context(find_newest(typed, tables, table, part))
        kept = choose_kept(base, tables, table, keys)
        sinks = {
            name: _sink(name, tables, own, part=part, table=table, facts=facts)
            for name, own in kept.items()
        }
        for sink in sinks.values():
            held.callback(sink.close)
        for name, again in kept.items():
            for old in again.rows():
                sinks[name].write(old)
        new_rows = 0
        for frames in read_ahead(typed):
            for name, frame in frames.items():
                new_rows += frame.height if name == DATA else 0
                sinks[name].write(frame)
        made = {name: sink.finish() for name, sink in sinks.items()}
        discards.finish()
    for name in tables.plans:
        carry(kept[name].carried, kept[name].folder, part)
    files = [file for name in tables.plans for file in [*kept[name].carried, *made[name]]]
    own = [file for file in files if file.table == DATA]
    faults = sum((typer.faults for typer in typers.values()), Faults())
    if table.key and keys is None and not (rows.told_apart and tables.keep_apart(table.key)):
        faults[", ".join(table.key), "unique"] = count_repeated(
            lambda: _read_new(part, made[DATA], table, facts["run_id"]), new_rows
        )
    return Written(
        rows=sum(file.rows for file in own),
        new_rows=new_rows,
        columns={
            name: {column: str(kind) for column, kind in tables.dtypes(name).items()}
            for name in tables.plans
        },
        undeclared=tables.plans[DATA].undeclared,
        files=tuple(files),
        drift=tables.drift,
        discarded_rows=discards.rows if table.contract == "discard_row" else 0,
        discarded_values=discards.values if table.contract == "discard_value" else 0,
        faults=+faults,
        warnings=(*write_formats(part, own, table.layout.also), *others.warnings),
    )


def _keeping_the_rest(table: Table) -> Table:
    """Give the words of a table whose rows come beside those of the version before."""
    layout = table.layout.model_copy(update={"mode": "append"})
    return table.model_copy(update={"layout": layout})


def _type_all(
    rows: Rows, tables: Tables, typers: Mapping[str, Typer]
) -> Iterator[dict[str, pl.DataFrame]]:
    """Give the typed rows of each table, batch by batch; no items without their row."""
    for batch in batches(rows):
        opened = tables.opening.open(batch.rows, batch.first)
        data = typers[DATA].type(opened.pop(DATA), batch)
        typed = {DATA: data}
        for name, items in opened.items():
            dropped = data.height < batch.rows.height
            own = items.filter(pl.col(ROW).is_in(data[ROW].implode())) if dropped else items
            typed[name] = typers[name].type(own, batch)
        yield typed


def _added(tables: Tables, facts: Mapping[str, str]) -> dict[str, pl.Expr]:
    loaded = datetime.fromisoformat(facts["loaded_at"]).astimezone(UTC)
    return {
        RUN: pl.lit(facts["run_id"]),
        LOADED: pl.lit(loaded).cast(tables.types(DATA)[LOADED].dtype),
    }


def _sink(
    name: str, tables: Tables, kept: Kept, *, part: Path, table: Table, facts: Mapping[str, str]
) -> TableWriter:
    types, untold = tables.dtypes(name), tables.plans[name].open
    layout = table.layout if name == DATA else Layout(file_mb=table.layout.file_mb)
    told = table.descriptions if name == DATA else {}
    schema = arrow_schema(types, facts, told, untold)
    taken = [file.path for file in kept.carried]
    files = FileWriter(part, name, schema, layout.file_mb, taken)
    return TableWriter(files, layout, name, types, part)


def _read_new(part: Path, files: Sequence[File], table: Table, run: str) -> Iterator[pl.DataFrame]:
    for rows in read_groups(part, files, [*table.key, RUN]):
        yield rows.filter(pl.col(RUN) == run).drop(RUN)
