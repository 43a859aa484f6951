"""A guess as the commented YAML of a feed, in which every text is read back as it is."""

import json
import re
from collections.abc import Mapping, Sequence

from pipelines.guessing.records import LOW, Guess, Match
from validators.fields import MEMBER_FIELDS, RECEIPT_FIELDS

WIDTH = 96
TARGETS = {
    "members": ("POST /import", ("envelope: members",)),
    "receipts": ("POST /transactions", ()),
}
PLAIN = re.compile(r"^[A-Za-zÆØÅÄÖÜæøåäöüß_][\wÆØÅÄÖÜæøåäöüß.\-/]*( [\w.\-/]+)*$", re.ASCII)
WORDS = {"true", "false", "yes", "no", "on", "off", "null", "y", "n", "nan", "inf", ".inf", ".nan"}


def write_yaml(guess: Guess) -> str:
    """Write the feed; whatever it says of values is their shape."""
    low = sum(m.confidence < LOW for m in guess.matches)
    guessed = f"{guess.target.title()} guessed from {guess.path.rpartition('/')[2]}"
    told = f"Guessed from {guess.path}: {len(guess.matches)} columns, {low} of low confidence."
    lines = [
        *fold(told, "#"),
        "# Answer the questions, look at every line with a low confidence, then preview the feed.",
        *(line for q in guess.questions for line in fold(q, "# QUESTION:")),
        "type: pipelines.components.LoadFeedComponent",
        "attributes:",
        f"  description: {quote(guess.description or guessed)}",
        *_source(guess),
        *_target(guess),
        *_block("values", guess.values, guess.values_why),
        *_block("control", guess.layout.control, guess.layout.why),
        "  mapping:",
        *_mapping(guess),
        *_block("receipts", guess.receipts, {}),
    ]
    return "\n".join(lines) + "\n"


def _source(guess: Guess) -> list[str]:
    layout = guess.layout
    lines = ["  source:"]
    for word in ("format", "encoding"):
        if word in layout.why and word not in layout.words:
            lines += fold(f"{word}: {layout.why[word]}", "    #")
    lines.append(f"    path: {quote(guess.path)}")
    for word, value in layout.words.items():
        if word in layout.why:
            lines += fold(layout.why[word], "    #")
        if word == "fields" and isinstance(value, dict):
            lines.append("    fields:")
            lines += [f"      {quote(str(n))}: {write(place)}" for n, place in value.items()]
        elif value is None:
            lines.append(f"    {word}: null")
        else:
            lines.append(f"    {word}: {write(value)}")
    return lines


def _target(guess: Guess) -> list[str]:
    endpoint, words = TARGETS[guess.target]
    told = fold(f"{guess.target}, confidence {guess.target_confidence:.2f}", "  #")
    return [*told, "  target:", f"    endpoint: {endpoint}", *(f"    {word}" for word in words)]


def _block(name: str, words: object, why: object) -> list[str]:
    assert hasattr(words, "items")
    assert hasattr(why, "get")
    if not words:
        return []
    lines = [f"  {name}:"]
    for word, value in words.items():
        if reason := why.get(word):
            lines += fold(str(reason), "    #")
        key = f'"{word}"' if word in {"true", "false"} else word
        lines.append(f"    {key}: {write(value)}")
    return lines


def _mapping(guess: Guess) -> list[str]:
    order = list(MEMBER_FIELDS if guess.target == "members" else RECEIPT_FIELDS)
    place = {name: at for at, name in enumerate(order)}
    sent: list[tuple[int, int, list[str]]] = []
    left: list[str] = []
    done: set[str] = set()
    for number, match in enumerate(guess.matches):
        if not match.fields:
            left += _left(match)
        for field in match.fields:
            if field not in done and (field in match.mapped or field.startswith("extended")):
                done.add(field)
                sent.append((place.get(field, 999), number, _line(field, match)))
    for field, text in guess.added.items():
        told = "    # QUESTION: no column feeds it; the empty constant lets nothing through"
        line = f"    {field}: {text}"
        lines = [line] if field in guess.answered else [told, line]
        sent.append((place.get(field, 999), -1, lines))
    return [line for _, _, lines in sorted(sent, key=lambda s: s[:2]) for line in lines] + left


def _line(field: str, match: Match) -> list[str]:
    line = f"    {field}: {match.mapped.get(field) or quote(match.column)}"
    told = f"confidence {match.confidence:.2f}: {comment(match.why)}"
    if match.confidence >= LOW and len(line) + len(told) <= WIDTH:
        return [f"{line}  # {told}"]
    return [*fold(told, "    #"), line]


def _left(match: Match) -> list[str]:
    told = f"confidence {match.confidence:.2f}: {comment(quote(match.column))} is not sent: "
    return fold(told + f"{match.left_out} ({match.why})", "    #")


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
