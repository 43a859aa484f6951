"""Members that stand in a source more than once: the words under `duplicates`."""

from collections.abc import Iterator, Mapping
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, Field, ValidationInfo, model_validator

from pipelines.feeds.block import Name, Words, fault
from pipelines.feeds.mapping import columns_of

PROSPECTS = "POST /customers/prospects"
Rule = Annotated[list[Name], Field(min_length=1)]


class Duplicates(Words):
    """When two members of a source are one, and which of them is sent.

    Two are one if they share their key, or the values of all fields of one rule of `match`. The one
    that stays is the newest by the source column `newest_by`, the most complete, or the first.
    `fill` gives it what it lacks and the others have.
    """

    match: list[Rule] = []
    keep: Literal["newest", "most_complete", "first"] = "first"
    newest_by: Name | None = None
    fill: bool = False

    @model_validator(mode="after")
    def _go_together(self) -> Self:
        if (self.keep == "newest") != (self.newest_by is not None):
            message = "`keep: newest` and `newest_by`, the source column of a time, belong together"
            raise fault(message, "newest_by" if self.newest_by else "keep")
        for number, rule in enumerate(self.match):
            if len({*rule}) < len(rule):
                raise fault(f"names a field twice: {', '.join(rule)}", "match")
            if {*rule} in ({*other} for other in self.match[:number]):
                raise fault(f"has a rule twice: {', '.join(rule)}", "match")
        return self

    @property
    def names(self) -> list[str]:
        """How each way to match is told: the key, then the rules in their order."""
        return ["its key", *(" + ".join(rule) for rule in self.match)]


def columns_of_duplicates(words: Duplicates | None) -> Iterator[str]:
    """List the source columns that the words name."""
    if words is not None and words.newest_by is not None:
        yield words.newest_by


def _belongs(words: Duplicates | None, info: ValidationInfo) -> Duplicates | None:
    """Refuse rules that no member of this feed can be matched by."""
    target, mapping = info.data.get("target"), info.data.get("mapping")
    if words is None or target is None or mapping is None:  # they have a mistake of their own
        return words
    if target.endpoint == "POST /transactions":
        raise ValueError("belongs to members, receipts have none: leave it out")
    if target.erases:
        raise ValueError("belongs to members who are kept: of deletions each row is looked at")
    if target.noun != "member" and target.endpoint != PROSPECTS:
        raise ValueError("belongs to members and prospects, leave it out")
    for rule in words.match:
        _check_rule(rule, mapping)
    if words.newest_by is not None and words.newest_by.startswith("_"):
        raise fault("names no column of the source", "newest_by")
    return words


def _check_rule(rule: list[str], mapping: Mapping[str, Any]) -> None:
    for name in rule:
        if name not in mapping:
            known = ", ".join(mapping)
            raise fault(
                f"{name} is not mapped, so nobody is matched by it; mapped: {known}", "match"
            )
    if not any(columns_of(mapping[name]) for name in rule):
        raise fault(f"{', '.join(rule)} is the same of all members, so all would be one", "match")


Merging = Annotated[Duplicates | None, AfterValidator(_belongs)]
"""`Duplicates` of a feed whose `target` and `mapping` have been read; None where all are sent."""
