"""Rows that were not sent, as a CSV that a person can mend and load again."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path

import polars as pl

ADDED = ("_source_file", "_source_row", "_source_place", "_error", "_run", "_raw")
"""The columns behind the source's own: where a row stood, also in words, why it was not sent, the
run that says so, and the text of a row that could not be read."""

READERS = {"_row", "_fault", "_raw"}
Locate = Callable[[pl.Series], pl.DataFrame]
"""Says of rows, by their `_row`, where they stand: `file`, `row` in it, and `place` in words."""

# A spreadsheet takes a cell that begins so for a formula. Our own mark is marked as well, and an
# empty text is the mark alone, so that taking one off each cell gives back what there was.
_RISKY = r"^([=+\-@\t\r']|$)"
_NUMBER = r"^'(-[0-9]+(?:[.,][0-9]+)?)$"  # the one formula that is harmless, and frequent


class RejectWriter:
    """Writes rows to a CSV, readable by its owner only; there is no file until there is a row.

    The source's columns keep names, order and dialect, then come `ADDED`. A cell or name that
    begins with `=`, `+`, `-`, `@`, `'`, a tab or a carriage return gets one `'` before it, except
    a number such as -12.50; an empty text, unlike no value, is a `'`. A row that could not be
    read has nothing in the source's columns and its text in `_raw`; loaded like that it is
    unreadable again.

    Args:
        path: the file; an old one is removed, but for what is kept of it.
        source: the file that the rows come from.
        run: the run that writes them.
        locate: says where each row stands, if that is not the line `_row` of that file.
        columns: the source's own; None for those of the first rows.
        delimiter: what stands between fields.
        line_end: what ends a line.
        bom: whether the file begins with a byte order mark.
        keep: bytes of an old file that stay, as they were written by such a writer.
    """

    def __init__(
        self,
        path: Path,
        source: str,
        run: str = "",
        *,
        locate: Locate | None = None,
        columns: Sequence[str] | None = None,
        delimiter: str = ",",
        line_end: str = "\n",
        bom: bool = False,
        keep: int = 0,
    ) -> None:
        self.path = path
        self._source = source
        self._run = run
        self._locate = locate or self._in_file
        self._columns = columns
        self._delimiter = delimiter
        self._line_end = line_end
        self._bom = bom
        if not keep:
            path.unlink(missing_ok=True)
        elif path.exists() and path.stat().st_size > keep:
            os.truncate(path, keep)

    def write(self, rows: pl.DataFrame, errors: pl.Series) -> None:
        """Add source rows as the reader gives them (with `_row`), and why each was not sent."""
        if rows.is_empty():
            return
        if self._columns is None:
            self._columns = [name for name in rows.columns if name not in {*READERS, *ADDED}]
        raw = rows["_raw"] if "_raw" in rows.columns else pl.lit(None, pl.String)
        own = [rows.get_column(name).alias(_escape_name(name)) for name in self._columns]
        table = pl.DataFrame(own).with_columns(
            *self._locate(rows["_row"]).select(
                pl.col("file").alias("_source_file"),
                pl.col("row").alias("_source_row"),
                pl.col("place").alias("_source_place"),
            ),
            errors.alias("_error"),
            pl.lit(self._run or None, pl.String).alias("_run"),
            raw.alias("_raw"),
        )
        flags = os.O_WRONLY | os.O_CREAT | os.O_APPEND
        with os.fdopen(os.open(self.path, flags, 0o600), "wb") as file:
            first = os.fstat(file.fileno()).st_size == 0
            _escape(table).write_csv(
                file,
                include_header=first,
                include_bom=first and self._bom,
                separator=self._delimiter,
                line_terminator=self._line_end,
            )

    def _in_file(self, rows: pl.Series) -> pl.DataFrame:
        place = pl.format("line {}", "row")
        return rows.to_frame("row").with_columns(file=pl.lit(self._source), place=place)


def _escape(table: pl.DataFrame) -> pl.DataFrame:
    risky = table.select(pl.col(pl.String).str.contains(_RISKY).any())
    marked = [
        table.get_column(name).str.replace(_RISKY, "'${1}").str.replace(_NUMBER, "${1}")
        for name, is_risky in zip(risky.columns, risky.row(0), strict=True)
        if is_risky
    ]
    return table.with_columns(marked)


def _escape_name(name: str) -> str:
    return f"'{name}" if name.startswith(tuple("=+-@\t\r'")) else name


__all__ = ["ADDED", "RejectWriter"]
