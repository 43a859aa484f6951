"""What to read, and the one error that says why it could not be read."""

import errno
import os
import stat
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

FileFormat = Literal["csv", "fixed", "json", "ndjson", "xml", "xlsx", "parquet"]
HIDDEN = (".", "~$")
"""What the names begin with of files that nobody means, such as Excel's locks (`~$a.xlsx`)."""
LONGEST = 1_000
"""Characters that a message has between the file and what to do about it."""
READERS = ("_row", "_fault", "_raw")
"""Columns that the reader adds to a frame."""
ADDED = ("_source_file", "_source_row", "_source_place", "_error", "_run", "_raw")
"""Columns that a file of rejects has behind the source's own."""
RESERVED = ("_row", "_fault", *ADDED)
"""Columns that a feed cannot ask for."""


@dataclass(frozen=True)
class Limits:
    """What a source may take, so that no file can fill the memory or the disk.

    Attributes:
        file_bytes: all its files as they lie there.
        unpacked_bytes: the same, decompressed.
        ratio: decompressed to compressed bytes, once 16 MB have come out.
        members: files of a folder, a glob or an archive.
        record_bytes: one record, and one line.
        field_chars: one value.
        depth: JSON and XML, one in another.
        attributes: of one XML element.
    """

    file_bytes: int = 100 << 30
    unpacked_bytes: int = 400 << 30
    ratio: int = 200
    members: int = 10_000
    record_bytes: int = 64 << 20
    field_chars: int = 131_072
    depth: int = 64
    attributes: int = 100


@dataclass(frozen=True)
class FileSource:
    """Files and the columns a feed wants of them.

    Attributes:
        path: a file, a folder or a glob pattern; plain, or .gz, .zst, .bz2, .zip.
        format: "csv" (any delimiter), "fixed" (columns at fixed places), "json" (an array of
            objects), "ndjson" (an object a line), "xml", "xlsx" or "parquet".
        columns: source paths (`connectors.files.paths`), such as "store_id", "items.line_no",
            "Items.Item.LineNo", "Phone[@type=mobile]".
        record: XML: the element that is a record, by its name or its path from the root
            ("Receipt", "Export.Members.Member"). JSON: the path of the array, None if the file
            is the array.
        items: path, within a record, of what repeats ("items", "Items.Item"); None when a record
            is one row.
        delimiter: CSV: one character between fields.
        quote: CSV: what stands around fields that hold delimiters; None if nothing does.
        header: CSV: the names of the columns of a file without a header line.
        skip_lines: CSV, fixed width, Excel: lines before the header, or before the first row.
        fields: fixed width: name → (first character, from 1; length).
        sheet: Excel: its name; None is the first one.
        member: of an archive or a folder, which files: a glob over their names.
        encoding: of the text, a name of Python's; None: as its byte order mark or XML declaration
            says, else UTF-8.
        trailer: CSV, fixed width, Excel: a last line that is no record, such as
            "T;{rows};{amount}"; of a sheet the texts of its cells with `;` between.
        totals: JSON and XML: name → path, from the root, of a number told outside the records.
        limits: what it may take.
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
    quote: str | None = '"'
    header: tuple[str, ...] | None = None
    skip_lines: int = 0
    fields: Mapping[str, tuple[int, int]] = field(default_factory=dict)
    sheet: str | None = None
    member: str = "*"
    encoding: str | None = None
    trailer: str | None = None
    totals: Mapping[str, str] = field(default_factory=dict)
    limits: Limits = Limits()
    mended: bool = False
    rows_per_chunk: int = 30_000

    def __post_init__(self) -> None:
        if not self.columns or len(set(self.columns)) < len(self.columns):
            raise ValueError("columns: name at least one column, and none twice")
        if taken := set(RESERVED[:2] if self.mended else RESERVED) & set(self.columns):
            raise ValueError(f"columns: {', '.join(sorted(taken))} is this reader's own name")
        if self.format == "xml" and not self.record:
            raise ValueError("record: XML needs the name of the element that is a record")
        if self.format in {"csv", "fixed", "xlsx"} and self.items:
            raise ValueError("items: a row of a table has no items")
        if self.format == "fixed" and not self.fields:
            raise ValueError("fields: fixed width needs the place of each column")
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
        file: the file, or its URL.
        row: the line (CSV, NDJSON) or record (JSON, XML) at fault, where known.
        byte: the offset in the file, counted from 0, where known.
        hint: what to do.
    """

    def __init__(
        self,
        file: Path | str,
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
        if len(what) > LONGEST:  # it tells a name of the file's
            what = f"{what[: LONGEST // 2]} … {what[-LONGEST // 4 :]}"
        line = " ".join(f"{file}: {what}; {hint}".split())
        # What a file says may hold what a terminal obeys, and what could not be decoded.
        shown = "".join(sign if sign.isprintable() else "\ufffd" for sign in line)
        super().__init__(shown)


class NoFile(SourceError):  # noqa: N818  (says what was met)
    """There is no file where the feed looks for one."""


class NoColumns(SourceError):  # noqa: N818  (says what was met)
    """The file lacks columns that the feed wants."""


def cannot_open(path: Path, error: OSError) -> SourceError:
    """Say why the system does not give a file."""
    if error.errno == errno.ENOENT:
        return NoFile(path, "no such file", "check the path of the feed's source")
    if error.errno == errno.EISDIR:
        return SourceError(path, "this is a folder", "name a file in it")
    why = (error.strerror or "cannot be read").lower()
    return SourceError(path, f"the file cannot be read: {why}", "check its permissions")


def is_pipe(path: Path) -> SourceError:
    """Say that a source is a pipe, such as a shell makes of `<(...)`."""
    what = "this is a pipe, and a load may have to read its source more than once"
    return SourceError(path, what, "write it to a file first")


def changed(path: Path) -> SourceError:
    """Say that a file is not what it was when it was first read."""
    what = "the file is not what it was when this load first read it"
    return SourceError(path, what, "put that file back, or load this one by a run of its own")
