"""The words of a migration's plan, typed: ordered steps, a profile, and how closely to compare."""

import re
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Annotated, Literal

from pydantic import BeforeValidator, Discriminator, Field, Tag, field_validator

from pipelines.feeds import CustomerTarget, FeedError, ImportTarget, LoadFeed, find_feed
from pipelines.feeds.block import Name, Profile, Words
from pipelines.feeds.reading import line_in, read_block

BEFORE, STORES, IDS, RECONCILE = "before", "stores", "ids", "reconcile"
OWN_STEPS = (BEFORE, STORES, IDS, RECONCILE)
"""The names of steps that are no feed."""


class StoresStep(Words):
    """See that the stores which the sources name are there; `warn` goes on where one is not."""

    stores: Literal["stop", "warn"]


class FeedStep(Words):
    """Load a feed, by its name, or by a path that begins at the plan's folder."""

    feed: Name


class IdsStep(Words):
    """Learn the customer ids of the legacy numbers: of all members so far, or of some feeds."""

    ids: Literal["all"] | list[Name]


def _check_sample(said: object) -> object:
    if said == "all" or (type(said) is int and said > 0):
        return said
    raise ValueError("must be all, or a number of members")


class Reconcile(Words):
    """How closely the platform is compared with the sources at the end.

    `sample` asks for so many members only. `points_tolerance` is in points a member,
    `amount_tolerance` in money a receipt; `in_flight` are the questions at once.
    """

    sample: Annotated[Literal["all"] | int, BeforeValidator(_check_sample)] = "all"
    points_tolerance: Annotated[int, Field(ge=0)] = 0
    amount_tolerance: Annotated[Decimal, Field(strict=False, ge=0, decimal_places=4)] = Decimal(0)
    in_flight: Annotated[int, Field(ge=1, le=64)] = 8


def _check_step(words: object) -> object:
    """Refuse what is no step, before its word is looked at."""
    names = ("stores", "feed", "ids")
    if not isinstance(words, dict) or len(words) != 1 or next(iter(words)) not in names:
        raise ValueError("a step is one word: `stores: stop`, `feed: NAME` or `ids: all`")
    return words


def _tag(words: object) -> str:
    known = {"stores": "StoresStep", "ids": "IdsStep"}
    word = next(iter(words), "") if isinstance(words, dict) else ""
    return known.get(str(word), "FeedStep")


Step = Annotated[
    Annotated[StoresStep, Tag("StoresStep")]
    | Annotated[IdsStep, Tag("IdsStep")]
    | Annotated[FeedStep, Tag("FeedStep")],
    Discriminator(_tag),
    BeforeValidator(_check_step),
]


class PlanWords(Words):
    """The YAML of a plan."""

    description: str = ""
    profile: Profile = ""
    steps: Annotated[list[Step], Field(min_length=1)]
    reconcile: Reconcile = Reconcile()

    @field_validator("steps")
    @classmethod
    def _ordered(cls, steps: list[Step]) -> list[Step]:
        for kind in (StoresStep, IdsStep):
            if sum(isinstance(step, kind) for step in steps) > 1:
                word = next(iter(kind.model_fields))
                raise ValueError(f"`{word}` stands twice, once is enough")
        if not any(isinstance(step, FeedStep) for step in steps):
            raise ValueError("none of them is a feed")
        return steps


@dataclass(frozen=True)
class PlannedFeed:
    """A feed of a plan.

    Attributes:
        name: its name, which is that of its step.
        feed: its words, under the plan's profile.
        path: its folder, where it is not one of pipelines/defs/; else empty.
    """

    name: str
    feed: LoadFeed
    path: str

    @property
    def of_members(self) -> bool:
        """Whether its records are members."""
        return isinstance(self.feed.target, ImportTarget | CustomerTarget)


