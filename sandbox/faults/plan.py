"""A faults file read strictly: an unknown word is refused in one line with the words allowed."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict

from sandbox.faults.rules import KINDS, Rule
from sandbox.settings import FaultsError, OnRepeat
from sandbox.words import check_words, list_words, read_file


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
            return check_plan(read_file(given))
        except FaultsError as error:
            raise FaultsError(f"{given}: {error}") from None
    return check_plan({} if given is None else given)


def check_plan(given: object) -> Plan:
    """Return the plan in what was read; raises as `read_plan` does."""
    if not isinstance(given, Mapping):
        raise FaultsError(f"must be a mapping of {list_words(_Top)}")
    top = check_words(_Top, given)
    rules = tuple(_check_rule(rule, f"rules[{i}]") for i, rule in enumerate(top.rules))
    return Plan(top.seed, top.repeats, rules)


def _check_rule(given: object, place: str) -> Rule:
    kind = given.get("fault") if isinstance(given, Mapping) else None
    if not isinstance(given, Mapping) or not isinstance(kind, str) or kind not in KINDS:
        what = "required" if kind is None else "no such fault"
        raise FaultsError(f"{place}.fault: {what}; faults are {', '.join(sorted(KINDS))}")
    return check_words(KINDS[kind][0], given, place)
