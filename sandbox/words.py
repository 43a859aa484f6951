"""Files of words, in YAML or JSON, read strictly: an unknown word is refused with those allowed."""

import json
from collections.abc import Hashable, Mapping
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from sandbox.schema_errors import spell_path
from sandbox.settings import FaultsError

_Model = TypeVar("_Model", bound=BaseModel)


def check_words(model: type[_Model], given: Mapping[str, object], place: str = "") -> _Model:
    """Return the model of these words.

    Raises:
        FaultsError: one line: the place, what is wrong there, and the words that are allowed.
    """
    try:
        return model.model_validate(dict(given))
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = spell_path((*([place] if place else []), *fault["loc"]))
        if fault["type"] == "extra_forbidden":
            raise FaultsError(f"{where}: no such word; words are {list_words(model)}") from None
        said = fault["msg"].removeprefix("Value error, ")
        raise FaultsError(f"{where}: {said[0].lower()}{said[1:]}") from None


def list_words(model: type[BaseModel]) -> str:
    """Return the words of a model, for a message."""
    return ", ".join(model.model_fields)


def read_json(text: str) -> object:
    """Return what a JSON text holds, a key that stands twice refused; raises `FaultsError`."""

    def take(pairs: list[tuple[str, object]]) -> dict[str, object]:
        found = dict(pairs)
        if len(found) != len(pairs):
            raise FaultsError("a word stands twice in one object")
        return found

    try:
        return json.loads(text, object_pairs_hook=take)
    except (json.JSONDecodeError, RecursionError) as error:
        raise FaultsError(f"is not JSON: {error}") from None


def read_file(path: Path) -> object:
    """Return what a YAML or JSON file holds.

    Raises:
        FaultsError: it is not of that format; the message does not name the file.
        OSError: it cannot be read.
    """
    try:
        text = path.read_text(encoding="utf-8")
        if path.suffix == ".json":
            return read_json(text)
        return yaml.load(text, _StrictLoader)  # noqa: S506 - it is a safe loader
    except UnicodeDecodeError:
        raise FaultsError("is not UTF-8") from None
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        what = getattr(error, "problem", None) or "broken"
        raise FaultsError(f"is not YAML{line}: {what}") from None


class _StrictLoader(yaml.SafeLoader):
    """YAML's safe loader, which would let the last of two equal keys win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        words = [key.value for key, _ in node.value]
        if len(set(map(str, words))) != len(words):
            raise yaml.constructor.ConstructorError(
                None, None, "a word stands twice", node.start_mark
            )
        return super().construct_mapping(node, deep)
