"""Excel: the rows of a sheet, streamed, every value as text."""

from collections.abc import Iterator

import polars as pl
from lxml import etree

from connectors.files.faults import Fault, add_faults
from connectors.files.parts import Part
from connectors.files.source import FileSource, SourceError
from connectors.files.workbook_cells import number_to_text, serial_to_text
from connectors.files.workbook_package import Package, text_of, unescape

_ROWS, _COLUMNS = 1 << 20, 1 << 14
"""What a sheet has."""
_CELLS = 1 << 18
"""Cells in a frame."""
_TEXT = 256 << 20
"""Bytes of text in a frame: a text that cells share is short in the file and long in all."""
_DIGITS = "0123456789"
_SHOWN = 50
_TRUTHS = {"1": "true", "true": "true", "0": "false", "false": "false"}


def read_workbook(source: FileSource, part: Part) -> Iterator[pl.DataFrame]:
    """Yield frames of `_row`, the row's number in the sheet, and the source's columns.

    The header is the first row with a value behind `source.skip_lines` rows. A cell is text: as it
    stands, an integer, a number with at most 15 digits, an ISO date or time, true or false, or the
    name of an error such as #N/A; of a formula its value when the file was saved. Of merged cells
    the first has the value. Rows without a value are skipped. A value behind the last column of
    the header, or a formula that was never computed, makes its row a fault.

    Args:
        source: names the sheet and the columns; errors name its path.
        part: the file.

    Raises:
        SourceError: it is no workbook, or damaged, too large, or lacks the sheet or a column.
    """
    with part.seekable() as path, Package(source, path) as package:
        yield from _read_sheet(source, package)


def _read_sheet(source: FileSource, package: Package) -> Iterator[pl.DataFrame]:
    sheet = package.find_sheet()
    cells = _Cells(source, package)
    table: _Table | None = None
    at = 0
    for element in package.elements(sheet.member, "row", "sheetData"):
        if not element.tag.endswith("row"):
            break  # what follows is no row
        at = _number_of(source, element, at)
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
    if not table.is_empty:
        yield table.take()


def _number_of(source: FileSource, row: etree._Element, before: int) -> int:
    told = row.get("r", str(before + 1))
    number = int(told) if told.isascii() and told.isdigit() and len(told) < 9 else 0
    if not before < number <= _ROWS:
        what = f"behind row {before:,} of the sheet comes one numbered {told[:20]!r}"
        raise SourceError(source.path, what, "open it in Excel and save it again", row=before)
    return number


class _Cells:
    """What the cells of a sheet hold."""

    def __init__(self, source: FileSource, package: Package) -> None:
        self._source = source
        self._from_1904 = package.from_1904
        self._formats = package.read_formats()
        self.strings = package.read_strings()
        self._count = len(self.strings)
        self._places: dict[str, int] = {}

    def of(self, row: etree._Element) -> Iterator[tuple[int, etree._Element]]:
        """Yield the cells of a row that hold anything, with their columns from 0."""
        column = -1
        places = self._places
        for cell in row:
            name = cell.get("r", "").rstrip(_DIGITS)
            place = places.get(name)
            column = column + 1 if not name else self._place(name) if place is None else place
            if len(cell):
                yield column, cell

    def _place(self, name: str) -> int:
        place = 0
        for letter in name.upper() if len(name) <= 3 and name.isascii() else "":
            place = place * 26 + ord(letter) - 64 if letter.isalpha() else _COLUMNS + 1
        if not 0 < place <= _COLUMNS:
            what = f"a cell lies in column {name[:20]!r}, and there is none"
            raise SourceError(self._source.path, what, "open it in Excel and save it again")
        self._places[name] = place - 1
        return place - 1

    def names(self, row: etree._Element, number: int) -> dict[int, str | None]:
        """Return the texts of a header, by their columns.

        Raises:
            SourceError: one of them cannot be read.
        """
        try:
            values = {column: self.value(cell) for column, cell in self.of(row)}
        except ValueError as error:
            what = f"the header (row {number:,}) cannot be read: {error}"
            raise SourceError(self._source.path, what, "correct it", row=number) from None
        return {
            column: self.strings[value] if isinstance(value, int) else value
            for column, value in values.items()
        }

    def value(self, cell: etree._Element) -> str | int | None:
        """Return a cell's text, or its number among the texts that cells share.

        Raises:
            ValueError: it has none though it should; its text is the reason.
        """
        kind = cell.get("t", "n")
        text, formula, stored = "", False, False
        for child in cell:
            tag = child.tag
            if tag.endswith("}v"):
                text, stored = child.text or "", True
            elif tag.endswith("}f"):
                formula = True
            elif tag.endswith("}is"):
                return text_of(child) or None
        if not text:
            if formula and not stored:
                raise ValueError("a formula in it was never computed; save the file in Excel")
            return None
        if kind == "s":
            at = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
            if not 0 <= at < self._count:
                raise ValueError("a text that it refers to is missing in the file")
            return at
        if kind == "n":
            return self._number(text, cell.get("s", "0"))
        return _TRUTHS.get(text.lower(), text) if kind == "b" else unescape(text)

    def _number(self, text: str, style: str) -> str:
        at = int(style) if style.isascii() and style.isdigit() and len(style) < 9 else 0
        kind = self._formats[at] if at < len(self._formats) else ""
        if kind:
            return serial_to_text(text, kind, from_1904=self._from_1904)
        return number_to_text(text)


class _Table:
    """Rows below a header, gathered until they are a frame."""

    def __init__(
        self, source: FileSource, cells: _Cells, names: dict[int, str | None], row: int
    ) -> None:
        self._source = source
        self._cells = cells
        self._width = 1 + max(column for column, name in names.items() if name)
        places = _find_columns(source, names, row)
        self._places = {place: at for at, place in enumerate(places)}
        self._most = max(min(_CELLS // len(places), source.rows_per_chunk), 1)
        self._clear()

    def _clear(self) -> None:
        self._rows: list[int] = []
        self._values: list[list[str | int | None]] = []
        self._faults: dict[int, Fault] = {}

    @property
    def is_full(self) -> bool:
        """Whether it is time to take a frame."""
        return len(self._rows) >= self._most

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
                value = None
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

    def take(self) -> pl.DataFrame:
        """Return the rows gathered, and begin anew."""
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
    elif doubled:
        what = f"the header (row {row:,}) names {', '.join(map(repr, doubled))} twice"
        hint = "give each column a name of its own"
    else:
        places = {name: column for column, name in names.items()}
        return [places[name] for name in source.columns]
    raise SourceError(source.path, what, hint, row=row)
