"""JSON whose end may be missing: where its arrays of objects are, and what the objects hold."""

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from connectors.files.paths import quote
from pipelines.guessing.json_objects import judge_objects
from pipelines.guessing.records import GuessError, Layout, Table
from pipelines.guessing.trees import Node, flatten

SIGN = re.compile(r'"(?:[^"\\]|\\.)*"|[\[\]{}:,]|[^\s\[\]{}:,"]+')
DEPTH, RECORDS = 64, 2_000
COUNTS = ("count", "rows", "total", "antall", "antal", "records", "anzahl", "members", "receipts")


@dataclass
class _Array:
    spans: list[tuple[int, int]]
    size: int = 0


def read_lines(texts: Sequence[str], *, ends: bool, file: str) -> tuple[Layout, Table]:
    """Judge NDJSON.

    Raises:
        GuessError: hardly a line is an object.
    """
    nodes, lines = [], 0
    for number, text in enumerate(texts):
        own = text.splitlines()
        own = own[1:] if number else own
        own = own if ends and text is texts[-1] else own[:-1]
        for line in own[:RECORDS]:
            if line.strip():
                lines += 1
                nodes += make_nodes([line])
    if len(nodes) * 2 < lines or not nodes:
        raise GuessError(f"{file}: {lines - len(nodes)} of {lines} lines are no JSON objects")
    table, items = flatten(nodes)
    words: dict[str, object] = {"items": items} if items else {}
    return Layout("ndjson", words, {"format": f"{len(nodes):,} lines are an object each"}), table


def is_lines(text: str) -> bool:
    """Tell whether a text that begins with { is NDJSON: its first lines are objects."""
    lines = [line for line in text[: 256 << 10].split("\n") if line.strip()]
    return len(lines) > 1 and all(make_nodes([line]) for line in lines[:2])


def read_json(texts: Sequence[str], *, ends: bool, file: str) -> tuple[Layout, Table]:
    """Judge a JSON document by its head, and more of its records by their first name.

    Raises:
        GuessError: no array of objects is in the head, or it is nested too deep.
    """
    text = texts[0]
    scan = _Scan(text, file)
    arrays, scalars = scan.arrays, scan.scalars
    largest = max((len(a.spans) for a in arrays.values()), default=0)
    roots = make_nodes(text[a:b] for a, b in scan.roots[:RECORDS])
    keyed = make_nodes(text[a:b] for a, b in scan.tops[:RECORDS])
    own, question = judge_objects(roots, keyed, records=largest)
    if own:
        table, items = flatten(own)
        words: dict[str, object] = {"items": items} if items else {}
        why = {"format": "objects, but no array of them"}
        return Layout("json", words, why, {}, (question,)), table
    if not arrays:
        raise GuessError(f"{file}: no array of objects within the first {len(text):,} characters")
    path, array = max(arrays.items(), key=lambda item: item[1].size)
    records = [text[a:b] for a, b in array.spans[:RECORDS]]
    nodes = list(make_nodes(records))
    if not nodes:
        raise GuessError(f"{file}: its records are no JSON; ask for a whole file")
    for more in texts[1:]:
        nodes += make_nodes(_again(more, records[0]))
    table, items = flatten(nodes)
    words = {}
    why = {"format": f"an array of objects, {len(array.spans):,} of them in the sample"}
    if path:
        words["record"] = ".".join(map(quote, path))
        why["record"] = f"the array with most in it, of {len(arrays)}"
    if items:
        words["items"] = items
        why["items"] = "the list inside the records that has most in it"
    control = {}
    if len(texts) == 1 and ends and path:
        for place, value in scalars.items():
            if value == str(len(array.spans)) and place[-1].lower() in COUNTS:
                control["records"] = ".".join(map(quote, place))
                break
    return Layout("json", words, why, control), table


class _Scan:
    """Follows the brackets, and notes the outermost arrays of objects and the texts outside.

    `roots` are the objects that nothing stands around, `tops` those that are values of one.
    """

    def __init__(self, text: str, file: str) -> None:
        self.arrays: dict[tuple[str, ...], _Array] = {}
        self.scalars: dict[tuple[str, ...], str] = {}
        self._file = file
        self.roots: list[tuple[int, int]] = []
        self.tops: list[tuple[int, int]] = []
        self._starts: list[int] = []
        self._stack: list[str] = []
        self._names: list[str] = []
        self._within = self._start = 0
        self._key, self._value_next = "", False
        for found in SIGN.finditer(text):
            sign = found[0]
            if sign in "[{":
                self._open(sign, found.start())
            elif sign in "]}":
                self._close(sign, found.end())
            elif sign in ":,":
                self._value_next = sign == ":"
            elif self._value_next:
                if not self._within:
                    self.scalars[*(n for n in self._names if n), self._key] = sign.strip('"')
            elif self._stack and self._stack[-1] == "{":
                self._key = _text(sign)

    def _open(self, sign: str, at: int) -> None:
        self._stack.append(sign)
        self._starts.append(at)
        self._names.append(self._key if self._value_next else "")
        self._key, self._value_next = "", False
        if len(self._stack) > DEPTH:
            raise GuessError(f"{self._file}: nested deeper than {DEPTH}; no records are")
        if sign == "{" and not self._within and self._stack[-2:-1] == ["["]:
            self._within, self._start = len(self._stack), at

    def _close(self, sign: str, end: int) -> None:
        if not self._stack:
            raise GuessError(f"{self._file}: no JSON: a bracket too many")
        if self._within == len(self._stack) and sign == "}":
            path = tuple(name for name in self._names[:-1] if name)
            array = self.arrays.setdefault(path, _Array([]))
            array.spans.append((self._start, end))
            array.size += end - self._start
            self._within = 0
        span = self._starts.pop(), end
        if self._stack == ["{"]:
            self.roots.append(span)
        elif self._stack == ["{", "{"]:
            self.tops.append(span)
        self._stack.pop()
        self._names.pop()
        self._value_next = False


def _text(sign: str) -> str:
    try:
        return str(json.loads(sign))
    except (ValueError, RecursionError):
        return sign.strip('"')


def _again(text: str, record: str) -> Iterator[str]:
    """Find records in the middle of a document by the name that the first one begins with."""
    first = re.match(r'\{\s*("(?:[^"\\]|\\.)*"\s*:)', record)
    if not first:
        return
    decoder = json.JSONDecoder()
    at = 0
    for found in re.finditer(r"\{\s*" + re.escape(first[1].rstrip(" :")) + r"\s*:", text):
        if found.start() < at or at < 0:
            continue
        try:
            at = decoder.raw_decode(text, found.start())[1]
        except (ValueError, RecursionError):
            continue
        yield text[found.start() : at]


def make_nodes(texts: Iterable[str]) -> list[Node]:
    """Make nodes of those texts that are JSON objects."""
    nodes = []
    for text in texts:
        try:
            value = json.loads(text, parse_int=str, parse_float=str)
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            nodes.append(_node(value))
    return nodes


def _node(value: dict[str, object]) -> Node:
    node = Node()
    for name, inner in value.items():
        if isinstance(inner, dict):
            node.parts[name] = [_node(inner)]
        elif isinstance(inner, list):
            objects = [_node(part) for part in inner if isinstance(part, dict)]
            if objects:
                node.parts[name] = objects
                node.lists.add(name)
            else:
                node.many[name] = [str(part) for part in inner if part is not None]
        elif isinstance(inner, bool):
            node.texts[name] = str(inner).lower()
        else:
            node.texts[name] = "" if inner is None else str(inner)
    return node
