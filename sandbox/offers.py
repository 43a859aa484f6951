"""What the campaigns behind the API hold: promotions, stamp cards, activities, stores and the like.

All of it is invented, and can be settled by a file (docs/sandbox.md); the ids that stand here from
the start are those of the contract's samples.
"""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, model_validator

from sandbox.receipt_schema import Key, LocalTime
from sandbox.settings import FaultsError
from sandbox.words import check_words, list_words, read_file

_Count = Annotated[int, Field(ge=1)]


class _Words(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


class Promotion(_Words):
    """A promotion that every customer has; `limit` is how often each may redeem it."""

    id: Key
    name: str
    description: str = ""
    limit: _Count | None = None
    valid_from: LocalTime = "2024-01-01T00:00:00"
    valid_to: LocalTime = "2099-12-31T23:59:59"


class Card(_Words):
    """A stamp card; `total` clips fill it."""

    id: Key
    name: str
    total: _Count
    type: str = ""
    product: str = ""


class Store(_Words):
    """A store that there is before any receipt names it."""

    id: Key
    name: str


class Activity(_Words):
    """What earns points: `points` each time, or for each unit of the activity's value."""

    id: Key
    name: str
    points: Annotated[int, Field(ge=0, le=1_000_000)]
    per_value: bool = False


class Campaign(_Words):
    """A bonus campaign, whose `points` may be open."""

    id: Key
    name: str
    type: str = "F"
    reward: str = "points"
    points: _Count | None = None
    valid_from: LocalTime = "2024-01-01T00:00:00"
    valid_to: LocalTime = "2099-12-31T23:59:59"
    products: Annotated[tuple[Key, ...], Field(strict=False)] = ()


class Affiliate(_Words):
    """Who gives points beside the stores."""

    id: Key
    name: str


class Offers(_Words):
    """Everything that campaigns hold."""

    promotions: Annotated[tuple[Promotion, ...], Field(strict=False)] = (
        Promotion(
            id="71E8AC01-152D-4B2E-956A-3656CD3396AE",
            name="Welcome coupon",
            description="20% member discount",
            limit=5,
        ),
    )
    cards: Annotated[tuple[Card, ...], Field(strict=False)] = (
        Card(id="4", name="Black coffee", total=6, type="Coffee", product="7049987090935"),
        Card(id="2457B03E-9925-45E9-B551-25F10D7BD4F2", name="Car wash", total=10),
        Card(id="952841C1-4385-40B3-8B30-A65AAC66108E", name="Bread", total=8),
    )
    activities: Annotated[tuple[Activity, ...], Field(strict=False)] = (
        Activity(id="2", name="Registrering", points=30),
        Activity(id="20", name="Opening balance", points=1, per_value=True),
    )
    triggers: Annotated[tuple[Key, ...], Field(strict=False)] = ("welcome", "birthday")
    stores: Annotated[tuple[Store, ...], Field(strict=False)] = ()
    campaigns: Annotated[tuple[Campaign, ...], Field(strict=False)] = (
        Campaign(
            id="5",
            name="Double bonus on 5 for 300 (covering bark 40 liter)",
            reward="double",
            products=("AA-123456789",),
        ),
    )
    affiliates: Annotated[tuple[Affiliate, ...], Field(strict=False)] = (
        Affiliate(id="8931C481-CECF-4ADA-A13F-10B72B617E21", name="Testing AS"),
    )

    @model_validator(mode="after")
    def _name_each_once(self) -> "Offers":
        for word in ("promotions", "cards", "activities", "stores", "campaigns", "affiliates"):
            ids = [offer.id.casefold() for offer in getattr(self, word)]
            if len(set(ids)) != len(ids):
                raise ValueError(f"two of the {word} have one id")
        return self

    def find_promotion(self, wanted: str) -> Promotion | None:
        """Return the promotion of this id, compared without case (T30)."""
        return next((p for p in self.promotions if p.id.casefold() == wanted.casefold()), None)

    def find_card(self, wanted: str) -> Card | None:
        """Return the stamp card of this id."""
        return next((c for c in self.cards if c.id.casefold() == wanted.casefold()), None)

    def find_activity(self, wanted: str) -> Activity | None:
        """Return the activity of this id."""
        return next((a for a in self.activities if a.id.casefold() == wanted.casefold()), None)


def read_offers(given: Path | Mapping[str, object] | None) -> Offers:
    """Return the offers that a YAML or JSON file, or what such a file holds, says.

    Raises:
        FaultsError: one line: the place, what is wrong there, and the words that are allowed.
        OSError: the file cannot be read.
    """
    if given is None:
        return Offers()
    try:
        return _check(read_file(given) if isinstance(given, Path) else given)
    except FaultsError as error:
        raise FaultsError(f"{given if isinstance(given, Path) else 'offers'}: {error}") from None


def _check(given: object) -> Offers:
    if not isinstance(given, Mapping):
        raise FaultsError(f"must be a mapping of {list_words(Offers)}")
    return check_words(Offers, given)
