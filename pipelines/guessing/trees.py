"""Records of JSON and XML, flattened to columns named by their paths."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from connectors.files.paths import quote
from pipelines.guessing.records import Table

KINDS_OF = ("type", "kind", "name", "code", "key", "channel", "@type", "@kind", "@name", "@code",
            "@key", "@channel", "@id", "id", "usage", "@usage", "label", "@label")  # fmt: skip
CHOICES = 12
COLUMNS = 1_000


@dataclass
class Node:
    """An object or an element: its texts, its parts, and its lists of parts.

    Attributes:
        texts: name → text; a text of XML that stands beside attributes is named "".
        parts: name → the nodes of that name; more than one is a list.
        lists: the names that are lists even where they hold one.
        many: name → the texts of a list of texts.
    """

    texts: dict[str, str] = field(default_factory=dict)
    parts: dict[str, list["Node"]] = field(default_factory=dict)
    lists: set[str] = field(default_factory=set)
    many: dict[str, list[str]] = field(default_factory=dict)


def flatten(records: Sequence[Node]) -> tuple[Table, str | None]:
    """Make a table of records, and name the list inside them that makes the rows, if there is."""
    items = _find_items(records)
    chosen = _find_choices(records, items)
    rows: list[dict[str, str]] = []
    ordinals: list[int] = []
    inside: dict[str, None] = {}
    outside: dict[str, None] = {}
    for number, record in enumerate(records, start=1):
        own = dict(_walk(record, (), items, chosen))
        outside.update(dict.fromkeys(own))
        found = _at(record, items) if items else []
        for item in found or [Node()]:
            values = dict(_walk(item, items or (), None, chosen))
            inside.update(dict.fromkeys(values))
            rows.append(own | values)
            ordinals.append(number)
    names = [*outside, *(n for n in inside if n not in outside)][:COLUMNS]
    columns = {name: [row.get(name, "") for row in rows] for name in names}
    table = Table(columns, ordinals, frozenset(inside))
    return table, ".".join(map(quote, items)) if items else None


def _lists(node: Node, path: tuple[str, ...]) -> Iterable[tuple[tuple[str, ...], list[Node]]]:
    for name, parts in node.parts.items():
        here = (*path, name)
        if len(parts) > 1 or name in node.lists:
            yield here, parts
        else:
            yield from _lists(parts[0], here)


def _found(records: Sequence[Node]) -> dict[tuple[str, ...], list[list[Node]]]:
    found: dict[tuple[str, ...], list[list[Node]]] = {}
    for record in records:
        for path, parts in _lists(record, ()):
            found.setdefault(path, []).append(parts)
    for path, groups in found.items():  # where it holds one, XML does not say that it is a list
        for record in records:
            parts = _at(record, path)
            if len(parts) == 1 and not any(parts is g for g in groups):
                groups.append(parts)
    return found


def _find_items(records: Sequence[Node]) -> tuple[str, ...] | None:
    """Choose the list whose parts have most values: lines are many and full of them."""
    best: tuple[int, tuple[str, ...]] | None = None
    for path, groups in _found(records).items():
        parts = [part for group in groups for part in group]
        leaves = Counter(name for part in parts for name, _ in _walk(part, (), None, {}))
        if len(leaves) < 3 or _choice(groups, leaves):
            continue
        weight = leaves.total()
        if best is None or weight > best[0]:
            best = weight, path
    return best[1] if best else None


def _choice(groups: Sequence[Sequence[Node]], leaves: Counter[str]) -> str:
    """Name what tells the parts of a list apart, each at most once in it, such as a type."""
    for key in KINDS_OF:
        if key not in leaves:
            continue
        values: Counter[str] = Counter()
        for group in groups:
            own = [part.texts.get(key, "") for part in group]
            if len(set(own)) < len(own) or "" in own:
                break
            values.update(own)
        else:
            plain = all(re.fullmatch(r"[\w \-/+]{1,40}", value) for value in values)
            seen = values.total() > len(values) or len(groups) < 3
            if plain and len(values) <= CHOICES and seen and len(leaves) <= 5:
                return key
    return ""


def _find_choices(
    records: Sequence[Node], items: tuple[str, ...] | None
) -> dict[tuple[str, ...], str]:
    chosen = {}
    for path, groups in _found(records).items():
        if path != items:
            parts = [part for group in groups for part in group]
            leaves = Counter(name for part in parts for name in part.texts)
            chosen[path] = _choice(groups, leaves)
    return chosen


def _at(node: Node, path: tuple[str, ...]) -> list[Node]:
    nodes = [node]
    for name in path:
        nodes = next((n.parts[name] for n in nodes if name in n.parts), [])
    return nodes


def _walk(
    node: Node,
    path: tuple[str, ...],
    without: tuple[str, ...] | None,
    chosen: dict[tuple[str, ...], str],
    steps: tuple[str, ...] | None = None,
) -> Iterable[tuple[str, str]]:
    """Give path and text of all that is in a record, but for the items."""
    steps = tuple(map(quote, path)) if steps is None else steps
    for name, text in node.texts.items():
        yield ".".join((*steps, quote(name)) if name else steps), text
    for name, texts in node.many.items():
        for at, text in enumerate(texts[:3], start=1):
            yield ".".join((*steps, f"{quote(name)}[{at}]")), text
    for name, parts in node.parts.items():
        here = (*path, name)
        if here == without:
            continue
        key = chosen.get(here)
        if key is None:
            yield from _walk(parts[0], here, without, chosen, (*steps, quote(name)))
            continue
        for at, part in enumerate(parts[: CHOICES if key else 3], start=1):
            which = f"[{key}={part.texts.get(key, '')}]" if key else f"[{at}]"
            left = Node({k: v for k, v in part.texts.items() if k != key}, part.parts, part.lists)
            step = (*steps, quote(name) + which)
            yield from _walk(left, here, without, chosen, step)
