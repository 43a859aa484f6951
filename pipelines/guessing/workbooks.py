"""Excel workbooks and Parquet files: their first rows as a table."""

import polars as pl

from connectors.files import FileSource, Part
from connectors.files.workbook import Grid, read_grids
from pipelines.feeds.words import RESERVED
from pipelines.guessing.edges import find_first, is_header, name_columns
from pipelines.guessing.records import GuessError, Layout, Table

SHEETS, ROWS, COLUMNS = 10, 3_000, 1_000
ITEMS = 3
"""Columns that a list must have to make the rows."""


def read_workbook(part: Part) -> tuple[Layout, Table]:
    """Judge the sheet of a workbook that has most in it.

    Raises:
        GuessError: no sheet has rows, or one is too wide.
        SourceError: it is damaged, or no workbook.
    """
    grids = read_grids(part, SHEETS, ROWS)
    best = next(grids)
    usual, count = best.sheet, 1
    for grid in grids:
        count += 1
        if _size(grid) > _size(best):
            best = grid
    if not best.rows:
        raise GuessError(f"{part.label}: no sheet of the workbook has rows")
    words: dict[str, object] = {}
    why = {"format": f"a workbook of {count} sheets"}
    questions = []
    if count > 1:
        questions.append(f"the workbook has {count} sheets; only one is read")
    if best.sheet != usual:
        words["sheet"] = best.sheet
        why["sheet"] = f"of {count} sheets the one with most in it"
    width = max(len(row) for _, row in best.rows)
    if width > COLUMNS:
        raise GuessError(f"{part.label}: {width:,} columns; at most {COLUMNS:,} can be judged")
    rows = [[*row, *[""] * (width - len(row))] for _, row in best.rows]
    first = find_first(rows, width)
    named, why_header = is_header(rows[first], rows[first + 1 :][:200])
    if first:
        words["skip_lines"] = best.rows[first][0] - 1
        why["skip_lines"] = "title lines stand above the table"
    if not named:
        questions.append(f"the first row may be no header ({why_header}): look at the names")
    names, made = name_columns(rows[first])
    if made:
        questions.append("names in the header are empty or stand twice")
    body = rows[first + 1 :]
    columns = {name: [row[at] for row in body] for at, name in enumerate(names)}
    layout = Layout("xlsx", words, why, {}, tuple(questions))
    return layout, Table(columns, range(1, len(body) + 1))


def _size(grid: Grid) -> int:
    return sum(len(row) for _, row in grid.rows)


def read_parquet(part: Part) -> tuple[Layout, Table]:
    """Judge the first rows of a Parquet file, or of the list inside them with most columns.

    Raises:
        GuessError: it has no column that could be read.
        SourceError: it is damaged, or no Parquet.
    """
    from connectors.files import parquet_rows  # noqa: PLC0415  (slow to import)

    there = parquet_rows.list_columns(part)
    own = there.pop("")
    items = max(there, key=lambda path: len(there[path]), default="")
    inside = there[items] if items and len(there[items]) >= ITEMS else []
    names = tuple(name for name in dict.fromkeys([*own, *inside]) if name not in RESERVED)
    if not 0 < len(names) <= COLUMNS:
        what = f"{len(names):,} columns that could be read; from 1 to {COLUMNS:,} can be judged"
        raise GuessError(f"{part.label}: {what}")
    source = FileSource(part.path, "parquet", names, items=items if inside else None)
    empty = pl.DataFrame(schema=dict.fromkeys(["_row", *names], pl.String))
    frame = next(parquet_rows.read_parquet(source, part), empty).head(ROWS).fill_null("")
    columns = {name: frame[name].to_list() for name in names}
    words: dict[str, object] = {"items": items} if inside else {}
    why = {"format": f"a Parquet file with {len(names)} columns"}
    left = sorted(there.keys() - words.values())
    questions = (f"of lists one at most is read; left out: {', '.join(left)}",) if left else ()
    table = Table(columns, frame["_row"].to_list(), frozenset(inside))
    return Layout("parquet", words, why, {}, questions), table
