"""What partners call the fields: names in Norwegian, Swedish, Danish, English and German.

Concepts with a colon in front are no field of the platform; they are here so that a column of
theirs is not taken for one (`:created` is no birth date). Names are compared by
`pipelines.guessing.names`, so æ and ae, number and nr, datum and dato need no entry of their own.
A weight below 1 is for a name that may well mean something else.
"""

from collections.abc import Iterator
from functools import cache

from pipelines.guessing.names import compact, forms, resembles, split_path, tokens, word
from pipelines.guessing.synonyms_members import MEMBERS
from pipelines.guessing.synonyms_receipts import RECEIPTS

TABLES = {"members": MEMBERS, "receipts": RECEIPTS}
ENDING, RESEMBLING, ALIKE = 0.78, 0.72, 0.86


@cache
def known_names(target: str) -> dict[str, dict[str, float]]:
    """Give compact name → concept → weight."""
    names: dict[str, dict[str, float]] = {}
    for concept, weights in TABLES[target].items():
        for weight, words in weights.items():
            for name in words.split():
                held = names.setdefault(compact(name), {})
                held[concept] = max(weight, held.get(concept, 0.0))
    return names


@cache
def concepts_of(name: str, target: str, subject: str = "") -> dict[str, float]:
    """Give the concepts that a column's name may mean, each with a weight from 0 to 1."""
    names, found = known_names(target), dict[str, float]()

    def add(concepts: dict[str, float], worth: float) -> None:
        for concept, weight in concepts.items():
            found[concept] = max(found.get(concept, 0.0), weight * worth)

    for form, worth in forms(name, subject).items():
        add(names.get(form, {}), worth)
    if found:
        return found
    words = tokens(split_path(name)[0])
    for at in range(1, len(words)):
        add(names.get(word("".join(words[at:])), {}), ENDING)
        if found:
            return found
    for form, worth in forms(name, subject).items():
        for concepts, alike in _resembling(form, target):
            add(concepts, worth * alike)
    return found


def _resembling(form: str, target: str) -> Iterator[tuple[dict[str, float], float]]:
    """Give the concepts of names that end a compound, or are spelled nearly so."""
    names = known_names(target)
    for at in range(2, len(form) - 4):
        known = form[at:]
        if known in names:
            yield names[known], ENDING * min(1.0, 0.7 + len(known) / len(form) / 2)
    for known in _by_start(target).get(form[:1], ()):
        if resembles(form, known) >= ALIKE:
            yield names[known], RESEMBLING


@cache
def _by_start(target: str) -> dict[str, list[str]]:
    starts: dict[str, list[str]] = {}
    for name in known_names(target):
        starts.setdefault(name[:1], []).append(name)
    return starts


def knows_name(name: str) -> bool:
    """Tell whether a text is a known name of a column, of whatever target."""
    if len(name) > 60 or name.isdigit():
        return False
    whole = forms(name)
    return any(form in known_names(target) for target in TABLES for form in whole)
