"""Reading a feed's YAML; a mistake is told with its file, its line and the words allowed."""

import re
from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from pathlib import Path
from typing import Any, get_args

import yaml
from pydantic import BaseModel, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from pipelines import ROOT
from pipelines.feeds.export import ExportFeed
from pipelines.feeds.mapping_file import MappingFileError, add_mapping_file
from pipelines.feeds.words import LoadFeed

COMPONENTS: dict[str, type[LoadFeed | ExportFeed]] = {
    "pipelines.components.LoadFeedComponent": LoadFeed,
    "pipelines.components.ExportFeedComponent": ExportFeed,
}
TOP_WORDS = ("type", "attributes")
NIGHTLY = "nightly"
TAGS = {"str", "text", "list", "table", "file", "POST /transactions", "POST /import"}
"""What pydantic adds to the place of an error inside a union, beside the names of models."""


class _Loader(yaml.SafeLoader):
    """YAML 1.2: `NO` is Norway, `yes` and `on` are texts, only true and false are truths."""

    yaml_implicit_resolvers = {
        first: [(tag, found) for tag, found in resolvers if not tag.endswith(":bool")]
        for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
    }


_Loader.add_implicit_resolver(
    "tag:yaml.org,2002:bool", re.compile("^(?:true|True|TRUE|false|False|FALSE)$"), list("tTfF")
)


class FeedError(Exception):
    """A feed that does not exist or whose YAML is wrong. The message is one line.

    Attributes:
        file: the YAML file, or the folder of feeds.
        line: the line at fault, 0 where there is none.
    """

    def __init__(self, message: str, file: Path, line: int = 0) -> None:
        self.file, self.line = file, line
        place = f"{_relative(file)}:{line}" if line else str(_relative(file))
        super().__init__(f"{place}: {message}")


def feeds_dir() -> Path:
    """The folder whose subfolders are the feeds."""
    return ROOT / "pipelines" / "defs"


def list_feeds() -> list[str]:
    """Name all feeds, in order."""
    return sorted(path.parent.name for path in feeds_dir().glob("*/defs.yaml"))


def read_feed(name: str) -> LoadFeed | ExportFeed:
    """Read the feed of this name.

    Raises:
        FeedError: there is no such feed, or its YAML is wrong.
    """
    if name not in list_feeds():
        raise FeedError(_no_feed(name), feeds_dir())
    return read_yaml(feeds_dir() / name / "defs.yaml")


def find_feed(word: str) -> tuple[str, LoadFeed | ExportFeed]:
    """Find a feed by its name, or by the path of its folder or of its YAML file.

    Returns:
        The feed's name, which is its folder's, and the feed.

    Raises:
        FeedError: there is no such feed, or its YAML is wrong.
    """
    if "/" not in word:
        return word, read_feed(word)
    path = Path(word).resolve()
    file = path / "defs.yaml" if path.is_dir() else path
    return file.parent.name, read_yaml(file)


def refuse_name(name: str) -> str:
    """Say what is wrong with the name of a feed's folder; empty where nothing is."""
    if re.fullmatch(r"[A-Za-z0-9_]+", name) and name != NIGHTLY:
        return ""
    return f"name the feed's folder with letters, digits and _, and not {NIGHTLY}"


def read_yaml(file: Path) -> LoadFeed | ExportFeed:
    """Read one feed's YAML file.

    Raises:
        FeedError: it cannot be read, a word is wrong, or its folder's name is no feed's name.
    """
    if wrong := refuse_name(file.parent.name):
        raise FeedError(wrong, file.parent)
    node, words = _parse(file)
    if not isinstance(words, dict) or not isinstance(node, yaml.MappingNode):
        raise FeedError(f"needs the words {' and '.join(TOP_WORDS)}", file, 1)
    for word in words:
        if word not in TOP_WORDS:
            raise FeedError(_unknown(word, TOP_WORDS), file, _line(node, [word]))
    kind = words.get("type")
    if not isinstance(kind, str) or kind not in COMPONENTS:
        allowed = ", ".join(COMPONENTS)
        raise FeedError(f"`type` must be one of {allowed}", file, _line(node, ["type"]))
    try:
        repeated = next(_repeats(node), None)
    except RecursionError:
        raise FeedError("not YAML for a feed: a block holds itself", file) from None
    if repeated:
        raise FeedError(f"`{repeated.value}` stands twice", file, repeated.start_mark.line + 1)
    feed = _validate(COMPONENTS[kind], words.get("attributes") or {}, node, file)
    for number, other in enumerate(feed.after):
        if other not in list_feeds():
            line = _line(node, ["attributes", "after", str(number)])
            raise FeedError(f"`after`: {_no_feed(other)}", file, line)
    return feed


def _validate(
    model: type[LoadFeed | ExportFeed], attributes: object, node: yaml.Node, file: Path
) -> LoadFeed | ExportFeed:
    try:
        if model is LoadFeed:
            attributes = add_mapping_file(attributes, file.parent)
        return model.model_validate(attributes, context={"folder": file.parent})
    except MappingFileError as error:
        line = _line(node, ["attributes", "mapping_file"])
        raise FeedError(str(error), error.path or file, error.line or line) from None
    except ValidationError as error:
        faults = error.errors(include_url=False, include_input=False)
        first = min(faults, key=lambda fault: fault["type"] != "extra_forbidden")
        place = ["attributes", *map(str, first["loc"]), *_named(first)]
        raise FeedError(_explain(first, model), file, _line(node, place)) from None


