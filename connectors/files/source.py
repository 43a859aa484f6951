"""What to read, and the one error that says why it could not be read."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

FileFormat = Literal["csv", "json", "ndjson", "xml"]
RESERVED = ("_row", "_fault")


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
    rows_per_chunk: int = 30_000

    def __post_init__(self) -> None:
        if not self.columns or len(set(self.columns)) < len(self.columns):
            raise ValueError("columns: name at least one column, and none twice")
        if taken := set(self.columns) & set(RESERVED):
            raise ValueError(f"columns: {', '.join(sorted(taken))} is this reader's own name")
        if self.format == "xml" and not self.record:
            raise ValueError("record: XML needs the name of the element that is a record")
        if self.format == "csv" and self.items:
            raise ValueError("items: a CSV row has no items")
        if len(self.delimiter) != 1 or self.delimiter in '"\r\n' or not self.delimiter.isascii():
            raise ValueError("delimiter: one ASCII character, no quote and no line end")
        if self.rows_per_chunk < 1:
            raise ValueError("rows_per_chunk: at least 1")


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
