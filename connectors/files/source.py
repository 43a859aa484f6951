"""What to read, and the one error that says why it could not be read."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FileFormat = Literal["csv", "json", "ndjson", "xml"]
READERS = ("_row", "_fault", "_raw")
"""Columns that the reader adds to a frame."""
ADDED = ("_source_file", "_source_row", "_error", "_run", "_raw")
"""Columns that a file of rejects has behind the source's own."""
RESERVED = ("_row", "_fault", *ADDED)
"""Columns that a feed cannot ask for."""


@dataclass(frozen=True)
class FileSource:
    """One file and the columns a feed wants of it.

    Attributes:
        path: the file.
        format: "csv", "json" (one array of objects), "ndjson" (an object a line) or "xml".
        columns: dotted source paths, such as "store_id", "items.line_no", "Items.Item.LineNo".
        record: XML only: the local name of the element that is a record, such as "Receipt".
        items: dotted path, within a record, of what repeats ("items", "Items.Item");
            None when a record is one row.
        delimiter: CSV only: one character between fields.
        mended: the file is a rejects.csv or unsent.csv of such a source, whatever the format:
            a CSV whose added columns and protective apostrophes are taken away.
        rows_per_chunk: about how many rows a frame holds.

    Raises:
        ValueError: the fields contradict each other; the message says which.
    """

    path: Path
    format: FileFormat
    columns: tuple[str, ...]
    record: str | None = None
    items: str | None = None
    delimiter: str = ","
    mended: bool = False
    rows_per_chunk: int = 30_000

    def __post_init__(self) -> None:
        if not self.columns or len(set(self.columns)) < len(self.columns):
            raise ValueError("columns: name at least one column, and none twice")
        if taken := set(RESERVED[:2] if self.mended else RESERVED) & set(self.columns):
            raise ValueError(f"columns: {', '.join(sorted(taken))} is this reader's own name")
        if self.format == "xml" and not self.record:
            raise ValueError("record: XML needs the name of the element that is a record")
        if self.format == "csv" and self.items:
            raise ValueError("items: a CSV row has no items")
        if len(self.delimiter) != 1 or self.delimiter in '"\r\n' or not self.delimiter.isascii():
            raise ValueError("delimiter: one ASCII character, no quote and no line end")
        if self.rows_per_chunk < 1:
            raise ValueError("rows_per_chunk: at least 1")


@dataclass(frozen=True)
class Dialect:
    """How a file of rejects of a source is written.

    Attributes:
        columns: all of the source's own, as it names and orders them.
        delimiter: what stands between fields.
        line_end: what ends a line.
        bom: whether the file begins with a byte order mark; it is UTF-8.
    """

    columns: tuple[str, ...]
    delimiter: str = ","
    line_end: str = "\n"
    bom: bool = False


@dataclass(frozen=True)
class Stamp:
    """What tells a file from one that was changed: its size in bytes, and when it was written.

    Of what is no regular file, such as a pipe, nothing can be told: all of it is 0.
    """

    size: int
    mtime_ns: int

    @classmethod
    def of(cls, facts: os.stat_result) -> "Stamp":
        """Take the stamp out of what the system tells of a file."""
        if not stat.S_ISREG(facts.st_mode):
            return cls(0, 0)
        return cls(facts.st_size, facts.st_mtime_ns)


class SourceError(Exception):
    """A file that cannot be read further: what, where, what to do, in one line.

    Attributes:
        file: the file.
        row: the line (CSV, NDJSON) or record (JSON, XML) at fault, where known.
        byte: the offset in the file, counted from 0, where known.
        hint: what to do.
    """

    def __init__(
        self,
        file: Path,
        what: str,
        hint: str,
        *,
        row: int | None = None,
        byte: int | None = None,
    ) -> None:
        self.file = file
        self.row = row
        self.byte = byte
        self.hint = hint
        super().__init__(" ".join(f"{file}: {what}; {hint}".split()))
