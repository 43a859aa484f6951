"""Members as XML, CSV and form fields, in a layout of our own: the contract leaves it free (T05).

XML: the root is the envelope, every child a member, every child of that a field; a field with
children is an object. CSV: commas, a header of names, quotes as in RFC 4180. A form is one member.
In CSV and forms a dot in a name makes an object, and an empty field says nothing. All values are
text. Attributes, namespaces, a DOCTYPE, names that stand twice and rows of another width are
refused.
"""

import csv
import io
from collections.abc import Iterable
from urllib.parse import parse_qsl

from lxml import etree

from sandbox.answers import Refusal
from sandbox.bodies import Record
from sandbox.strict_json import show

MOST_FIELDS = 1_000


def read_xml(body: bytes, envelope: str | None) -> tuple[str, list[object]]:
    """Return the name of the root and the members below it.

    Raises:
        Refusal: 400, with the line where it is not XML of this kind.
    """
    parser = etree.XMLParser(
        resolve_entities=False, no_network=True, remove_comments=True, remove_pis=True
    )
    try:
        root = etree.fromstring(body, parser)
    except etree.XMLSyntaxError as error:
        # The library's own message can quote a value.
        raise Refusal(400, f"the body is not XML: line {error.lineno}") from None
    info = root.getroottree().docinfo
    has_doctype = bool(info.doctype)  # type: ignore[union-attr]  # the stubs lack it
    if has_doctype or (info.encoding or "UTF-8").upper() != "UTF-8":
        raise Refusal(400, "the XML must be in UTF-8, without a DOCTYPE")
    if envelope is not None and root.tag != envelope:
        raise Refusal(400, f"the root must be called {envelope}, not {show(root.tag)}")
    _check_element(root)
    if len({child.tag for child in root}) > 1:
        raise Refusal(400, "the children of the root must have one name")
    return root.tag, [_read_element(child) for child in root]


def _read_element(element: etree._Element) -> Record | str | None:
    _check_element(element)
    if len(element) == 0:
        return element.text
    names = [child.tag for child in element]
    if len(set(names)) != len(names):
        raise Refusal(400, f"line {element.sourceline}: an element stands twice in one parent")
    return {child.tag: _read_element(child) for child in element}


def _check_element(element: etree._Element) -> None:
    texts = [element.text, *(child.tail for child in element)] if len(element) else []
    if element.attrib or element.tag.startswith("{") or any(t and t.strip() for t in texts):
        what = "attributes, namespaces and text beside elements are not taken"
        raise Refusal(400, f"line {element.sourceline}: {what}")


def read_csv(text: str) -> list[object]:
    """Return a member for each row.

    Raises:
        Refusal: 400, with the line that is wrong.
    """
    if text.startswith("\ufeff"):
        raise Refusal(400, "the body begins with a byte order mark")
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    members: list[object] = []
    try:
        header = next(reader, [])
        if not header or "" in header:
            raise Refusal(400, "line 1 must be a header of names")
        for row in reader:
            if len(row) != len(header):
                found = f"{len(row)} fields, the header has {len(header)}"
                raise Refusal(400, f"line {reader.line_num}: {found}")
            members.append(_nest(zip(header, row, strict=True)))
    except csv.Error:
        raise Refusal(400, f"line {reader.line_num} is not CSV") from None
    return members


def read_form(text: str) -> list[object]:
    """Return the one member that form fields make.

    Raises:
        Refusal: 400 where they are no such fields.
    """
    try:
        pairs = parse_qsl(
            text,
            keep_blank_values=True,
            strict_parsing=True,
            errors="strict",
            max_num_fields=MOST_FIELDS,
        )
    except ValueError:
        raise Refusal(400, "the body is not application/x-www-form-urlencoded") from None
    return [_nest(pairs)]


def _nest(pairs: Iterable[tuple[str, str]]) -> Record:
    found: Record = {}
    names: set[str] = set()
    for name, value in pairs:
        if name in names:
            raise Refusal(400, f"{show(name)} stands twice")
        names.add(name)
        if value == "":
            continue
        *path, last = name.split(".")
        inner: object = found
        for step in path:
            inner = inner.setdefault(step, {}) if isinstance(inner, dict) else None
        if not isinstance(inner, dict) or last in inner:
            raise Refusal(400, f"{show(name)} and another name contradict each other")
        inner[last] = value
    return found
