"""A guess as the commented YAML of a feed."""

from pipelines.guessing.records import LOW, Guess, Match
from pipelines.guessing.yaml_text import comment, fold, quote, write
from validators.fields import MEMBER_FIELDS, RECEIPT_FIELDS

WIDTH = 96
TARGETS = {
    "members": ("POST /import", ("envelope: members",)),
    "receipts": ("POST /transactions", ()),
}


def write_yaml(guess: Guess) -> str:
    """Write the feed; whatever it says of values is their shape."""
    low = sum(m.confidence < LOW for m in guess.matches)
    description = f"{guess.target.title()} guessed from {guess.path.rpartition('/')[2]}"
    told = f"Guessed from {guess.path}: {len(guess.matches)} columns, {low} of low confidence."
    lines = [
        *fold(told, "#"),
        "# Answer the questions, look at every line with a low confidence, then preview the feed.",
        *(line for q in guess.questions for line in fold(q, "# QUESTION:")),
        "type: pipelines.components.LoadFeedComponent",
        "attributes:",
        f"  description: {quote(description)}",
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
        told = ["    # QUESTION: no column feeds it; the empty constant lets nothing through"]
        sent.append((place.get(field, 999), -1, [*told, f"    {field}: {text}"]))
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
