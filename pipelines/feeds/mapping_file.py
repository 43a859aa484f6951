"""Mappings made elsewhere: a Salesforce `.sdl`, or a CSV `source,target`."""

import re
from difflib import get_close_matches
from pathlib import Path
from typing import Any

from pipelines.feeds.tables import find_beside, read_pairs, read_text
from validators.fields import RECEIPT_FIELDS

ESCAPES = {"t": "\t", "n": "\n", "r": "\r", "f": "\f"}
WIRE_NAME = r"^[A-Za-z_][A-Za-z0-9_]*(\.[A-Za-z_][A-Za-z0-9_]*)*$"


class MappingFileError(ValueError):
    """A mapping file that cannot be used; `line` is 0 where no line is at fault."""

    def __init__(self, message: str, path: Path | None = None, line: int = 0) -> None:
        self.path, self.line = path, line
        super().__init__(message)


def add_mapping_file(attributes: Any, folder: Path) -> Any:  # noqa: ANN401  (whatever the YAML holds)
    """Put the mapping of `mapping_file` below that of the YAML, whose words win.

    Raises:
        MappingFileError: the file is not there, or a line of it is wrong.
    """
    if not isinstance(attributes, dict):
        return attributes
    name, own = attributes.get("mapping_file"), attributes.get("mapping") or {}
    if not isinstance(name, str) or not isinstance(own, dict):
        return attributes
    target = attributes.get("target")
    of_receipts = isinstance(target, dict) and target.get("endpoint") == "POST /transactions"
    return attributes | {"mapping": read_mapping(name, folder, of_receipts=of_receipts) | own}


def read_mapping(name: str, folder: Path, *, of_receipts: bool) -> dict[str, str | dict[str, str]]:
    """Read which source column each wire name is made of; a text in quotes is a constant.

    Args:
        name: the file's path from the feed's folder; `.sdl` is a Java properties file.
        folder: the feed's folder.
        of_receipts: whether the wire names are the contract's, and no others.

    Raises:
        MappingFileError: the file is not there, or a line of it is wrong.
    """
    try:
        path = find_beside(name, folder)
        if path.suffix.lower() == ".sdl":
            # Java wrote properties as ISO-8859-1 until it took to UTF-8.
            pairs = _properties(read_text(name, path, "utf-8-sig", "iso-8859-1"))
        else:
            pairs = read_pairs(name, path, "source", "target")
    except ValueError as error:
        raise MappingFileError(str(error)) from None
    mapping: dict[str, str | dict[str, str]] = {}
    for line, source, targets in pairs:
        for wire_name in filter(None, (part.strip() for part in targets.split(","))):
            _check(wire_name, mapping, path, line, of_receipts=of_receipts)
            constant = re.fullmatch('"(.*)"', source)
            mapping[wire_name] = {"constant": constant[1]} if constant else source
    return mapping


def _check(name: str, mapping: dict[str, Any], path: Path, line: int, *, of_receipts: bool) -> None:
    if name in mapping:
        raise MappingFileError(f"`{name}` stands twice", path, line)
    if of_receipts and name not in RECEIPT_FIELDS:
        close = get_close_matches(name, RECEIPT_FIELDS, n=1, cutoff=0.5)
        hint = f"; did you mean {close[0]}?" if close else ""
        raise MappingFileError(f"no field is called {name}{hint}", path, line)
    if not re.match(WIRE_NAME, name):
        message = f"`{name}`: a wire name is a word, or several with dots between them"
        raise MappingFileError(message, path, line)


def _properties(text: str) -> list[tuple[int, str, str]]:
    """Read the lines of a Java properties file: number, key, value."""
    pairs = []
    lines = enumerate(re.split(r"\r\n|\r|\n", text), 1)
    for number, first in lines:
        line = first.lstrip(" \t\f")
        if not line or line[0] in "#!":
            continue
        while re.search(r"(?<!\\)(\\\\)*\\$", line):  # an odd backslash: the line goes on
            line = line[:-1] + next(lines, (0, ""))[1].lstrip(" \t\f")
        found = re.match(r"((?:[^\\=: \t\f]|\\.)*)[ \t\f]*[=:]?[ \t\f]*(.*)$", line)
        key, value = found.groups() if found else (line, "")
        pairs.append((number, _unescape(key), _unescape(value)))
    return pairs


def _unescape(text: str) -> str:
    def meant(found: re.Match[str]) -> str:
        code, letter = found.groups()
        return chr(int(code, 16)) if code else ESCAPES.get(letter, letter)

    return re.sub(r"\\(?:u([0-9A-Fa-f]{4})|(.))", meant, text)
