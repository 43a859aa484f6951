"""A multipart/form-data body with one part, read strictly."""

import re

from sandbox.answers import Refusal

_BOUNDARY = re.compile(r'multipart/form-data;\s*boundary="?([^\s";,]{1,70})"?', re.IGNORECASE)
_NAME = re.compile(r';\s*name="([^"]*)"', re.IGNORECASE)
_FILE = re.compile(r';\s*filename="([^"]*)"', re.IGNORECASE)


def read_file_part(content_type: str, body: bytes) -> tuple[str, bytes]:
    """Return the name and the content of the part called `file`.

    Raises:
        Refusal: 400 when the body is not multipart, or has other parts than this one.
    """
    found = _BOUNDARY.fullmatch(content_type.strip())
    if found is None:
        raise Refusal(400, "the content type must be multipart/form-data, with a boundary")
    mark = b"\r\n--" + found[1].encode()
    before, *parts = (b"\r\n" + body).split(mark)
    end = parts.pop() if parts else b""
    if before or not parts or end.rstrip(b"\r\n") != b"--":
        raise Refusal(400, "the body does not begin and end with its boundary")
    if len(parts) > 1:
        raise Refusal(400, "the body must have one part, called file")
    head, blank, content = parts[0].partition(b"\r\n\r\n")
    for line in head.decode("latin-1").split("\r\n"):
        name, _, said = line.partition(":")
        if blank and name.strip().lower() == "content-disposition":
            called, file = _NAME.search(said), _FILE.search(said)
            if called is not None and called[1] == "file" and file is not None:
                return file[1], content
    raise Refusal(400, "the body must have one part, called file, with a filename")
