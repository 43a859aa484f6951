"""Dotted paths into JSON and XML: `store.id`, `phones[2].number`, `Phone[@type=mobile].Number`.

A step is a name, or `@name` for an XML attribute, perhaps with a selector: `[2]` is the second of
those with the name, `[type=mobile]` the first whose child `type` is `mobile`, `[@type=mobile]` the
first whose attribute is. A name that holds dots or brackets stands in quotes: `'a.b'.c`.
"""

import re
from functools import cache
from typing import NamedTuple

_STEP = re.compile(
    r"""(?P<name>'[^']+'|@?[^.'"\[\]=@]+)(?:\[(?:(?P<at>[1-9][0-9]{0,5})|(?P<key>@?[^\[\]=]+)=(?P<value>[^\]]*))\])?(?:\.|$)"""
)
_ELEMENT = r"(?:[^\W\d][\w.-]*:)?[^\W\d][\w.-]*"
_XPATH = re.compile(rf"(?P<start>\.?//|/)?(?P<steps>(?:(?:{_ELEMENT}|\*)/)*{_ELEMENT})")
_SIGNS = {*".'\"[]=@"}
"""What a name has only in quotes."""
OWN_TEXT = "text()"
"""The last step to the text of an XML element that is a record or an item itself."""


class Step(NamedTuple):
    """One step of a path.

    Attributes:
        name: of the member or element; of an attribute with its `@`.
        at: which of those with the name, from 1; 0 where it is not said.
        key: the child, or `@attribute`, that must have a value; empty where none must.
        value: that value.
    """

    name: str
    at: int = 0
    key: str = ""
    value: str = ""

    @property
    def chooses(self) -> bool:
        """Whether it takes one of several with the name."""
        return bool(self.at or self.key)

    @property
    def own(self) -> bool:
        """Whether it is an XML element's own: an attribute, or its text."""
        return self.name.startswith("@") or self.name == OWN_TEXT

    @property
    def plain(self) -> bool:
        """Whether it is the name of an element alone."""
        return not (self.chooses or self.own)


Path = tuple[Step, ...]


@cache
def parse(path: str) -> Path:
    """Take a path apart.

    Raises:
        ValueError: it is no path.
    """
    steps, at = [], 0
    while at < len(path):
        found = _STEP.match(path, at)
        if found is None:
            raise ValueError(f"{path!r} is no path such as store.id or phones[type=mobile].number")
        name, value = found["name"].strip("'"), (found["value"] or "").strip("'\"")
        steps.append(Step(name, int(found["at"] or 0), found["key"] or "", value))
        at = found.end()
    if not steps or path.endswith("."):
        raise ValueError(f"{path!r} is no path such as store.id or phones[type=mobile].number")
    return tuple(steps)


def parse_local(path: str) -> Path:
    """Take a path in XML apart; the prefixes of its names mean nothing, partners change them.

    Raises:
        ValueError: it is no path.
    """
    return tuple(s._replace(name=_local(s.name), key=_local(s.key)) for s in parse(path))


def _local(name: str) -> str:
    return f"{'@' if name.startswith('@') else ''}{name.removeprefix('@').rpartition(':')[2]}"


def quote(name: str) -> str:
    """Write the name of a member, element or `@attribute` as a step of a path."""
    bare = name.removeprefix("@")
    return name if bare and not _SIGNS & {*bare} else f"'{name}'"


def names_of(path: Path) -> tuple[str, ...]:
    """Return the names of a path's steps, without what they choose."""
    return tuple(step.name for step in path)


def parse_names(path: str, field: str) -> tuple[str, ...]:
    """Take a path of names alone apart.

    Args:
        path: the path.
        field: what a feed calls it, for the message.

    Raises:
        ValueError: it is no path, or a step of it chooses.
    """
    steps = parse(path)
    if any(step.chooses for step in steps):
        raise ValueError(f"{field}: {path!r} must be names alone, without brackets")
    return names_of(steps)


class Place(NamedTuple):
    """Where in a document an element stands.

    Attributes:
        names: its local name, after those of the elements around it; `*` is any.
        whole: whether these are all that stand around it.
    """

    names: tuple[str, ...]
    whole: bool

    def holds(self, names: tuple[str, ...]) -> bool:
        """Say whether the element with this path from the root stands there."""
        inner = names if self.whole else names[-len(self.names) :]
        return len(inner) == len(self.names) and all(
            wanted in {"*", name} for wanted, name in zip(self.names, inner, strict=True)
        )

    def __str__(self) -> str:
        """Write it as XPath."""
        return f"{'/' if self.whole else '//'}{'/'.join(self.names)}"


def parse_place(path: str) -> Place:
    """Take a name, names with dots from the root, or an XPath of names apart.

    `Member` and `//Member` stand anywhere, `//Members/Member` anywhere inside Members,
    `/Export/*/Member` and `Export.Members.Member` at one place. A prefix (`ns:Member`) means
    nothing, since partners change it.

    Raises:
        ValueError: it is neither, or its last step is no name.
    """
    if "/" not in path:
        names = tuple(map(_local, parse_names(path, "record")))
        return Place(names, whole=len(names) > 1)
    found = _XPATH.fullmatch(path)
    if found is None:
        raise ValueError(f"{path!r} is no path of names such as Member, //Member or /Export/Member")
    steps = tuple(map(_local, found["steps"].split("/")))
    return Place(steps, whole=found["start"] in {"/", None})
