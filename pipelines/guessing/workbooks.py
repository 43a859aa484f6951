"""Excel workbooks and Parquet files: their first rows as a table."""

from collections.abc import Iterator
from dataclasses import replace

import polars as pl

from connectors.files import FileSource, Part
from connectors.files.workbook import Grid, read_grids
from pipelines.feeds.words import RESERVED
from pipelines.guessing.edges import find_first, is_header, is_trailer, name_columns
from pipelines.guessing.records import GuessError, Layout, Table, Trailer

SHEETS, ROWS, COLUMNS = 10, 3_000, 1_000
ITEMS = 3
"""Columns that a list must have to make the rows."""


def read_workbook(part: Part) -> tuple[Layout, Table]:
    """Judge the sheet of a workbook that has most in it.

    Raises:
        GuessError: no sheet has rows, or one is too wide.
        SourceError: it is damaged, or no workbook.
    """
    usual, count, best = _find_largest(read_grids(part, SHEETS, ROWS))
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
    body = rows[first + 1 :]
    trailer = _take_trailer(body) if len(best.rows) < ROWS else None
    if trailer:
        why["trailer"] = "the last row is no record, but a total or an end"
        questions.append("the last row looks like a total, so control.trailer takes it: is it one?")
    names, made = name_columns(rows[first])
    if made:
        questions.append("names in the header are empty or stand twice")
    columns = {name: [row[at] for row in body] for at, name in enumerate(names)}
    layout = Layout("xlsx", words, why, {}, tuple(questions), trailer)
    return layout, Table(columns, range(1, len(body) + 1))


def _take_trailer(body: list[list[str]]) -> Trailer | None:
    """Take away a last row that is no record; a feed reads what is filled of it, `;` between."""
    if len(body) < 2 or not is_trailer(body[-1], len(body[-1])):
        return None
    return Trailer([cell for cell in body.pop() if cell], ";", len(body))


def _find_largest(grids: Iterator[Grid]) -> tuple[str, int, Grid]:
    """Name the first sheet, count them all and give the one with most in it."""
    best = next(grids)
    usual, count = best.sheet, 1
    for grid in grids:
        count += 1
        if _size(grid) > _size(best):
            best = grid
    return usual, count, best


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
    frame = next(parquet_rows.read_parquet(source, part), empty).head(ROWS)
    faulty = _find_faulty(source, part) if "_fault" in frame.columns else []
    if faulty:
        names = tuple(name for name in names if name not in faulty)
        source = replace(source, columns=names)
        frame = next(parquet_rows.read_parquet(source, part), empty).head(ROWS)
    frame = frame.fill_null("")
    columns = {name: frame[name].to_list() for name in names}
    words: dict[str, object] = {"items": items} if inside else {}
    why = {"format": f"a Parquet file with {len(names)} columns"}
    left = sorted(there.keys() - words.values())
    questions = [f"of lists one at most is read; left out: {', '.join(left)}"] if left else []
    if faulty:
        what = "hold bytes that are not UTF-8, or texts that are too long, and are left out"
        questions.append(f"{', '.join(f'`{name}`' for name in faulty)} {what}: are they needed?")
    inner = frozenset(name for name in inside if name in names)
    table = Table(columns, frame["_row"].to_list(), inner)
    return Layout("parquet", words, why, {}, tuple(questions)), table


def _find_faulty(source: FileSource, part: Part) -> list[str]:
    """Name the columns of a Parquet file of which most rows cannot be read as text."""
    from connectors.files import parquet_rows  # noqa: PLC0415  (slow to import)

    faulty = []
    for name in source.columns:
        one = replace(source, columns=(name,))
        frame = next(parquet_rows.read_parquet(one, part), None)
        if frame is not None and "_fault" in frame.columns:
            faults = frame["_fault"].count()
            if faults > frame[name].count():
                faulty.append(name)
    return faulty
