"""The table once more, for those who have no Parquet: as CSV, or as a workbook if it is small.

A spreadsheet takes a cell that begins with `=`, `+`, `-`, `@`, a tab or a carriage return for a
formula, so that such a text gets one apostrophe before it in the CSV, and so does one that begins
with an apostrophe; a number such as -12.50 does not. In a workbook a text is a text.
"""

import os
from collections.abc import Iterator, Sequence
from decimal import Decimal
from pathlib import Path

import polars as pl

from pipelines.exports.manifest import File
from pipelines.exports.writing.files import read_groups
from pipelines.publishing import sync
from transforms.cells import to_text

__all__ = ["CSV", "XLSX", "MissingExtra", "check_extras", "write_formats"]

CSV, XLSX = "data.csv", "data.xlsx"
SHEET_ROWS, SHEET_COLUMNS = 1_048_576, 16_384
"""What a sheet holds, its header included."""
_RISKY = r"^[=+\-@\t\r']"
_NUMBER = r"^-[0-9]+(?:[.,][0-9]+)?$"


class MissingExtra(Exception):  # noqa: N818  (says what was met)
    """A library is not installed that the feed's words need. One line: what to install."""


def check_extras(words: Sequence[str]) -> None:
    """See that the libraries for `csv`, `xlsx` and `delta` are there, before anything is read.

    Raises:
        MissingExtra: one is not.
    """
    from importlib.util import find_spec  # noqa: PLC0415  (only exports ask)

    for word, library in (("xlsx", "xlsxwriter"), ("delta", "deltalake")):
        if word in words and find_spec(library) is None:
            raise MissingExtra(f"{word} needs {library}: pip install -e '.[{word}]'")


def write_formats(root: Path, files: Sequence[File], also: Sequence[str]) -> tuple[str, ...]:
    """Write the rows of files also as `data.csv` and `data.xlsx`, of mode 0600.

    Returns:
        What could not be, a line each.
    """
    if "csv" in also:
        _write_csv(root / CSV, read_groups(root, files))
    if "xlsx" not in also:
        return ()
    (root / XLSX).unlink(missing_ok=True)
    rows, columns = sum(file.rows for file in files), 0
    if files:
        columns = len(pl.read_parquet_schema(root / files[0].path))
    if rows >= SHEET_ROWS or columns > SHEET_COLUMNS:
        most = f"{SHEET_ROWS - 1:,} rows of {SHEET_COLUMNS:,} columns"
        return (
            f"{XLSX} was not written: {rows:,} rows of {columns:,} columns, a sheet holds {most}",
        )
    _write_xlsx(root / XLSX, read_groups(root, files))
    return ()


def _write_csv(path: Path, frames: Iterator[pl.DataFrame]) -> None:
    path.unlink(missing_ok=True)
    with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as sink:
        for number, rows in enumerate(frames):
            flat = pl.DataFrame([_protect(cells) for cells in rows])
            names = pl.Series(rows.columns)
            flat.columns = _protect(names).to_list()
            # The mark tells a spreadsheet that it is UTF-8.
            first = number == 0
            flat.write_csv(sink, include_header=first, include_bom=first)
    sync(path)


def _protect(cells: pl.Series) -> pl.Series:
    if cells.dtype.is_nested() or isinstance(cells.dtype, pl.Datetime):
        return to_text(cells)
    if cells.dtype != pl.String:
        return cells
    risky = cells.str.contains(_RISKY) & ~cells.str.contains(_NUMBER)
    return cells.zip_with(~risky.fill_null(value=False), "'" + cells) if risky.any() else cells


def _write_xlsx(path: Path, frames: Iterator[pl.DataFrame]) -> None:
    import xlsxwriter  # noqa: PLC0415  (an extra)

    os.close(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600))
    options = {
        "constant_memory": True,
        "strings_to_formulas": False,
        "strings_to_urls": False,
        "strings_to_numbers": False,
        "tmpdir": str(path.parent),
    }
    with xlsxwriter.Workbook(str(path), options) as book:
        sheet, at = book.add_worksheet("data"), 1
        for rows in frames:
            if at == 1:
                for column, name in enumerate(rows.columns):
                    sheet.write_string(0, column, name)
            for values in pl.DataFrame([_shown(cells) for cells in rows]).iter_rows():
                for column, value in enumerate(values):
                    if isinstance(value, bool):
                        sheet.write_boolean(at, column, value)
                    elif isinstance(value, int | float | Decimal) and _is_exact(value):
                        sheet.write_number(at, column, value)
                    elif value is not None:
                        sheet.write_string(at, column, str(value))
                at += 1
    sync(path)


def _is_exact(value: float | Decimal) -> bool:
    """Tell whether a spreadsheet keeps a number: it has 15 digits."""
    if isinstance(value, Decimal):
        return len(value.normalize().as_tuple().digits) <= 15
    return isinstance(value, float) or abs(value) < 10**15


def _shown(cells: pl.Series) -> pl.Series:
    """Numbers stay numbers; times are text, so that no sheet moves them into its own zone."""
    plain = cells.dtype.is_numeric() or cells.dtype in {pl.Boolean, pl.String}
    return cells if plain else to_text(cells)
