"""The catalogue of the API's methods: endpoints.yaml, read once and held against its own rules.

It says of each method what goes over the wire, what a repeat does and what the answers mean; the
client, the feeds, the command `endpoints` and docs/endpoints.md take it from here. Nothing heavy is
imported.
"""

import re
from collections.abc import Hashable, Mapping
from difflib import get_close_matches
from functools import cache
from pathlib import Path
from typing import Any, cast, get_args

import yaml

from connectors.trigg.endpoint import (
    Answers,
    Endpoint,
    Field,
    Kind,
    Needs,
    Place,
    Repeat,
    Sends,
    Since,
    Use,
)

try:
    from yaml import CSafeLoader as _SafeLoader
except ImportError:  # PyYAML without libyaml reads the same, only slower
    from yaml import SafeLoader as _SafeLoader  # type: ignore[assignment]  # stands in for the other

__all__ = ["CatalogueError", "Endpoint", "Field", "UnknownEndpointError", "all_endpoints", "find"]

FILE = Path(__file__).with_name("endpoints.yaml")
JSON = "application/json"


class CatalogueError(ValueError):
    """endpoints.yaml is broken. One line with the method and the word at fault."""


class UnknownEndpointError(LookupError):
    """The API has no such method. One line, with the nearest name."""


@cache
def all_endpoints() -> tuple[Endpoint, ...]:
    """Give every method, in the order of the API's documents.

    Raises:
        CatalogueError: endpoints.yaml is broken.
    """
    return read_catalogue(FILE)


def find(name: str) -> Endpoint:
    """Find the method of a name such as `POST /loyalty/bonus/import`.

    Raises:
        UnknownEndpointError: there is none.
        CatalogueError: endpoints.yaml is broken.
    """
    known = {endpoint.name: endpoint for endpoint in all_endpoints()}
    if name in known:
        return known[name]
    lower = {other.casefold(): other for other in known}
    close = get_close_matches(name.casefold(), lower, n=1)
    hint = f"did you mean {lower[close[0]]}? " if close else ""
    raise UnknownEndpointError(
        f"the API has no method {name}; {hint}`loyalty-etl endpoints` lists them"
    )


def read_catalogue(file: Path) -> tuple[Endpoint, ...]:
    """Read a catalogue.

    Raises:
        CatalogueError: it cannot be read, or something in it is wrong.
    """
    try:
        words = yaml.load(file.read_bytes(), _Loader)  # noqa: S506  (a safe one)
    except OSError as error:
        raise CatalogueError(f"{file.name} cannot be read: {error.strerror}") from None
    except (yaml.YAMLError, ValueError) as error:  # a ValueError is a day such as 2020-13-45
        mark, what = getattr(error, "problem_mark", None), getattr(error, "problem", None)
        line = f", line {mark.line + 1}" if mark else ""
        why = what or str(error).partition("\n")[0]
        raise CatalogueError(f"{file.name}{line} is no YAML: {why}") from None
    found: dict[str, Endpoint] = {}
    for group, methods in _block(words, file.name).items():
        if group == "shapes":  # what several methods share, by YAML's own means
            continue
        for name, said in _block(methods, f"{file.name}: {group}").items():
            where = f"{file.name}: {name}"
            if name in found:
                raise CatalogueError(f"{where}: stands twice")
            block = _block(said, where)
            try:
                found[name] = _endpoint(group, name, block)
            except CatalogueError as error:
                raise CatalogueError(f"{where}: {error}") from None
    for endpoint in found.values():
        if why := _names_wrongly(endpoint, found):
            raise CatalogueError(f"{file.name}: {endpoint.name}: {why}")
    return tuple(found.values())


def _names_wrongly(endpoint: Endpoint, known: Mapping[str, Endpoint]) -> str:
    """Say what is wrong with the other methods that one names; empty if nothing is."""
    undone = known.get(endpoint.undoes)
    if endpoint.undoes and (undone is None or undone.key != endpoint.key):
        return f"undoes {endpoint.undoes}, which has not its key"
    for asked in endpoint.ask:
        if asked not in known or known[asked].use not in {"export", "look"}:
            return f"asks {asked}, which is not there to be read"
    return ""


