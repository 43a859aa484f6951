"""Rows as they were read -> rows of the table: typed, judged, and held to the contract."""

from collections import Counter
from dataclasses import dataclass, field

import polars as pl

from pipelines.exports.writing.discards import Discards, units_of
from pipelines.exports.writing.drift import Plan
from pipelines.exports.writing.opening import Batch
from pipelines.exports.writing.own_schema import OwnSchema
from pipelines.feeds.table import Contract
from transforms.cells import cast
from transforms.reports import locate
from validators.report_rows import Faults, RowRules, count_faults

__all__ = ["Typer"]

Masks = dict[str, tuple[str, pl.Series]]


@dataclass
class Typer:
    """Types the rows of one table.

    Attributes:
        table: its name.
        plan: its columns.
        contract: what happens to what does not fit.
        rules: what rows must hold, but for the key, which is of all rows.
        discards: takes what is kept out.
        added: columns that every row gets, after its own.
        schema: the user's own, if the feed names one.
        faults: rows that break a rule, so far.
    """

    table: str
    plan: Plan
    contract: Contract
    rules: RowRules
    discards: Discards
    added: dict[str, pl.Expr]
    schema: OwnSchema | None = None
    faults: Faults = field(default_factory=Counter)

    def type(self, rows: pl.DataFrame, batch: Batch) -> pl.DataFrame:
        """Give rows their types, in the order of the plan.

        Args:
            rows: of this table, as they were read.
            batch: where they come from.

        Raises:
            BadCell: cells don't fit, and the contract keeps nothing out.
        """
        cells: list[pl.Series] = []
        masks: Masks = {}
        for name, kind in self.plan.types.items():
            raw = rows[name] if name in rows.columns else pl.Series(name, [None] * rows.height)
            typed, lost = cast(raw, kind)
            cells.append(typed)
            if lost is not None:
                masks[name] = (f"{name}: no {kind}", lost)
        if masks and not self.contract.startswith("discard"):
            raise self._bad_cell(masks, batch, rows.height)
        masks |= {
            name: (f"{name}: no column of the contract", rows[name].is_not_null())
            for name in self.plan.unknown
            if name in rows.columns and rows[name].null_count() < rows.height
        }
        typed_rows = pl.DataFrame(cells, height=rows.height)
        if self.contract == "discard_row":
            masks |= self._unfilled(typed_rows, masks)
        if self.schema is not None:
            typed_rows, own = self.schema.judge(typed_rows, self.contract)
            masks |= {name: mask for name, mask in own.items() if name not in masks}
        if masks:
            units = units_of(batch.numbers, batch.heights)
            if len(units) != rows.height:  # of a child table, whose rows are items
                units = pl.Series([batch.numbers[0]]).new_from_index(0, rows.height)
            kept = self.discards.add(self.table, rows, units, masks)
            if self.contract == "discard_row":
                typed_rows = typed_rows.filter(~kept)
        self.faults.update(count_faults(typed_rows, self.rules))
        return typed_rows.with_columns(**self.added) if self.added else typed_rows

    def _unfilled(self, rows: pl.DataFrame, masks: Masks) -> Masks:
        """Mark rows without a value that is required, unless they had one that does not fit."""
        found: Masks = {}
        for name in self.rules.filled:
            lacks = rows[name].is_null()
            if rows[name].dtype == pl.String:
                lacks |= (rows[name].str.strip_chars() == "").fill_null(value=False)
            if name in masks:
                lacks &= ~masks[name][1]
            if lacks.any():
                why, there = masks.get(name, (f"{name}: required", lacks))
                found[name] = (why, lacks | there)
        return found

    def _bad_cell(self, masks: Masks, batch: Batch, height: int) -> Exception:
        faults = [
            (name, str(self.plan.types[name]), int(mask.sum()), mask.arg_max() or 0)
            for name, (_, mask) in masks.items()
        ]
        own = sum(batch.heights) == height
        return locate(faults, batch.numbers, batch.heights if own else [height])