def _parse(file: Path) -> tuple[yaml.Node | None, object]:
    """Parse YAML twice: as nodes, which know their lines, and as plain values."""
    try:
        text = file.read_text(encoding="utf-8")
        return yaml.compose(text, Loader=_Loader), yaml.load(text, Loader=_Loader)  # noqa: S506  (a safe one)
    except yaml.MarkedYAMLError as error:
        mark = error.problem_mark or error.context_mark
        raise FeedError(f"not YAML: {error.problem}", file, mark.line + 1 if mark else 1) from None
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "not UTF-8"
        raise FeedError(f"cannot be read: {why}", file) from None
    except (yaml.YAMLError, ValueError, RecursionError) as error:  # a NUL, 2020-13-45, [[[[…
        why = "nested too deep" if isinstance(error, RecursionError) else str(error).split("\n")[0]
        raise FeedError(f"not YAML: {why}", file) from None


def _explain(fault: ErrorDetails, model: type[BaseModel]) -> str:
    """Put a pydantic error into one line of a feed's own words."""
    place = [*map(str, fault["loc"]), *_named(fault)]
    word = place[-1] if place else ""
    if fault["type"] == "extra_forbidden":
        return _unknown(word, _allowed(model, place[:-1]), ".".join(_words(model, place[:-1])))
    where = ".".join(_words(model, place))
    if fault["type"] in {"missing", "union_tag_not_found"}:
        return f"`{where}` is missing"
    if fault["type"] == "union_tag_invalid":
        message = f"must be one of {fault['ctx']['expected_tags']}"
    elif fault["type"] == "model_type":
        message = f"must be a block of words: {', '.join(_allowed(model, place))}"
    else:
        message = fault["msg"].removeprefix("Value error, ").replace(" or None", " or null")
    return f"`{where or 'attributes'}`: {message}"


def _named(fault: ErrorDetails) -> list[str]:
    """Give the key at fault below an error's place, where a rule of our own or a union named it."""
    context = fault.get("ctx", {})
    key = context.get("name") or context.get("discriminator", "").strip("'")
    return [key] if key else []


def _no_feed(name: str) -> str:
    known = list_feeds()
    close = get_close_matches(name, known, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    return f"no feed is called {name}; {hint}feeds: {', '.join(known)}"


def _unknown(word: str, allowed: Sequence[str], where: str = "") -> str:
    close = get_close_matches(word, allowed, n=1)
    hint = f"did you mean {close[0]}? " if close else ""
    under = f" under {where}" if where else ""
    return f"unknown word `{word}`{under}; {hint}allowed: {', '.join(allowed)}"


def _models(annotation: Any) -> Iterator[type[BaseModel]]:  # noqa: ANN401  (any annotation)
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        yield annotation
    for part in get_args(annotation):
        yield from _models(part)


def _step(models: list[type[BaseModel]], step: str) -> list[type[BaseModel]] | None:
    """Follow one step of an error's place; None where it is a tag and no word of the YAML."""
    fields = [words[step] for words in map(_fields, models) if step in words]
    if fields:
        return [model for field in fields for model in _models(field.annotation)]
    tagged = [m for m in models if step in (m.__name__, *_tags(m))]
    return tagged or None


def _tags(model: type[BaseModel]) -> tuple[str, ...]:
    field = model.model_fields.get("endpoint")
    return get_args(field.annotation) if field else ()


def _allowed(model: type[BaseModel], place: Sequence[str]) -> list[str]:
    models: list[type[BaseModel]] = [model]
    for step in place:
        found = _step(models, step)
        models = found if found is not None else models
    return list(dict.fromkeys(name for m in models for name in _fields(m)))


def _fields(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Give the fields of a model by the words of the YAML; some are no names in Python."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _words(model: type[BaseModel], place: Sequence[str]) -> list[str]:
    """Keep of an error's place what stands in the YAML; pydantic adds the names of unions."""
    tags = {m.__name__ for m in _all_models(model)} | TAGS
    return [step for step in place if step not in {*tags, "[key]"}]


def _all_models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    yield model
    for field in model.model_fields.values():
        for part in _models(field.annotation):
            yield from _all_models(part)


def _repeats(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield key
            seen.add(key.value)
            yield from _repeats(value)


def _line(node: yaml.Node, place: Sequence[str]) -> int:
    """Find the line of the deepest part of a place that the YAML has."""
    line = node.start_mark.line
    for step in place:
        if isinstance(node, yaml.MappingNode):
            for key, value in node.value:
                if key.value == step:
                    line, node = key.start_mark.line, value
                    break
        elif isinstance(node, yaml.SequenceNode) and step.isdigit():
            node = node.value[int(step)]
            line = node.start_mark.line
    return line + 1


def _relative(file: Path) -> Path:
    return file.relative_to(ROOT) if file.is_relative_to(ROOT) else file
