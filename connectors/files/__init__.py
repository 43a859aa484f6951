"""A user's files as frames of text: CSV, JSON arrays, NDJSON and XML, in bounded memory."""

from connectors.files.reader import read
from connectors.files.source import FileSource, SourceError

__all__ = ["FileSource", "SourceError", "read"]
