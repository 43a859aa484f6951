"""What every block of a feed's YAML has in common."""

from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from pydantic_core import PydanticCustomError


class Words(BaseModel):
    """A block of YAML in which every word is known, and `yes` is no number."""

    model_config = ConfigDict(extra="forbid", frozen=True, strict=True)


Name = Annotated[str, Field(min_length=1)]


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
