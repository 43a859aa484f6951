"""Excel: the rows of a sheet, streamed, every value as text."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

import polars as pl
from lxml import etree

from connectors.files.faults import Fault, add_faults
from connectors.files.lines import match_trailer
from connectors.files.parts import Part
from connectors.files.source import FileSource, Limits, NoColumns, SourceError
from connectors.files.workbook_cells import CellError, Cells
from connectors.files.workbook_package import Package, Sheet

_CELLS = 1 << 18
"""Cells in a frame."""
_TEXT = 256 << 20
"""Bytes of text in a frame: a text that cells share is short in the file and long in all."""
_SHOWN = 50
_SAMPLED, _CELL = 64 << 20, 64
"""Characters of a sample of a sheet, and for how many of them a cell counts."""
_SAMPLED_STRINGS = 1 << 17
"""Texts that cells share, of a sample."""


def read_workbook(
    source: FileSource, part: Part, told: dict[str, list[str]]
) -> Iterator[pl.DataFrame]:
    """Yield frames of `_row`, the row's number in the sheet, and the source's columns.

    The header is the first row with a value behind `source.skip_lines` rows. A cell is text: as it
    stands, an integer, a number with at most 15 digits or with the zeros that its format shows, an
    ISO date or time, true or false; of a formula its value when the file was saved. Of merged cells
    the first has the value. Rows without a value are skipped. A value behind the last column of
    the header, a formula that was never computed, or an error makes its row a fault; but #N/A that
    was typed is a text. With `source.trailer` the last row with a value is told and no row.

    Args:
        source: names the sheet and the columns; errors name its path.
        part: the file.
        told: what the trailer says is added to it.

    Raises:
        SourceError: it is no workbook, or damaged, too large, or lacks the sheet, a column or the
            trailer.
    """
    with part.seekable() as path, Package(source.path, path, source.limits) as package:
        yield from _read_sheet(source, package, told)


def _read_sheet(
    source: FileSource, package: Package, told: dict[str, list[str]]
) -> Iterator[pl.DataFrame]:
    sheet = package.find_sheet(source.sheet)
    cells = Cells(package)
    table: _Table | None = None
    for at, element in cells.rows(sheet):
        if at <= source.skip_lines:
            continue
        if table is None:
            names = cells.names(element, at)
            if any(names.values()):
                table = _Table(source, cells, names, at)
            continue
        table.add(at, element)
        if table.is_full:
            yield table.take()
    if table is None:
        what = f"sheet {sheet.name!r} has no header, as no row of it has a value"
        raise SourceError(source.path, what, "check source.sheet and source.skip_lines")
    for name, text in table.end().items():
        told.setdefault(name, []).append(text)
    if not table.is_empty:
        yield table.take()


@dataclass(frozen=True)
class Grid:
    """The first rows of a sheet, none of them taken for its header.

    Attributes:
        sheet: its name.
        rows: the number of a row, from 1, and the texts of its cells from column A on: empty
            where there is none. Rows without any are left out.
    """

    sheet: str
    rows: list[tuple[int, list[str]]]


def read_grids(part: Part, sheets: int, rows: int) -> Iterator[Grid]:
    """Yield the sheets of a workbook of which nothing is known yet.

    That comes first which `read_workbook` takes where none is named. Rows with much in them are
    fewer, and a workbook with a great many texts may lack the later ones, so that time and memory
    stay within bounds.

    Args:
        part: the file.
        sheets: how many of them are looked at; the others have no rows here.
        rows: how many of a sheet, at most.

    Raises:
        SourceError: it is no workbook, or damaged, or too large.
    """
    with part.seekable() as path, Package(part.path, path, Limits()) as package:
        cells = Cells(package, _SAMPLED_STRINGS)
        usual = package.find_sheet(None)
        found = [usual, *(sheet for sheet in package.sheets if sheet is not usual)]
        for number, sheet in enumerate(found):
            yield Grid(sheet.name, _first_rows(cells, sheet, rows) if number < sheets else [])


def _first_rows(cells: Cells, sheet: Sheet, most: int) -> list[tuple[int, list[str]]]:
    found = []
    left = _SAMPLED
    for number, element in islice(cells.rows(sheet), most):
        row: list[str] = []
        for column, text in cells.texts(element):
            row += [""] * (column - len(row))
            row[column : column + 1] = [text]
            left -= len(text)
            if left < 0:
                break
        left -= (len(element) + len(row)) * _CELL
        if row:
            found.append((number, row))
        if left < 0:
            break
    return found


class _Table:
    """Rows below a header, gathered until they are a frame."""

    def __init__(
        self, source: FileSource, cells: Cells, names: dict[int, str | None], row: int
    ) -> None:
        self._source = source
        self._cells = cells
        self._width = 1 + max(column for column, name in names.items() if name)
        places = _find_columns(source, names, row)
        self._places = {place: at for at, place in enumerate(places)}
        self._most = max(min(_CELLS // len(places), source.rows_per_chunk), 1)
        self._held = int(source.trailer is not None)
        self._last = row, ""
        self._clear()

    def _clear(self) -> None:
        self._rows: list[int] = []
        self._values: list[list[str | int | None]] = []
        self._faults: dict[int, Fault] = {}

    @property
    def is_full(self) -> bool:
        """Whether it is time to take a frame."""
        return len(self._rows) >= self._most + self._held

    @property
    def is_empty(self) -> bool:
        """Whether there is no row."""
        return not self._rows

    def add(self, row: int, element: etree._Element) -> None:
        """Add a row, unless no cell of it has a value."""
        values: list[str | int | None] = [None] * len(self._places)
        why, filled = "", False
        for column, cell in self._cells.of(element):
            at = self._places.get(column)
            try:
                value = self._cells.value(cell)
            except ValueError as error:
                value = error.name if at is not None and isinstance(error, CellError) else None
                filled = True
                why = why or (str(error) if at is not None else "")
            if value is None:
                continue
            filled = True
            if at is not None:
                values[at] = value
            elif column >= self._width:
                why = why or f"a value stands behind the header's {self._width:,} columns"
        if not filled:
            return
        if why:
            shown = (self._cells.strings[v] if isinstance(v, int) else v for v in values)
            raw = "\t".join(text or "" for text in shown)
            self._faults[len(self._rows)] = Fault(why, raw)
            values = [None] * len(values)
        self._rows.append(row)
        self._values.append(values)
        if self._held:
            self._last = row, ";".join(text for _, text in self._cells.texts(element))

    def end(self) -> dict[str, str]:
        """Take away the last row if it is to be a trailer, and give what it says.

        Raises:
            SourceError: it is none.
        """
        pattern = self._source.trailer
        if pattern is None:
            return {}
        row, text = self._last
        said = match_trailer(pattern, text)
        if said is None:
            what = f"the last row of the sheet (row {row:,}) is not the trailer {pattern!r}"
            hint = "ask for the whole file if it is cut off, or correct the feed's trailer"
            raise SourceError(self._source.path, what, hint, row=row)
        del self._rows[-1:], self._values[-1:]
        self._faults.pop(len(self._rows), None)
        self._held = 0
        return said

    def take(self) -> pl.DataFrame:
        """Return the rows gathered, but not what may be the trailer, and begin anew."""
        if not self._held:
            return self._take()
        row, values = self._rows.pop(), self._values.pop()
        fault = self._faults.pop(len(self._rows), None)
        frame = self._take()
        self._rows, self._values = [row], [values]
        self._faults = {0: fault} if fault else {}
        return frame

    def _take(self) -> pl.DataFrame:
        columns = [
            self._column(name, values)
            for name, values in zip(
                self._source.columns, zip(*self._values, strict=True), strict=True
            )
        ]
        frame = pl.DataFrame([pl.Series("_row", self._rows, dtype=pl.Int64), *columns])
        sizes = frame.select(pl.exclude("_row").str.len_chars().fill_null(0))
        if sizes.select(pl.sum_horizontal(pl.all().cast(pl.Int64)).sum()).item() > _TEXT:
            what = f"the rows from {self._rows[0]:,} on hold more than {_TEXT >> 20} MB of text"
            raise SourceError(self._source.path, what, "save the sheet as CSV", row=self._rows[0])
        most = self._source.limits.field_chars
        long = sizes.select(pl.any_horizontal(pl.all() > most)).to_series()
        if long.any():
            frame = frame.with_columns(pl.when(~long).then(pl.exclude("_row")))
            why = f"a value is longer than {most:,} characters (limits.field_chars)"
            self._faults |= dict.fromkeys(long.arg_true().to_list(), Fault(why, ""))
        frame = add_faults(frame, self._faults)
        self._clear()
        return frame

    def _column(self, name: str, values: tuple[str | int | None, ...]) -> pl.Series:
        texts = [value if isinstance(value, str) else None for value in values]
        column = pl.Series(name, texts, dtype=pl.String)
        shared = [value if isinstance(value, int) else None for value in values]
        if shared.count(None) == len(shared):
            return column
        taken = self._cells.strings.gather(pl.Series(shared, dtype=pl.UInt32))
        found = pl.select(pl.coalesce(column, taken).replace("", None)).to_series()
        return found.alias(name)


def _find_columns(source: FileSource, names: dict[int, str | None], row: int) -> list[int]:
    """Return the place of each wanted column.

    Raises:
        SourceError: one is not there, or there twice.
    """
    there = [name for name in names.values() if name]
    doubled = sorted({name for name in source.columns if there.count(name) > 1})
    if missing := [name for name in source.columns if name not in there]:
        shown = ", ".join(map(repr, there[:_SHOWN]))
        what = f"the header (row {row:,}) lacks {', '.join(map(repr, missing))}; it has {shown}"
        hint = "correct the feed's columns, source.sheet or source.skip_lines"
        raise NoColumns(source.path, what, hint, row=row)
    if doubled:
        what = f"the header (row {row:,}) names {', '.join(map(repr, doubled))} twice"
        hint = "give each column a name of its own"
    else:
        places = {name: column for column, name in names.items()}
        return [places[name] for name in source.columns]
    raise SourceError(source.path, what, hint, row=row)
