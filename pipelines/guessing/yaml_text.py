"""Text that YAML reads back as it is, and comments that stay on their line."""

import json
import re
from collections.abc import Mapping, Sequence

PLAIN = re.compile(r"^[A-Za-zÆØÅÄÖÜæøåäöüß_][\wÆØÅÄÖÜæøåäöüß.\-/]*( [\w.\-/]+)*$", re.ASCII)
WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf", ".inf", ".nan"}


def quote(text: str) -> str:
    """Write a text so that YAML reads it as this text and no number, truth or mark."""
    if PLAIN.match(text) and text.lower() not in WORDS:
        return text
    if any(not c.isprintable() for c in text):
        written = json.dumps(text)  # escapes all that is beyond ASCII
        pairs = r"\\ud([89ab][0-9a-f]{2})\\ud([c-f][0-9a-f]{2})"
        return re.sub(pairs, _wide, written)
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'


def _wide(found: re.Match[str]) -> str:
    high, low = int(f"d{found[1]}", 16), int(f"d{found[2]}", 16)
    return f"\\U{0x10000 + ((high - 0xD800) << 10) + (low - 0xDC00):08x}"


def write(value: object) -> str:
    """Write a value on one line."""
    if isinstance(value, str):
        return quote(value)
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{quote(str(k))}: {write(v)}" for k, v in value.items()) + "}"
    if isinstance(value, Sequence):
        return "[" + ", ".join(map(write, value)) + "]"
    return json.dumps(value)


def comment(text: str) -> str:
    """Make a text fit behind a #: one line, nothing that cannot be printed."""
    plain = "".join(c if c.isprintable() else "?" for c in text)
    return " ".join(plain.split())


def fold(text: str, start: str, width: int = 100) -> list[str]:
    """Fold a comment into lines that all begin alike."""
    lines: list[str] = []
    line = start
    for word in comment(text).split(" "):
        if len(line) + len(word) + 1 > width and line != start:
            lines.append(line.rstrip())
            line = re.sub(r"# (QUESTION|LOW).*", "#  ", start) if lines else start
        line += f"{'' if line.endswith(' ') else ' '}{word}"
    return [*lines, line.rstrip()]
