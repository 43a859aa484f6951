"""XML whose end may be missing: which element repeats, and what the elements hold."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import TypeAlias

from lxml import etree

from connectors.files.paths import OWN_TEXT
from pipelines.guessing.records import GuessError, Layout, Table
from pipelines.guessing.trees import Node, flatten

Element: TypeAlias = etree._Element  # noqa: SLF001 - lxml's only name for it
DECLARATION = re.compile(r"^\s*<\?xml[^>]*\?>")
RECORDS, DEPTH, MORE = 2_000, 64, 300
ATTRIBUTES = 1_000
COUNTS = ("count", "rows", "antall", "antal", "records", "anzahl", "total", "members", "receipts")


def read_xml(texts: Sequence[str], *, ends: bool, file: str) -> tuple[Layout, Table]:
    """Judge an XML document by its head, and more of its records by their tags.

    Raises:
        GuessError: it has a DOCTYPE, is no XML, or no element repeats.
    """
    text = DECLARATION.sub("", texts[0].lstrip("\ufeff"), count=1)
    if "<!DOCTYPE" in text or "<!ENTITY" in text:
        raise GuessError(f"{file}: has a DOCTYPE, which is refused; ask for the file without it")
    root, whole = _parse(text, file)
    if any(len(e.attrib) > ATTRIBUTES for e in root.iter(etree.Element)):
        raise GuessError(f"{file}: an element has more than {ATTRIBUTES:,} attributes")
    path = _find_record(root)
    if not path:
        raise GuessError(f"{file}: no element repeats within the first {len(text):,} characters")
    records = list(_elements(root, path))
    records = records if whole else records[:-1]
    nodes = [_node(element) for element in records[:RECORDS]]
    for more in texts[1:]:
        nodes += [_node(element) for element in _again(more, path[-1], root)][:MORE]
    table, items = flatten(nodes)
    here = Counter(_local(e) for e in root.iter(etree.Element))
    lone = here[path[-1]] == len(list(_elements(root, path)))
    words: dict[str, object] = {"record": path[-1] if lone else ".".join(path)}
    why = {"record": f"repeats {len(records):,} times in the sample"}
    spaces = {str(e.tag).rpartition("}")[0] for e in root.iter(etree.Element)} - {""}
    if spaces:
        why["record"] += f"; {len(spaces)} namespaces are left aside"
    if items:
        words["items"] = items
        why["items"] = "the element inside a record that repeats and holds most"
    control = {}
    if whole and len(texts) == 1 and ends:
        control = _find_count(root, path, len(records))
    own = {"": OWN_TEXT} | ({items: f"{items}.{OWN_TEXT}"} if items else {})
    columns = {own.get(name, name): values for name, values in table.columns.items()}
    inside = frozenset(own.get(name, name) for name in table.inside)
    return Layout("xml", words, why, control), replace(table, columns=columns, inside=inside)


def _parser() -> etree.XMLPullParser:
    return etree.XMLPullParser(
        events=("start", "end"), resolve_entities=False, no_network=True, load_dtd=False,
        huge_tree=False, remove_comments=True, remove_pis=True,
    )  # fmt: skip


def _parse(text: str, file: str) -> tuple[Element, bool]:
    """Read as far as it goes; the root, and whether it ended."""
    parser = _parser()
    root: Element | None = None
    depth, ended = 0, False
    data = text.encode("utf-8", "replace")
    try:
        for at in range(0, len(data), 64 << 10):
            parser.feed(data[at : at + (64 << 10)])
            for event, element in parser.read_events():
                assert isinstance(element, etree._Element)  # noqa: SLF001 - as it asks for
                root = element if root is None else root
                depth += 1 if event == "start" else -1
                ended = depth == 0
                if depth > DEPTH:
                    raise GuessError(f"{file}: nested deeper than {DEPTH}; no records are")
    except etree.XMLSyntaxError as error:
        if root is None or len(root) < 2:
            line = error.lineno or 1
            raise GuessError(
                f"{file}: no XML from line {line:,} on; ask for a whole file"
            ) from None
    if root is None:
        raise GuessError(f"{file}: no XML element is in it; ask for a whole file")
    return root, ended


def _local(element: Element) -> str:
    tag = element.tag if isinstance(element.tag, str) else ""
    return tag[tag.rfind("}") + 1 :]


def _find_record(root: Element) -> tuple[str, ...]:
    """Choose the outermost element that repeats and holds most texts."""
    best: tuple[int, tuple[str, ...]] = (0, ())
    waiting: list[tuple[Element, tuple[str, ...]]] = [(root, (_local(root),))]
    for element, path in waiting:
        counts = Counter(_local(child) for child in element)
        weights: Counter[str] = Counter()
        for child in element:
            weights[_local(child)] += sum(1 + len(e.attrib) for e in child.iter(etree.Element))
        for name, count in counts.items():
            holds = weights[name] / count
            if count > 1 and holds >= 2 and weights[name] > best[0]:
                best = weights[name], (*path, name)
        if len(waiting) < 10_000 and len(path) < DEPTH:
            waiting += [(c, (*path, _local(c))) for c in element if counts[_local(c)] == 1]
    return best[1]


def _elements(root: Element, path: Sequence[str]) -> Iterator[Element]:
    found = [root]
    for name in path[1:]:
        found = [child for element in found for child in element if _local(child) == name]
    yield from found


def _again(text: str, name: str, root: Element) -> Iterator[Element]:
    """Read records in the middle of a document, each by itself with the root's namespaces."""
    tag = rf"(?:[\w.\-]+:)?{re.escape(name)}"
    spaces = "".join(
        f' xmlns{":" + prefix if prefix else ""}="{uri}"' for prefix, uri in root.nsmap.items()
    )
    for found in re.finditer(rf"<({tag})[\s>/].*?</\1\s*>", text, re.DOTALL):
        parser = etree.XMLParser(resolve_entities=False, no_network=True, load_dtd=False)
        whole = f"<r{spaces}>{found[0]}</r>".encode("utf-8", "replace")
        try:
            yield etree.fromstring(whole, parser)[0]
        except (etree.XMLSyntaxError, IndexError):
            continue


def _node(element: Element) -> Node:
    node = Node({f"@{_strip(key)}": str(value) for key, value in element.attrib.items()})
    for child in element:
        name = _local(child)
        text = (child.text or "").strip()
        if len(child) or child.attrib:
            node.parts.setdefault(name, []).append(_node(child))
        elif name in node.many:
            node.many[name].append(text)
        elif name in node.texts:
            node.many[name] = [node.texts.pop(name), text]
        else:
            node.texts[name] = text
    if not len(element) and element.attrib and (element.text or "").strip():
        node.texts[""] = (element.text or "").strip()
    return node


def _strip(key: str | bytes) -> str:
    name = key if isinstance(key, str) else key.decode()
    return name[name.rfind("}") + 1 :]


def _find_count(root: Element, path: Sequence[str], count: int) -> dict[str, str]:
    for element in root.iter(etree.Element):
        if element is root or len(element):
            steps = []
        names = [_local(e) for e in reversed(list(element.iterancestors()))] + [_local(element)]
        if tuple(names[: len(path)]) == tuple(path):
            continue
        steps = names
        if _local(element).lower() in COUNTS and (element.text or "").strip() == str(count):
            return {"records": ".".join(steps)}
        for key, value in element.attrib.items():
            if _strip(key).lower() in COUNTS and str(value) == str(count):
                return {"records": ".".join([*steps, f"@{_strip(key)}"])}
    return {}
