"""docs/reference-feeds.md: every word of a feed, what it takes and what it is without it.

All of it is read off the models that judge a feed's YAML; what a word means is told on the pages
that each line leads to.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from pipelines.feeds import ExportFeed, LoadFeed
from pipelines.reference.meanings import find_meaning

Schema = Mapping[str, Any]
Fields = Mapping[str, Schema]
_WORDS = {"string": "text", "integer": "whole number", "number": "number", "boolean": "true, false"}
_LIMITS = {
    "minimum": "from {}",
    "exclusiveMinimum": "above {}",
    "maximum": "to {}",
    "exclusiveMaximum": "below {}",
}
_SEVERAL = 4
"""Blocks that may stand in one place, from which on what they share is told once."""


def feed_page() -> Iterator[str]:
    """Write the words of a load feed, then those of an export feed."""
    for title, model in (("Load feeds", LoadFeed), ("Export feeds", ExportFeed)):
        schema = model.model_json_schema(by_alias=True)
        yield f"## {title}\n"
        yield from Blocks(schema).tell()


class Blocks:
    """The blocks of a feed, each told once, wherever it may stand."""

    def __init__(self, schema: Schema) -> None:
        self._top = schema
        self._known: Mapping[str, Schema] = schema.get("$defs", {})
        self._places: dict[str, list[str]] = {}
        self._find("", schema)

    def tell(self) -> Iterator[str]:
        """Write the top, then every block below it in the order in which they are met."""
        yield from self._table("", self._top["properties"], self._top.get("required", ()))
        shown: set[str] = set()
        for name, places in self._places.items():
            block, shared = self._known[name], self._shared(places[0])
            if shared and places[0] not in shown:
                shown.add(places[0])
                yield f"### {places[0]}, all of them\n"
                yield f"Words that most of the blocks under `{places[0]}` take.\n"
                yield from self._table(places[0], shared)
            yield f"### {self._title(name)}\n"
            where = ", ".join(f"`{place}`" for place in places)
            yield f"Under {where}. {_first(block)}".strip() + "\n"
            own = {w: f for w, f in block["properties"].items() if shared.get(w) != f}
            yield from self._table(places[0], own, block.get("required", ()))
            if len(own) < len(block["properties"]):
                yield f"And those of [all of them](#{_slug(f'{places[0]}, all of them')}).\n"

    def _find(self, path: str, block: Schema) -> None:
        for word, field in block.get("properties", {}).items():
            place = f"{path}.{word}" if path else word
            for name in self._blocks_of(field):
                if name not in self._places:
                    self._places[name] = [place]
                    self._find(place, self._known[name])
                elif place not in self._places[name]:
                    self._places[name].append(place)

    def _blocks_of(self, schema: Any) -> Iterator[str]:  # noqa: ANN401  (JSON)
        if isinstance(schema, Mapping):
            name = str(schema.get("$ref", "")).rpartition("/")[2]
            if name and "properties" in self._known[name]:
                yield name
            for key, inner in schema.items():
                if key not in {"default", "discriminator"}:
                    yield from self._blocks_of(inner)
        elif isinstance(schema, list):
            for inner in schema:
                yield from self._blocks_of(inner)

    def _alike(self, place: str) -> list[str]:
        return [name for name, at in self._places.items() if at[0] == place]

    def _shared(self, place: str) -> Fields:
        """Give the words that more than half of the several blocks of one place have alike."""
        blocks = [self._known[name]["properties"] for name in self._alike(place)]
        if len(blocks) < _SEVERAL:
            return {}
        every = {word: field for block in blocks for word, field in block.items()}
        return {
            word: field
            for word, field in every.items()
            if 2 * sum(block.get(word) == field for block in blocks) > len(blocks)
        }

    def _title(self, name: str) -> str:
        place = self._places[name][0]
        if len(self._alike(place)) == 1:
            return place
        block = self._known[name]
        which = block["properties"].get("endpoint", {})
        values = [which["const"]] if "const" in which else which.get("enum")
        if values is None:
            values = ["any other method"] if which else block.get("required", [name])[:1]
        return f"{place}: {', '.join(values)}"

    def _table(self, path: str, fields: Fields, needed: Sequence[str] = ()) -> Iterator[str]:
        yield "| word | takes | without it | told in |"
        yield "| --- | --- | --- | --- |"
        for word, field in fields.items():
            default = "**needed**" if word in needed else _default(field)
            yield f"| `{word}` | {self._takes(field)} | {default} | {find_meaning(path, word)} |"
        yield ""

    def _takes(self, schema: Schema) -> str:
        if name := str(schema.get("$ref", "")).rpartition("/")[2]:
            if name in self._places:
                return f"[{self._title(name)}](#{_slug(self._title(name))})"
            return self._takes(self._known[name])
        if "const" in schema:
            return f"`{schema['const']}`"
        if "enum" in schema:
            return ", ".join(f"`{value}`" for value in schema["enum"] if value is not None)
        for one_of in ("anyOf", "oneOf", "allOf"):
            if one_of in schema:
                found = [self._takes(each) for each in schema[one_of] if each != {"type": "null"}]
                found.sort(key=lambda takes: takes.startswith("names"))
                return " or ".join(dict.fromkeys(filter(None, found)))
        return self._plain(schema)

    def _plain(self, schema: Schema) -> str:
        match schema.get("type"):
            case "array" if "prefixItems" in schema:
                return f"list of {len(schema['prefixItems'])}"
            case "array":
                return f"list of {self._takes(schema.get('items', {}))}"
            case "object":
                return f"names, each with {self._takes(schema.get('additionalProperties', {}))}"
            case kind:
                bounds = (text.format(schema[w]) for w, text in _LIMITS.items() if w in schema)
                return " ".join([_WORDS.get(str(kind), ""), *bounds]).strip()


def _default(field: Schema) -> str:
    default = field.get("default")
    match default:
        case True | False:
            return f"`{str(default).lower()}`"
        case dict() if default:
            return "as told there"
        case dict() | [] | "" | None:
            return "none"
        case _:
            return f"`{default}`"


def _first(block: Schema) -> str:
    """Give the first sentence of what a block says of itself."""
    text = " ".join(str(block.get("description", "")).split("\n\n")[0].split())
    return text.replace("|", "\\|")


def _slug(title: str) -> str:
    kept = "".join(c for c in title.lower() if c.isalnum() or c in " -_")
    return kept.replace(" ", "-")
