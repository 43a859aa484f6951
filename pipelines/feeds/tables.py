"""What a feed names by name: tables beside it, and the functions of the user's."""

import csv
from pathlib import Path

from pipelines import ROOT

MOST_BYTES = 32 << 20
FUNCTIONS = ROOT / "pipelines" / "functions"


def find_beside(name: str, folder: Path | None) -> Path:
    """Find a file beside the feed.

    Args:
        name: its path from the feed's folder.
        folder: the feed's folder; None stands for the project.

    Raises:
        ValueError: it lies elsewhere, is none, or is too large.
    """
    home = (folder or ROOT).resolve()
    path = (home / name).resolve()
    if not (path.is_relative_to(home) or path.is_relative_to(ROOT)):
        raise ValueError(f"{name} lies outside the feed's folder and the project")
    if not path.is_file():
        raise ValueError(f"there is no file {name} beside the feed")
    if path.stat().st_size > MOST_BYTES:
        raise ValueError(f"{name} is larger than {MOST_BYTES >> 20} MB")
    return path


def read_text(name: str, path: Path, *encodings: str) -> str:
    """Read a text in the first encoding that fits.

    Raises:
        ValueError: none of them does, it holds a NUL, or the file cannot be read.
    """
    try:
        data = path.read_bytes()
    except OSError as error:
        raise ValueError(f"{name} cannot be read: {error.strerror}") from None
    for encoding in encodings:
        try:
            text = data.decode(encoding)
        except UnicodeDecodeError:
            continue
        if "\0" in text:
            raise ValueError(f"{name} holds a NUL, which no text does: write it anew as UTF-8")
        return text
    raise ValueError(f"{name} is not UTF-8: write it anew as that")


def read_table(name: str, folder: Path | None) -> dict[str, str | None]:
    """Read the CSV `raw,value` of a lookup; an empty value is none.

    Raises:
        ValueError: it is no such file; the message names its line.
    """
    path = find_beside(name, folder)
    return {raw: value or None for _, raw, value in read_pairs(name, path, "raw", "value")}


def read_pairs(name: str, path: Path, left: str, right: str) -> list[tuple[int, str, str]]:
    """Read a CSV of two columns, comma or semicolon, each left text once: line, left, right.

    Raises:
        ValueError: it is no such file; the message names its line.
    """
    text = read_text(name, path, "utf-8-sig")
    head = text.partition("\n")[0]
    rows = csv.reader(text.splitlines(keepends=True), delimiter=";" if ";" in head else ",")
    pairs: list[tuple[int, str, str]] = []
    seen: set[str] = set()
    try:
        if next(rows, None) != [left, right]:
            raise ValueError(f"{name}:1: the columns must be {left},{right}")
        for row in rows:
            if not row:
                continue
            if len(row) != 2 or not row[0]:
                raise ValueError(f"{name}:{rows.line_num}: needs {left} and {right}")
            if row[0] in seen:
                raise ValueError(f"{name}:{rows.line_num}: {row[0]!r} stands twice")
            seen.add(row[0])
            pairs.append((rows.line_num, row[0], row[1]))
    except csv.Error as error:
        raise ValueError(f"{name}:{rows.line_num}: not CSV: {error}") from None
    if not pairs:
        raise ValueError(f"{name} has no rows")
    return pairs


def function_names(folder: Path = FUNCTIONS) -> list[str]:
    """Name the functions of the user's, without importing any: each is a file of its name."""
    return sorted(file.stem for file in folder.glob("*.py") if not file.stem.startswith("_"))
