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
_SIGNS = {*".'\"[]=@"}
"""What a name has only in quotes."""


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
    def plain(self) -> bool:
        """Whether it is the name of an element alone."""
        return not (self.chooses or self.name.startswith("@"))


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