class _Loader(_SafeLoader):
    """YAML's safe loader, which would let the last of two equal keys win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002  (PyYAML's signature)
        words = [key.value for key, _ in node.value]
        if twice := next((word for word in words if words.count(word) > 1), None):
            problem = f"{twice} stands twice"
            raise yaml.constructor.ConstructorError(None, None, problem, node.start_mark)
        return super().construct_mapping(node, deep)


_TEXTS = ("about", "bulk", "envelope", "undoes", "adds")
_CHOICES = {
    "use": Use,
    "sends": Sends,
    "repeat": Repeat,
    "answers": Answers,
    "needs": Needs,
    "since": Since,
}
_LISTS = {
    **dict.fromkeys(("done_if", "parked_if", "none_if", "statuses"), int),
    **dict.fromkeys(("ask", "key", "apart", "either", "types"), str),
}
_FLAGS = ("guessed", "preview", "open", "erases", "whole")
_BLOCKS = ("taken_if", "parameters", "fields")
_ALLOWED = (*_TEXTS, *_CHOICES, *_LISTS, *_FLAGS, *_BLOCKS)


def _endpoint(group: str, name: str, said: Mapping[str, Any]) -> Endpoint:
    """Make an endpoint of its words; what they leave open stands in its name."""
    if not re.fullmatch(r"(GET|POST|PUT|DELETE) (/[\w-]+|/\{\w+\})+", name):
        raise CatalogueError("is no name such as `POST /customers`")
    for word, value in said.items():
        _check(word, value)
    if lacks := [word for word in ("about", "statuses") if word not in said]:
        raise CatalogueError(f"`{lacks[0]}` is missing")
    if ("use" in said) == ("bulk" in said):
        raise CatalogueError("has either `use`, or `bulk` and why there is none")
    if ("answers" in said) != (said.get("use") == "export"):
        raise CatalogueError("`answers` belongs to `use: export`, and is needed there")
    method, _, path = name.partition(" ")
    words: dict[str, Any] = {
        word: tuple(value) if word in _LISTS else value for word, value in said.items()
    }
    in_path = {part: Field("text", required=True, place="path") for part in _named(path)}
    told = said.get("parameters", {}).items()
    words["parameters"] = in_path | {
        part: _field(part, text, "path" if part in in_path else "query") for part, text in told
    }
    told = said.get("fields", {}).items()
    words["fields"] = {part.replace("[]", ""): _field(part, text) for part, text in told}
    if words["fields"] or "open" in said:
        words.setdefault("types", (JSON,))
    words.setdefault("use", "no")
    endpoint = Endpoint(group=group, method=method, path=path, **words)
    for part in (*endpoint.key, *endpoint.apart, *endpoint.either, *filter(None, [endpoint.adds])):
        if endpoint.find_field(part) is None:
            raise CatalogueError(f"`{part}` is none of its fields")
    return endpoint


def _check(word: str, value: object) -> None:
    """Refuse a word that there is not, or what cannot follow it."""
    if word not in _ALLOWED:
        raise CatalogueError(f"unknown word `{word}`; allowed: {', '.join(_ALLOWED)}")
    if word in _CHOICES:
        allowed = [choice for choice in get_args(_CHOICES[word]) if choice not in {"", "no"}]
        good, needed = value in allowed, f"one of {', '.join(allowed)}"
    elif word in _LISTS:
        kind = _LISTS[word]
        good = isinstance(value, list) and all(type(item) is kind for item in value)
        needed = f"a list of {'numbers' if kind is int else 'names'}"
    elif word in _FLAGS:
        good, needed = value is True, "`true`, or left out"
    elif word in _BLOCKS:
        good = isinstance(value, dict) and all(type(part) is str for part in value.values())
        needed = "a block of names, each with a text"
    else:
        good, needed = isinstance(value, str) and bool(value), "a text"
    if not good:
        raise CatalogueError(f"`{word}` must be {needed}")


def _field(name: str, text: str, place: Place = "body") -> Field:
    """Read `integer, required`, said of `items[].quantity`."""
    kind, *words = text.split(", ")
    if kind not in get_args(Kind):
        raise CatalogueError(f"`{name}` is none of {', '.join(get_args(Kind))}")
    if unknown := [word for word in words if word not in {"required", "guessed"}]:
        raise CatalogueError(f"`{name}`: unknown word `{unknown[0]}`; allowed: required, guessed")
    items = name.rpartition("[]")[0]
    return Field(
        cast("Kind", kind), "required" in words, items, place=place, guessed="guessed" in words
    )


def _named(path: str) -> list[str]:
    """List the parameters of a path."""
    return re.findall(r"\{(\w+)\}", path)


def _block(value: object, where: str) -> dict[str, Any]:
    if not isinstance(value, dict) or not value:
        raise CatalogueError(f"{where}: must be a block of words")
    return {str(name): inner for name, inner in value.items()}