@dataclass(frozen=True)
class MigrationPlan:
    """A plan that has been read.

    Attributes:
        name: the file's, without its ending.
        file: where it lies.
        words: what it says.
        feeds: its feeds by name, in their order.
        steps: the names of all steps in their order, those of the feeds among them.
    """

    name: str
    file: Path
    words: PlanWords
    feeds: dict[str, PlannedFeed]
    steps: list[str]

    @property
    def members(self) -> list[PlannedFeed]:
        """The feeds of members."""
        return [planned for planned in self.feeds.values() if planned.of_members]

    @property
    def learned(self) -> list[PlannedFeed]:
        """The feeds whose members' ids are learned in the step `ids`."""
        said = next((step.ids for step in self.words.steps if isinstance(step, IdsStep)), [])
        before = self.steps[: self.steps.index(IDS)] if IDS in self.steps else []
        chosen = [planned for planned in self.members if planned.name in before]
        return chosen if said == "all" else [p for p in chosen if p.name in _short(said)]


def read_plan(file: Path) -> MigrationPlan:
    """Read a plan and the feeds it names.

    What is done before the first members are sent, `before`, and at the end, `reconcile`, are steps
    that every plan has.

    Raises:
        FeedError: one line with the file, the line at fault and what to do.
    """
    file = file.resolve()
    name = file.stem
    if not re.fullmatch("[A-Za-z0-9_]+", name):
        raise FeedError("name the plan's file with letters, digits and _, then .yaml", file)
    words = read_block(file, PlanWords)
    feeds: dict[str, PlannedFeed] = {}
    steps: list[str] = []
    for number, step in enumerate(words.steps):
        match step:
            case StoresStep():
                steps.append(STORES)
            case IdsStep():
                steps.append(IDS)
            case FeedStep(feed=word):
                planned = _read_feed(word, words.profile, file, number)
                if planned.name in {*feeds, *OWN_STEPS, name}:
                    raise _wrong(f"a step of the name {planned.name} is there", file, number)
                if planned.of_members and not any(p.of_members for p in feeds.values()):
                    steps.append(BEFORE)
                feeds[planned.name] = planned
                steps.append(planned.name)
    _check_ids(words, feeds, steps, file)
    return MigrationPlan(name, file, words, feeds, [*steps, RECONCILE])


def _read_feed(word: str, profile: str, file: Path, number: int) -> PlannedFeed:
    where = file.parent / word if "/" in word else None
    if where is not None and not where.exists():
        raise _wrong(f"there is no {where}", file, number)
    name, feed = find_feed(str(where) if where is not None else word)
    if not isinstance(feed, LoadFeed):
        raise _wrong(f"{word} is an export, a migration loads", file, number)
    if feed.target.erases:
        raise _wrong(f"{word} deletes customers, a migration does not", file, number)
    if feed.profile not in {"", profile}:
        why = f"uses the profile {feed.profile}, and the plan {profile or 'none'}"
        raise _wrong(f"{word} {why}: say the same in both", file, number)
    feed = feed.model_copy(update={"profile": profile})
    return PlannedFeed(name, feed, str(where.resolve()) if where is not None else "")


def _wrong(why: str, file: Path, number: int) -> FeedError:
    place = ["steps", str(number), "feed"]
    return FeedError(f"`{'.'.join(place)}`: {why}", file, line_in(file, place))


def _check_ids(
    words: PlanWords, feeds: dict[str, PlannedFeed], steps: list[str], file: Path
) -> None:
    said = next((step.ids for step in words.steps if isinstance(step, IdsStep)), None)
    if said is None:
        return
    before = [n for n in steps[: steps.index(IDS)] if n in feeds and feeds[n].of_members]
    number = next(n for n, step in enumerate(words.steps) if isinstance(step, IdsStep))
    line = line_in(file, ["steps", str(number), "ids"])
    if not before:
        raise FeedError("`ids`: no feed of members comes before it", file, line)
    for name in _short(said):
        if name not in before:
            raise FeedError(f"`ids`: {name} is none of {', '.join(before)}", file, line)


def _short(said: str | list[str]) -> list[str]:
    """Give the names of feeds that may be told by their paths."""
    return [Path(word).name for word in said] if isinstance(said, list) else []


__all__ = [
    "BEFORE",
    "IDS",
    "OWN_STEPS",
    "RECONCILE",
    "STORES",
    "MigrationPlan",
    "PlanWords",
    "PlannedFeed",
    "read_plan",
]
