"""What every block of a feed's YAML has in common."""

import re
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError


class Words(BaseModel):
    """A block of YAML in which every word is known, and `yes` is no number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Name = Annotated[str, Field(min_length=1)]


def check_profile(name: str) -> str:
    """Give the name of a profile back: a part of the names of its variables.

    Raises:
        ValueError: it cannot be one.
    """
    if not re.fullmatch("[a-z][a-z0-9_]*", name) or name == "default":
        raise ValueError(
            "a profile's name is small letters, digits and _, such as brand_a;"
            " the default one has none, leave the word out"
        )
    return name


Profile = Annotated[str, AfterValidator(check_profile)]
"""Whose account a feed uses (`pipelines.settings`); empty for the one without a name."""


Minutes = Annotated[float, Field(gt=0, le=10_080, strict=False)]
"""How long something may take: up to a week."""


def _pattern(text: str) -> str:
    """Compile a pattern with the engine that will run it, whose time is linear in the text."""
    import polars as pl  # noqa: PLC0415  (slow to import, and few feeds have a pattern)

    try:
        pl.Series([""]).str.contains(text)
    except pl.exceptions.ComputeError as error:
        why = str(error).split("error: ")[-1].split("\n")[0]
        raise ValueError(f"not a pattern: {why}") from None
    return text


Pattern = Annotated[Name, AfterValidator(_pattern)]


def fault(message: str, name: str) -> PydanticCustomError:
    """Make an error that names the key at fault, below the one that is being judged."""
    return PydanticCustomError("fault", "{message}", {"message": message, "name": name})
