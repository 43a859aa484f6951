"""A faults file read strictly: an unknown word is refused in one line with the words allowed."""

import json
from collections.abc import Hashable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from sandbox.faults.rules import KINDS, Rule
from sandbox.schema_errors import spell_path
from sandbox.settings import FaultsError, OnRepeat

_Model = TypeVar("_Model", bound=BaseModel)


@dataclass(frozen=True, slots=True)
class Plan:
    """What a faults file says.

    Attributes:
        seed: what the draws of `share`, and the hash of `one_in`, begin from.
        repeats: overrides `Settings.duplicate_receipt`; None leaves it.
    """

    seed: int = 0
    repeats: OnRepeat | None = None
    rules: tuple[Rule, ...] = ()


class _Top(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    seed: int = 0
    repeats: OnRepeat | None = None
    rules: list[object] = []


def read_plan(given: Path | Mapping[str, object] | None) -> Plan:
    """Return the plan that a YAML or JSON file, or what such a file holds, says.

    Raises:
        FaultsError: one line: the place, what is wrong there, and the words that are allowed.
        OSError: the file cannot be read.
    """
    if isinstance(given, Path):
        try:
            return check_plan(_read_file(given))
        except FaultsError as error:
            raise FaultsError(f"{given}: {error}") from None
    return check_plan({} if given is None else given)


def check_plan(given: object) -> Plan:
    """Return the plan in what was read; raises as `read_plan` does."""
    if not isinstance(given, Mapping):
        raise FaultsError(f"must be a mapping of {_list(_Top)}")
    top = _check(_Top, dict(given), "")
    rules = tuple(_check_rule(rule, f"rules[{i}]") for i, rule in enumerate(top.rules))
    return Plan(top.seed, top.repeats, rules)


def _check_rule(given: object, place: str) -> Rule:
    kind = given.get("fault") if isinstance(given, Mapping) else None
    if not isinstance(given, Mapping) or not isinstance(kind, str) or kind not in KINDS:
        what = "required" if kind is None else "no such fault"
        raise FaultsError(f"{place}.fault: {what}; faults are {', '.join(sorted(KINDS))}")
    return _check(KINDS[kind][0], dict(given), place)


def _check(model: type[_Model], given: dict[str, object], place: str) -> _Model:
    try:
        return model.model_validate(given)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        where = spell_path((*([place] if place else []), *fault["loc"]))
        if fault["type"] == "extra_forbidden":
            raise FaultsError(f"{where}: no such word; words are {_list(model)}") from None
        said = fault["msg"].removeprefix("Value error, ")
        raise FaultsError(f"{where}: {said[0].lower()}{said[1:]}") from None


def _list(model: type[BaseModel]) -> str:
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


class _StrictLoader(yaml.SafeLoader):
    """YAML's safe loader, which would let the last of two equal keys win."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:  # noqa: FBT001, FBT002 - PyYAML's signature
        words = [key.value for key, _ in node.value]
        if len(set(map(str, words))) != len(words):
            raise yaml.constructor.ConstructorError(
                None, None, "a word stands twice", node.start_mark
            )
        return super().construct_mapping(node, deep)


def _read_file(path: Path) -> object:
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
