"""Putting what pydantic says of a YAML block into one line of its own words, with its place."""

from collections.abc import Iterator, Sequence
from difflib import get_close_matches
from typing import Any, get_args

import yaml
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

TAGS = {"str", "text", "list", "table", "file", "POST /transactions", "POST /import"}
"""What pydantic adds to the place of an error inside a union, beside the names of models."""


def explain(fault: ErrorDetails, model: type[BaseModel]) -> str:
    """Put a pydantic error into one line of a feed's own words."""
    place = [*map(str, fault["loc"]), *named(fault)]
    word = place[-1] if place else ""
    if fault["type"] == "extra_forbidden":
        return unknown(word, _allowed(model, place[:-1]), ".".join(_words(model, place[:-1])))
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


def named(fault: ErrorDetails) -> list[str]:
    """Give the key at fault below an error's place, where a rule of our own or a union named it."""
    context = fault.get("ctx", {})
    key = context.get("name") or context.get("discriminator", "").strip("'")
    return [key] if key else []


def unknown(word: str, allowed: Sequence[str], where: str = "") -> str:
    """Say that a word is not known, with the nearest one and those allowed."""
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
    fields = [words[step] for words in map(fields_of, models) if step in words]
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
    return list(dict.fromkeys(name for m in models for name in fields_of(m)))


def fields_of(model: type[BaseModel]) -> dict[str, FieldInfo]:
    """Give the fields of a model by the words of the YAML; some are no names in Python."""
    return {field.alias or name: field for name, field in model.model_fields.items()}


def _words(model: type[BaseModel], place: Sequence[str]) -> list[str]:
    """Keep of an error's place what stands in the YAML; pydantic adds the names of unions."""
    tags = {m.__name__ for m in all_models(model)} | TAGS
    return [step for step in place if step not in {*tags, "[key]"}]


def all_models(model: type[BaseModel]) -> Iterator[type[BaseModel]]:
    """Give a model and all that are its fields."""
    yield model
    for field in model.model_fields.values():
        for part in _models(field.annotation):
            yield from all_models(part)


def repeats(node: yaml.Node) -> Iterator[yaml.ScalarNode]:
    """Give the keys of a YAML that stand twice in their block."""
    if isinstance(node, yaml.MappingNode):
        seen = set()
        for key, value in node.value:
            if key.value in seen:
                yield key
            seen.add(key.value)
            yield from repeats(value)


def find_line(node: yaml.Node, place: Sequence[str]) -> int:
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
