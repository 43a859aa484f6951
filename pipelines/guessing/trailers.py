"""What a last line that is no record tells of the records, once it is known what they are."""

from collections.abc import Mapping
from dataclasses import replace

from pipelines.guessing.edges import tell_trailer
from pipelines.guessing.matching import Candidate
from pipelines.guessing.records import Layout, Table, Target


def name_totals(
    layout: Layout, table: Table, target: Target, given: Mapping[str, Candidate]
) -> Layout:
    """Make `control.trailer` of the last line: its numbers are what they are equal to."""
    control = dict(layout.control)
    if target == "members" and "{amount}" in control.get("trailer", ""):
        control["trailer"] = control["trailer"].replace("{amount}", "{skip}")
    last = layout.trailer
    if last is None:
        return replace(layout, control=control)
    counted = {"rows": last.rows}
    if target == "receipts" and last.rows is not None:
        counted["receipts"] = _count_receipts(table, given)
    money = target == "receipts"
    control["trailer"] = tell_trailer(last.cells, last.delimiter, counted, money=money)
    return replace(layout, control=control)


def _count_receipts(table: Table, given: Mapping[str, Candidate]) -> int:
    concepts = ("Header.StoreId", "Header.ReceiptId")
    key = [table.columns[column] for column, c in given.items() if c.concept in concepts]
    named = any(c.concept == "Header.ReceiptId" for c in given.values())
    return len(set(zip(*key, strict=True))) if named else -1
