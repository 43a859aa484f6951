"""What the cells of an Excel file hold, as the text that a person reads: 12.5, 1980-12-31."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from decimal import Decimal

from lxml import etree

from connectors.files.source import SourceError
from connectors.files.workbook_package import Package, Sheet, text_of, unescape

_LAST_DAY = 2_958_465  # 9999-12-31
_DAY_MS = 86_400_000
_FIRST, _FIRST_1904 = datetime(1899, 12, 30), datetime(1904, 1, 1)  # noqa: DTZ001 - no zone in cells
_PRECISION = 15
"""Digits that Excel computes with; the others that a file may have are noise."""
_ROWS, _COLUMNS = 1 << 20, 1 << 14
"""What a sheet has."""
_DIGITS = "0123456789"
_TRUTHS = {"1": "true", "true": "true", "0": "false", "false": "false"}
_TYPED = "#N/A"
"""The one error that a person types, to say that there is no value."""
_SHOWN = 20


class CellError(ValueError):
    """A cell that holds an error, such as #REF!, in the place of a value.

    Attributes:
        name: the error.
    """

    def __init__(self, cell: etree._Element, name: str, *, formula: bool) -> None:
        self.name = name[:_SHOWN]
        what = "mend the formula" if formula else "write a value in its place"
        place = " ".join(["cell", *filter(None, [cell.get("r", "")[:_SHOWN]])])
        super().__init__(f"{place} holds the error {self.name}; {what} in the workbook")


class Cells:
    """The rows of a workbook's sheets, and what their cells hold.

    Args:
        package: the workbook.
        most: of the texts that cells share, how many are read; None is all of them.

    Attributes:
        strings: these texts.
    """

    def __init__(self, package: Package, most: int | None = None) -> None:
        self._package = package
        self._formats = package.read_formats()
        self.strings = package.read_strings(most)
        self._count = len(self.strings)
        self._places: dict[str, int] = {}

    def rows(self, sheet: Sheet) -> Iterator[tuple[int, etree._Element]]:
        """Yield the rows of a sheet with their numbers; each is forgotten with the next.

        Raises:
            SourceError: the sheet is damaged, or a row has no number that it could have.
        """
        at = 0
        for element in self._package.elements(sheet.member, "row", "sheetData"):
            if not element.tag.endswith("row"):
                break  # what follows is no row
            told = element.get("r", str(at + 1))
            number = int(told) if told.isascii() and told.isdigit() and len(told) < 9 else 0
            if not at < number <= _ROWS:
                what = f"behind row {at:,} of the sheet comes one numbered {told[:20]!r}"
                raise SourceError(
                    self._package.label, what, "open it in Excel and save it again", row=at
                )
            at = number
            yield at, element

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
            raise SourceError(self._package.label, what, "open it in Excel and save it again")
        self._places[name] = place - 1
        return place - 1

    def names(self, row: etree._Element, number: int) -> dict[int, str | None]:
        """Return the texts of a header, by their columns.

        Raises:
            SourceError: one of them cannot be read.
        """
        values: dict[int, str | int | None] = {}
        try:
            for column, cell in self.of(row):
                try:
                    values[column] = self.value(cell)
                except CellError as error:  # a column that may not be wanted
                    values[column] = error.name
        except ValueError as error:
            what = f"the header (row {number:,}) cannot be read: {error}"
            raise SourceError(self._package.label, what, "correct it", row=number) from None
        return {
            column: self.strings[value] if isinstance(value, int) else value
            for column, value in values.items()
        }

    def texts(self, row: etree._Element) -> Iterator[tuple[int, str]]:
        """Yield the texts of a row's cells, with their columns; what cannot be read has none."""
        for column, cell in self.of(row):
            try:
                value = self.value(cell)
            except ValueError:
                continue
            if text := self.strings[value] if isinstance(value, int) else value:
                yield column, text

    def value(self, cell: etree._Element) -> str | int | None:
        """Return a cell's text, or its number among the texts that cells share.

        Raises:
            ValueError: it has none though it should; its text is the reason.
            CellError: it is an error. #N/A is a text where no formula gave it.
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
            return self._shared(text)
        if kind == "n":
            return self._number(text, cell.get("s", "0"))
        if kind == "b":
            return _TRUTHS.get(text.lower(), text)
        return _error(cell, text, formula=formula) if kind == "e" else unescape(text)

    def _shared(self, text: str) -> int:
        at = int(text) if text.isascii() and text.isdigit() and len(text) < 10 else -1
        if not 0 <= at < self._count:
            raise ValueError("a text that it refers to is missing in the file")
        return at

    def _number(self, text: str, style: str) -> str:
        at = int(style) if style.isascii() and style.isdigit() and len(style) < 9 else 0
        kind = self._formats[at] if at < len(self._formats) else ""
        if not kind:
            return number_to_text(text)
        if kind[0] == "0":
            number = number_to_text(text)
            return number.zfill(len(kind)) if number.isdecimal() else number
        return serial_to_text(text, kind, from_1904=self._package.from_1904)


def _error(cell: etree._Element, name: str, *, formula: bool) -> str:
    if formula or name != _TYPED:
        raise CellError(cell, name, formula=formula)
    return name


def number_to_text(text: str) -> str:
    """Write a number as an integer where it is one, and never with an exponent if it is usual."""
    digits = text.removeprefix("-")
    if digits.isascii() and digits.isdigit() and (digits[0] != "0" or digits == "0"):
        return "0" if text == "-0" else text
    try:
        number = float(text)
    except ValueError:
        return text
    if number.is_integer() and abs(number) < 1 << 63:
        return str(int(number))
    rounded = f"{number:.{_PRECISION}g}"
    usual = 1e-9 < abs(number) < 1e15
    return format(Decimal(rounded), "f") if usual and "e" in rounded else rounded


def serial_to_text(text: str, kind: str, *, from_1904: bool) -> str:
    """Write a number of days as the date or time that its format makes of it.

    Args:
        text: the number, such as `45322.618`.
        kind: "date", "time", "date and time" or "elapsed".
        from_1904: whether day 0 is 1904-01-01.

    Returns:
        `2024-01-31`, or `2024-01-31T14:50:05` if it has a time or its format shows one; a time
        without a day is `14:50:05`. The number itself, if it is no day that Excel knows.
    """
    try:
        serial = float(text)
    except ValueError:
        return text
    if not 0 <= serial < _LAST_DAY + 1:
        return number_to_text(text)
    days, milliseconds = divmod(round(serial * _DAY_MS), _DAY_MS)
    if kind == "elapsed":
        return _clock(milliseconds, days * 24)
    if kind == "time" and days == 0:
        return _clock(milliseconds)
    date = _date(days, from_1904=from_1904)
    if milliseconds == 0 and kind == "date":
        return date
    return f"{date}T{_clock(milliseconds)}"


def _date(days: int, *, from_1904: bool) -> str:
    if from_1904:
        return f"{_FIRST_1904 + timedelta(days):%Y-%m-%d}"
    if days == 60:  # which was none: Excel takes 1900 for a leap year
        return "1900-02-29"
    return f"{_FIRST + timedelta(days + (days < 60)):%Y-%m-%d}"


def _clock(milliseconds: int, hours: int = 0) -> str:
    seconds, rest = divmod(milliseconds, 1000)
    minutes, second = divmod(seconds, 60)
    hour, minute = divmod(minutes, 60)
    fraction = f".{rest:03d}" if rest else ""
    return f"{hour + hours:02d}:{minute:02d}:{second:02d}{fraction}"
