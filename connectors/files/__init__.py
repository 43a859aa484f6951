"""A user's files as frames of text: any format, packing and encoding, in bounded memory."""

from connectors.files.delimited import is_mended
from connectors.files.mended import Origin
from connectors.files.nested import check_paths
from connectors.files.parts import ROW_BITS, Part, list_parts, take_stamp
from connectors.files.places import list_labels, locate
from connectors.files.reader import pick_rows, read, read_dialect, read_origin
from connectors.files.source import (
    READERS,
    Dialect,
    FileSource,
    Limits,
    NoColumns,
    NoFile,
    SourceError,
    Stamp,
)

__all__ = [
    "READERS",
    "ROW_BITS",
    "Dialect",
    "FileSource",
    "Limits",
    "NoColumns",
    "NoFile",
    "Origin",
    "Part",
    "SourceError",
    "Stamp",
    "check_paths",
    "is_mended",
    "list_labels",
    "list_parts",
    "locate",
    "pick_rows",
    "read",
    "read_dialect",
    "read_origin",
    "take_stamp",
]
