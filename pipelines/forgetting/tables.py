"""Looking for a person in the rows of a table, such as one of an export."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import polars as pl

from delivery.erasing import Kept, Rows
from pipelines.forgetting.exports import ITEM_OF, items_beside
from transforms.persons import NAMES, Sought

__all__ = ["Did", "Hit", "hits_of", "look_among_items", "look_in_table"]

Did = Literal["rows removed", "rows forgotten", "removed", "example removed"]


@dataclass(frozen=True)
class Hit:
    """A file that holds something of a person.

    Attributes:
        path: the file.
        did: what is done to it.
        rows: how many rows of it are the person's; 1 where the file is no table.
        feed: whose run left it; empty where it is no run's.
        where: which rows.
    """

    path: Path
    did: Did
    rows: int
    feed: str = ""
    where: Rows = field(default_factory=Rows, compare=False)


def look_in_table(path: Path, sought: Sought) -> Iterator[Hit]:
    """Look through rows of a report or of another table: in the columns of these names."""
    table = Kept(path)
    texts = table.texts()
    persons = _persons_of(texts)
    maybe = found = pl.lit(value=False)
    for name in texts:
        cell = pl.col(name)
        maybe |= sought.maybe(cell)
        found |= sought.cell(cell, named=name in (persons or texts))
        found |= cell.str.contains(r"^[\[{]") & sought.json(cell)
    nested = table.nested()
    for name in nested:
        told = pl.struct(name).struct.json_encode()
        maybe |= sought.maybe(told)
        found |= sought.json(told)
    if texts or nested:
        yield from hits_of(table, maybe, found, "rows removed")


def look_among_items(hit: Hit) -> Iterator[Hit]:
    """Look for what belongs to rows that were found: items of their lists, in other tables."""
    for items in items_beside(hit.path):
        rows = Kept(hit.path).take(hit.where, *ITEM_OF).unique()
        told = pl.struct(ITEM_OF).struct.json_encode()
        same = told.is_in(rows.select(told).to_series().implode())
        yield from hits_of(Kept(items), same, same, hit.did)


def _persons_of(columns: list[str]) -> set[str]:
    """Name the columns that name a person."""
    known = {name.casefold() for name in NAMES}
    last = {name: name.rpartition(".")[2] for name in columns}
    persons = {name for name in columns if last[name].removeprefix("_").casefold() in known}
    # Who has a phone or an e-mail address is a person, and so is its id.
    whose = {n.removesuffix(last[n]) for n in columns if last[n] in {"mobilePhone", "email"}}
    return persons | {name for name in columns if name in {*(f"{at}id" for at in whose), "_id"}}


def hits_of(table: Kept, maybe: pl.Expr, found: pl.Expr, did: Did) -> Iterator[Hit]:
    where = table.find(maybe, found)
    if len(where.places):
        yield Hit(table.path, did, len(where.places), where=where)
