"""A user's files as frames of text: CSV, JSON arrays, NDJSON and XML, in bounded memory."""

from connectors.files.blocks import take_stamp
from connectors.files.delimited import is_mended
from connectors.files.mended import Origin
from connectors.files.reader import pick_rows, read, read_dialect, read_origin
from connectors.files.source import Dialect, FileSource, Limits, SourceError, Stamp

__all__ = [
    "Dialect",
    "FileSource",
    "Limits",
    "Origin",
    "SourceError",
    "Stamp",
    "is_mended",
    "pick_rows",
    "read",
    "read_dialect",
    "read_origin",
    "take_stamp",
]
